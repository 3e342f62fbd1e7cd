"""`consent:` and `call_recording:` of organisation.yaml: what is refused, and where it says so."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from switchboard.domain.call_recording import Record, RecordingRule
from switchboard.domain.consent import Asking, Consent
from switchboard.domain.organisation import Organisation
from switchboard.errors import ConfigurationError
from switchboard.flows.load import load_configuration
from tests.flows.playing import EXAMPLE, PROMPTS, with_overlay

RULES = "call_recording:                            # which conversations are recorded; none without such a rule\n"
TEXT = (EXAMPLE / "organisation.yaml").read_text("utf-8")
LINE = TEXT.partition(RULES)[0].count("\n") + 1  # where the rules stand


def load(folder: Path, text: str) -> Organisation:
    before, found, after = TEXT.partition(RULES)
    assert found, "organisation.yaml of the example has the rules elsewhere"
    rest = after.partition("\n")[2]  # its own rule is taken out
    changed = {"organisation.yaml": f"{before}{text}{rest}"}
    return load_configuration(with_overlay(folder, changed), PROMPTS).organisation


def test_what_may_stand_there(tmp_path: Path) -> None:
    rules = "  - {people: [mari], record: never}\n  - {queues: sales, record: always, keep: 7d}\n"
    organisation = load(tmp_path, f"consent: {{by: tell}}\ncall_recording:\n{rules}")
    assert (organisation.consent.asking, organisation.consent.otherwise) == (Asking.TELL, Consent.AGREED)
    assert organisation.call_recording == (
        RecordingRule(Record.NEVER, people=frozenset({"mari"})),
        RecordingRule(Record.ALWAYS, timedelta(days=7), queues=frozenset({"sales"})),
    )


A_TIME = "is no time to keep a recording — expected days such as `90d`, at most `3650d`"
FAULTS = [
    ("{queues: sales}", "5: a rule of `call_recording` lacks `record` — expected a line `record: …`"),
    (
        "{queues: sales, record: allways}",
        "29: no answer `allways` — expected one of always, agreed, never; did you mean `always`?",
    ),
    ("{queues: sails, record: never}", "14: no queue `sails` — expected one of sales; did you mean `sales`?"),
    ("{people: mary, record: never}", "14: no person `mary` — expected one of liis, mari,"),
    ("{numbers: 7, record: never}", "15: no number `7` — expected one of 6001000,"),
    ("{departments: [sales, x], record: never}", "27: no department `x` — expected one of"),
    ("{classes: vip, record: never}", "15: no class of clients `vip` — expected one of"),
    ("{people: mari, record: never, keep: forever}", f"41: `forever` {A_TIME}"),
    ("{people: mari, record: never, keep: 3651d}", f"41: `3651d` {A_TIME}"),
    ("{people: mari, record: never, keep: 0d}", f"41: `0d` {A_TIME}"),
    (
        "{people: mari, record: never, room: 1}",
        "35: a rule of `call_recording` knows no `room` — expected one of record,",
    ),
    ("{record: never}", ""),
    ("{record: agreed}", "5: this rule decides nothing: the one before it fits every conversation — expected the rule"),
]


def problems(folder: Path, text: str) -> list[str]:
    """Each from its line in the text on, the first being 0."""
    with pytest.raises(ConfigurationError) as refused:
        load(folder, text)
    places = [
        str(each).splitlines()[0].partition("organisation.yaml:")[2].partition(":") for each in refused.value.problems
    ]
    return [f"{int(line) - LINE}:{told}" for line, _, told in places]


def test_what_is_wrong_is_told_where_it_stands(tmp_path: Path) -> None:
    told = problems(tmp_path, "call_recording:\n" + "".join(f"  - {rule}\n" for rule, _ in FAULTS))
    for line, (rule, problem) in enumerate(FAULTS, 1):
        here = [each.partition(":")[2] for each in told if each.startswith(f"{line}:")]
        assert len(here) == bool(problem) and "".join(here).startswith(problem), f"{rule}: {here}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("call_recording: always", "0:17: the rules are no list — expected lines such as `- {queues: sales,"),
        ("consent: {by: asking, silence: maybe}", "0:15: no way `asking` — expected one of ask, tell"),
        ("consent: {by: tell, silence: refused}", "0:30: who was told and says nothing has agreed"),
    ],
)  # fmt: skip
def test_what_is_no_list_and_no_way(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text + "\n")[0].startswith(problem)
