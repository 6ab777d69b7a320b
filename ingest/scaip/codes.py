"""The codes of SCAIP and what they mean here: device types, states, places.

Numbers and their meaning are those of SS 91100:2014 and CLC/TS 50134-9, as published in public SCAIP software; what
each becomes in Vaka is decided here. One principle: what a controller itself calls an alarm reaches a person, so an
alarm of something that Vaka has no word for is `alarm_pressed`, never less.
"""

from typing import NamedTuple

from ingest.scaip.document import MessageType

ALARM = "alarm"
"""The state says alarm: which one, the type of device says."""

RESET = "reset"
"""The state takes back what the device had said before."""

NORMAL = "normal"
"""The state says that all is well."""

ALIVE = "heartbeat"
"""The state says nothing that Vaka has a word for; the message is kept with the sign of life."""


class DeviceType(NamedTuple):
    """`alarm`: the kind that its alarm is. `word`: what staff read, in Swedish.

    `pressed`: a person calls with it, or it watches over a body, so that even a state unknown here is taken as a call.
    """

    name: str
    word: str
    alarm: str = "alarm_pressed"
    pressed: bool = False


class State(NamedTuple):
    """`means`: a kind, or ALARM, RESET, NORMAL or ALIVE."""

    name: str
    means: str = ALIVE


UNKNOWN_TYPE = DeviceType("unknown, or a manufacturer's own", "okänd enhet", pressed=True)

TYPES: dict[int, DeviceType] = {
    2: DeviceType("local unit and controller", "trygghetslarm", pressed=True),
    3: DeviceType("pendant", "larmknapp", pressed=True),
    4: DeviceType("fixed trigger", "fast larmknapp", pressed=True),
    5: DeviceType("fall detector", "fallsensor", "fall_detected", pressed=True),
    6: DeviceType("personal attack trigger", "överfallslarm", pressed=True),
    7: DeviceType("panic button", "nödknapp", pressed=True),
    8: DeviceType("duty switch, remote", "tjänstgöringsomkopplare"),
    9: DeviceType("duty switch, local", "tjänstgöringsomkopplare"),
    10: DeviceType("activity detector", "aktivitetssensor"),
    11: DeviceType("pill dispenser", "läkemedelsautomat", "dose_missed"),
    12: DeviceType("bed monitor", "sänglarm"),
    13: DeviceType("mat", "larmmatta"),
    14: DeviceType("door", "dörrlarm"),
    15: DeviceType("wandering", "vandringslarm"),
    16: DeviceType("enuresis detector", "fuktlarm", "wet_detected"),
    17: DeviceType("epilepsy detector", "epilepsilarm", pressed=True),
    18: DeviceType("occupancy detector", "närvarosensor"),
    19: DeviceType("heart rate monitor", "pulslarm", pressed=True),
    20: DeviceType("environment monitor", "miljösensor"),
    21: DeviceType("gas detector", "gaslarm", "smoke_detected"),
    22: DeviceType("lighting monitor", "belysningslarm", "fault"),
    23: DeviceType("smoke detector", "brandvarnare", "smoke_detected"),
    24: DeviceType("heating monitor", "värmelarm"),
    25: DeviceType("heat detector", "värmedetektor", "smoke_detected"),
    26: DeviceType("carbon monoxide detector", "kolmonoxidlarm", "smoke_detected"),
    27: DeviceType("bogus caller switch", "obehörig besökare"),
    28: DeviceType("intruder detector", "inbrottslarm"),
    29: DeviceType("boundary detector", "områdeslarm"),
    30: DeviceType("man-down detector", "fallsensor", "fall_detected", pressed=True),
    31: DeviceType("system monitor", "systemlarm", "fault"),
    32: DeviceType("communication link monitor", "förbindelselarm", "fault"),
    33: DeviceType("flood detector", "översvämningslarm", "leak_detected"),
    34: DeviceType("bath sensor", "badkarslarm", "leak_detected"),
    35: DeviceType("latch key", "nyckelbrytare"),
    36: DeviceType("perimeter", "områdeslarm"),
    37: DeviceType("sprinkler", "sprinkler", "smoke_detected"),
    38: DeviceType("tamper contact", "sabotagekontakt", "tampered"),
    39: DeviceType("printer", "skrivare", "fault"),
    40: DeviceType("router", "router", "fault"),
    41: DeviceType("power supply", "strömförsörjning", "fault"),
    42: DeviceType("lock", "digitalt lås"),
    43: DeviceType("access controller", "passersystem"),
    44: DeviceType("chair monitor", "stolslarm"),
    45: DeviceType("controller", "trygghetslarm", pressed=True),
    46: DeviceType("elevator alarm", "hisslarm", pressed=True),
    47: DeviceType("fire alarm system", "brandlarm", "smoke_detected"),
    48: DeviceType("local unit", "trygghetslarm", pressed=True),
    49: DeviceType("monitoring device", "övervakningsenhet", pressed=True),
    50: DeviceType("radio unit", "radioenhet", "fault"),
    51: DeviceType("tracker", "gps-larm", pressed=True),
}

