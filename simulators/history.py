"""A recording imported as history, with its own times, over the API: counted and browsable, and no alarm about it."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import httpx
import msgspec

from events.ids import DeviceId, ResidentId, TenantId
from simulators.timed import TimedMessage

BATCH = 1000


class HistoryRefused(RuntimeError):
    """The API did not take a batch; the text has its status and what it said."""


def batches(messages: Iterable[TimedMessage], size: int = BATCH) -> Iterator[list[TimedMessage]]:
    """The messages in lists of `size`, the last one shorter."""
    left = iter(messages)
    while batch := list(islice(left, size)):
        yield batch


def import_history(
    messages: Iterable[TimedMessage],
    client: httpx.Client,
    token: str,
    tenant: TenantId,
    resident: ResidentId,
    device: DeviceId,
    on_progress: Callable[[int], None] = lambda sent: None,
) -> list[str]:
    """Posts `messages` to `/api/v1/history` in batches of 1,000; the ids of the imports, to ask what came of them.

    `client` has the API's address as its base URL. `on_progress` is told the number so far after each batch. What
    was imported before is the same event and does no harm, so after an error all of it can be sent again.
    Raises HistoryRefused, or httpx.TransportError when nobody answers.
    """
    sent, imports = 0, []
    for batch in batches(messages):
        body: dict[str, object] = {"tenant": tenant, "resident": resident, "device": device, "events": _events(batch)}
        imports.append(_post(client, token, body))
        sent += len(batch)
        on_progress(sent)
    return imports


def _events(batch: list[TimedMessage]) -> list[dict[str, object]]:
    return [{"kind": said.kind, "data": said.message} for said in batch]


def _post(client: httpx.Client, token: str, body: dict[str, object]) -> str:
    answer = client.post(
        "/api/v1/history",
        content=msgspec.json.encode(body),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    if not answer.is_success:
        raise HistoryRefused(f"{answer.status_code} {answer.reason_phrase}: {answer.text[:500]}")
    return str(answer.json()["id"])
