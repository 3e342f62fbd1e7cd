"""A call's position survives its channel variable."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from switchboard.asterisk.position import LONGEST, pack, unpack
from switchboard.domain.language import Language
from switchboard.ports import Position

short = st.text(max_size=20)


@given(
    flow=short,
    version=short,
    step=short,
    attempt=st.integers(0, 99),
    variables=st.dictionaries(short, short, max_size=4),
)
def test_what_is_packed_is_unpacked(
    flow: str, version: str, step: str, attempt: int, variables: dict[str, str]
) -> None:
    position = Position(flow, version, step, attempt, Language("et"), variables, (("main", "menu"),))
    text = pack(position)
    assert text.isascii()
    assert "\n" not in text and "\r" not in text
    back = unpack(text)
    if len(text) <= LONGEST and back is not None and back.variables:
        assert back == position
    else:
        assert back is not None and (back.flow, back.step, back.attempt) == (flow, step, attempt)


def test_a_long_one_travels_without_its_variables() -> None:
    packed = pack(Position("main", "1", "menu", 0, Language("en"), {"name": "ö" * 1000}))
    assert len(packed) <= LONGEST
    assert unpack(packed) == Position("main", "1", "menu", 0, Language("en"), {})


def test_what_is_not_ours_is_no_position() -> None:
    for text in ("", "[]", "nonsense", '{"flow": 1}', '["main"]'):
        assert unpack(text) is None


def test_a_place_in_a_queue_is_kept() -> None:
    place = ("sales", datetime(2026, 3, 3, 8, 0, 0, 123456, tzinfo=UTC))
    position = Position("main", "1", "wait", 1, Language("en"), {}, (), place)
    assert unpack(pack(position)) == position


def test_what_an_earlier_version_wrote_is_read() -> None:
    assert unpack('["main","1","menu",2,"en",{},[]]') == Position("main", "1", "menu", 2, Language("en"), {})
    assert unpack('["main","1","menu",2,"en",{},[],["sales"]]') is None
