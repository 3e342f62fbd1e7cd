"""Another system is asked about a caller: within its time, at its address, and its answer means what it may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from switchboard.domain.call_record import EventKind
from switchboard.domain.call_story import story
from switchboard.domain.lookups import Lookup, LookupAnswer, LookupOutcome, is_lookup_address, value_at
from switchboard.errors import ConfigurationError
from switchboard.flows.checks import check
from switchboard.flows.expressions.types import Number, Type, Words, YesNo
from switchboard.flows.load import load_configuration
from switchboard.flows.lookup_kinds import taken_value
from switchboard.remote.json_lookups import MOST_BYTES, JsonLookups, token_variable
from switchboard.testing.scripted_lookups import read_lookups
from tests.flows.playing import PROMPTS, Script, play, with_overlay

CALLER = "+37255501234"
FOUND, NOT_FOUND, TIMEOUT, FAILED = LookupOutcome


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.net/callers/{number}",
        "http://192.0.2.1:8080/?n={number}&d={dialled}",
        "https://crm.example.net",
    ],
)
def test_an_address(url: str) -> None:
    assert is_lookup_address(url)


@pytest.mark.parametrize(
    "url",
    ["", "crm/{number}", "ftp://crm.example.net/{number}", "https://{number}.example.net/", "https:///{number}",
     "https://a@b.example.net/{number}", "https://crm.example.net/{name}", "https://crm.example.net/ {number}",
     "https://crm.example.net:0/{number}", "https://crm.example.net:99999/{number}",
     "https://crm.example.net/{number}#x", "https://crm.example.net/{number}\x00", "https://[::1/{number}"],
)  # fmt: skip
def test_no_address(url: str) -> None:
    assert not is_lookup_address(url)


def test_numbers_stay_within_their_place() -> None:
    lookup = Lookup("crm", "https://crm.example.net/c/{number}?d={dialled}", timedelta(seconds=1))
    assert lookup.address("+1/../x?a=b&c#d", "600 %") == (
        "https://crm.example.net/c/%2B1%2F..%2Fx%3Fa%3Db%26c%23d?d=600%20%25"
    )


CONTENT = {"customer": {"segment": "order", "vip": True}, "orders": [{"state": "late"}], "a.b": 1, "x": None}


@pytest.mark.parametrize(
    ("path", "value"),
    [("customer.segment", "order"), ("customer.vip", True), ("orders.0.state", "late"), ("a.b", 1), ("x", None),
     ("orders.1.state", None), ("orders.-1.state", None), ("customer.segment.0", None), ("customer.name", None),
     ("orders.state", None), ("nothing", None)],
)  # fmt: skip
def test_what_stands_in_an_answer(path: str, value: Any) -> None:
    assert value_at(CONTENT, path) == value


@pytest.mark.parametrize(
    ("value", "type_", "taken"),
    [("order", Words(("order", "account")), "order"), ("Order", Words(("order",)), None), (1, Words(("1",)), None),
     (True, YesNo(), True), ("yes", YesNo(), True), ("true", YesNo(), None), (1, YesNo(), None),
     (3, Number(0, 5), 3), ("3", Number(0, 5), 3), (6, Number(0, 5), None), (True, Number(0, 5), None),
     (None, YesNo(), None)],
)  # fmt: skip
def test_what_a_variable_takes_of_it(value: Any, type_: Type, taken: Any) -> None:
    assert taken_value(value, type_) == taken


class System:
    """The other system."""

    def __init__(self) -> None:
        self.answer: Callable[[], web.Response] = lambda: web.json_response(CONTENT)
        self.delay = 0.0
        self.asked: list[tuple[str, str, str, bytes]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "")
        self.asked.append((request.method, request.raw_path, token, await request.read()))
        if self.delay:
            await asyncio.sleep(self.delay)
        return self.answer()


@pytest_asyncio.fixture
async def system() -> AsyncIterator[System]:
    system = System()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", system.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    system.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield system
    await runner.cleanup()


@pytest_asyncio.fixture
async def lookups() -> AsyncIterator[JsonLookups]:
    lookups = JsonLookups({token_variable("crm"): "secret"})
    yield lookups
    await lookups.close()


async def test_a_system_is_asked(system: System, lookups: JsonLookups) -> None:
    lookup = Lookup("crm", system.url + "/callers/{number}", timedelta(seconds=2))
    assert await lookups.ask(lookup, CALLER, "6001000") == LookupAnswer(FOUND, CONTENT)
    other = Lookup("erp", system.url + "/callers", timedelta(seconds=2), is_post=True)
    assert (await lookups.ask(other, CALLER, "6001000")).outcome is FOUND
    assert system.asked == [
        ("GET", "/callers/%2B37255501234", "Bearer secret", b""),
        ("POST", "/callers", "", b'{"number": "+37255501234", "dialled": "6001000"}'),
    ]


@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [(404, "", NOT_FOUND), (204, "", NOT_FOUND), (200, "null", NOT_FOUND), (200, "{}", FOUND), (200, "{", FAILED),
     (500, "{}", FAILED), (301, "", FAILED), (401, "", FAILED), (200, " " * (MOST_BYTES + 1), FAILED)],
)  # fmt: skip
async def test_what_an_answer_comes_to(
    system: System, lookups: JsonLookups, status: int, text: str, outcome: LookupOutcome
) -> None:
    headers = {"Location": system.url + "/elsewhere"} if status == 301 else {}
    system.answer = lambda: web.Response(status=status, text=text or None, headers=headers)
    lookup = Lookup("crm", system.url + "/{number}", timedelta(seconds=2))
    assert (await lookups.ask(lookup, CALLER, "6001000")).outcome is outcome
    assert len(system.asked) == 1, "no redirect is followed"


async def test_nobody_waits_beyond_the_deadline(system: System, lookups: JsonLookups) -> None:
    system.delay = 5.0
    since = time.monotonic()
    answer = await lookups.ask(Lookup("crm", system.url + "/{number}", timedelta(seconds=0.2)), CALLER, "6001000")
    assert (answer.outcome, answer.why) == (TIMEOUT, "no answer in 0.2 s")
    assert time.monotonic() - since < 1.0


async def test_nobody_there(lookups: JsonLookups) -> None:
    lookup = Lookup("crm", "http://127.0.0.1:1/{number}", timedelta(seconds=2))
    assert (await lookups.ask(lookup, CALLER, "6001000")).outcome is FAILED


FLOW = """\
flow: main
variables:
  wants: [order, account]
  level: {number: 0..3}
  gold: yes_no
