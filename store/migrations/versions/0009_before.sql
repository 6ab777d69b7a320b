-- Coverage ahead of time, service-level targets and the watchdog's pulse.

-- How soon alarms are to be answered, by version: of a unit, or of all units of a tenant. NULL targets: a unit's are
-- those of its tenant again, a tenant's those that come with Vaka. An alarm is judged by what held when it was opened.
CREATE TABLE service_level_targets (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    unit text REFERENCES units,
    version int NOT NULL,
    targets jsonb,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    CONSTRAINT service_level_targets_version UNIQUE NULLS NOT DISTINCT (tenant, unit, version)
);

-- What service levels are counted from: when each alarm was first answered, and by whom.
CREATE INDEX journal_of_answers ON alarm_journal (alarm, at, action, actor)
    WHERE action IN ('accepted', 'at_person', 'resolved', 'forwarded');

-- Each part of Vaka that works in turns says that it has made one, by the database's clock; it may rest for `rest`
-- before the next one.
CREATE TABLE pulses (
    part text NOT NULL,
    process text NOT NULL,
    at timestamptz NOT NULL,
    rest interval NOT NULL,
    PRIMARY KEY (part, process)
);

-- What will be missing if an alarm comes during the next day: of each unit one of a kind, until it is missing no more.
-- `seen_at`: since when it is known; `told_at`: when operators were told.
CREATE TABLE coverage_gaps (
    unit text NOT NULL REFERENCES units,
    reason text NOT NULL,
    tenant text NOT NULL REFERENCES tenants,
    technologies text[] NOT NULL,
    residents int NOT NULL,
    "from" timestamptz NOT NULL,
    "to" timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    told_at timestamptz,
    PRIMARY KEY (unit, reason)
);
CREATE INDEX coverage_gaps_by_tenant ON coverage_gaps (tenant, unit);
