-- Who lives where, who works there, what is lent to whom.

CREATE TABLE tenants (
    id text PRIMARY KEY,
    name text NOT NULL,
    timezone text NOT NULL DEFAULT 'Europe/Stockholm',
    created_at timestamptz NOT NULL
);

CREATE TABLE units (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    name text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX units_by_tenant ON units (tenant, id);

CREATE TABLE residents (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    unit text NOT NULL REFERENCES units,
    name text NOT NULL,
    sex text CHECK (sex IN ('female', 'male', 'other')),
    birth_year int CHECK (birth_year BETWEEN 1880 AND 2100),
    housing text NOT NULL DEFAULT 'ordinary' CHECK (housing IN ('ordinary', 'special')),
    address text,
    instructions text,
    created_at timestamptz NOT NULL
);
CREATE INDEX residents_by_tenant ON residents (tenant, id);
CREATE INDEX residents_by_unit ON residents (unit, id);

CREATE TABLE devices (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    technology text NOT NULL,
    name text,
    model text,
    created_at timestamptz NOT NULL
);
CREATE INDEX devices_by_tenant ON devices (tenant, id);

-- btree_gist lets one constraint say: the same device at overlapping times.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE assignments (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    device text NOT NULL REFERENCES devices,
    resident text NOT NULL REFERENCES residents,
    "from" timestamptz NOT NULL,
    "to" timestamptz,
    created_at timestamptz NOT NULL,
    CHECK ("to" IS NULL OR "to" > "from"),
    CONSTRAINT assignments_overlap EXCLUDE USING gist (device WITH =, tstzrange("from", "to") WITH &&)
);
CREATE INDEX assignments_by_resident ON assignments (resident, "from");

CREATE TABLE plans (
    resident text NOT NULL REFERENCES residents,
    version int NOT NULL,
    tenant text NOT NULL REFERENCES tenants,
    plan jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (resident, version)
);

-- People and programs that may ask.

CREATE TABLE staff (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    unit text REFERENCES units,
    username text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX staff_username ON staff (lower(username));
CREATE INDEX staff_by_unit ON staff (tenant, unit);

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    staff text NOT NULL REFERENCES staff ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_by_staff ON sessions (staff, expires_at);

CREATE TABLE tokens (
    token_hash bytea PRIMARY KEY,
    id text NOT NULL UNIQUE,
    role text NOT NULL,
    tenant text REFERENCES tenants,
    unit text REFERENCES units,
    created_at timestamptz NOT NULL
);

-- Where a unit or the alarm centre is told by webhook.
CREATE TABLE webhooks (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    unit text REFERENCES units,
    receiver text NOT NULL CHECK (receiver IN ('unit', 'alarm_centre')),
    url text NOT NULL,
    secret text NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK ((receiver = 'unit') = (unit IS NOT NULL))
);
CREATE INDEX webhooks_by_tenant ON webhooks (tenant, unit);

-- The log. `position` is given by its one owner; `received_at` is in the key because a time-partitioned
-- table needs it there.

CREATE TABLE events (
    position bigint NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    tenant text,
    device text,
    resident text,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    source_id text,
    history boolean NOT NULL DEFAULT false,
    data jsonb NOT NULL,
    PRIMARY KEY (position, received_at)
);
CREATE INDEX events_by_key ON events (key, occurred_at);
CREATE INDEX events_by_device ON events (device, occurred_at) WHERE device IS NOT NULL;

-- The same key from the same device within 24 hours is the same event. In a table of its own, where a unique
-- index can be exact.
CREATE TABLE event_keys (
    key bytea PRIMARY KEY,
    received_at timestamptz NOT NULL
);
CREATE INDEX event_keys_by_age ON event_keys USING brin (received_at);

CREATE TABLE log_owner (
    partition int PRIMARY KEY,
    epoch bigint NOT NULL,
    owner text NOT NULL,
    status jsonb,
    status_at timestamptz
);
INSERT INTO log_owner VALUES (0, 0, '');

CREATE TABLE inbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    applied_at timestamptz,
    result jsonb
);
CREATE INDEX inbox_waiting ON inbox (id) WHERE applied_at IS NULL;

CREATE TABLE snapshots (
    key text PRIMARY KEY,
    position bigint NOT NULL,
    version int NOT NULL,
    state bytea NOT NULL
);
-- Every state in `snapshots` includes the log at least to `position`: replay begins after it. None was fired
-- beyond `fired_to`.
CREATE TABLE snapshot_mark (
    partition int PRIMARY KEY,
    position bigint NOT NULL,
    version int NOT NULL,
    fired_to timestamptz
);

CREATE TABLE quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    tenant text,
    device text,
    topic text NOT NULL,
    payload bytea NOT NULL,
    state text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'replaying', 'replayed')),
    replayed_at timestamptz
);
CREATE INDEX quarantine_by_tenant ON quarantine (tenant, id);

