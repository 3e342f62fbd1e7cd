"""Opening hours take over what they don't say themselves; what they say comes first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.hours import HoursTable
from switchboard.domain.hours_days import MovedDay, Override, overlaps_of
from switchboard.domain.hours_inheritance import OwnHours, circle_of, inherit, inherit_all
from switchboard.domain.language import ENGLISH

DAY = date(2026, 3, 3)

days = st.integers(0, 20).map(lambda number: DAY + timedelta(days=number))
expressions = st.sampled_from(
    ["Mo-Fr 09:00-17:00; PH off", "Sa 10:00-14:00; PH off", "Mo-Su 20:00-26:00; PH off", "off"]
)
overrides = st.builds(
    lambda first, length, hours, reason: Override(first, first + timedelta(days=length), hours, reason),
    days,
    st.integers(0, 3),
    expressions,
    st.sampled_from("abc"),
)
moves = st.builds(MovedDay, days, days, st.just("decree"))
owns = st.builds(
    OwnHours,
    st.just("child"),
    st.just("parent"),
    st.none() | expressions,
    st.none() | st.sampled_from(["Europe/Tallinn", "Europe/Lisbon"]),
    st.none() | st.sampled_from(["EE", "LV"]),
    st.lists(overrides, max_size=2).map(tuple),
    st.lists(moves, max_size=1).map(tuple),
    st.none() | st.just({ENGLISH: "child"}),
)
tables = st.builds(
    lambda hours, special, moved: HoursTable(
        "parent", hours, "Europe/Riga", "LV", tuple(special), {ENGLISH: "parent"}, tuple(moved)
    ),
    expressions,
    st.lists(overrides, max_size=2),
    st.lists(moves, max_size=1),
)
instants = st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 26)).map(lambda at: at.replace(tzinfo=UTC))


@given(tables, instants)
def test_who_says_nothing_answers_like_the_one_inherited_from(parent: HoursTable, at: datetime) -> None:
    child = inherit(OwnHours("child", "parent"), parent)
    assert child.state_at(at) == parent.state_at(at)
    assert child.spoken == parent.spoken


@given(owns, tables, instants)
def test_what_is_said_comes_first_and_the_rest_is_inherited(own: OwnHours, parent: HoursTable, at: datetime) -> None:
    child = inherit(own, parent)
    said = OwnHours("child", "", child.hours, child.timezone, child.country, child.overrides, child.moved, child.spoken)
    assert child.hours == (own.hours or parent.hours)
    assert child.spoken == (own.spoken or parent.spoken)
    day = child.local(at).date()
    override = next((each for each in own.overrides if each.holds_on(day)), None)
    assert child.day(day).override == (override or parent.day(day).override)
    # Saying again what is inherited changes nothing, and neither does a table in between that says nothing.
    assert inherit_all({"child": said}, "UTC", "EE")["child"].state_at(at) == child.state_at(at)
    through = inherit(own, inherit(OwnHours("between", "parent"), parent))
    assert through.state_at(at) == child.state_at(at)


def test_a_dated_override_beats_a_yearly_one_written_before_it() -> None:
    yearly = Override(date(2000, 12, 23), date(2000, 12, 23), "09:00-14:00", "half day", yearly=True)
    dated = Override(date(2026, 12, 20), date(2026, 12, 27), "off", "moving")
    inherited = Override(date(2026, 12, 1), date(2026, 12, 31), "10:00-11:00", "winter")
    parent = HoursTable("parent", "24/7", "Europe/Tallinn", "EE", (inherited,))
    child = inherit(OwnHours("child", "parent", overrides=(yearly, dated)), parent)
    assert child.day(date(2026, 12, 23)).override == dated
    assert child.day(date(2027, 12, 23)).override == yearly
    assert child.day(date(2026, 12, 28)).override == inherited


def test_tables_in_any_order_and_through_any_number() -> None:
    written = {
        "mari": OwnHours("mari", "sales", hours="Mo 10:00-11:00"),
        "sales": OwnHours("sales", "office", country="LV"),
        "office": OwnHours("office", hours="24/7", spoken={ENGLISH: "Always."}),
    }
    found = inherit_all(written, "Europe/Tallinn", "EE")
    assert list(found) == ["mari", "sales", "office"]
    mari = found["mari"]
    assert (mari.hours, mari.country, mari.timezone) == ("Mo 10:00-11:00", "LV", "Europe/Tallinn")
    assert mari.spoken == {ENGLISH: "Always."}
    chain = {f"h{number}": OwnHours(f"h{number}", f"h{number + 1}") for number in range(2000)}
    assert inherit_all({**chain, "h2000": OwnHours("h2000", hours="24/7")}, "UTC", "EE")["h0"].hours == "24/7"


def test_circles_are_found_and_do_no_harm() -> None:
    written = {
        "a": OwnHours("a", "b"),
        "b": OwnHours("b", "c", hours="24/7"),
        "c": OwnHours("c", "a"),
        "into": OwnHours("into", "b"),
        "self": OwnHours("self", "self"),
    }
    assert [circle_of(each, written) for each in written] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        [],
        ["self"],
    ]
    found = inherit_all(written, "UTC", "EE")
    assert [found[each].hours for each in written] == ["off", "24/7", "off", "24/7", "off"]


@given(st.lists(overrides, max_size=4).map(tuple))
def test_overrides_that_share_a_day(found: tuple[Override, ...]) -> None:
    sharing = {(id(earlier), id(later)) for earlier, later, _ in overlaps_of(found)}
    every = [DAY + timedelta(days=number) for number in range(30)]
    expected = {
        (id(earlier), id(later))
        for number, later in enumerate(found)
        for earlier in found[:number]
        if any(earlier.holds_on(day) and later.holds_on(day) for day in every)
    }
    assert sharing == expected


def test_yearly_overrides_share_days_over_new_year_too() -> None:
    winter = Override(date(2000, 12, 28), date(2000, 1, 3), "off", "winter", yearly=True)
    first = Override(date(2000, 1, 3), date(2000, 1, 3), "off", "first", yearly=True)
    dated = Override(date(2027, 1, 3), date(2027, 1, 3), "off", "dated")
    assert winter.shares_with(first) == date(2000, 1, 3)
    assert winter.shares_with(dated) is None