start: crm
steps:
  crm:
    lookup: crm
    into: {wants: customer.segment, level: customer.level, gold: customer.vip}
    on: {found: what, not_found: stranger, timeout: late, failed: broken}
  what:
    switch: wants
    cases: [{is: order, next: order}, {is: account, next: account}]
    on: {otherwise: stranger}
  order: {end: welcome}
  account: {end: closed}
  stranger: {end: goodbye}
  late: {end: goodbye}
  broken: {end: goodbye}
"""


@pytest.mark.parametrize(
    ("answers", "caller", "steps", "noted"),
    [
        ("found customer.segment=order customer.level=3 customer.vip=yes", CALLER, ["found", "case 1"],
         "wants = order, level = 3, gold = yes"),
        ("found customer.segment=nothing customer.level=9", CALLER, ["found", "otherwise"],
         "wants = not known, level = not known, gold = not known"),
        ("not_found", CALLER, ["not_found"], ""),
        ("timeout", CALLER, ["timeout"], ""),
        ("failed", CALLER, ["failed"], ""),
        ("found customer.segment=order", "", ["not_found"], "no number"),
    ],
)  # fmt: skip
async def test_a_flow_goes_on_by_the_answer(
    tmp_path: Path, answers: str, caller: str, steps: list[str], noted: str
) -> None:
    configuration = load_configuration(with_overlay(tmp_path, {"flows/main.yaml": FLOW}), PROMPTS)
    played = await play(configuration, Script(caller=caller, lookups=answers))
    assert [step.partition(" -> ")[2] for step in played.steps[:-1]] == steps
    assert played.of(EventKind.STEP)[0].data["decided_on"] == noted
    (line,) = [line for line in story(played.events) if line.what == "looked up in crm"]
    assert line.why.startswith(steps[0].replace("_", " "))


def test_every_answer_is_explored(tmp_path: Path) -> None:
    lonely = FLOW.replace("account: {end: closed}", "account: {goto: account}")
    configuration = load_configuration(with_overlay(tmp_path, {"flows/main.yaml": lonely}), PROMPTS)
    problems = check(configuration, now=datetime(2026, 3, 3, 8, tzinfo=UTC))
    loop = next(problem for problem in problems if problem.rule == "dead-end")
    assert "crm answers: found customer.segment=account" in loop.call[1]
    answers = loop.call[-1].partition("--lookups '")[2].partition("'")[0]
    assert read_lookups(answers)[0].content["customer.segment"] == "account"
    assert not [problem for problem in problems if problem.rule == "unreachable-step"]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (("lookup: crm", "lookup: erp"), "no lookup `erp` — expected one of crm"),
        (("wants: customer.segment", "want: customer.segment"), "no variable `want`"),
        (("wants: customer.segment", "wants: customer/segment"), "`customer/segment` is no place in an answer"),
        (("gold: yes_no", "gold: text"), "`gold` may hold too much for an answer"),
        (("0..3", "0..90"), "828 answers that differ — expected at most 100"),
        ((", failed: broken", ""), "`on:` lacks failed"),
    ],
)
def test_what_is_wrong_with_a_step(tmp_path: Path, change: tuple[str, str], wrong: str) -> None:
    assert change[0] in FLOW
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(with_overlay(tmp_path, {"flows/main.yaml": FLOW.replace(*change)}), PROMPTS)
    assert any(wrong in str(problem) for problem in refused.value.problems), str(refused.value)


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ("{url: 'https://{number}/x'}", "is no address — expected one such as `https://crm"),
        ("{url: 'https://crm.example.net/x'}", "is no address"),  # asks about nobody
        ("{url: 'https://crm.example.net/{number}', within: 30s}", "callers would hear nothing for too long"),
        ("{url: 'https://crm.example.net/{number}', method: put}", "no method `put`"),
        ("{within: 2s}", "lookup `crm` lacks `url`"),
    ],
)
def test_what_is_wrong_with_a_lookup(tmp_path: Path, entry: str, wrong: str) -> None:
    ivr = with_overlay(tmp_path, {})
    file = ivr / "organisation.yaml"
    text = file.read_text("utf-8")
    before = '{url: "https://crm.example.net/callers/{number}", within: 2s}'
    assert before in text
    file.write_text(text.replace(before, entry), "utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(ivr, PROMPTS)
    assert any(wrong in str(problem) for problem in refused.value.problems), str(refused.value)


@pytest.mark.parametrize("text", ["maybe", "found x", "timeout; what"])
def test_a_script_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_lookups(text)