-- What rules decided, and the alarms that people act on.

CREATE TABLE decisions (
    id text PRIMARY KEY,
    key text NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    position bigint,
    alarm text,
    data jsonb NOT NULL
);
CREATE INDEX decisions_by_key ON decisions (key, at);
CREATE INDEX decisions_by_alarm ON decisions (alarm) WHERE alarm IS NOT NULL;

CREATE TABLE alarms (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    unit text,
    resident text,
    device text,
    key text NOT NULL,
    kind text NOT NULL,
    priority int NOT NULL CHECK (priority BETWEEN 1 AND 4),
    state text NOT NULL CHECK (state IN ('open', 'accepted', 'at_person', 'resolved', 'withdrawn')),
    version int NOT NULL DEFAULT 1,
    count int NOT NULL DEFAULT 1,
    reason text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    opened_at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by text,
    at_person_at timestamptz,
    closed_at timestamptz,
    outcome text,
    rung int NOT NULL DEFAULT 0,
    round int NOT NULL DEFAULT 0,
    escalate_at timestamptz,
    forwarded_at timestamptz,
    forwarded_to text
);
CREATE UNIQUE INDEX alarms_unresolved ON alarms (key, kind) WHERE state IN ('open', 'accepted', 'at_person');
CREATE INDEX alarms_due ON alarms (escalate_at) WHERE escalate_at IS NOT NULL;
CREATE INDEX alarms_by_tenant ON alarms (tenant, opened_at);
CREATE INDEX alarms_by_time ON alarms (opened_at, id);
CREATE INDEX alarms_by_resident ON alarms (resident, opened_at);

-- Every change of an alarm, in the order of commit: the journal that staff see and the stream that pages follow.
CREATE TABLE alarm_journal (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm text NOT NULL REFERENCES alarms,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    version int NOT NULL,
    state text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX journal_by_alarm ON alarm_journal (alarm, seq);

-- Outboxes: claimed with a lease (real time), sent, marked.

CREATE TABLE notifications (
    id text PRIMARY KEY,
    alarm text NOT NULL REFERENCES alarms,
    rung int NOT NULL,
    round int NOT NULL,
    priority int NOT NULL,
    channel text NOT NULL,
    receiver text NOT NULL,
    state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'seen', 'failed')),
    created_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    leased_until timestamptz,
    sent_at timestamptz,
    seen_at timestamptz,
    receipt jsonb
);
CREATE INDEX notifications_due ON notifications (channel, priority, next_attempt_at) WHERE state = 'due';
CREATE INDEX notifications_by_alarm ON notifications (alarm);

CREATE TABLE device_commands (
    id text PRIMARY KEY,
    tenant text NOT NULL,
    device text NOT NULL,
    name text NOT NULL,
    data jsonb NOT NULL,
    state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'expired')),
    created_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    leased_until timestamptz,
    sent_at timestamptz,
    -- A time that cannot be read is refused here, once, and not by every look for what has expired.
    CONSTRAINT device_commands_until CHECK (data->>'until' IS NULL OR (data->>'until')::timestamptz IS NOT NULL)
);
CREATE INDEX device_commands_due ON device_commands (next_attempt_at) WHERE state = 'due';

-- Follow-up: counted in the transaction that appends the event.
CREATE TABLE usage_daily (
    tenant text NOT NULL,
    unit text NOT NULL,
    resident text NOT NULL,
    technology text NOT NULL,
    kind text NOT NULL,
    day date NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (resident, day, technology, kind, unit)
);
CREATE INDEX usage_by_day ON usage_daily (tenant, day);
