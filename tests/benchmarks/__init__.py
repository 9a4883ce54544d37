"""Time and memory per stage, on seeded venues and, with MATCHER_DATA, on folders of the user's."""
