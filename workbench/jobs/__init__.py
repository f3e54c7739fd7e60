"""A step as a job in a child process: the caller stays alive when native code crashes, and memory is given back."""
