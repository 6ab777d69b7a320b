"""The servers that `vaka up` starts itself: PostgreSQL and an MQTT broker, on loopback, in the data directory."""
