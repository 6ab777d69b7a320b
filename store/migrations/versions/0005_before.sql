CREATE TABLE backtests (
    id text PRIMARY KEY,
    tenant text REFERENCES tenants,
    unit text REFERENCES units,
    asked jsonb NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    done int NOT NULL DEFAULT 0,
    total int NOT NULL DEFAULT 0,
    attempts int NOT NULL DEFAULT 0,
    leased_until timestamptz,
    finished_at timestamptz,
    error text,
    result jsonb
);
CREATE INDEX backtests_waiting ON backtests (created_at, id) WHERE state IN ('queued', 'running');
CREATE INDEX backtests_by_tenant ON backtests (tenant, created_at, id);

-- Where the next check that replay gives what the live run gave begins: the states of the rules at a position.
CREATE TABLE replay_check_states (
    key text PRIMARY KEY,
    state bytea NOT NULL
);
CREATE TABLE replay_check_mark (
    partition int PRIMARY KEY,
    position bigint NOT NULL,
    version text NOT NULL,
    fired_to timestamptz,
    since timestamptz NOT NULL,
    checked_at timestamptz NOT NULL,
    decisions bigint NOT NULL,
    differences bigint NOT NULL
);
