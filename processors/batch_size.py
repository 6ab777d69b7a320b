"""How many messages one transaction takes: as many as keep what is urgent from waiting long behind them."""

MOST, LEAST = 500, 50
"""Fewer than that cost more time than they save: every transaction has its own."""

LONG_SECONDS = 0.1
"""A press that comes while bulk is committed waits for that, and may wait no longer than a person notices."""


class BatchSize:
    """Halved when a transaction took long, doubled when a full one took little: databases are not always as fast."""

    def __init__(self) -> None:
        self.limit = MOST

    def took(self, messages: int, seconds: float) -> None:
        """A transaction of so many messages took so long."""
        if seconds > LONG_SECONDS and messages > LEAST:
            self.limit = max(LEAST, messages // 2)
        elif seconds < LONG_SECONDS / 2 and messages >= self.limit:
            self.limit = min(MOST, 2 * self.limit)
