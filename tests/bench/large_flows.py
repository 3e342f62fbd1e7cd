"""An organisation as large as `check` promises to explore in two seconds: 200 steps, 40 time cells, 8 callers."""

from __future__ import annotations

from pathlib import Path

from tests.flows.random_flows import FACTS, ORGANISATION, PEOPLE, write_folder

FLOWS, STEPS = 10, 20  # in each
CLASSES = 8
HOURS = [  # with each other's overlaps and the facts: 40 kinds of moments in 400 days
    "Mo-Fr 08:00-16:00; PH off",
    "Mo-Fr 09:00-12:30,13:00-17:00; PH off",
    "Mo-Th 10:00-18:00; PH off",
    "Sa-Su 10:00-14:00; PH off",
    "Mo-Su 06:00-22:00; PH off",
    "Tu,Th 07:00-19:00; PH off",
    "We 11:00-20:00; PH off",
    "Fr 15:00-24:00; PH off",
    "Mo 05:00-09:30; PH off",
]
BEGINNINGS = ("+371", "+370", "+358")
ON_RING = "{answered: bye, busy: %s, no_answer: %s, declined: %s, unavailable: %s, failed: %s}"


def write_large(folder: Path) -> None:
    """Ten flows that lead into each other, of every step type that looks at callers, at the time, or asks for keys."""
    write_folder(folder)
    ivr = folder / "ivr"
    hours = "".join(f'h{n}: {{open: "{text}", spoken: {{en: Open.}}}}\n' for n, text in enumerate(HOURS))
    (ivr / "hours.yaml").write_text(hours, "utf-8")
    (ivr / "facts.yaml").write_text(FACTS, "utf-8")
    (ivr / "people.yaml").write_text(PEOPLE.replace("head: mari", "head: mari, hours: h0"), "utf-8")
    organisation = ORGANISATION.replace("flow: one", "flow: f0").replace("flow: two", "flow: f5")
    (ivr / "organisation.yaml").write_text(organisation, "utf-8")
    for number in range(FLOWS):
        (ivr / "flows" / f"f{number}.yaml").write_text(_flow(number), "utf-8")


def _flow(number: int) -> str:
    onward = f"{{goto: {{flow: f{(number + 1) % FLOWS}}}}}" if number % 5 < 4 else "{end: a}"
    lines = [f"flow: f{number}", "start: s0", "steps:"]
    for step in range(STEPS - 4):
        following = f"s{step + 1}" if step < STEPS - 5 else "onward"
        lines.append(f"  s{step}: {_step(number + step, following)}")
    ring = ON_RING % (("bye",) * 5)
    lines += [f"  onward: {onward}", f"  human: {{ring: reception, on: {ring}}}", "  mari: {goto: human}"]
    return "\n".join([*lines, "  bye: {end: b}", ""])


def _step(kind: int, following: str) -> str:
    match kind % 8:
        case 0:
            table = f"h{kind % len(HOURS)}"
            return f"{{hours: {table}, on: {{open: {following}, closed: {following}, holiday: human}}}}"
        case 1:
            cases = ", ".join(f"{{starts: '{text}', next: {following}}}" for text in BEGINNINGS)
            return f"{{switch: caller, cases: [{cases}], on: {{otherwise: {following}}}}}"
        case 2 | 3:
            keys = f"{{1: {following}, 2: mari, 3: {following}, 0: human}}"
            return f"{{menu: b, keys: {keys}, on: {{no_input: {following}, no_match: human}}}}"
        case 4:
            return f"{{ring: {{person: mari}}, on: {ON_RING % ((following,) * 5)}}}"
        case 5:
            return f"{{info: {'spring' if kind % 2 else 'always'}, on: {{told: {following}, nothing: {following}}}}}"
        case 6:
            table = f"h{(kind // 8) % len(HOURS)}"
            return f"{{hours: {table}, on: {{open: {following}, closed: human, holiday: {following}}}}}"
        case _:
            return f"{{say: a, next: {following}}}"
