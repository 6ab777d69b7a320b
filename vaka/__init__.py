"""The `vaka` command, its settings, and the process that wires all parts together."""