CONTROLLERS = frozenset({2, 45, 48})
"""Without an id of its own (did), such a device is the controller itself."""

STATES: dict[int, State] = {
    2: State("abort", RESET),
    3: State("absent"),
    4: State("accepted"),
    5: State("acknowledged"),
    6: State("activated", ALARM),
    7: State("active"),
    8: State("added"),
    9: State("alarm, automatic", ALARM),
    10: State("alarm, manual", ALARM),
    11: State("alert", ALARM),
    12: State("armed"),
    13: State("assigned"),
    14: State("battery failed", "fault"),
    15: State("battery full", "fault_cleared"),
    16: State("battery low", "fault"),
    17: State("busy"),
    18: State("bypassed"),
    19: State("cancelled", RESET),
    20: State("charged", "fault_cleared"),
    21: State("closed"),
    22: State("closed too long", ALARM),
    23: State("ip link failed", "fault"),
    24: State("mobile link failed", "fault"),
    25: State("telephone link failed", "fault"),
    26: State("primary link failed", "fault"),
    27: State("redundant link failed", "fault"),
    28: State("deleted"),
    29: State("denied"),
    30: State("disarmed"),
    31: State("disconnected", "offline"),
    **{code: State(f"error code {code - 31}", "fault") for code in range(32, 41)},
    41: State("executed"),
    42: State("failure", "fault"),
    43: State("frequency drifted", "fault"),
    44: State("frequency drifted down", "fault"),
    45: State("frequency drifted up", "fault"),
    46: State("high level", ALARM),
    47: State("in progress"),
    48: State("in service", "fault_cleared"),
    49: State("inactive"),
    50: State("initiated"),
    51: State("interrupted", "fault"),
    52: State("jammed", "fault"),
    **{code: State(f"level {code - 52}") for code in range(53, 62)},
    62: State("log"),
    63: State("loss", "fault"),
    64: State("low level", ALARM),
    65: State("maintenance planned", "fault"),
    66: State("maintenance urgent", "fault"),
    67: State("malfunction", "fault"),
    68: State("memory full", "fault"),
    69: State("not active"),
    70: State("normal", NORMAL),
    71: State("occupied"),
    72: State("off"),
    73: State("offline", "offline"),
    74: State("on"),
    75: State("online", "online"),
    76: State("open"),
    77: State("open too long", ALARM),
    78: State("out of service", "fault"),
    79: State("overflow", ALARM),
    80: State("pending"),
    81: State("pill not taken", "dose_missed"),
    82: State("pill reminder", "dose_dispensed"),
    83: State("pill taken", "dose_taken"),
    84: State("planned"),
    85: State("mains lost", "mains_lost"),
    86: State("mains back", "mains_restored"),
    87: State("presence, planned"),
    88: State("presence upon alarm"),
    89: State("privacy"),
    90: State("pulse"),
    91: State("re-established", "fault_cleared"),
    92: State("reset, automatic", RESET),
    93: State("reset, manual", RESET),
    94: State("restored", RESET),
    95: State("radio interference", "fault"),
    96: State("started"),
    97: State("ended"),
    98: State("substituted"),
    99: State("succeeded"),
    100: State("temperature high", ALARM),
    101: State("temperature low", ALARM),
    102: State("test transmission", "test_alarm"),
    103: State("test transmission, redundant link", "test_alarm"),
    104: State("time-out", "fault"),
    105: State("trouble", "fault"),
    106: State("trespass", ALARM),
    107: State("unauthorised access", ALARM),
    108: State("bypass ended"),
    109: State("verified"),
    110: State("assistance", ALARM),
    111: State("intervention completed"),
    112: State("ip link restored", "fault_cleared"),
    113: State("mobile link restored", "fault_cleared"),
    114: State("telephone link restored", "fault_cleared"),
    115: State("primary link restored", "fault_cleared"),
    116: State("redundant link restored", "fault_cleared"),
    117: State("lying in bed", "bed_entered"),
    118: State("locked", "locked"),
    119: State("movement", "motion"),
    120: State("occupancy", "motion"),
    121: State("at home"),
    122: State("radio interference", "fault"),
    123: State("radio test missing", "offline"),
    124: State("radio test back", "online"),
    125: State("tamper", "tampered"),
    126: State("temperature rises fast", ALARM),
    127: State("unlocked", "unlocked"),
}

LINKS = {23: "ip", 24: "mobile", 25: "telephone", 26: "primary", 27: "redundant"}
FAULT_CODES: dict[int, str] = {
    **dict.fromkeys((14, 15, 16, 20), "battery_low"),
    **{code: f"{link} link" for code, link in LINKS.items()},
    **{code + 89: f"{link} link" for code, link in LINKS.items()},
}
"""What fails and comes back under one name; other faults are named by their state. No code tells percents."""

