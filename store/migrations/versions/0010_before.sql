-- Which unit a resident belonged to and how they lived, from when to when. The open one says what `residents` says.
CREATE TABLE stays (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    resident text NOT NULL REFERENCES residents,
    tenant text NOT NULL REFERENCES tenants,
    unit text NOT NULL REFERENCES units,
    housing text NOT NULL CHECK (housing IN ('ordinary', 'special')),
    "from" timestamptz NOT NULL,
    "to" timestamptz,
    CHECK ("to" IS NULL OR "to" > "from"),
    CONSTRAINT stays_overlap EXCLUDE USING gist (resident WITH =, tstzrange("from", "to") WITH &&)
);
CREATE INDEX stays_by_tenant ON stays (tenant, "from");

INSERT INTO stays (resident, tenant, unit, housing, "from")
SELECT id, tenant, unit, housing, created_at FROM residents;

-- Who has died, moved away, or is cared for no more. Nothing is deleted: what was, follow-up still counts.
ALTER TABLE residents ADD COLUMN left_at timestamptz;
ALTER TABLE residents ADD COLUMN left_reason text CHECK (left_reason IN ('died', 'moved_away', 'care_ended'));
ALTER TABLE residents ADD CHECK ((left_at IS NULL) = (left_reason IS NULL));
