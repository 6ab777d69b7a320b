-- What devices of one type have in common. Without a tenant: for all of them.

CREATE TABLE device_types (
    id text PRIMARY KEY,
    tenant text REFERENCES tenants,
    name text NOT NULL,
    vendor text,
    model text,
    technology text NOT NULL,
    silent_after_minutes int CHECK (silent_after_minutes > 0),
    battery_low double precision NOT NULL DEFAULT 15,
    battery_well double precision NOT NULL DEFAULT 25,
    life_critical boolean NOT NULL DEFAULT false,
    reads_as jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT device_types_battery CHECK (0 <= battery_low AND battery_low < battery_well AND battery_well <= 100)
);
CREATE INDEX device_types_by_tenant ON device_types (tenant, id);

-- Those that every municipality has. A button of the trade reports every nine hours; with an hour on top, one report
-- that is a little late says nothing, and one that does not come is noticed.
INSERT INTO device_types (id, name, technology, silent_after_minutes, life_critical, reads_as) VALUES
    ('button', 'Trygghetslarm', 'social_alarm', 600, true, '{}'),
    ('fall', 'Fallarm', 'social_alarm', 600, true, '{}'),
    ('gps', 'GPS-larm', 'gps_alarm', 600, true, '{}'),
    ('smoke', 'Brandvarnare', 'passive_alarm', 1500, true, '{}'),
    ('bed', 'Sänglarm', 'passive_alarm', 720, false, '{}'),
    ('mattress', 'Rörelsesensor under madrass', 'passive_alarm', 720, false,
        '{"motion": "bed_entered", "motion_ended": "bed_left"}'),
    ('mat', 'Larmmatta', 'passive_alarm', 720, false, '{}'),
    ('door', 'Dörrlarm', 'passive_alarm', 720, false, '{}'),
    ('motion', 'Rörelselarm', 'passive_alarm', 720, false, '{}'),
    ('leak', 'Vattenlarm', 'passive_alarm', 1500, false, '{}'),
    ('dispenser', 'Läkemedelsautomat', 'medicine', 180, false, '{}'),
    ('camera', 'Tillsynskamera', 'supervision', 180, false, '{}'),
    ('lock', 'Digitalt lås', 'lock', 720, false, '{}'),
    ('hub', 'Hemhubb', 'other', 15, false, '{}'),
    ('gateway', 'LoRaWAN-gateway', 'other', 15, false, '{}'),
    ('network', 'LoRaWAN-nätverk', 'other', 60, false, '{}');

-- A device that was there before this version is in use: it said so by being registered.

ALTER TABLE devices
    ADD COLUMN type text REFERENCES device_types,
    ADD COLUMN family text,
    ADD COLUMN scope text,
    ADD COLUMN external_id text,
    ADD COLUMN hub text REFERENCES devices CHECK (hub <> id),
    ADD COLUMN serial text,
    ADD COLUMN note text,
    ADD COLUMN life_cycle text NOT NULL DEFAULT 'in_use' CHECK (life_cycle IN (
        'ordered', 'in_stock', 'installed', 'in_use', 'returned', 'reconditioning', 'scrapped')),
    ADD COLUMN testing_until timestamptz,
    ADD CONSTRAINT devices_whole_origin CHECK (num_nulls(family, scope, external_id) IN (0, 3));
CREATE UNIQUE INDEX devices_origin ON devices (family, scope, external_id) WHERE family IS NOT NULL;
CREATE INDEX devices_by_type ON devices (type);
CREATE INDEX devices_by_hub ON devices (hub) WHERE hub IS NOT NULL;

CREATE TABLE device_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device text NOT NULL REFERENCES devices,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason text
);
CREATE INDEX device_history_by_device ON device_history (device, id);
CREATE FUNCTION device_history_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'device_history is only ever added to';
END $$;
CREATE TRIGGER device_history_is_kept BEFORE UPDATE OR DELETE ON device_history
    FOR EACH STATEMENT EXECUTE FUNCTION device_history_is_kept();

-- Devices that a hub or network told of by itself.
CREATE TABLE found_devices (
    id text PRIMARY KEY,
    family text NOT NULL,
    scope text NOT NULL,
    external_id text NOT NULL,
    name text,
    vendor text,
    model text,
    topics text[] NOT NULL DEFAULT '{}',
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    UNIQUE (family, scope, external_id)
);

-- An installer's trial of a device. What the device says meanwhile is no alarm.
CREATE TABLE device_trials (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device text NOT NULL REFERENCES devices,
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    until timestamptz NOT NULL,
    proven_at timestamptz,
    how text
);
CREATE INDEX device_trials_by_device ON device_trials (device, id);

-- One device for two people: what it says is in the log of `resident`, and may be about either.
ALTER TABLE assignments
    ADD COLUMN shared_with text REFERENCES residents,
    ADD CONSTRAINT assignments_two_people CHECK (shared_with <> resident);
CREATE INDEX assignments_by_other ON assignments (shared_with) WHERE shared_with IS NOT NULL;
ALTER TABLE alarms ADD COLUMN shared_with text;
CREATE INDEX alarms_by_other ON alarms (shared_with, opened_at) WHERE shared_with IS NOT NULL;

-- A late correction of an assignment makes events somebody else's: whose, how many, and who corrected it. The entry in
-- the inbox says `{"actor": ..., "spans": [[from, to or null], ...]}`: the times that are to be asked about anew.
ALTER TABLE inbox ADD COLUMN correction jsonb;
CREATE TABLE reattributions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    device text NOT NULL REFERENCES devices,
    assignment text NOT NULL,
    at timestamptz NOT NULL,
    actor text,
    from_resident text,
    to_resident text,
    events bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    correction bigint NOT NULL
);
CREATE UNIQUE INDEX reattributions_once
    ON reattributions (correction, coalesce(from_resident, ''), coalesce(to_resident, ''));
CREATE INDEX reattributions_by_device ON reattributions (device, id);
-- A call for help belongs to who has the device when it is received, if nobody had it by the device's clock.
CREATE INDEX events_urgent ON events (device, received_at)
    WHERE kind IN ('alarm_cancelled', 'alarm_pressed', 'fall_detected', 'smoke_detected');