_PAD = {3: "mat_off", 7: "mat_on", 49: "mat_off", 69: "mat_off", 71: "mat_on", 119: "mat_on", 120: "mat_on"}
_BED = {3: "bed_left", 7: "bed_entered", 49: "bed_left", 69: "bed_left", 71: "bed_entered", 120: "bed_entered"}
_DOOR = {21: "door_closed", 76: "door_opened"}
_LOCK = {**_DOOR, 29: "unlock_denied", 77: "door_ajar", 106: "unlock_denied", 107: "unlock_denied"}
_SENSOR = {3: "motion_ended", 7: "motion", 49: "motion_ended", 50: "motion_ended", 69: "motion_ended", 71: "motion"}
_DISPENSER = {
    10: "alarm_pressed",
    42: "dispenser_jammed",
    52: "dispenser_jammed",
    64: "refill_low",
    67: "dispenser_jammed",
}

BY_TYPE: dict[int, dict[int, str]] = {
    10: {**_SENSOR, 49: ALARM, 121: "motion"},
    11: _DISPENSER,
    12: _BED,
    13: _PAD,
    14: _DOOR,
    15: _DOOR,
    18: {**_SENSOR, 121: "motion"},
    28: _SENSOR,
    42: _LOCK,
    43: _LOCK,
    44: _PAD,
}
"""Where a state means something else, or something at all, for a type of device."""

CLEARED_BY: dict[str, str] = {
    "alarm_pressed": "alarm_cancelled",
    "fall_detected": "alarm_cancelled",
    "smoke_detected": "smoke_cleared",
    "leak_detected": "leak_cleared",
    "wet_detected": "wet_cleared",
    "tampered": "tamper_cleared",
    "fault": "fault_cleared",
    "mains_lost": "mains_restored",
    "offline": "online",
    "door_opened": "door_closed",
    "door_ajar": "door_closed",
    "motion": "motion_ended",
    "dose_missed": ALIVE,
    "dispenser_jammed": "fault_cleared",
}
"""What it is called when this is over. A missed dose stays missed until it is taken."""


def device_type(code: int) -> DeviceType:
    return TYPES.get(code, UNKNOWN_TYPE)


def kind_of(type: MessageType, dty: int, state: int | None) -> str | None:
    """The canonical kind of what a device of type `dty` says; None when the state is not known and no call for help.

    An alarm of `type` ALARM only: an information update or a heartbeat says how things are, and alarms nobody.
    """
    device = device_type(dty)
    means = _meaning(device, dty, state if state is not None or type is not MessageType.ALARM else 9)
    if type is MessageType.RESET:
        return _cleared(device.alarm if means in (None, ALARM, RESET, NORMAL, ALIVE) else means)
    if means in (ALARM, "alarm_pressed"):
        call = device.alarm if means == ALARM else means
        return call if type is MessageType.ALARM else ALIVE
    if means == RESET:
        return _cleared(device.alarm)
    if means == NORMAL:
        return ALIVE if device.pressed else _cleared(device.alarm)
    return means


def _meaning(device: DeviceType, dty: int, state: int | None) -> str | None:
    if state is None:
        return ALIVE
    special = BY_TYPE.get(dty, {}).get(state)
    if special is not None:
        return special
    if device.pressed and (state == 7 or state not in STATES):
        return ALARM
    return STATES[state].means if state in STATES else None


def _cleared(kind: str) -> str:
    return CLEARED_BY.get(kind, ALIVE)


def fault_of(state: int | None) -> str | None:
    """The name under which a fault comes and goes."""
    if state is None or state not in STATES:
        return None
    return FAULT_CODES.get(state, STATES[state].name if STATES[state].means == "fault" else None)


PLACES: dict[int, str] = {
    2: "hemma",
    3: "borta",
    4: "inomhus",
    5: "utomhus",
    6: "inne",
    7: "ute",
    8: "område",
    9: "zon",
    10: "källare",
    11: "badrum",
    12: "sovrum",
    13: "matsal",
    14: "våning",
    15: "garage",
    16: "trädgård",
    17: "trädgård på baksidan",
    18: "trädgård på framsidan",
    19: "geografiskt område",
    20: "gym",
    21: "kök",
    22: "tvättstuga",
    23: "relax",
    24: "bastu",
    25: "trappa",
    26: "arbetsrum",
    27: "verkstad",
    28: "vind",
    29: "förråd",
    30: "tillfällig adress",
    31: "sommarstuga",
    32: "vinterstuga",
    33: "i rörelse",
    36: "fastighet",
    37: "handikappbadrum",
    38: "dörr",
    39: "ytterdörr",
    40: "bakdörr",
    41: "branddörr",
    42: "hall",
    43: "vardagsrum",
    44: "lägenhet",
    45: "bungalow",
    46: "sällskapsrum",
    47: "gemensam yta",
    48: "kontor",
    49: "rum",
    50: "anläggning",
    51: "avdelning",
    52: "flygel",
}
"""Location codes (lco) as staff read them, in Swedish. 34 and 35 merely say that a position is attached."""
