"""people.yaml: deputies, roles, mobiles, absences and chains; each refusal in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from switchboard.domain.absence import Absence, absence_at
from switchboard.domain.forwarding import CHAINS, Link, LinkKind
from switchboard.domain.organisation import Organisation
from tests.unit.conftest import Load

HEAD = """\
departments:
  reception: {names: Reception, head: liis, phone: "100"}
  sales: {names: Sales, head: mari, deputies: jaan, members: [liis]}
  finance: {names: Finance, head: anna}
  logistics: {names: Logistics, head: peeter}
  showroom: {names: Showroom, head: jaan}
phones: {"130": Showroom}
people:
  liis: {name: Liis Kask, department: reception}
  anna: {name: Anna Ivanova, department: finance, phone: "110"}
  peeter: {name: Peeter Ozols, department: logistics, phone: "120"}
"""
JAAN = '  jaan: {name: Jaan Sepp, department: sales, phone: "102", roles: account_manager}\n'
MARI = '  mari: {name: Mari Tamm, department: sales, phone: "101"}\n'


def people(mari: str = "", rest: str = "") -> dict[str, str]:
    line = MARI.replace("}", f", {mari}}}") if mari else MARI
    return {"people.yaml": HEAD + JAAN + line + rest}


def read(load: Load, files: dict[str, str]) -> Organisation:
    loaded = load(files)
    assert loaded.configuration is not None, loaded.told
    return loaded.configuration.organisation


def test_what_may_be_said_of_people_and_departments(load: Load) -> None:
    organisation = read(load, people('deputy: jaan, mobile: "+37255501234", roles: [account_manager, duty]'))
    mari = organisation.people["mari"]
    assert (mari.deputy, mari.mobile, mari.roles) == ("jaan", "+37255501234", ("account_manager", "duty"))
    sales = organisation.departments["sales"]
    assert (sales.deputies, sales.members) == (("jaan",), ("liis",))
    assert [each.id for each in organisation.members_of("sales")] == ["liis", "jaan", "mari"]
    assert organisation.forwarding.chains == CHAINS


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


ABSENCES = [
    ("{from: 2026-12-21, until: 2026-12-21}", Absence(utc(2026, 12, 20, 22), utc(2026, 12, 21, 22))),
    (
        "{from: 2026-12-21, until: 2027-01-03, because: skiing}",
        Absence(utc(2026, 12, 20, 22), utc(2027, 1, 3, 22), "skiing"),
    ),
    (
        "{from: 2026-07-01 13:00, until: 2026-07-01 15:30}",
        Absence(utc(2026, 7, 1, 10), utc(2026, 7, 1, 12, 30)),
    ),
    # the clocks go back that night: the day has 25 hours
    ("{from: 2026-10-25, until: 2026-10-25}", Absence(utc(2026, 10, 24, 21), utc(2026, 10, 25, 22))),
]


@pytest.mark.parametrize(("written", "meant"), ABSENCES, ids=[written for written, _ in ABSENCES])
def test_absences_go_by_the_organisations_wall_clock(load: Load, written: str, meant: Absence) -> None:
    assert read(load, people(f"absent: {written}")).people["mari"].absences == (meant,)


def test_of_several_absences_the_one_that_ends_last_counts() -> None:
    week = Absence(utc(2026, 3, 2), utc(2026, 3, 9), "holiday")
    day = Absence(utc(2026, 3, 3), utc(2026, 3, 4), "doctor")
    assert absence_at([day, week], utc(2026, 3, 3, 12)) == week
    assert absence_at([day, week], utc(2026, 3, 9)) is None
    assert absence_at([day, week], utc(2026, 3, 8, 23, 59)) == week


def test_chains_of_the_organisations_own(load: Load) -> None:
    rules = "forwarding: {new_clients: sales, arrears: finance, chains: {night: [asked, {person: liis}]}}\n"
    found = read(load, people(rest=rules)).forwarding
    assert (found.new_clients, found.arrears) == ("sales", "finance")
    assert found.chains["night"] == (Link(LinkKind.ASKED), Link(LinkKind.PERSON, "liis"))
    assert found.chains["default"] == CHAINS["default"]


MISTAKES = [
    (people("deputy: jan"), "no person `jan`"),
    (people("deputy: mari"), "`mari` is their own deputy"),
    (people("mobile: '5550123'"), "`5550123` is no mobile number"),
    (people("roles: [account manager]"), "role `account manager` is not a name"),
    (people("absent: 2026-12-21"), "absence is"),
    (people("absent: {from: 2026-12-21}"), "absence lacks `until`"),
    (people("absent: {from: 21.12.2026, until: 2026-12-31}"), "`21.12.2026` is no day and no time"),
    (people("absent: {from: 2026-02-30, until: 2026-12-31}"), "`2026-02-30` is no day and no time"),
    (people("absent: {from: 2026-12-31, until: 2026-12-21}"), "the absence ends before it begins"),
    (people("absent: {from: 2026-12-31 12:00, until: 2026-12-31 12:00}"), "the absence ends before it begins"),
    (people(rest="forwarding: {new_clients: sale}\n"), "no department `sale`"),
    (people(rest="forwarding: {arrears: nobody}\n"), "no department `nobody`"),
    (people(rest="forwarding: {chains: {default: asked}}\n"), "chain `default` is"),
    (people(rest="forwarding: {chains: {default: []}}\n"), "chain `default` is"),
    (people(rest="forwarding: {chains: {default: [asked, boss]}}\n"), "no link `boss`"),
    (people(rest="forwarding: {chains: {default: [asked, head, asked]}}\n"), "`asked` stands twice in the chain"),
    (people(rest="forwarding: {chains: {default: [{role: boss}]}}\n"), "no role `boss`"),
    (people(rest="forwarding: {chains: {default: [{person: boss}]}}\n"), "no person `boss`"),
    (people(rest="forwarding: {chains: {default: [[asked]]}}\n"), "a link of a chain is"),
]


@pytest.mark.parametrize(("files", "text"), MISTAKES, ids=[text for _, text in MISTAKES])
def test_what_is_wrong(load: Load, files: dict[str, str], text: str) -> None:
    loaded = load(files)
    assert loaded.configuration is None
    assert any(text in problem for problem in loaded.told), loaded.told
