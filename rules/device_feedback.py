"""What the wearer of a device hears when somebody has accepted their call: help is coming."""

from datetime import timedelta

from rules.decisions import AlarmKind

CALLS = frozenset({AlarmKind.SOCIAL_ALARM, AlarmKind.FALL})
"""Alarms by which somebody calls. Of any other the person may know nothing, and a voice in the night is a fright."""

TEXTS = {"sv": "Vi har tagit emot ditt larm. Hjälp är på väg.", "en": "We have your alarm. Help is coming."}
"""By the language of the municipality."""

VALID = timedelta(minutes=5)
"""After that it is not said any more: the broker was away, and somebody may be there already."""
