"""Callbacks: what may become of one, where they go, and that however things go one person is called back once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.callback import (
    Callback,
    CallbackBook,
    CallbackState,
    as_json,
    attempt_failed,
    begin_attempt,
    callback_line,
    close,
    expire,
    from_json,
)
from switchboard.domain.identity import CallId
from switchboard.domain.language import ENGLISH
from switchboard.domain.mobile_lines import MobileLine
from switchboard.domain.organisation import Organisation, Trunk
from switchboard.domain.outbound import OutboundRole, OutboundRules
from switchboard.domain.queueing import CallbackRules
from tests.sample_organisation import sample_organisation

UNHURRIED = settings(deadline=None, max_examples=100)  # a busy machine is no failure
NOW = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = CallbackRules(attempts=3, pause=10 * MINUTE, deadline=60 * MINUTE)
S = CallbackState


def callback(number: str = "+37255501234", **changes: object) -> Callback:
    promised = Callback(
        id=UUID(int=1),
        queue="sales",
        number=number,
        asked_by=number,
        name="",
        called="6001000",
        language=ENGLISH,
        call_id=CallId(UUID(int=2)),
        since=NOW - MINUTE,
        priority=0,
        promised_at=NOW,
        deadline=NOW + RULES.deadline,
        not_before=NOW,
    )
    return replace(promised, **changes)  # type: ignore[arg-type]


def after(*did: str) -> Callback:
    """What becomes of a callback: `dial`, `fail`, `talk`, `call in`, `cancel`, a minute each."""
    now, found = NOW, callback()
    for each in did:
        now += MINUTE
        match each:
            case "dial":
                now = max(now, found.not_before)
                found = begin_attempt(found, now)
            case "fail":
                found = attempt_failed(found, "busy", RULES, now)
            case "expire":
                found = expire(found, now)
            case other:
                state = {"talk": S.TALKED, "call in": S.CALLED_IN, "cancel": S.CANCELLED}[other]
                found = close(found, state, other, now)
    return found


@pytest.mark.parametrize(
    ("did", "state", "attempts"),
    [
        ((), S.WAITING, 0),
        (("dial",), S.DIALLING, 1),
        (("dial", "talk"), S.TALKED, 1),
        (("dial", "fail"), S.WAITING, 1),
        (("dial", "fail", "dial", "fail"), S.WAITING, 2),
        (("dial", "fail", "dial", "fail", "dial", "fail"), S.EXPIRED, 3),
        (("call in",), S.CALLED_IN, 0),
        (("dial", "call in", "fail"), S.CALLED_IN, 1),
        (("cancel",), S.CANCELLED, 0),
        (("dial", "fail", "cancel"), S.CANCELLED, 1),
        (("dial", "talk", "cancel"), S.TALKED, 1),
        (("expire", "talk"), S.EXPIRED, 0),
    ],
)
def test_what_becomes_of_a_callback(did: tuple[str, ...], state: CallbackState, attempts: int) -> None:
    found = after(*did)
    assert (found.state, found.attempts) == (state, attempts)
    assert found.is_open is (state in (S.WAITING, S.DIALLING))


def test_the_next_attempt_is_after_the_pause_and_none_after_the_deadline() -> None:
    tried = after("dial", "fail")
    assert not tried.is_due(tried.not_before - timedelta(seconds=1))
    assert tried.is_due(tried.not_before)
    late = replace(begin_attempt(callback(), NOW), deadline=NOW + 9 * MINUTE)
    assert attempt_failed(late, "busy", RULES, NOW).state is S.EXPIRED
    assert not callback().is_due(callback().deadline)
    assert callback().is_overdue(callback().deadline)
    assert not after("dial").is_overdue(callback().deadline), "who is dialled may answer"


def test_who_is_not_due_is_not_dialled() -> None:
    for each in (after("dial"), after("cancel"), after("dial", "fail")):
        with pytest.raises(ValueError, match="not due"):
            begin_attempt(each, NOW + MINUTE)


def an_organisation(outbound: OutboundRules | None = None) -> Organisation:
    trunk = Trunk("line", "192.0.2.1", allowed=("+372", "+371", "+3589"), caller_number="+3726001000")
    return replace(sample_organisation(trunks=(trunk,)), outbound=outbound)


ROLES = OutboundRules({"staff": OutboundRole("staff", ("EE", "LV"), forbidden=("+3725550",))})


@pytest.mark.parametrize(
    ("number", "is_called"),
    [
        ("+37255112345", True),
        ("+37126123456", True),  # Latvia
        ("+37255501234", False),  # forbidden
        ("+3729001234", False),  # premium rate
        ("+35891234567", False),  # the trunk takes it, the role does not
        ("+46701234567", False),  # neither
        ("+3726001000", False),  # our own number
        ("", False),
    ],
)
def test_where_callbacks_go(number: str, is_called: bool) -> None:
    line = callback_line(number, CallbackRules(role="staff"), an_organisation(outbound=ROLES))
    assert line == (MobileLine("line", "+3726001000") if is_called else None)


def test_without_roles_what_the_trunks_take_is_called_but_nothing_dear() -> None:
    organisation = an_organisation()
    assert callback_line("+37255501234", RULES, organisation) is not None
    assert callback_line("+3729001234", RULES, organisation) is None
    assert callback_line("+46701234567", RULES, organisation) is None
    ruled = an_organisation(outbound=ROLES)
    assert callback_line("+37255112345", CallbackRules(role="nobody"), ruled) is None


NUMBERS = st.sampled_from(["+37255501234", "+37255505678", "+37126123456"])


@given(NUMBERS, st.sampled_from(S), st.integers(0, 20), st.text(max_size=20), st.booleans())
@UNHURRIED
def test_what_is_written_is_read(number: str, state: CallbackState, attempts: int, last: str, changed: bool) -> None:
    written = callback(number, state=state, attempts=attempts, last=last, changed_at=NOW if changed else None)
    assert from_json(as_json(written)) == written


@given(st.permutations(range(6)), st.lists(st.integers(0, 5)))
@UNHURRIED
def test_changes_may_be_heard_of_in_any_order_and_twice(order: list[int], again: list[int]) -> None:
    steps = ["dial", "fail", "dial", "fail", "dial", "talk"]
    changes = [after(*steps[: length + 1]) for length in range(6)]
    book = CallbackBook(changes[place] for place in (*order, *again))
    assert book.get(UUID(int=1)) == after(*steps)
    assert not book.open()


ACTS = st.sampled_from(["promise", "dial", "fail", "talk", "call in", "cancel", "wait"])


@given(st.lists(st.tuples(ACTS, NUMBERS, st.integers(1, 30)), max_size=40))
@UNHURRIED
def test_one_a_person_never_after_the_deadline_in_order(acts: list[tuple[str, str, int]]) -> None:
    """Promises are made as services/offer_callback.py makes them, dialled as services/call_back.py does."""
    book, now, dialled = CallbackBook(), NOW, 0
    for serial, (act, number, minutes) in enumerate(acts):
        now += minutes * MINUTE
        standing = book.of(number)
        if act == "promise" and standing is None:
            times = {"promised_at": now, "not_before": now, "deadline": now + RULES.deadline, "since": now}
            book.put(callback(number, id=UUID(int=serial + 10), **times))
        elif standing is not None:
            if act == "dial" and standing.is_due(now):
                dialled += 1
                book.put(begin_attempt(standing, now))
                assert now < standing.deadline
            elif act == "fail":
                book.put(attempt_failed(standing, "busy", RULES, now))
            elif act in ("talk", "call in", "cancel"):
                book.put(close(standing, S.TALKED, act, now))
            elif standing.is_overdue(now):
                book.put(expire(standing, now))
        numbers = [each.number for each in book.open()]
        assert len(numbers) == len(set(numbers))
        assert [each.since for each in book.open()] == sorted(each.since for each in book.open())
        assert all(each.attempts <= RULES.attempts for each in book.all())
    assert sum(each.attempts for each in book.all()) == dialled
