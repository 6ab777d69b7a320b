"""One good message of each sort and family: what fuzzers begin from. Whoever adds a family adds its messages here."""

from typing import Any

from msgspec import json

SETTINGS = {
    "zigbee2mqtt": "zigbee2mqtt,homes/+/zigbee2mqtt",
    "chirpstack": "application",
    "things_stack": "v3",
    "home_assistant": "homeassistant",
}
"""Base topics, as in the settings."""

_LISTED = {
    "ieee_address": "0x00124b0022334455",
    "friendly_name": "hall/button",
    "type": "EndDevice",
    "definition": {
        "vendor": "Feibit",
        "model": "SEB01ZB",
        "exposes": [{"type": "enum", "property": "action", "values": ["single", "lock", "unlock"], "features": []}],
    },
}
_DEVICE_INFO = {
    "applicationId": "7",
    "deviceProfileName": "Dragino LDS02",
    "deviceName": "door",
    "devEui": "0101010101010101",
    "tags": {"brand": "dragino"},
}
_END_DEVICE = {
    "device_id": "door",
    "dev_eui": "0202020202020202",
    "application_ids": {"application_id": "homes"},
}

ZIGBEE2MQTT: dict[str, Any] = {
    "zigbee2mqtt/hall/button": {
        "action": "single", "sos": True, "battery": 80, "battery_low": False, "tamper": False, "linkquality": 90,
        "last_seen": "2026-11-22T07:59:58.123Z", "fall_status": "fall_alarm", "status": "falling", "pin_code": {"a": 1},
    },
    "homes/17/zigbee2mqtt/lock": {
        "state": "LOCK", "lock_state": "locked", "action": "unlock", "action_user": 3, "action_source_name": "keypad",
        "last_unlock_user": "3", "last_unlock_source": "rfid", "last_seen": 1795334370250,
    },
    "zigbee2mqtt/room": {"occupancy": True, "presence_state": "none", "contact": False, "water_leak": True, "smoke": 0},
    "zigbee2mqtt/hall/button/availability": {"state": "online"},
    "zigbee2mqtt/bridge/state": {"state": "offline"},
    "zigbee2mqtt/bridge/devices": [_LISTED],
    "zigbee2mqtt/bridge/groups": [{"id": 1, "friendly_name": "lamps", "members": []}],
}  # fmt: skip
CHIRPSTACK: dict[str, Any] = {
    "application/7/device/0101010101010101/event/up": {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d", "time": "2026-11-22T07:59:58.123+00:00",
        "deviceInfo": _DEVICE_INFO, "fPort": 10, "data": "CwwB", "object": {"door": 1, "batV": 3.0, "button": True},
        "rxInfo": [{"gatewayId": "0016c001f153a14c", "rssi": -48, "snr": 9}],
    },
    "application/7/device/0101010101010101/event/status": {
        "time": "2026-11-22T07:59:58.123+00:00", "deviceInfo": _DEVICE_INFO, "margin": 7, "batteryLevel": 80.5,
    },
    "application/7/device/0101010101010101/event/location": {
        "deviceInfo": _DEVICE_INFO, "location": {"latitude": 59.3, "longitude": 18.1, "accuracy": 20},
    },
    "application/7/device/0101010101010101/event/join": {"deviceInfo": _DEVICE_INFO, "devAddr": "00189440"},
    "application/7/device/0101010101010101/event/ack": {"deviceInfo": _DEVICE_INFO, "acknowledged": True},
    "eu868/gateway/0016c001f153a14c/state/conn": {"gatewayId": "0016c001f153a14c", "state": "ONLINE"},
    "gateway/0016c001f153a14c/event/stats": {"gatewayId": "0016c001f153a14c", "rxPacketsReceived": 7},
    "application/7/device/0101010101010101/event/log": {"deviceInfo": _DEVICE_INFO, "level": "ERROR", "code": "OTAA"},
}  # fmt: skip
THINGS_STACK: dict[str, Any] = {
    "v3/homes@tenant/devices/door/up": {
        "end_device_ids": _END_DEVICE, "received_at": "2026-11-22T07:59:58.123Z",
        "uplink_message": {
            "f_port": 10, "f_cnt": 7, "frm_payload": "CwwB",
            "decoded_payload": {"door": "open", "battery": 3.1, "latitude": 59.3, "longitude": 18.1},
            "normalized_payload": [{"battery": 3.1, "action": {"motion": {"detected": True}, "contactState": "open"}}],
            "rx_metadata": [{"rssi": -48, "snr": 9}], "version_ids": {"brand_id": "dragino", "model_id": "lds02"},
        },
    },
    "v3/homes@tenant/devices/door/location/solved": {
        "end_device_ids": _END_DEVICE, "location_solved": {"location": {"latitude": 59.3, "longitude": 18.1}},
    },
    "v3/homes@tenant/devices/door/join": {"end_device_ids": _END_DEVICE, "received_at": "2026-11-22T07:59:58Z"},
}  # fmt: skip
HOME_ASSISTANT: dict[str, Any] = {
    "homeassistant/binary_sensor/door/contact/config": {
        "unique_id": "door-contact", "device_class": "door", "state_topic": "devices/door", "name": "Door",
        "value_template": "{{ value_json.contact }}", "payload_on": "ON", "payload_off": "OFF",
        "device": {"identifiers": ["door"], "name": "Door", "manufacturer": "Acme", "model": "D1"},
        "availability_topic": "devices/door/status",
    },
    "homeassistant/device/pendant/config": {
        "~": "devices/pendant", "dev": {"cns": [["mac", "02:00:00:00:00:01"]], "mf": "Acme"}, "o": {"name": "acme"},
        "avty": [{"t": "~/status", "val_tpl": "{{ value_json.state }}"}], "avty_mode": "all", "stat_t": "~",
        "cmps": {
            "press": {"p": "event", "dev_cla": "button", "evt_typ": ["press"]},
            "sos": {"p": "binary_sensor", "name": "SOS", "val_tpl": "{{ value_json['sos'] }}"},
            "battery": {"p": "sensor", "dev_cla": "battery", "val_tpl": "{{ value_json.battery | is_defined }}"},
            "place": {"p": "device_tracker", "json_attr_t": "~"},
            "trigger": {"p": "device_automation", "t": "~", "type": "button_short_press", "stype": "1", "pl": "1"},
            "lock": {"p": "lock", "val_tpl": "{{ value_json.lock }}", "stat_locked": "closed"},
        },
    },
    "devices/pendant": {
        "event_type": "press", "sos": "ON", "battery": 80, "lock": "closed", "latitude": 59.3, "longitude": 18.1,
    },
    "devices/pendant/status": {"state": "online"},
    "devices/door": {"contact": "ON", "battery": 80},
    "devices/door/status": "online",
}  # fmt: skip
CANONICAL: dict[str, Any] = {
    "vaka/v1/demo/d-1/alarm_pressed": {"at": "2026-11-22T07:59:58Z", "id": "7", "button": "red", "latitude": 59.3},
    "vaka/v1/demo/d-2/battery": {"at": "2026-11-22T07:59:58Z", "percent": 80},
}
FAMILIES = {
    "zigbee2mqtt": ZIGBEE2MQTT,
    "chirpstack": CHIRPSTACK,
    "things_stack": THINGS_STACK,
    "home_assistant": HOME_ASSISTANT,
    "canonical": CANONICAL,
}


def messages(examples: dict[str, Any]) -> list[tuple[str, bytes]]:
    return [(topic, json.encode(body)) for topic, body in examples.items()]
