-- Duty: who works when, with which skills, and who is a relative of whom. Nothing of it is overwritten: what was recorded
-- when, and until when it stood, is kept, so that the duty of a past moment can be told as it was known then.

ALTER TABLE staff ADD COLUMN skills text[] NOT NULL DEFAULT '{}';
-- A closed account stays, as the journal names it; nobody signs in with it, and it is on no duty.
ALTER TABLE staff ADD COLUMN closed_at timestamptz;
ALTER TABLE staff ADD COLUMN closed_by text;

-- By which other systems know somebody: an e-mail address, an employee number. In small letters.
CREATE TABLE staff_aliases (
    tenant text NOT NULL REFERENCES tenants,
    alias text NOT NULL,
    staff text NOT NULL REFERENCES staff,
    PRIMARY KEY (tenant, alias)
);
CREATE INDEX staff_aliases_by_staff ON staff_aliases (staff);

CREATE TABLE rotations (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    created_at timestamptz NOT NULL
);
CREATE INDEX rotations_by_tenant ON rotations (tenant, id);

-- A version holds from `from` on, until one with a higher number does. Without a pattern, the rotation has ended.
-- No units: all of the tenant's.
CREATE TABLE rotation_versions (
    rotation text NOT NULL REFERENCES rotations,
    version int NOT NULL,
    "from" timestamptz NOT NULL,
    name text NOT NULL,
    units text[] NOT NULL,
    skill text,
    pattern jsonb,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (rotation, version)
);

-- Single shifts. `source` and `uid`: the system that it was imported from, and what it is there.
CREATE TABLE duty_shifts (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    staff text NOT NULL REFERENCES staff,
    units text[] NOT NULL,
    skill text,
    "from" timestamptz NOT NULL,
    "to" timestamptz NOT NULL,
    source text,
    uid text,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    removed_at timestamptz,
    removed_by text,
    CHECK ("to" > "from"),
    CHECK ((source IS NULL) = (uid IS NULL))
);
CREATE INDEX duty_shifts_by_time ON duty_shifts USING gist (tenant, tstzrange("from", "to"));
CREATE INDEX duty_shifts_in_order ON duty_shifts (tenant, "from", id);
CREATE INDEX duty_shifts_by_staff ON duty_shifts (staff, "from");
CREATE INDEX duty_shifts_by_source ON duty_shifts (tenant, source, uid) WHERE removed_at IS NULL;

-- For which units and skills there are single shifts, and between when: asked for by every escalation, which must not
-- read a year of shifts for it.
CREATE TABLE duty_planned (
    tenant text NOT NULL REFERENCES tenants,
    units text[] NOT NULL,
    skill text,
    "from" timestamptz NOT NULL,
    "to" timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (tenant, units, skill)
);

-- What is otherwise than planned, in the order of `seq`. `staff` (of a pause of a rotation: nobody) does not work from
-- `from` until before `to` (null: until further notice); `instead` does, if anybody. In a swap `staff` works for
-- `instead` from `back_from` until before `back_to`. `rotation`: only what that one plans.
CREATE TABLE duty_exceptions (
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    kind text NOT NULL CHECK (kind IN ('absence', 'substitution', 'swap', 'pause')),
    staff text REFERENCES staff,
    instead text REFERENCES staff,
    rotation text REFERENCES rotations,
    "from" timestamptz NOT NULL,
    "to" timestamptz,
    back_from timestamptz,
    back_to timestamptz,
    note text,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by text,
    during tstzrange NOT NULL GENERATED ALWAYS AS (
        tstzrange(least("from", back_from), CASE WHEN "to" IS NOT NULL THEN greatest("to", back_to) END)) STORED,
    CHECK ("to" > "from"),
    CHECK (back_to > back_from),
    CHECK ((staff IS NULL) = (kind = 'pause')),
    CHECK (kind <> 'pause' OR rotation IS NOT NULL),
    CHECK ((kind = 'swap') = (back_from IS NOT NULL) AND (kind = 'swap') = (back_to IS NOT NULL)),
    CHECK (kind NOT IN ('substitution', 'swap') OR instead IS NOT NULL),
    CHECK (instead <> staff)
);
CREATE INDEX duty_exceptions_by_time ON duty_exceptions USING gist (tenant, during);
CREATE INDEX duty_exceptions_in_order ON duty_exceptions (tenant, "from", id);

-- How many people must be on duty, at which local times of which weekdays (1 is Monday).
CREATE TABLE duty_needs (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    unit text NOT NULL REFERENCES units,
    skill text,
    minimum int NOT NULL CHECK (minimum BETWEEN 1 AND 1000),
    weekdays int[] NOT NULL,
    start text NOT NULL,
    "end" text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    removed_at timestamptz,
    removed_by text
);
CREATE INDEX duty_needs_by_tenant ON duty_needs (tenant, id);

CREATE TABLE relatives (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    resident text NOT NULL REFERENCES residents,
    staff text NOT NULL REFERENCES staff,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    ended_at timestamptz,
    ended_by text
);
CREATE UNIQUE INDEX relatives_tied ON relatives (resident, staff) WHERE ended_at IS NULL;
CREATE INDEX relatives_by_staff ON relatives (staff) WHERE ended_at IS NULL;
CREATE INDEX relatives_by_tenant ON relatives (tenant, id);
