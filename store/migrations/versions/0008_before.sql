-- Contact points, and the delivery of each notification from claim to receipt.

-- `last_test`: what became of the newest test message, sent at `last_test_at`.
CREATE TABLE contact_points (
    id text PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    owner text NOT NULL CHECK (owner IN ('staff', 'unit', 'alarm_centre')),
    owner_id text NOT NULL,
    channel text NOT NULL,
    address jsonb NOT NULL,
    rank int NOT NULL CHECK (rank > 0),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expired_at timestamptz,
    expired_why text,
    last_delivered_at timestamptz,
    last_test text CHECK (last_test IN ('due', 'sent', 'delivered', 'failed')),
    last_test_at timestamptz
);
CREATE INDEX contact_points_by_owner ON contact_points (tenant, owner, owner_id, rank, id);

-- Who is told and by what stays with the notification, so that a later contact point is found even when this one has
-- been taken away. Without a lane nobody has looked at the row yet; the notifier fills these in. `fall_back_at`: when
-- the owner's next contact point is told unless something is heard; `fallback`: what was decided then.
ALTER TABLE notifications
    DROP CONSTRAINT notifications_state_check,
    ADD CONSTRAINT notifications_state_check CHECK (state IN ('due', 'sent', 'delivered', 'seen', 'failed')),
    ADD COLUMN tenant text,
    ADD COLUMN lane text,
    ADD COLUMN provider text,
    ADD COLUMN owner text,
    ADD COLUMN owner_id text,
    ADD COLUMN rank int,
    ADD COLUMN reference text,
    ADD COLUMN delivered_at timestamptz,
    ADD COLUMN fall_back_at timestamptz,
    ADD COLUMN fallback text,
    ADD COLUMN fallback_of text REFERENCES notifications,
    ADD COLUMN merged_into text REFERENCES notifications;
DROP INDEX notifications_due;
CREATE INDEX notifications_due ON notifications (channel, priority, next_attempt_at, id)
    WHERE state = 'due' AND merged_into IS NULL;
CREATE INDEX notifications_new ON notifications (priority, created_at)
    WHERE lane IS NULL AND state = 'due' AND channel <> 'console';
CREATE INDEX notifications_waiting ON notifications (lane) WHERE state = 'due';
CREATE INDEX notifications_fall_back ON notifications (fall_back_at) WHERE fall_back_at IS NOT NULL;
CREATE INDEX notifications_by_reference ON notifications (reference) WHERE reference IS NOT NULL;
CREATE INDEX notifications_merged ON notifications (merged_into) WHERE merged_into IS NOT NULL;

-- From when on the next message may go to a receiver, or through a provider: what is not life-critical waits for it.
CREATE TABLE delivery_paces (
    lane text PRIMARY KEY,
    free_at timestamptz NOT NULL
);

-- What providers said of messages. It may come before what it is about has been noted, so all of it is kept.
CREATE TABLE receipts (
    tenant text NOT NULL REFERENCES tenants,
    channel text NOT NULL,
    reference text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('delivered', 'answered', 'accepted', 'failed')),
    at timestamptz NOT NULL,
    detail text,
    PRIMARY KEY (tenant, channel, reference, outcome)
);

-- How a tenant wants to be told; what it has not set is as rules/delivery.py has it.
CREATE TABLE delivery_settings (
    tenant text PRIMARY KEY REFERENCES tenants,
    settings jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    tested_at timestamptz NOT NULL
);

-- What a unit lets messages say that leave the house: who decided it, when, and why. The newest holds.
CREATE TABLE message_decisions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    unit text NOT NULL REFERENCES units,
    shows text[] NOT NULL,
    reason text NOT NULL,
    decided_at timestamptz NOT NULL,
    decided_by text NOT NULL
);
CREATE INDEX message_decisions_by_unit ON message_decisions (unit, id);
CREATE FUNCTION message_decisions_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'message_decisions is only ever added to';
END $$;
CREATE TRIGGER message_decisions_are_kept BEFORE UPDATE OR DELETE ON message_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION message_decisions_are_kept();

-- Test messages have nothing to do with alarms, and wait for all that has.
CREATE TABLE test_messages (
    id text PRIMARY KEY,
    contact_point text NOT NULL REFERENCES contact_points ON DELETE CASCADE,
    state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'delivered', 'failed')),
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    leased_until timestamptz,
    sent_at timestamptz,
    delivered_at timestamptz,
    reference text,
    receipt jsonb
);
CREATE INDEX test_messages_due ON test_messages (next_attempt_at) WHERE state = 'due';
CREATE INDEX test_messages_by_point ON test_messages (contact_point, asked_at, id);
CREATE INDEX test_messages_by_reference ON test_messages (reference) WHERE reference IS NOT NULL;

-- Channels: by what a municipality's messages leave, and what the wearer of a device can be told.

-- Settings of one channel. What is secret in them is never shown again.
CREATE TABLE channel_providers (
    tenant text NOT NULL REFERENCES tenants,
    channel text NOT NULL,
    settings jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (tenant, channel)
);

-- The keys that push messages are signed with, one pair in force; the older ones serve subscriptions made with them.
CREATE TABLE push_keys (
    public text PRIMARY KEY,
    private text NOT NULL,
    created_at timestamptz NOT NULL
);

-- In which language machines speak to people there.
ALTER TABLE tenants ADD COLUMN language text NOT NULL DEFAULT 'sv' CHECK (language IN ('sv', 'en'));

-- The command by which devices of a type tell their wearer that help is coming, if they can.
ALTER TABLE device_types ADD COLUMN help_command text CHECK (help_command IN ('speak', 'blink', 'vibrate'));
UPDATE device_types SET help_command = 'speak' WHERE id IN ('button', 'fall', 'gps') AND tenant IS NULL;
