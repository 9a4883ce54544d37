"""The table of a whole side in a real browser: sorts, filters, goes by keyboard, keeps its state in the address."""
