"""SIP clients that are not ours: sipp, which plays the scenarios of tests/servers/sipp, and sipsak for TLS."""

import asyncio
import re
import shutil
import socket
from pathlib import Path

from events.address import Address
from tests.support.requirements import require

SCENARIOS = Path(__file__).parents[1] / "servers" / "sipp"


class Sipp:
    """A controller. `transport`: u1 for UDP, t1 for TCP. What it logs, the answers, goes to files in `folder`."""

    def __init__(self, folder: Path, server: Address, transport: str = "u1", password: str | None = None) -> None:
        self._program = require("sipp", shutil.which("sipp"))
        self._folder = folder
        self._server = server
        self._transport = transport
        self._password = password
        self._runs = 0

    async def ask(self, body: str, scenario: str = "message") -> str:
        """Sends this request; the document that answered it."""
        user = ["-au", "678", "-ap", self._password] if self._password is not None else []
        to = (str(self._server), "-t", self._transport, "-key", "body", body, *user)
        return await self._play(scenario, *to)

    async def ask_and_wait(self, body: str) -> str:
        """Sends this request; the document that came in a MESSAGE of its own to where the sender waits for it."""
        with socket.socket(type=socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        waiting = asyncio.create_task(self._play("receive", "-p", port))
        await self._play("back", str(self._server), "-key", "body", body, "-key", "contact", port)
        return await waiting

    async def snu(self, body: str, scenario: str = "message") -> int:
        """What the receiver made of the request."""
        return snu_of(await self.ask(body, scenario))

    async def _play(self, scenario: str, *options: str) -> str:
        """What the scenario logged."""
        self._runs += 1
        log = self._folder / f"sipp-{self._runs}.log"
        process = await asyncio.create_subprocess_exec(
            *(self._program, *options, "-sf", str(SCENARIOS / f"{scenario}.xml"), "-m", "1", "-i", "127.0.0.1"),
            *("-nostdin", "-timeout", "30s", "-timeout_error", "-trace_logs", "-log_file", str(log)),
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode(errors="replace")[-3000:]
        return log.read_text() if log.exists() else ""


def snu_of(answer: str) -> int:
    found = re.search(r"<snu>(\d+)</snu>", answer)
    assert found is not None, answer
    return int(found[1])


async def sipsak(folder: Path, server: Address, body: str) -> str:
    """Sends this request over TLS; all that sipsak had to say.

    It compares the certificate's name with host and port, so it is told not to.
    """
    program = require("sipsak", shutil.which("sipsak"))
    message = folder / "request.sip"
    lines = (
        f"MESSAGE sip:vaka@localhost:{server.port} SIP/2.0",
        "Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKsipsak;rport",
        "Max-Forwards: 70",
        "From: <sip:678@alarm.example>;tag=1",
        "To: <sip:vaka@localhost>",
        "Call-ID: sipsak",
        "CSeq: 1 MESSAGE",
        "Accept: application/scaip+xml",
        "Content-Type: application/scaip+xml",
        f"Content-Length: {len(body)}",
    )
    message.write_text("\r\n".join((*lines, "", body)), newline="")
    process = await asyncio.create_subprocess_exec(
        *(program, "-vvv", "--transport=tls", "--tls-ignore-cert-failure", f"--filename={message}"),
        *("--hostname=127.0.0.1", "-s", f"sip:vaka@localhost:{server.port}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output.decode(errors="replace")
