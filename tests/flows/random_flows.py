"""Flows and callers made at random, of every step type, through the very YAML that an administrator writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import yaml

from switchboard.flows.load import OWN_PROMPTS
from tests.flows.playing import Script

TIMEZONE = "Europe/Tallinn"
NUMBERS = ("6001000", "6002000")
LATVIAN, ONE_LATVIAN = "+371", "+37167000000"
CALLERS = ("", ONE_LATVIAN, LATVIAN, "+37129555555", "+3712", "+46701740605", "0", "unknown")
FORWARD = 0.95
OUTCOMES = ("answered", "busy", "no_answer", "declined", "unavailable", "failed")
PHONES = ("busy", "declines", "no answer", "unavailable", "failed", "answers", "answers after 19s, talks 1s")
TYPES = [  # as often as each is to be drawn
    *("say", "play", "language", "info", "subflow", "return", "goto", "end"),
    *("menu", "hours", "ring", "set", "switch", "subflow") * 2,
    *("menu", "switch"),
]

ORGANISATION = f"""\
name: Random
timezone: {TIMEZONE}
country: EE
languages: [en, et]
reception: "100"
emergency_numbers: ["112"]
numbers:
  "{NUMBERS[0]}": {{name: One, flow: one, safety_net: &net {{greeting: a, leave_message: a, goodbye: a}}}}
  "{NUMBERS[1]}": {{name: Two, flow: two, language: et, safety_net: *net}}
"""
PEOPLE = """\
departments: {all: {names: {en: All}, head: mari}}
people:
  liis: {name: Liis, department: all, phone: "100"}
  mari: {name: Mari, department: all, phone: "101"}
"""
HOURS = """\
office: {open: "Mo-Fr 09:00-12:30,13:00-17:00; PH off", spoken: {en: Nine to five.}}
night: {open: "Mo-Su 22:00-26:00; PH off", spoken: {en: At night.}}
"""
FACTS = """\
spring: {from: 2026-03-01, until: 2026-03-02, text: {en: Spring.}}
always: {text: {en: Always.}}
"""


def write_folder(folder: Path) -> None:
    """All but the flows."""
    (folder / "ivr" / "flows").mkdir(parents=True)
    for name, text in (
        ("organisation", ORGANISATION),
        ("people", PEOPLE),
        ("hours", HOURS),
        ("facts", FACTS),
    ):
        (folder / "ivr" / f"{name}.yaml").write_text(text, "utf-8")
    for language in ("en", "et"):
        texts = folder / "prompts" / "texts"
        texts.mkdir(parents=True, exist_ok=True)
        prompts = {name: f"{language} {name}" for name in (*OWN_PROMPTS, "a", "b")}
        (texts / f"{language}.yaml").write_text(yaml.safe_dump(prompts), "utf-8")
        (folder / "prompts" / "recordings" / language).mkdir(parents=True)
        (folder / "prompts" / "recordings" / language / "a.wav").write_bytes(b"")


def write_flows(folder: Path, random: Random) -> None:
    """Two flows that numbers begin with, and one that they go through."""
    for name in ("one", "two", "through"):
        steps = [f"s{number}" for number in range(random.randint(3, 10))]
        flow = {
            "flow": name,
            "variables": {"word": ["x", "y"], "tries": {"number": "0..2", "first": "0"}},
            "start": steps[0],
            "steps": {step: _step(random, name, steps, place) for place, step in enumerate(steps)},
        }
        if name == "through":
            flow["steps"]["back"], flow["steps"]["home"] = {"return": "x"}, {"return": "y"}
        (folder / "ivr" / "flows" / f"{name}.yaml").write_text(yaml.safe_dump(flow, sort_keys=False), "utf-8")


def _step(random: Random, flow: str, steps: Sequence[str], place: int) -> dict[str, object]:
    ends = ["back", "home"] if flow == "through" else [steps[-1]]
    forward = [*steps[place + 1 :], *ends]

    def target() -> str:  # mostly forward, so that calls come far and circles are rare enough
        return random.choice(forward[:3] if random.random() < FORWARD else [*steps, *ends])

    def on(*outcomes: str) -> dict[str, str]:
        return {outcome: target() for outcome in outcomes}

    if flow != "through" and place == len(steps) - 1:
        return {"end": "a"}
    kind = random.choice([each for each in TYPES if flow != "through" or each not in ("subflow",)])
    if kind in ("say", "play"):
        return {kind: "a", "next": target()}
    if kind == "menu":
        keys = on(*random.sample("01235#", random.randint(1, 3)))
        return {"menu": "b", "keys": keys, "attempts": random.randint(1, 3), "on": on("no_input", "no_match")}
    if kind == "hours":
        return {"hours": random.choice(["office", "night"]), "on": on("open", "closed", "holiday")}
    if kind == "language":
        return {"language": "b", "keys": {"1": "en", "2": "et"}, "on": on("chosen", "no_input", "no_match")}
    if kind == "ring":
        whom = random.choice(["reception", {"person": "mari"}])
        return {"ring": whom, "for": "20s", "on": on(*OUTCOMES)}
    if kind == "info":
        told = random.choice(["spring", "always", {"hours": "office"}])
        return {"info": told, "on": on("told", "nothing")}
    if kind == "subflow":
        return {"subflow": "through", "on": on("x", "y")}
    if kind == "return":
        return {"return": random.choice("xy")} if flow == "through" else {"end": "a"}
    if kind == "switch":
        return _switch(random, on, target)
    if kind == "set":
        values = random.choice([{"word": "x"}, {"word": "y"}, {"tries": "= tries + 1"}, {"tries": "= 2 - tries"}])
        return {"set": values, "next": target()}
    if kind == "goto":
        return {"goto": {"flow": "two"}} if flow == "one" and random.random() < 0.5 else {"goto": target()}
    return {"end": "a"}


def _switch(random: Random, on: object, target: object) -> dict[str, object]:
    assert callable(target)
    subject, cases = random.choice(
        [
            ("caller", [{"is": ONE_LATVIAN}, {"starts": LATVIAN}]),
            ("caller", [{"is": ""}]),
            ("number", [{"is": NUMBERS[0]}]),
            ("language", [{"is": "et"}]),
            ("time", [{"from": "12:15", "until": "12:45"}]),
            ("weekday", [{"is": ["saturday", "sunday"]}]),
            ("date", [{"from": "2026-03-03", "until": "2026-03-05"}]),
            ("word", [{"is": "x"}]),
            ("", [{"when": "tries > 1 and time < 12:40"}]),
            ("", [{"when": f"tries = 1 or starts(caller, '{LATVIAN}')"}]),
            ("", [{"when": "hours(office) is open"}]),
        ]
    )
    told = [{**case, "next": target()} for case in cases]
    return {"switch": subject or None, "cases": told, "on": {"otherwise": target()}}


def random_script(random: Random, instants: Sequence[datetime]) -> Script:
    """A caller, beginning near one of the instants at which an answer changes."""
    instant = random.choice(list(instants)) + timedelta(seconds=random.choice([-90, -3, -1, 0, 1, 600]))
    deeds = ["stay silent", "press *", "hang up while ringing", "hang up", "press 9 while talking", "press 1 after 2s"]
    lines = [*deeds, *(f"press {key}" for key in "01235#0123")]
    return Script(
        at=instant.astimezone(ZoneInfo(TIMEZONE)).replace(tzinfo=None).isoformat(),
        number=random.choice(NUMBERS),
        caller=random.choice(CALLERS),
        phones={extension: random.choice(PHONES) for extension in ("100", "101")},
        does=[random.choice(lines) for _ in range(random.randint(0, 12))],
    )
