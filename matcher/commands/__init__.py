"""Groups of subcommands that `matcher.cli` hangs into the command line, one module for each group."""
