"""Social alarms over SCAIP, from SIP clients that are not ours to staff, and the answer back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from events.address import Address
from ingest.scaip.server import Options, ScaipGateway
from tests.smoke.conftest import LAST_MONTH
from tests.support.certificate import certificate
from tests.support.sipp import Sipp, sipsak, snu_of
from tests.support.world import World

pytestmark = pytest.mark.anyio

ANY_PORT = Address("127.0.0.1", 0)
CONTROLLER = {"family": "scaip", "scope": "", "id": "678"}
PENDANT = {"family": "scaip", "scope": "678", "id": "P-1"}


def mrq(ref: str, **tags: str) -> str:
    fields = {"ref": ref, "cid": "678", "dty": "2", **tags}
    return "<mrq>" + "".join(f"<{tag}>{text}</{tag}>" for tag, text in fields.items() if text) + "</mrq>"


class Home:
    """Anna's home with a controller and a pendant, and a way to speak for them."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.gateway: ScaipGateway

    @property
    def udp(self) -> Sipp:
        assert self.gateway.udp is not None
        return Sipp(self.folder, self.gateway.udp)

    @property
    def tcp(self) -> Sipp:
        assert self.gateway.tcp is not None
        return Sipp(self.folder, self.gateway.tcp, "t1")

    async def alarms(self, **query: Any) -> list[dict[str, Any]]:
        return list((await self.world.get("alarms", **query))["items"])

    async def kinds(self, device: str) -> list[str]:
        """What the log has of a device, the oldest first."""
        items = (await self.world.get("events", device=device))["items"]
        return [item["kind"] for item in reversed(items)]

    async def held(self) -> list[str]:
        return [item["reason"] for item in (await self.world.get("quarantine"))["items"]]


@asynccontextmanager
async def listening(home: Home, **options: Any) -> AsyncIterator[Home]:
    stop = asyncio.Event()
    world = home.world
    home.gateway = ScaipGateway(
        Options(**{"listen": ANY_PORT, **options}), world.engine.source.offer, world.engine.clock
    )
    running = asyncio.create_task(home.gateway.run(stop))
    try:
        await home.gateway.listening.wait()
        yield home
    finally:
        stop.set()
        await running


@pytest.fixture
async def known(world: World, tmp_path: Path) -> Home:
    """The controller and the pendant are registered and lent; nothing listens yet."""
    for id, origin, more in (("controller", CONTROLLER, {}), ("pendant", PENDANT, {"hub": "controller"})):
        await world.make("devices", id=id, tenant="prov", technology="social_alarm", origin=origin, **more)
        await world.make("assignments", device=id, resident="anna", **{"from": LAST_MONTH})
    return Home(world, tmp_path)


@pytest.fixture
async def home(known: Home) -> AsyncIterator[Home]:
    async with listening(known):
        yield known


async def test_a_press_over_udp_becomes_help(home: Home) -> None:
    britt = await home.world.staff("britt", "norr")
    async with home.world.stream(britt) as stream:
        where = {"lco": "021", "lte": "vid spisen", "crd": "sip:+46700000001@alarm.example"}
        body = mrq("1243", dty="0003", did="P-1", stc="0010", **where)
        assert await home.udp.snu(body) == 0
        alarm = (await stream.until("opened"))["alarm"]
    assert (alarm["kind"], alarm["priority"], alarm["device"]) == ("social_alarm", 1, "pendant")
    assert alarm["resident_name"] == "Anna Påhittad"
    told = {name: alarm["detail"][name] for name in ("place", "call_back", "button")}
    assert told == {"place": "kök vid spisen", "call_back": "sip:+46700000001@alarm.example", "button": "larmknapp"}


async def test_where_to_come_when_it_is_known_only_later(home: Home) -> None:
    assert await home.udp.snu(mrq("1", did="P-1", dty="51")) == 0
    later = mrq("2", did="P-1", dty="51", mty="IN", lge="<geo>59.3293,18.0686</geo>", lte="vid sjön")
    assert await home.udp.snu(later) == 0
    (alarm,) = await home.alarms()
    (note,) = [
        entry
        for entry in (await home.world.get(f"alarms/{alarm['id']}/journal"))["items"]
        if entry["action"] == "annotated"
    ]
    told = {name: note["data"][name] for name in ("reason", "latitude", "longitude", "place")}
    assert told == {"reason": "call_updated", "latitude": 59.3293, "longitude": 18.0686, "place": "vid sjön"}


