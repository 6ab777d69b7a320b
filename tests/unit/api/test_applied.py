"""Waiting for the log."""

import asyncio

import pytest

from api.applied import Applied

pytestmark = pytest.mark.anyio

LONG = 3600.0


async def test_waits_until_all_are_applied() -> None:
    applied = Applied(LONG)
    for item in (7, 8):
        applied.expect(item)
    waiting = asyncio.create_task(applied.settle([7, 8]))
    applied.note("8")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    applied.note("7")
    await waiting


async def test_what_was_applied_before_the_wait_is_not_waited_for() -> None:
    applied = Applied(LONG)
    applied.expect(7)
    applied.note("7")
    applied.note("99")
    await applied.settle([7])


async def test_an_owner_that_does_not_answer_is_waited_for_once() -> None:
    applied = Applied(0.01)
    applied.expect(7)
    await applied.settle([7])
    applied._patience = LONG
    await applied.settle([7])


async def test_an_owner_that_is_heard_of_again_is_waited_for_again() -> None:
    applied = Applied(0.01)
    applied.expect(7)
    await applied.settle([7])
    applied.note("7")
    applied.expect(8)
    applied._patience = LONG
    waiting = asyncio.create_task(applied.settle([8]))
    await asyncio.sleep(0)
    assert not waiting.done()
    applied.note("8")
    await waiting


async def test_without_patience_nothing_is_waited_for() -> None:
    applied = Applied(0)
    applied.expect(7)
    await applied.settle([7])
