"""What the process in which Apprise runs may do: tried out in such a process, as the hook cannot be taken off."""

import subprocess
import sys

import pytest

TRY = """
import sys
from processors.channels.apprise_child import guard
from processors.channels.permitted import networks
import os, socket, subprocess, ctypes, tempfile, shutil
guard(networks(sys.argv[1]))
try:
    exec(sys.argv[2])
except PermissionError as error:
    print("refused", error)
except OSError as error:
    print("failed", type(error).__name__, error)
else:
    print("done")
"""


def attempt(code: str, private: str = "") -> str:
    done = subprocess.run([sys.executable, "-c", TRY, private, code], capture_output=True, text=True, check=True)
    return done.stdout.split()[0]


@pytest.mark.parametrize(
    "code",
    [
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.remove('/nonexistent/file')",
        "os.mkdir('/nonexistent/folder')",
        "shutil.rmtree('/nonexistent')",
        "ctypes.CDLL(None)",
        "open('/etc/passwd')",
        "open('/proc/self/environ')",
        "os.open('/etc/passwd', os.O_RDONLY)",
        "open(os.__file__, 'a')",
        "open(os.path.dirname(os.__file__) + '/../../../../etc/passwd')",
        "socket.socket(socket.AF_UNIX).connect('/nonexistent')",
    ],
)
def test_what_is_refused(code: str) -> None:
    assert attempt(code) == "refused"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "10.0.0.1"])
def test_only_permitted_addresses_are_connected_to(address: str) -> None:
    family = "AF_INET6" if ":" in address else "AF_INET"
    tcp = f"socket.socket(socket.{family}).connect(('{address}', 9))"
    udp = f"socket.socket(socket.{family}, socket.SOCK_DGRAM).sendto(b'x', ('{address}', 9))"
    for code in (tcp, udp):
        assert attempt(code) == "failed"
        assert "not public" in _said(code)


def test_what_sending_takes_is_allowed() -> None:
    assert attempt("open(os.__file__).read()") == "done"
    assert attempt("import email.mime.text, json, smtplib") == "done"
    udp = "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))"
    assert attempt(udp, "127.0.0.0/8") == "done"


def _said(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", TRY, "", code], capture_output=True, text=True, check=True)
    return done.stdout
