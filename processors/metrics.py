"""What the owner of the log counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class EngineMetrics:
    """Metrics of the loop. Counted once for each batch, not for each event."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter("vaka_events", "Events appended to the log", ["kind"], registry=registry)
        self.duplicates = Counter("vaka_duplicate_events", "Messages that were a known event", registry=registry)
        self.repeated = Counter(
            "vaka_repeated_states", "Reports of a state that was so before, which are no events", registry=registry
        )
        self.quarantined = Counter("vaka_quarantined", "Messages put into quarantine", ["reason"], registry=registry)
        self.decisions = Counter("vaka_decisions", "Decisions of the rules", ["decision", "reason"], registry=registry)
        self.commit_seconds = Histogram(
            "vaka_commit_seconds",
            "Time of one transaction of the log",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
            registry=registry,
        )
        self.waiting = Gauge("vaka_waiting_messages", "Messages read but not committed", registry=registry)
        self.position = Gauge("vaka_log_position", "Position of the log's end", registry=registry)
        self.catching_up = Gauge("vaka_catching_up", "1 while deadlines wait for the backlog", registry=registry)
        self.devices = Gauge(
            "vaka_devices", "Installed devices and those in use, by how they are", ["status"], registry=registry
        )
        self.failures = Counter("vaka_log_failures", "Times the loop had to begin anew", registry=registry)
