"""Tells on stderr what is being measured, so that stdout holds the tables and nothing else."""

import sys


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
