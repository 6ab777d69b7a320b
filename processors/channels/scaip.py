"""Telling an alarm centre in its own language: SCAIP (SS 91100, CLC/TS 50134-9), as a social alarm would.

`snu` in the centre's answer decides: 0 is handled, 4 asks for the same request again, and after anything else the next
receiver is asked, which is what the standard wants of a sender.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from events.ids import derived_id
from processors.channels.channel import Message, Receipt, Target
from processors.channels.http import readable
from rules.addresses import Controller, read_address
from rules.given import GivenError, read
from rules.providers import AlarmCentre, AlarmCentres

TIMEOUT_SECONDS = 30.0
"""For all centres together, each with its share: a message over UDP is repeated within it."""

HOLD_SECONDS = 5.0
"""After which the same request is sent again; the standard says 5 to 20."""

HANDLED, HOLD = 0, 4
WRONG = frozenset({1, 2, 3, 7, 10})
"""Too long, invalid, wrong data, tag or reference missing: the same request is wrong the next time as well."""

MANUAL_ALARM, TEST_TRANSMISSION = "0010", "0102"
PRIORITY = {1: "9", 2: "6", 3: "3", 4: "0"}
"""`pri` has 9 as its highest."""

MAX_TEXT = 200
"""Characters of `stt` and `ite` together with the rest stay below the 1,300 octets that a request may have."""

Tell = Callable[[AlarmCentre, Mapping[str, str]], Awaitable[int]]
"""Sends a request with these fields and returns the answer's `snu`. Raises OSError (TimeoutError) or ValueError."""


class Scaip:
    """`tell` is `ingest.scaip.client`'s, which speaks SIP: the process that wires all parts hands it in."""

    def __init__(self, tell: Tell, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._tell = tell
        self._timeout = timeout_seconds

    async def send(self, message: Message, target: Target) -> Receipt:
        try:
            address = read_address(target.channel, target.address)
            centres = read(AlarmCentres, dict(target.provider)).centres
        except GivenError as error:
            return Receipt(False, error=str(error))
        assert isinstance(address, Controller)
        receipts = []
        share = self._timeout / len(centres)
        for centre in centres:
            receipts.append(await self._ask(centre, fields_of(message, address.cid, centre.dty), share))
            if receipts[-1].accepted or receipts[-1].retry_after is not None:
                return receipts[-1]
        # Only what every centre finds wrong is wrong.
        wrong = all(receipt.status in WRONG for receipt in receipts)
        said = "; ".join(receipt.error or f"snu {receipt.status}" for receipt in receipts)
        return Receipt(False, refused=wrong, status=receipts[-1].status, error=readable(said.encode()))

    async def _ask(self, centre: AlarmCentre, fields: Mapping[str, str], timeout: float) -> Receipt:
        try:
            async with asyncio.timeout(timeout):
                snu = await self._tell(centre, fields)
        except TimeoutError:
            return Receipt(False, error=f"{centre.host}: no answer within {timeout:g} s")
        except (OSError, ValueError) as error:
            return Receipt(False, error=f"{centre.host}: {type(error).__name__}: {error}")
        if snu == HANDLED:
            return Receipt(True, delivered=True, reference=fields["ref"], status=snu)
        return Receipt(False, retry_after=HOLD_SECONDS if snu == HOLD else None, status=snu)


def fields_of(message: Message, cid: str, dty: int) -> dict[str, str]:
    """The same for every attempt, `ref` above all: by it and `cid` the centre recognises a repeat."""
    return {
        "ref": derived_id("scaip", message.id)[:16],
        "cid": cid,
        "dty": f"{dty:04}",
        "mty": "ME",
        "stc": TEST_TRANSMISSION if message.test else MANUAL_ALARM,
        "stt": message.title[:MAX_TEXT],
        "pri": "0" if message.test else PRIORITY.get(message.priority, "0"),
        "ite": " ".join(part for part in (message.body, message.url) if part)[:MAX_TEXT],
    }
