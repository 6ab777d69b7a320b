"""Whether Vaka itself is well: the database answers, the log's owner is alive, subscribed and not behind."""

from collections.abc import Callable
from datetime import datetime

from api.health import Problem
from store.failures import DATABASE_DOWN
from store.log_status import ask, problems
from store.pool import Pool


class LogHealth:
    """What `/readyz` and the console's pulse ask."""

    def __init__(self, pool: Pool, wall: Callable[[], datetime]) -> None:
        self._pool = pool
        self._wall = wall

    async def check(self) -> list[Problem]:
        """What is wrong, in words for people; empty when all is well."""
        try:
            async with self._pool.connection(timeout=2) as connection:
                said = await ask(connection)
        except DATABASE_DOWN as error:
            return [Problem("database", f"it does not answer: {str(error).strip() or type(error).__name__}")]
        return [Problem(part, detail) for part, detail in problems(said, self._wall())]
