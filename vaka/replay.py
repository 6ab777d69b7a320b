"""Replaying a recording into a running Vaka: registers what is needed over the API, then publishes or imports."""

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any

import httpx

from events.ids import ResidentId, TenantId
from simulators.history import import_history
from simulators.recordings import read_recording
from simulators.replay import replay_device, replay_mqtt
from simulators.timed import TimedMessage
from store.people import Role, Token, add_token, delete_token
from store.pool import connect
from vaka.context import Context, NothingRuns
from vaka.progress import counting

CREDENTIAL = "vaka-replay"
PATIENCE_SECONDS = 120


async def replay(context: Context, options: Namespace, stop: asyncio.Event) -> str:
    """Replays and returns one line that says what was done. Raises NothingRuns, BadLine, OSError."""
    async with _token(context) as token, _client(context, token) as client:
        tenant, zone = await _home(client, options.resident)
        device = replay_device(ResidentId(options.resident))
        messages = list(read_recording(options.file, options.format, device, zone))
        if not messages:
            return "0 events: the recording is empty"
        first = messages[0].time if options.fast else context.now()
        await _lend(client, tenant, options.resident, device, first)
        if options.fast:
            return await _import(context, client, token, tenant, options, messages)
        return await _publish(context, tenant, options, messages, stop)


async def _publish(
    context: Context, tenant: TenantId, options: Namespace, messages: list[TimedMessage], stop: asyncio.Event
) -> str:
    if context.mqtt_url is None:
        raise NothingRuns("no broker is known: set VAKA_MQTT_URL")
    with counting("events", len(messages), quiet=options.quiet) as tell:
        progress = await replay_mqtt(
            messages,
            context.mqtt_url,
            tenant,
            context.now,
            speed=context.speed,
            stop=stop,
            on_progress=lambda progress: tell(progress.sent),
        )
    return f"{progress.sent} events published"


async def _import(
    context: Context,
    client: httpx.AsyncClient,
    token: str,
    tenant: TenantId,
    options: Namespace,
    messages: list[TimedMessage],
) -> str:
    device = messages[0].device
    with counting("events", len(messages), quiet=options.quiet) as tell, _blocking_client(client) as blocking:
        imports = await asyncio.to_thread(
            import_history, messages, blocking, token, tenant, options.resident, device, tell
        )
    events = duplicates = 0
    for id in imports:
        result = await _applied(client, id)
        events += result["events"]
        duplicates += result["duplicates"]
    return f"{events} events imported as history, {duplicates} known before"


async def _applied(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    """What the import came to, once the owner of the log has taken it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = _checked(await client.get(f"/api/v1/history/{id}")).json()
            if answer["state"] == "applied":
                return dict(answer["result"])
            await asyncio.sleep(0.05)


async def _home(client: httpx.AsyncClient, resident: str) -> tuple[TenantId, str]:
    """The resident's tenant and its time zone, in which the recording's local times are meant."""
    answer = await client.get(f"/api/v1/residents/{resident}")
    if answer.status_code == 404:
        raise NothingRuns(f"--resident {resident}: there is no such resident")
    tenant = _checked(answer).json()["tenant"]
    return TenantId(tenant), _checked(await client.get(f"/api/v1/tenants/{tenant}")).json()["timezone"]


async def _lend(client: httpx.AsyncClient, tenant: str, resident: str, device: str, start: datetime) -> None:
    """Registers the device that the recording speaks through, and lends it to the resident, if that is not so yet."""
    if (await client.get(f"/api/v1/devices/{device}")).status_code == 404:
        body = {"id": device, "tenant": tenant, "technology": "passive_alarm", "name": "Recording"}
        _checked(await client.post("/api/v1/devices", json=body))
    lent = _checked(await client.get("/api/v1/assignments", params={"device": device})).json()["items"]
    if not lent:
        body = {"device": device, "resident": resident, "from": start.isoformat()}
        _checked(await client.post("/api/v1/assignments", json=body))


def _checked(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise NothingRuns(f"{answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
    return answer


@asynccontextmanager
async def _token(context: Context) -> AsyncIterator[str]:
    """A credential for the time of this command."""
    async with await connect(context.database_url, autocommit=True) as connection:
        await delete_token(connection, CREDENTIAL)
        secret = await add_token(connection, Token(CREDENTIAL, Role.ADMIN, None, None, context.wall()))
        assert secret is not None
        try:
            yield secret
        finally:
            await delete_token(connection, CREDENTIAL)


@asynccontextmanager
async def _client(context: Context, token: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=context.api_url, headers=headers, timeout=30) as client:
        try:
            await client.get("/healthz")
        except httpx.TransportError as error:
            raise NothingRuns(f"the API at {context.api_url} does not answer ({error}); start `vaka up`") from None
        yield client


@contextmanager
def _blocking_client(client: httpx.AsyncClient) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=client.base_url, timeout=60) as blocking:
        yield blocking
