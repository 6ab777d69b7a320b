"""Messages in: sessions with the broker, and one adapter for each payload family."""
