"""The runtimes: the loop that owns the log, and those that reach people."""
