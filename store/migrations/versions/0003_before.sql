-- How each device is, written now and then from the rules' states by the owner of the log. All of it can be derived
-- from the log. A device that has no row was never heard of.

CREATE TABLE device_health (
    device text PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    status text NOT NULL CHECK (status IN ('ok', 'offline', 'silent', 'behind_hub', 'never_heard')),
    last_seen timestamptz,
    silent_since timestamptz,
    battery double precision,
    battery_at timestamptz,
    battery_empty_at timestamptz,
    battery_trend jsonb NOT NULL DEFAULT '[]',
    signal_quality double precision,
    signal_rssi_dbm double precision,
    mains boolean,
    tampered boolean,
    faults text[] NOT NULL DEFAULT '{}',
    clock_behind_seconds double precision,
    tested_at timestamptz,
    updated_at timestamptz NOT NULL
);
CREATE INDEX device_health_by_status ON device_health (status) WHERE status <> 'ok';
CREATE INDEX device_health_by_battery ON device_health (battery);
CREATE INDEX device_health_by_age ON device_health (last_seen);
