"""States of both kinds, of residents and of devices, as snapshots keep them: the key says which it is."""

from events.ids import Key
from rules.device_state import DeviceState, decode_device, encode_device
from rules.state import ResidentState, decode_state, encode_state

State = ResidentState | DeviceState


def is_device(key: Key) -> bool:
    return key.startswith("h:")


def encode(state: State) -> bytes:
    return encode_device(state) if isinstance(state, DeviceState) else encode_state(state)


def decode(key: Key, data: bytes) -> State:
    return decode_device(data) if is_device(key) else decode_state(data)
