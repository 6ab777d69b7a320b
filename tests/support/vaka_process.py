"""A stand-in for `vaka up` that starts the embedded servers and then waits to be killed: `DATA_DIR BROKER`."""

import asyncio
import sys
from pathlib import Path

from events.address import Address
from vaka.embedded.servers import start_servers
from vaka.settings import Settings


async def main() -> None:
    data_dir, broker = sys.argv[1:]
    settings = Settings(data_dir=Path(data_dir), mqtt=Address("127.0.0.1", 0), broker=broker)  # type: ignore[arg-type]
    await start_servers(settings)
    print("started", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
