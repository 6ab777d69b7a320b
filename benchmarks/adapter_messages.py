"""Messages as networks and Home Assistant devices send them, with all that surrounds the few fields of ours."""

from typing import Any

from msgspec import json

Message = tuple[str, bytes]

_EUI = "a84041000181d2c4"
_CHIRPSTACK: dict[str, Any] = {
    "deduplicationId": "24d770db-2ee1-49a0-9be4-87cdf68fef9d",
    "time": "2026-11-22T07:59:58.123456+00:00",
    "deviceInfo": {
        "tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242",
        "tenantName": "Demo",
        "applicationId": "b593b5a2-e906-4804-a227-9b338a7c162d",
        "applicationName": "homes",
        "deviceProfileId": "7e518a10-feb3-4c26-95f7-6174fddc8e0f",
        "deviceProfileName": "Dragino LDS02",
        "deviceName": "door 12",
        "devEui": _EUI,
        "deviceClassEnabled": "CLASS_A",
        "tags": {},
    },
    "devAddr": "00189440",
    "adr": True,
    "dr": 5,
    "fCnt": 967,
    "fPort": 10,
    "confirmed": False,
    "data": "C4gBACUAAQ==",
    "rxInfo": [
        {"gatewayId": "0016c001f153a14c", "uplinkId": 60170, "rssi": -104, "snr": -7.8, "context": "AlRaXA=="},
        {"gatewayId": "0016c001f153a14d", "uplinkId": 382, "rssi": -99, "snr": -2.0, "context": "8LO+Eg=="},
    ],
    "txInfo": {"frequency": 868100000, "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 7}}},
}
_THINGS_STACK: dict[str, Any] = {
    "end_device_ids": {
        "device_id": "door-12",
        "application_ids": {"application_id": "homes"},
        "dev_eui": _EUI.upper(),
        "join_eui": "0000000000000000",
        "dev_addr": "260BCB92",
    },
    "correlation_ids": ["gs:uplink:01HFV3Q0Z5K3T1R8"],
    "received_at": "2026-11-22T07:59:58.323456789Z",
}
_UPLINK: dict[str, Any] = {
    "session_key_id": "AXBSH1Pk",
    "f_port": 10,
    "f_cnt": 12,
    "frm_payload": "C4gBACUAAQ==",
    "rx_metadata": [
        {"gateway_ids": {"gateway_id": "gw-1"}, "timestamp": 2463457000, "rssi": -104, "snr": -7.8},
        {"gateway_ids": {"gateway_id": "gw-2"}, "timestamp": 2463457010, "rssi": -99, "snr": -2.0},
    ],
    "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}, "frequency": "868100000"},
    "received_at": "2026-11-22T07:59:58.123456789Z",
    "consumed_airtime": "0.056576s",
    "version_ids": {"brand_id": "dragino", "model_id": "lds02", "hardware_version": "1.0"},
}
_DOOR = {
    "BAT_V": 2.952, "MOD": 1, "DOOR_OPEN_STATUS": 1, "DOOR_OPEN_TIMES": 9472, "LAST_DOOR_OPEN_DURATION": 3, "ALARM": 0,
}  # fmt: skip
_TRACKER = {"sos": True, "battery": 71, "latitude": 58.3912, "longitude": 13.8451, "accuracy": 12, "temperature": 20.5}
_CLIMATE = {"temperature": 21.5, "humidity": 40, "co2": 612, "light": 39}


def _chirpstack(fields: dict[str, Any]) -> Message:
    topic = f"application/b593b5a2-e906-4804-a227-9b338a7c162d/device/{_EUI}/event/up"
    return topic, json.encode({**_CHIRPSTACK, "object": fields})


def _things_stack(fields: dict[str, Any]) -> Message:
    uplink = {**_UPLINK, "decoded_payload": fields, "normalized_payload": [{"battery": 2.952}]}
    return "v3/homes@demo/devices/door-12/up", json.encode({**_THINGS_STACK, "uplink_message": uplink})


CHIRPSTACK = {
    "press with a place": _chirpstack(_TRACKER),
    "door": _chirpstack(_DOOR),
    "nothing of ours": _chirpstack(_CLIMATE),
}
THINGS_STACK = {
    "press with a place": _things_stack(_TRACKER),
    "door": _things_stack(_DOOR),
    "nothing of ours": _things_stack(_CLIMATE),
}


def _config(component: str, name: str, **fields: Any) -> Message:
    device = {"identifiers": ["demo-1"], "name": "Hall", "manufacturer": "Demo", "model": "D-1"}
    body = {"device": device, "state_topic": "home/hall", "value_template": f"{{{{ value_json.{name} }}}}", **fields}
    return f"homeassistant/{component}/{name}/config", json.encode(body)


HOME_ASSISTANT_CONFIGS = (
    _config("binary_sensor", "door", device_class="door", availability_topic="home/hall/status"),
    _config("binary_sensor", "tamper", device_class="tamper"),
    _config("sensor", "battery", device_class="battery"),
    _config("sensor", "temperature", device_class="temperature"),
    _config("binary_sensor", "motion", device_class="motion", state_topic="home/hall/motion", value_template=None),
)
HOME_ASSISTANT = {
    "door, three entities": (
        "home/hall",
        b'{"door":"ON","tamper":"OFF","battery":87,"temperature":21.5,"linkquality":80,"voltage":3000}',
    ),
    "motion, one word": ("home/hall/motion", b"ON"),
    "presence": ("home/hall/status", b"online"),
}