async def test_tcp_and_tls(known: Home) -> None:
    cert, key = certificate(known.folder)
    async with listening(known, tls_listen=ANY_PORT, certificate=cert, key=key) as home:
        assert await home.tcp.snu(mrq("1")) == 0
        assert home.gateway.tls is not None
        assert snu_of(await sipsak(home.folder, home.gateway.tls, mrq("2"))) == 0
    (alarm,) = await known.alarms()
    assert alarm["count"] == 2


async def test_who_has_no_password_is_not_heard(known: Home) -> None:
    users = known.folder / "users"
    users.write_text("678:en hemlighet\n")
    async with listening(known, users=users) as home:
        for address, transport in ((home.gateway.udp, "u1"), (home.gateway.tcp, "t1")):
            assert address is not None
            caller = Sipp(home.folder, address, transport, password="en hemlighet")
            assert await caller.snu(mrq("1"), "authenticated") == 0
        assert home.gateway.udp is not None
        stranger = Sipp(home.folder, home.gateway.udp, password="fel")
        with pytest.raises(AssertionError, match="401"):
            await stranger.snu(mrq("2"), "authenticated")
    (alarm,) = await known.alarms()
    assert alarm["count"] == 1


async def test_the_answer_comes_in_a_message_of_its_own(home: Home) -> None:
    """The sender names a contact and says nothing of reading the 200."""
    assert snu_of(await home.udp.ask_and_wait(mrq("1"))) == 0
    assert len(await home.alarms()) == 1


async def test_hold_and_then_handled(known: Home) -> None:
    """The database is slow: the sender is told to ask again, until the alarm is committed."""
    async with listening(known, hold_seconds=0.05) as home:
        async with known.world.pool.connection() as blocker:
            await blocker.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
            assert [await home.udp.snu(mrq("1243")) for _ in range(2)] == [4, 4]
        while await home.udp.snu(mrq("1243")) == 4:
            pass
    (alarm,) = await known.alarms()
    assert alarm["count"] == 1


async def test_the_answer_is_lost_and_the_alarm_is_not_doubled(home: Home) -> None:
    assert [await home.udp.snu(mrq("1243", did="P-1")) for _ in range(3)] == [0, 0, 0]
    (alarm,) = await home.alarms()
    assert alarm["count"] == 1
    assert await home.kinds("pendant") == ["alarm_pressed"]


async def test_a_reference_that_starts_over_swallows_no_press(home: Home) -> None:
    assert await home.udp.snu(mrq("1")) == 0
    await home.world.engine.advance(hours=1, minutes=1)
    assert await home.udp.snu(mrq("1")) == 0
    (alarm,) = await home.alarms()
    assert alarm["count"] == 2


async def test_a_heartbeat_is_a_sign_of_life_and_no_alarm(known: Home) -> None:
    async with listening(known, heartbeat_minutes=240) as home:
        answer = await home.udp.ask(mrq("1244", mty="PI", hbo="001"))
        assert answer.strip() == "<mrs><ref>1244</ref><snu>0</snu><hbi>240</hbi></mrs>"
        assert "hbi" not in await home.udp.ask(mrq("1245", mty="PI"))
    assert await known.kinds("controller") == ["heartbeat"]
    assert await known.alarms() == []


async def test_the_state_of_the_controller(home: Home) -> None:
    for number, (type, state) in enumerate((("IN", "85"), ("IN", "86"), ("ME", "125"), ("RE", "125"), ("IN", "24"))):
        assert await home.udp.snu(mrq(str(number), mty=type, stc=state)) == 0
    told = ["mains_lost", "mains_restored", "tampered", "tamper_cleared", "fault"]
    assert await home.kinds("controller") == told


