"""Programs that take the options and files of other systems, so that a user can switch by changing one word."""
