"""Accounts: passwords, roles, how long a session lasts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from switchboard.domain.account import (
    ACCOUNT_NAME,
    ALLOWED,
    IDLE,
    LASTS,
    Permission,
    Role,
    is_session_over,
    one_time_password,
    password_fault,
)

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("violet tractor lamp", ""),
        ("õunapuu kasvab mäel", ""),
        ("x7$kQ!2mPz&w", ""),
        ("short phrase", ""),
        ("eleven long", "too short"),
        ("a" * 201, "too long"),
        ("aaaaaaaaaaaaaaaa", "too easily guessed"),
        ("my password is this", "too easily guessed"),
        ("Qwertyuiop12", "too easily guessed"),
        ("i am liis of tartu", "your name is in it"),
        ("I AM LIIS OF TARTU", "your name is in it"),
        ("violet\ttractor lamp", "no keyboard types"),
    ],
)
def test_passwords(password: str, fault: str) -> None:
    found = password_fault(password, "liis")
    assert found.startswith(fault) or fault in found
    assert bool(found) is bool(fault)


def test_a_one_time_password_is_another_each_time_and_would_do() -> None:
    made = {one_time_password() for _ in range(100)}
    assert len(made) == 100
    assert all(not password_fault(each, "liis") for each in made)


@pytest.mark.parametrize(
    ("began", "used", "over"),
    [
        (timedelta(), timedelta(), False),
        (IDLE, IDLE - timedelta(seconds=1), False),
        (IDLE, IDLE, True),
        (LASTS - timedelta(seconds=1), timedelta(minutes=1), False),
        (LASTS, timedelta(minutes=1), True),
        (-timedelta(hours=1), -timedelta(hours=1), False),  # the clock was set back
    ],
)
def test_how_long_a_session_lasts(began: timedelta, used: timedelta, over: bool) -> None:
    assert is_session_over(NOW - began, NOW - used, NOW) is over


def test_every_role_sees_calls_and_only_administrators_manage_accounts() -> None:
    assert ALLOWED.keys() == set(Role)
    assert all(Permission.SEE_CALLS in allowed for allowed in ALLOWED.values())
    managing = {role for role, allowed in ALLOWED.items() if Permission.MANAGE_ACCOUNTS in allowed}
    assert managing == {Role.ADMINISTRATOR}
    assert Permission.SET_PRESENCE not in ALLOWED[Role.AUDITOR], "who audits changes nothing"


@pytest.mark.parametrize(
    ("name", "fits"), [("liis", True), ("l", True), ("liis.kask-2", True), ("Liis", False), ("-a", False), ("", False)]
)
def test_names(name: str, fits: bool) -> None:
    assert (re.fullmatch(ACCOUNT_NAME, name) is not None) is fits
