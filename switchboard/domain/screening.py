"""May this caller be put through? Lists, rules and what is known of the call, to a verdict.

The first line that fits decides:

    rule         fits                                              verdict
    -----------  ------------------------------------------------  ----------------------
    allowlist    the number is allowed, by file or by a person     allow
    blocklist    the number is blocked, by file or by a person     `blocked`
    anonymous    no number, or a word instead of one               `anonymous`
    rate         more calls from the number than `rate` lets pass  that of `rate`
    attestation  what the trunk vouches for                        that of `attestation`
    spam         a score at or above that of `spam`                that of `spam`
    -            nothing                                           allow

Callers never learn which rule it was; the record does.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from switchboard.domain.dialling import HangupCause

MOST_NUMBERS = 10_000  # whose calls are counted at once; then those who called longest ago are forgotten


class Verdict(StrEnum):
    """What becomes of a call."""

    ALLOW = "allow"
    REJECT = "reject"  # before answer: the network is told why, the caller hears its tone
    VOICEMAIL = "voicemail"  # nobody is rung
    STATE_NAME = "state_name"  # whoever is rung hears the name first, and chooses


class Rule(StrEnum):
    """Why."""

    ALLOWLIST = "allowlist"
    BLOCKLIST = "blocklist"
    ANONYMOUS = "anonymous"
    RATE = "rate"
    ATTESTATION = "attestation"
    SPAM = "spam"
    NONE = ""


class Attestation(StrEnum):
    """What the caller's network vouches for (STIR/SHAKEN, ATIS-1000074), as the trunk tells it."""

    FULL = "A"  # who calls, and that the number is theirs
    PARTIAL = "B"  # who calls, not the number
    GATEWAY = "C"  # only where the call came in
    FAILED = "failed"  # the signature is wrong
    NONE = "none"  # the trunk says nothing


_VERSTAT = re.compile(r";\s*verstat=([A-Za-z-]{1,40})")


def attestation_of(identity: str, indicator: str) -> Attestation:
    """What the headers P-Asserted-Identity (its `verstat`, 3GPP TS 24.229) and P-Attestation-Indicator tell."""
    found = _VERSTAT.search(identity)
    status, _, level = (found.group(1) if found else "").casefold().partition("passed")
    if "failed" in status:
        return Attestation.FAILED
    if not found or not status.startswith("tn-validation-"):
        return Attestation.NONE
    letter = (level.removeprefix("-") or indicator.strip()).upper()[:1]
    return Attestation(letter) if letter in ("A", "B", "C") else Attestation.FULL


