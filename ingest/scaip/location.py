"""Where a device says that it is: `geo`, decimal degrees, and `gga`, a sentence of its GPS receiver (NMEA 0183)."""

import re

Place = tuple[float, float]
"""Latitude and longitude, degrees, WGS 84."""

_DEGREES = re.compile(r"\s*([+-]?\d{1,3}(?:\.\d{1,12})?)\s*[,; ]\s*([+-]?\d{1,3}(?:\.\d{1,12})?)\s*", re.ASCII)
_NMEA = re.compile(r"(\d{1,3})(\d\d(?:\.\d{1,12})?)", re.ASCII)


def place_of(geo: str | None, gga: str | None) -> Place | None:
    """The place, from whichever of the two can be read; None when neither is one."""
    return _of_degrees(geo or "") or _of_gga(gga or "")


def _of_degrees(text: str) -> Place | None:
    found = _DEGREES.fullmatch(text)
    return _believable(float(found[1]), float(found[2])) if found else None


def _of_gga(sentence: str) -> Place | None:
    """`$GPGGA,time,ddmm.mm,N,dddmm.mm,E,quality,...`; quality 0 is no fix."""
    fields = [field.strip() for field in sentence.partition("*")[0].split(",")]
    if len(fields) < 7 or not fields[0].endswith("GGA") or fields[6] in ("", "0"):
        return None
    latitude, longitude = _of_minutes(fields[2], fields[3], "NS"), _of_minutes(fields[4], fields[5], "EW")
    return None if latitude is None or longitude is None else _believable(latitude, longitude)


def _of_minutes(text: str, side: str, sides: str) -> float | None:
    found = _NMEA.fullmatch(text)
    if found is None or side not in sides or not side:
        return None
    degrees = int(found[1]) + float(found[2]) / 60
    return round(-degrees if side == sides[1] else degrees, 7)


def _believable(latitude: float, longitude: float) -> Place | None:
    """Null Island is what a receiver without a fix says."""
    inside = abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if inside and (latitude, longitude) != (0, 0) else None
