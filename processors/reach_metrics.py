"""The figures that tell whether people are reached."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_DELAYS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600, 3600)


class ReachMetrics:
    """Outcomes of a notification: sent, merged (into another), retried, failed (not tried again), fell_back (another
    contact point is told in its place), unmarked (what came of it could not be noted, so it is sent once more); of a
    test message: sent, retried, failed; of a command: sent, retried, expired.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.escalations = Counter("vaka_escalations_total", "Rungs that were told.", ["rung"], registry=registry)
        self.unreached = Counter(
            "vaka_escalations_unreached_total", "Ladders and repeats that reached nobody.", registry=registry
        )
        self.last_resorts = Counter(
            "vaka_escalations_last_resort_total",
            "Ladders that reached nobody of those whom they name, so that everybody else was told.",
            registry=registry,
        )
        self.overdue = Counter(
            "vaka_escalations_overdue_total", "Accepted alarms with nobody at the person in time.", registry=registry
        )
        self.notifications = Counter(
            "vaka_notifications_total",
            "Notifications by what became of them.",
            ["channel", "outcome"],
            registry=registry,
        )
        self.tests = Counter(
            "vaka_test_messages_total",
            "Test messages to contact points by what became of them.",
            ["channel", "outcome"],
            registry=registry,
        )
        self.delay = Histogram(
            "vaka_notification_delay_seconds",
            "From the decision to tell somebody until it was sent, by Vaka's clock.",
            buckets=_DELAYS,
            registry=registry,
        )
        self.commands = Counter(
            "vaka_commands_total", "Device commands by what became of them.", ["name", "outcome"], registry=registry
        )
