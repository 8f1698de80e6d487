"""The command line: words to `Options`, one small file a subcommand, faults in plain words, exit codes."""
