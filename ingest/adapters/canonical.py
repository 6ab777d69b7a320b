"""The canonical form: `vaka/v1/{tenant}/{device}/{kind}` with a JSON object that has `at`."""

from events.codec import Malformed, UnknownKind, decode_message, same_event_key
from events.delivery import Observation, Rejected, Rejection
from events.topics import BadTopic, parse_topic


def read(topic: str, payload: bytes) -> Observation | Rejected:
    try:
        tenant, device, kind = parse_topic(topic)
    except BadTopic as error:
        return Rejected(Rejection.BAD_TOPIC, str(error))
    try:
        message = decode_message(kind, payload)
        key = same_event_key(device, kind, message, payload)
    except UnknownKind as error:
        return Rejected(Rejection.UNKNOWN_KIND, str(error), tenant, device)
    except Malformed as error:
        return Rejected(Rejection.MALFORMED, str(error), tenant, device)
    return Observation(tenant, device, kind, message, payload, key)
