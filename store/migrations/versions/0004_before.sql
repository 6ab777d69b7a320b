-- When a resident is not watched, or not by some technologies. A pause always ends; `ended_at` is when somebody ended
-- it before its time.
CREATE TABLE pauses (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    resident text NOT NULL REFERENCES residents,
    "from" timestamptz NOT NULL,
    "to" timestamptz NOT NULL,
    technologies text[] NOT NULL,
    life_critical boolean NOT NULL,
    reason text,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    ended_at timestamptz,
    ended_by text,
    CHECK ("to" > "from"),
    CHECK (reason IS NOT NULL OR NOT life_critical)
);
CREATE INDEX pauses_by_resident ON pauses (resident, "from");
CREATE INDEX pauses_by_time ON pauses (tenant, "from", id);

-- A unit's defaults lie under the plans of its residents. `plan` is what holds, `given` what was given for the resident.
ALTER TABLE units ADD COLUMN plan_defaults jsonb NOT NULL DEFAULT '{}';
ALTER TABLE plans ADD COLUMN given jsonb;
UPDATE plans SET given = plan;
ALTER TABLE plans ALTER COLUMN given SET NOT NULL;
