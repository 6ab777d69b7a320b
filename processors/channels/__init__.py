"""The channels by which people and programs are told, one file each behind the interface in `channel`."""
