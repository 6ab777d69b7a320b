"""Which sender serves which channel: the one table of them."""

import ssl

import httpx
from msgspec import Struct

from events.address import MqttServer
from processors.channels.apprise import Apprise
from processors.channels.channel import Sender
from processors.channels.email import Email
from processors.channels.gateway import GatewaySender
from processors.channels.mqtt import Mqtt
from processors.channels.network import Network
from processors.channels.push import PrivateKey, Push
from processors.channels.scaip import Scaip, Tell
from processors.channels.webhook import Webhook
from rules.contact import Channel


class Means(Struct, frozen=True, kw_only=True):
    """What senders share. `http`: of `network`, as `processors.channels.http.client` makes it; `tls`: whom to trust.

    `push_key` finds the private key of push messages, `push_contact` is who runs this; `tell_scaip` speaks SIP.
    """

    http: httpx.AsyncClient
    network: Network
    tls: ssl.SSLContext
    broker: MqttServer
    push_key: PrivateKey
    push_contact: str
    tell_scaip: Tell


def senders(means: Means) -> dict[Channel, Sender]:
    """All but the console's, which needs none: its pages read the journal."""
    gateway = GatewaySender(means.http)
    return {
        Channel.WEBHOOK: Webhook(means.http),
        Channel.PUSH: Push(means.http, means.push_key, means.push_contact),
        Channel.SMS: gateway,
        Channel.VOICE: gateway,
        Channel.EMAIL: Email(means.network, means.tls),
        Channel.MQTT: Mqtt(means.broker),
        Channel.SCAIP: Scaip(means.tell_scaip),
        Channel.APPRISE: Apprise(means.network.private),
    }
