-- Escalation policies as versioned data, and what an alarm remembers of the one that it follows.

-- A policy is of one unit, or of all units of its tenant. One that is retired is chosen no more; its versions stay, for
-- the alarms that follow them.
CREATE TABLE policies (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    unit text REFERENCES units,
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    retired_by text
);
CREATE INDEX policies_by_tenant ON policies (tenant, id);

CREATE TABLE policy_versions (
    policy text NOT NULL REFERENCES policies,
    version int NOT NULL,
    content jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (policy, version)
);
CREATE FUNCTION policy_versions_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'policy_versions is only ever added to';
END $$;
CREATE TRIGGER policy_versions_are_kept BEFORE UPDATE OR DELETE ON policy_versions
    FOR EACH STATEMENT EXECUTE FUNCTION policy_versions_are_kept();

-- `policy` null: none is chosen yet. `overdue_at`: accepted, but nobody was at the person by then. `asked`: the staff whom
-- the last rung told, `declined`: who has said no, `helpers`: who has joined the one who accepted.
ALTER TABLE alarms
    ADD COLUMN policy text,
    ADD COLUMN policy_version int,
    ADD COLUMN overdue_at timestamptz,
    ADD COLUMN asked text[] NOT NULL DEFAULT '{}',
    ADD COLUMN declined text[] NOT NULL DEFAULT '{}',
    ADD COLUMN helpers text[] NOT NULL DEFAULT '{}';

-- Whoever adds a notification has just changed its alarm in the same transaction, and no alarm is ever deleted: looking
-- for it once more for each of thousands of receivers took more than a quarter of the time.
ALTER TABLE notifications DROP CONSTRAINT notifications_alarm_fkey;
