"""Whom a caller is put through to: chains as tables, and what holds for every one of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.dialling import DialOutcome, Phone
from switchboard.domain.forwarding import (
    CHAINS,
    Callee,
    ForwardingRules,
    Link,
    LinkKind,
    Reached,
    Situation,
    Target,
    callee_for,
    come_to,
    forward_targets,
)
from switchboard.domain.language import ENGLISH
from switchboard.domain.organisation import Department, Number, Organisation, Person, SafetyNet

RECEPTION = Phone("100", "Reception")
SHOWROOM = Phone("130", "Showroom")
AM = ("account_manager",)


def person(identifier: str, extension: str, department: str = "sales", **more: object) -> Person:
    return Person(identifier, identifier.title(), department, Phone(extension, identifier), **more)  # type: ignore[arg-type]


PEOPLE = (
    person("mari", "101"),  # head of sales
    person("rasmus", "104", deputy="jaan", roles=AM),
    person("jaan", "102", deputy="rasmus", roles=AM),
    person("anna", "110", "finance"),
    person("karl", "111", "finance", roles=AM),
    person("eva", "105", roles=AM, deputy="anna"),
    person("liis", "100", "reception"),
    Person("tiit", "Tiit", "sales", roles=AM),  # without a phone
)


def organisation(rules: ForwardingRules | None = None, people: tuple[Person, ...] = PEOPLE) -> Organisation:
    net = SafetyNet("a", "b", "c", RECEPTION)
    departments = (
        Department("sales", {}, "mari", deputies=("eva", "jaan")),
        Department("finance", {}, "anna", deputies=("karl",), members=("mari",)),
        Department("showroom", {}, "jaan", SHOWROOM),
    )
    return Organisation(
        name="x",
        timezone="UTC",
        country="EE",
        languages=(ENGLISH,),
        numbers={"1": Number("1", "x", "main", ENGLISH, net)},
        departments={each.id: each for each in departments},
        people={each.id: each for each in people},
        phones={},
        reception=RECEPTION,
        emergency_numbers=(),
        prompts={},
        forwarding=rules or ForwardingRules(new_clients="sales", arrears="finance"),
    )


def told(targets: tuple[Target, ...]) -> str:
    """`mari eva(absent)`: whom it rings in order, and who is passed over."""
    return " ".join((t.person or t.name) + (f"({t.skipped})" if t.skipped else "") for t in targets)


RASMUS, JAAN, SALES, SHOWROOMS = Callee("rasmus"), Callee("jaan"), Callee("", "sales"), Callee("", "showroom")
CHAIN_CASES = [
    # for        chain         away                      who is rung
    (RASMUS, "default", "", "rasmus jaan eva mari"),
    (RASMUS, "default", "rasmus", "rasmus(away) jaan eva mari"),
    (RASMUS, "default", "rasmus jaan", "rasmus(away) jaan(away) eva mari"),  # jaan's deputy is rasmus again: once
    (RASMUS, "default", "rasmus jaan eva", "rasmus(away) jaan(away) eva(away) tiit(has no phone) karl mari"),
    (
        RASMUS,
        "default",
        "rasmus jaan eva karl mari",
        "rasmus(away) jaan(away) eva(away) tiit(has no phone) karl(away) mari(away)",
    ),
    (JAAN, "default", "jaan rasmus", "jaan(away) rasmus(away) eva mari"),
    (Callee("eva"), "default", "eva anna", "eva(away) anna(away) rasmus mari"),
    (Callee("mari"), "default", "", "mari rasmus"),  # the head herself: not rung again at the end
    (Callee("karl"), "default", "", "karl rasmus anna"),
    (SALES, "department", "", "mari eva jaan"),
    (SALES, "department", "mari eva", "mari(away) eva(away) jaan"),
    (SHOWROOMS, "department", "", "Showroom jaan"),
    (SHOWROOMS, "department", "jaan", "Showroom jaan(away)"),
    (Callee("tiit"), "default", "", "tiit(has no phone) rasmus mari"),
    (Callee("nobody"), "default", "", "rasmus"),
]


@pytest.mark.parametrize(("callee", "chain", "away", "expected"), CHAIN_CASES)
def test_the_chains(callee: Callee, chain: str, away: str, expected: str) -> None:
    gone = away.split()
    found = forward_targets(callee, CHAINS[chain], organisation(), lambda each: Situation(each.id not in gone, "away"))
    assert told(found) == expected


OWN_CHAINS = [
    ([Link(LinkKind.MEMBERS)], Callee("", "finance"), "mari anna karl"),
    ([Link(LinkKind.PERSON, "liis"), Link(LinkKind.ASKED)], RASMUS, "liis rasmus"),
    ([Link(LinkKind.ROLE, "account_manager")], Callee("anna"), "karl"),  # of her own department first
    ([Link(LinkKind.ROLE, "pilot")], RASMUS, ""),
]


@pytest.mark.parametrize(("links", "callee", "expected"), OWN_CHAINS)
def test_chains_of_the_organisations_own(links: list[Link], callee: Callee, expected: str) -> None:
    assert told(forward_targets(callee, tuple(links), organisation(), lambda _: Situation())) == expected


CLIENTS = [
    # manager    standing      arrears go to   is for
    ("rasmus", "ok", "finance", Callee("rasmus")),
    ("rasmus", "", "finance", Callee("rasmus")),
    ("", "", "finance", Callee("mari")),  # new: the head of sales
    ("gone", "ok", "finance", Callee("mari")),
    ("", "overdue", "finance", Callee("mari")),
    ("rasmus", "overdue", "finance", Callee("", "finance")),
    ("rasmus", "over_limit", "finance", Callee("", "finance")),
    ("rasmus", "over_limit", "manager", Callee("rasmus")),
]


@pytest.mark.parametrize(("manager", "standing", "arrears", "expected"), CLIENTS)
def test_whom_a_client_is_for(manager: str, standing: str, arrears: str, expected: Callee) -> None:
    rules = ForwardingRules(new_clients="sales", arrears=arrears)
    assert callee_for(manager, standing, organisation(rules))[0] == expected


ANSWERED, BUSY, NO_ANSWER, DECLINED, UNAVAILABLE, FAILED = DialOutcome
OUTCOMES = [
    ([], Reached.NOBODY),
    ([UNAVAILABLE, UNAVAILABLE], Reached.NOBODY),
    ([UNAVAILABLE, BUSY], Reached.BUSY),
    ([BUSY, NO_ANSWER, UNAVAILABLE], Reached.NO_ANSWER),
    ([DECLINED], Reached.NO_ANSWER),
    ([FAILED, BUSY], Reached.NO_ANSWER),
    ([BUSY, DECLINED, ANSWERED], Reached.ANSWERED),
]


@pytest.mark.parametrize(("outcomes", "expected"), OUTCOMES)
def test_what_a_chain_comes_to(outcomes: list[DialOutcome], expected: Reached) -> None:
    assert come_to(outcomes) is expected


IDS = [each.id for each in PEOPLE]
PHONES = st.sampled_from([None, *(Phone(str(number), str(number)) for number in range(100, 104))])
LINKS = st.builds(Link, st.sampled_from(LinkKind), st.sampled_from([*IDS, "account_manager", ""]))
OFFICES = st.builds(
    lambda parts: organisation(
        people=tuple(
            Person(name, name, department, phone, deputy=deputy, roles=roles)
            for name, (department, phone, deputy, roles) in zip(IDS, parts, strict=True)
        )
    ),
    st.lists(
        st.tuples(
            st.sampled_from(["sales", "finance", "showroom"]),
            PHONES,
            st.sampled_from([*IDS, ""]),
            st.sampled_from([(), AM]),
        ),
        min_size=len(IDS),
        max_size=len(IDS),
    ),
)
CALLEES = st.one_of(
    st.builds(Callee, st.sampled_from(IDS)), st.builds(Callee, st.just(""), st.sampled_from(["sales", "showroom"]))
)
THERE: st.SearchStrategy[Mapping[str, bool]] = st.fixed_dictionaries({name: st.booleans() for name in IDS})


@settings(max_examples=60)
@given(OFFICES, CALLEES, st.lists(LINKS, max_size=10, unique=True), THERE)
def test_a_chain_ends_and_rings_nobody_twice(
    office: Organisation, callee: Callee, chain: list[Link], there: Mapping[str, bool]
) -> None:
    found = forward_targets(callee, tuple(chain), office, lambda each: Situation(there[each.id], "away"))
    people = [target.person for target in found if target.person]
    assert len(people) == len(set(people)), "whoever deputises for whom"
    rung = [phone.extension for target in found for phone in target.phones]
    assert len(rung) == len(set(rung)), "a phone that two people share rings once"
    for target in found:
        assert bool(target.phones) != bool(target.skipped), "rung, or passed over for a reason"
        assert not target.phones or not target.person or there[target.person]
    expected_order = [target.link for target in found]
    assert expected_order == sorted(expected_order, key=chain.index), "in the chain's order"


@settings(max_examples=60)
@given(OFFICES, CALLEES, THERE)
def test_whoever_is_asked_for_and_there_comes_first(
    office: Organisation, callee: Callee, there: Mapping[str, bool]
) -> None:
    found = forward_targets(callee, CHAINS["default"], office, lambda each: Situation(there[each.id], "away"))
    if callee.person and there[callee.person] and office.people[callee.person].phone:
        assert found[0].person == callee.person
        assert found[0].phones
