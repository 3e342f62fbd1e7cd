"""The keys of a mailbox, which messages are in which, and in which order they are heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.mailbox_menu import Deed, InBox, Mailbox, Place, counts, in_order, mailbox_of
from switchboard.domain.message import MessageState
from switchboard.flows.load import load_configuration
from tests.flows.playing import EXAMPLE, PROMPTS

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def message(number: int, **about: object) -> InBox:
    """The one of an hour."""
    made = InBox(UUID(int=number), MONDAY + timedelta(hours=number), timedelta(seconds=9), "+37255501234", "mari")
    return replace(made, **about)  # type: ignore[arg-type]


THREE = (message(1), message(2), message(3))

KEYS = [
    # key, stands at (3: after the last), goes to, and what is to be done
    ("1", 0, 0, Deed.PLAY),
    ("1", 3, 0, Deed.PLAY),
    ("2", 0, 1, Deed.KEEP),
    ("2", 2, 3, Deed.KEEP),
    ("2", 3, 3, Deed.NOT_POSSIBLE),
    ("3", 1, 2, Deed.DELETE),
    ("3", 3, 3, Deed.NOT_POSSIBLE),
    ("4", 0, 0, Deed.PLAY),
    ("4", 2, 1, Deed.PLAY),
    ("4", 3, 2, Deed.PLAY),
    ("5", 1, 1, Deed.CALL_BACK),
    ("5", 3, 3, Deed.NOT_POSSIBLE),
    ("6", 1, 2, Deed.PLAY),
    ("6", 2, 3, Deed.PLAY),
    ("6", 3, 3, Deed.NOT_POSSIBLE),
    ("7", 1, 1, Deed.NOT_POSSIBLE),
    ("8", 1, 1, Deed.FORWARD),
    ("8", 3, 3, Deed.NOT_POSSIBLE),
    ("9", 1, 1, Deed.NOT_POSSIBLE),  # somebody's own
    ("0", 1, 1, Deed.OPTIONS),
    ("0", 3, 3, Deed.OPTIONS),
    ("*", 1, 1, Deed.KEYS),
    ("#", 3, 3, Deed.LEAVE),
    ("A", 1, 1, Deed.NOT_POSSIBLE),
]


@pytest.mark.parametrize(("key", "at", "goes_to", "deed"), KEYS)
def test_keys(key: str, at: int, goes_to: int, deed: Deed) -> None:
    place, asked = Place(THREE, at).press(key)
    assert (place.at, asked) == (goes_to, deed)


def test_what_is_deleted_can_be_taken_back() -> None:
    place, deed = Place(THREE, 1).press("3")
    assert (deed, place.deleted) == (Deed.DELETE, {UUID(int=2)})
    place, _ = place.press("4")
    assert place.is_deleted
    for key in "289":
        assert place.press(key)[1] is Deed.NOT_POSSIBLE
    place, deed = place.press("3")
    assert (deed, place.at, place.deleted) == (Deed.RESTORE, 1, frozenset())


@pytest.mark.parametrize(
    ("about", "deed"),
    [
        ({"person": "", "department": "sales"}, Deed.TAKE),
        ({"person": "", "department": "sales", "owner": "jaan"}, Deed.NOT_POSSIBLE),
        ({"person": ""}, Deed.TAKE),  # the safety net's: for nobody in particular
    ],
)
def test_only_what_is_nobodys_is_taken_in_hand(about: dict[str, object], deed: Deed) -> None:
    assert Place((message(1, **about),)).press("9")[1] is deed


@given(st.text("0123456789*#", max_size=40))
def test_no_keys_lead_astray(keys: str) -> None:
    place = Place(THREE)
    for key in keys:
        place, _ = place.press(key)
        assert 0 <= place.at <= len(THREE)
        assert place.deleted <= {each.id for each in THREE}


def test_nothing_but_leaving_in_an_empty_mailbox() -> None:
    assert {key: Place(()).press(key)[1] for key in "1234568*#0"} == {
        **dict.fromkeys("123568", Deed.NOT_POSSIBLE),
        "4": Deed.PLAY,
        "*": Deed.KEYS,
        "#": Deed.LEAVE,
        "0": Deed.OPTIONS,
    }


def test_new_ones_come_first_and_urgent_ones_before_them() -> None:
    old, new, urgent = message(3, state=MessageState.HEARD, is_urgent=True), message(1), message(2, is_urgent=True)
    newest = message(4)
    assert in_order([old, new, urgent, newest], newest_first=False) == (urgent, new, newest, old)
    assert in_order([old, new, urgent, newest], newest_first=True) == (urgent, newest, new, old)
    assert counts([old, new, urgent, newest]) == (3, 1)


def test_whose_messages_are_heard_at_a_phone() -> None:
    organisation = load_configuration(EXAMPLE, PROMPTS).organisation
    assert mailbox_of(organisation, "101") == Mailbox("101", "mari", ("sales",))
    reception = mailbox_of(organisation, organisation.reception.extension)
    assert reception is not None
    assert reception.is_reception
    assert mailbox_of(organisation, "999") is None
