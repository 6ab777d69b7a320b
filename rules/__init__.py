"""What Vaka decides, as pure functions: no clock, no database, no network, no randomness."""
