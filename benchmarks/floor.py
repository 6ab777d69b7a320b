"""The floor that Vaka is measured against: MQTT -> COPY -> commit -> PUBACK -> publish, and nothing else.

A plain script as one would write it first: no queue limit, no reconnecting, no rules, no duplicates, no quarantine.
`python -m benchmarks.floor DATABASE_URL HOST PORT`; after each commit it prints how many events are stored.
"""

import json
import sys
import time
from datetime import UTC, datetime

import psycopg
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

SCHEMA = """
CREATE TABLE IF NOT EXISTS floor (id text, device text, kind text, at timestamptz, received timestamptz, data jsonb);
CREATE INDEX IF NOT EXISTS floor_device ON floor (device, at);
CREATE INDEX IF NOT EXISTS floor_received ON floor (received);
"""


def main(database_url: str, host: str, port: str) -> None:
    database = psycopg.connect(database_url)
    database.execute(SCHEMA)
    database.commit()
    batch: list[MQTTMessage] = []
    client = Client(CallbackAPIVersion.VERSION2, client_id="floor", protocol=MQTTv5, manual_ack=True)
    client.on_message = lambda _client, _data, message: batch.append(message)
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600
    properties.ReceiveMaximum = 2000
    client.connect(host, int(port), clean_start=False, properties=properties)
    client.subscribe("vaka/v1/#", qos=1)
    stored, last = 0, time.monotonic()
    while True:
        client.loop(0.02)
        if len(batch) >= 500 or (batch and time.monotonic() - last > 0.02):
            pressed = store(database, batch)
            for message in batch:
                client.ack(message.mid, message.qos)
            for device in pressed:
                client.publish(f"alarm/{device}", b"{}", qos=1)
            stored, last = stored + len(batch), time.monotonic()
            print(stored, flush=True)
            batch.clear()


def store(database: "psycopg.Connection[tuple[object, ...]]", batch: list[MQTTMessage]) -> list[str]:
    """Writes the batch and commits; the devices whose button was pressed."""
    received, pressed = datetime.now(UTC), []
    with database.cursor() as cursor, cursor.copy("COPY floor FROM STDIN") as copy:
        for message in batch:
            _, _, _, device, kind = message.topic.split("/")
            event = json.loads(message.payload)
            copy.write_row((event.get("id"), device, kind, event["at"], received, message.payload.decode()))
            if kind == "alarm_pressed":
                pressed.append(device)
    database.commit()
    return pressed


if __name__ == "__main__":
    main(*sys.argv[1:])