@dataclass(frozen=True, slots=True)
class Rate:
    """How many calls from one number are let pass."""

    calls: int
    within: timedelta
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class SpamLimit:
    """From which score on a caller is taken for a nuisance."""

    score: float  # 0 to 100
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of a list that a number fits."""

    pattern: str  # "+37255501234", or "+372900*" for all that begin so
    why: str = ""


class NumberList:
    """Numbers in E.164, and beginnings of numbers; asked in no time however many there are."""

    __slots__ = ("_beginnings", "_longest", "_whole")

    def __init__(self, lines: Iterable[Listed] = ()) -> None:
        self._whole: dict[str, Listed] = {}
        self._beginnings: dict[str, Listed] = {}
        for line in lines:
            is_beginning = line.pattern.endswith("*")
            (self._beginnings if is_beginning else self._whole)[line.pattern.removesuffix("*")] = line
        self._longest = max(map(len, self._beginnings), default=0)

    def find(self, number: str) -> Listed | None:
        """The line the number fits: itself, else the longest beginning."""
        if not number or (found := self._whole.get(number)) is not None:
            return found if number else None
        for length in range(min(len(number), self._longest), 0, -1):
            if (found := self._beginnings.get(number[:length])) is not None:
                return found
        return None

    def __iter__(self) -> Iterator[Listed]:
        yield from self._whole.values()
        yield from self._beginnings.values()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NumberList):
            return NotImplemented
        return (self._whole, self._beginnings) == (other._whole, other._beginnings)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class ScreeningRules:
    """An organisation's, of screening.yaml. Without the file everybody is let pass but who was blocked by hand."""

    allow: NumberList = field(default_factory=NumberList)
    block: NumberList = field(default_factory=NumberList)
    blocked: Verdict = Verdict.REJECT
    anonymous: Verdict = Verdict.ALLOW
    rate: Rate | None = None
    attestation: Mapping[Attestation, Verdict] = field(default_factory=dict)
    spam: SpamLimit | None = None
    rejected_as: HangupCause = HangupCause.REJECTED

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Those that a call which is answered may have."""
        found = {Verdict.ALLOW, self.blocked, self.anonymous, *self.attestation.values()}
        found |= {rule.verdict for rule in (self.rate, self.spam) if rule is not None}
        return tuple(verdict for verdict in Verdict if verdict in found and verdict is not Verdict.REJECT)


@dataclass(frozen=True, slots=True)
class Incoming:
    """What is known of a call when it comes."""

    number: str  # E.164; "" where it is none of the telephone network
    is_anonymous: bool = False  # no number at all
    calls: int = 1  # from this number within the time of `rate`, this one included
    attestation: Attestation = Attestation.NONE
    spam_score: float | None = None  # None: not asked, or no answer in time
    allowed: Listed | None = None  # by a person
    blocked: Listed | None = None  # by a person


@dataclass(frozen=True, slots=True)
class Screened:
    """The verdict, and why."""

    verdict: Verdict = Verdict.ALLOW
    rule: Rule = Rule.NONE
    why: str = ""  # for the record


def screen(call: Incoming, rules: ScreeningRules) -> Screened:
    """The verdict on a call."""
    if line := rules.allow.find(call.number) or call.allowed:
        return Screened(Verdict.ALLOW, Rule.ALLOWLIST, _told(line))
    if line := call.blocked or rules.block.find(call.number):
        return Screened(rules.blocked, Rule.BLOCKLIST, _told(line))
    if call.is_anonymous:
        return _unless_allowed(rules.anonymous, Rule.ANONYMOUS, "no number")
    if (rate := rules.rate) is not None and call.calls > rate.calls:
        return _unless_allowed(rate.verdict, Rule.RATE, f"call {call.calls} within {_length(rate.within)}")
    verdict = rules.attestation.get(call.attestation, Verdict.ALLOW)
    if verdict is not Verdict.ALLOW:
        return Screened(verdict, Rule.ATTESTATION, f"attestation {call.attestation.value}")
    if (spam := rules.spam) is not None and call.spam_score is not None and call.spam_score >= spam.score:
        return _unless_allowed(spam.verdict, Rule.SPAM, f"score {call.spam_score:g}")
    return Screened()


def _unless_allowed(verdict: Verdict, rule: Rule, why: str) -> Screened:
    return Screened() if verdict is Verdict.ALLOW else Screened(verdict, rule, why)


def _told(line: Listed) -> str:
    return f"{line.pattern}: {line.why}" if line.why else line.pattern


def _length(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


class RateCounter:
    """How many calls came from each number lately. In memory; bounded however many numbers call."""

    def __init__(self, most_numbers: int = MOST_NUMBERS) -> None:
        self._most_numbers = most_numbers
        self._calls: OrderedDict[str, deque[datetime]] = OrderedDict()

    def count(self, number: str, at: datetime, rate: Rate) -> int:
        """Count a call, and tell the calls of the number within the rate's time, this one included.

        More than one beyond the rate are not counted: whoever goes on and on is let pass again that time after the
        last call that counted.
        """
        calls = self._calls.setdefault(number, deque(maxlen=rate.calls + 1))
        self._calls.move_to_end(number)
        while len(self._calls) > self._most_numbers:
            self._calls.popitem(last=False)
        if calls.maxlen != rate.calls + 1:
            calls = self._calls[number] = deque(calls, maxlen=rate.calls + 1)
        while calls and at - calls[0] >= rate.within:
            calls.popleft()
        calls.append(at)
        return len(calls)

    def known(self, number: str, at: datetime, rate: Rate) -> int:
        """The same without counting."""
        return sum(at - call < rate.within for call in self._calls.get(number, ()))
