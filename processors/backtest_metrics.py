"""What is known of backtests and of the check that replay gives what the live run gave, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from store.replay_check import Checked


class BacktestMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.failed = Counter("vaka_backtests_failed", "Backtests that could not be done", registry=registry)
        self._differences = Gauge(
            "vaka_replay_differences", "Decisions that replay gave otherwise, in the last check", registry=registry
        )
        self._decisions = Gauge("vaka_replay_decisions", "Decisions compared in the last check", registry=registry)
        self._checked_at = Gauge(
            "vaka_replay_checked_timestamp_seconds", "When replay was last checked, by Vaka's clock", registry=registry
        )

    def checked(self, last: Checked | None) -> None:
        if last is not None:
            self._differences.set(last.differences)
            self._decisions.set(last.decisions)
            self._checked_at.set(last.checked_at.timestamp())
