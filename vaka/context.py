"""What every role is given: addresses, clocks, settings, metrics. Made once by the command, passed down."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from events.address import MqttServer
from vaka.clock import Clock, system_clock
from vaka.embedded.servers import attach
from vaka.settings import Settings
from vaka.time_pin import clock_of, read_pin

API_FILE = "api-address"


class NothingRuns(Exception):
    """There is no Vaka to attach to; the text says what to do."""


@dataclass(frozen=True)
class Context:
    """`now` is the clock of rules and people, `wall` is real time for leases, tokens and signatures.

    `one_filter`: the broker keeps the order of messages within one topic filter only.
    """

    settings: Settings
    database_url: str
    mqtt_url: str | None
    now: Clock = system_clock
    wall: Clock = system_clock
    speed: float = 1.0
    one_filter: bool = False
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    @property
    def api_url(self) -> str:
        """Where the API of this data directory listens: what `vaka up` took, else what the settings say."""
        file = self.settings.data_dir / API_FILE
        address = file.read_text(encoding="ascii").strip() if file.exists() else str(self.settings.http)
        return f"http://{address}"

    @property
    def broker(self) -> MqttServer:
        if self.mqtt_url is None:
            raise NothingRuns("no broker is known: set VAKA_MQTT_URL, or run `vaka up`")
        return MqttServer.parse(self.mqtt_url)


def attached(settings: Settings) -> Context:
    """The context of what already runs: the servers in the settings, else those of the data directory."""
    running = attach(settings.data_dir)
    database_url = settings.database_url or (running.database_url if running else None)
    mqtt_url = settings.mqtt_url or (running.mqtt_url if running else None)
    if database_url is None:
        raise NothingRuns(
            f"nothing runs in {settings.data_dir}: start `vaka up`, or set VAKA_DATABASE_URL to a database that runs"
        )
    pinned = read_pin(settings.data_dir)
    speed = pinned.speed if pinned else 1.0
    one_filter = running is not None and settings.mqtt_url is None and running.broker_program == "iotcore"
    return Context(settings, database_url, mqtt_url, clock_of(pinned), speed=speed, one_filter=one_filter)
