"""Passwords, and patience with those who guess them."""

from datetime import UTC, datetime, timedelta

import pytest

from api import sign_in
from api.sign_in import MAX_FAILURES, WINDOW, FailedSignIns, Passwords
from vaka.clock import ManualClock

HERE = "127.0.0.1"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))


def test_after_too_many_failures_one_must_wait_until_the_first_is_old(clock: ManualClock) -> None:
    guard = FailedSignIns(clock)
    for _ in range(MAX_FAILURES):
        assert guard.attempt("anna", HERE) is None
        clock.advance(timedelta(minutes=1))
    assert guard.attempt("anna", HERE) == WINDOW - timedelta(minutes=MAX_FAILURES)
    clock.advance(WINDOW - timedelta(minutes=MAX_FAILURES))
    assert guard.attempt("anna", HERE) is None
    assert guard.attempt("anna", HERE) is not None


def test_the_case_of_letters_gives_no_new_tries(clock: ManualClock) -> None:
    guard = FailedSignIns(clock)
    assert [guard.attempt(name, HERE) for name in ("anna", "Anna", "aNna", "anNa", "ANNA")] == [None] * MAX_FAILURES
    assert guard.attempt("annA", HERE) is not None


def test_others_are_not_kept_out(clock: ManualClock) -> None:
    guard = FailedSignIns(clock)
    for _ in range(MAX_FAILURES + 1):
        guard.attempt("anna", HERE)
    assert guard.attempt("bo", HERE) is None
    assert guard.attempt("anna", "192.0.2.1") is None


def test_success_forgets_failures(clock: ManualClock) -> None:
    guard = FailedSignIns(clock)
    for _ in range(3 * MAX_FAILURES):
        assert guard.attempt("anna", HERE) is None
        guard.succeeded("anna", HERE)


def test_what_is_remembered_is_bounded(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "REMEMBERED", 2)
    guard = FailedSignIns(clock)
    for _ in range(MAX_FAILURES):
        guard.attempt("anna", HERE)
    for name in ("bo", "cia"):
        guard.attempt(name, HERE)
    assert guard.attempt("anna", HERE) is None


@pytest.mark.anyio
async def test_only_the_password_fits() -> None:
    passwords = Passwords()
    hash = await passwords.hash("a password for tests")
    assert hash.startswith("$argon2id$")
    assert await passwords.fits("a password for tests", hash)
    assert not await passwords.fits("a password for test", hash)


@pytest.mark.anyio
async def test_no_password_fits_an_account_that_is_not_there_or_has_no_hash() -> None:
    passwords = Passwords()
    assert not await passwords.fits("", None)
    assert not await passwords.fits("anything", None)
    assert not await passwords.fits("anything", "")
    assert not await passwords.fits("anything", "not a hash")
