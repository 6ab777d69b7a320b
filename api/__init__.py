"""The HTTP API, its live stream, and the console."""