async def test_a_press_taken_back_is_noted(home: Home) -> None:
    assert await home.udp.snu(mrq("1", did="P-1", dty="3")) == 0
    assert await home.udp.snu(mrq("2", did="P-1", dty="3", mty="RE", stc="93")) == 0
    (alarm,) = await home.alarms()
    assert alarm["state"] == "open"
    assert await home.kinds("pendant") == ["alarm_pressed", "alarm_cancelled"]


async def test_a_test_of_the_line_pages_nobody(home: Home) -> None:
    assert await home.udp.snu(mrq("1", stc="102")) == 0
    assert await home.kinds("controller") == ["test_alarm"]
    assert await home.alarms() == []


async def test_a_split_request_is_one_alarm(home: Home) -> None:
    assert await home.udp.snu(mrq("7", did="P-1", dty="3", ame="1", lte="i det lilla")) == 0
    assert await home.alarms() == []
    assert await home.udp.snu(mrq("7", did="P-1", dty="3", lte="huset", crd="+46700000001")) == 0
    (alarm,) = await home.alarms()
    assert (alarm["detail"]["place"], alarm["detail"]["call_back"]) == ("i det lilla huset", "+46700000001")


async def test_a_pendant_that_is_not_registered_is_its_controllers(home: Home) -> None:
    assert await home.udp.snu(mrq("1", did="P-9", dty="3")) == 0
    (alarm,) = await home.alarms()
    assert alarm["device"] == "controller"


async def test_an_unknown_controller_is_told_to_try_the_next_and_can_be_known_later(home: Home) -> None:
    assert await home.udp.snu(mrq("1", cid="999")) == 5
    (held,) = (await home.world.get("quarantine"))["items"]
    assert held["reason"] == "unknown_device"
    origin = {"family": "scaip", "scope": "", "id": "999"}
    await home.world.make("devices", id="other", tenant="prov", technology="social_alarm", origin=origin)
    await home.world.make("assignments", device="other", resident="anna", **{"from": LAST_MONTH})
    replayed = await home.world.admin.post(f"/api/v1/quarantine/{held['id']}/replay")
    assert replayed.is_success, replayed.text
    await home.world.engine.heed()
    (alarm,) = await home.alarms()
    assert alarm["device"] == "other"


FAULTS: dict[str, tuple[str, int]] = {
    "no XML": ("alarm", 2),
    "an entity": ("<!DOCTYPE mrq [<!ENTITY a 'b'>]>" + mrq("1", lte="&a;"), 2),
    "a wrong code": (mrq("1", stc="ten"), 3),
    "no device type": (mrq("1", dty=""), 7),
    "no reference": (mrq(""), 10),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_what_cannot_be_used_is_answered_and_kept(home: Home, name: str) -> None:
    body, status = FAULTS[name]
    assert await home.udp.snu(body) == status
    while not (held := await home.held()):
        pass
    assert held == ["malformed"]
    assert await home.alarms() == []


async def test_use_belongs_to_whom_the_device_was_lent_to(home: Home) -> None:
    world = home.world
    await world.make("residents", id="bo", tenant="prov", unit="norr", name="Bo Exempelsson", address="Provvägen 2")
    assert await home.udp.snu(mrq("1", did="P-1", dty="3")) == 0
    (lent,) = [one for one in (await world.get("assignments"))["items"] if one["device"] == "pendant"]
    moved = world.engine.clock() + timedelta(minutes=1)
    answer = await world.admin.patch(f"/api/v1/assignments/{lent['id']}", json={"to": moved.isoformat()})
    assert answer.is_success, answer.text
    await world.make("assignments", device="pendant", resident="bo", **{"from": moved.isoformat()})
    await world.engine.advance(minutes=2)
    assert await home.udp.snu(mrq("2", did="P-1", dty="3")) == 0
    assert sorted(alarm["resident"] for alarm in await home.alarms()) == ["anna", "bo"]
    usage = await world.get("usage", **{"from": "2026-03-01", "to": "2026-03-03", "by": "resident,technology"})
    counted = {item["resident"]: item["count"] for item in usage["items"] if item["technology"] == "social_alarm"}
    assert counted == {"anna": 1, "bo": 1}
