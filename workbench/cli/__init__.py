"""The command `workbench`: it reads flags, calls the stages, and prints what comes back."""
