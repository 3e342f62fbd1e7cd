"""What the arguments of `switchboard simulate` mean: the call wanted, or every mistake in one line each."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from switchboard.commands.played_by_hand import PlayedByHand
from switchboard.domain.clients import Client
from switchboard.domain.dialling import DialOutcome
from switchboard.domain.lookups import LookupAnswer
from switchboard.domain.screening import Verdict
from switchboard.flows.cases import WEEKDAYS
from switchboard.flows.configuration import Configuration
from switchboard.testing.interactive_call import Player
from switchboard.testing.script import (
    ANSWERS_AFTER,
    Action,
    PhoneBehaviour,
    read_client,
    read_keys,
    read_phones,
    read_script,
)
from switchboard.testing.scripted_lookups import read_lookups
from switchboard.testing.simulation import Setup

ANSWERS = PhoneBehaviour(DialOutcome.ANSWERED, ANSWERS_AFTER)
EVERY_PHONE = "all"
WITHHELD = ("", "withheld", "anonymous")
AT_EXPECTED = "`now`, `10:00` (today), `tomorrow 10:00`, `tue 10:00` or `2026-12-24 10:00`"

_CALLER = re.compile(r"\+?[0-9][0-9 ()./-]{1,30}")


class Mistakes(Exception):
    """Arguments that cannot be meant."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments as typed."""

    to: str = ""
    at: str = "now"
    caller: str = ""
    keys: str | None = None
    script: Path | None = None
    phones: str = ""
    language: str = ""
    client: str = ""
    screened: str = ""
    lookups: str = ""
    needs_script: bool = False  # nobody can be asked


@dataclass(frozen=True, slots=True)
class Wanted:
    """The call to be simulated."""

    setup: Setup
    player: Player | None  # None: all is in the script
    told: frozenset[str]  # extensions of phones whose behaviour is said
    heading: tuple[str, ...]  # what is to be simulated, in words


def understand(asked: Asked, configuration: Configuration, *, now: datetime | None = None) -> Wanted:
    """The call that the arguments describe. Raises Mistakes with all of them."""
    reading = _Arguments(configuration, now or datetime.now(UTC))
    number = reading.number(asked.to)
    at = reading.instant(asked.at)
    caller = reading.caller(asked.caller)
    language = reading.language(asked.language)
    client = reading.client(asked.client)
    screened = reading.verdict(asked.screened)
    lookups = reading.lookups(asked.lookups)
    actions, scripted = reading.actions(asked)
    said = {**scripted, **reading.phones(asked.phones)}
    if reading.mistakes:
        raise Mistakes(reading.mistakes)
    everybody = said.pop(EVERY_PHONE, ANSWERS)
    phones = {**dict.fromkeys(configuration.organisation.phones, everybody), **said}
    told = frozenset(phones) if EVERY_PHONE in asked.phones else frozenset(said)
    player = PlayedByHand() if actions is None else None
    known = next(each for each in configuration.organisation.languages if each == language) if language else None
    setup = Setup(at, number, caller, known, actions or (), phones, client=client, screened=screened, lookups=lookups)
    return Wanted(setup, player, told, tuple(_heading(configuration, setup, player)))


def _heading(configuration: Configuration, setup: Setup, player: Player | None) -> Iterable[str]:
    organisation = configuration.organisation
    number = organisation.numbers[setup.number]
    yield f"{setup.caller or 'A withheld number'} calls {number.number} {number.name}"
    local = configuration.local(setup.at)
    yield f"on {local:%A} {local.day} {local:%B %Y}, {local:%H:%M}, {organisation.timezone}"
    if player is not None:
        yield "You play the caller and the phones; `?` at any question tells how."
        return
    told: dict[str, list[str]] = {}  # how they behave -> which
    for extension, behaviour in sorted(setup.phones.items()):
        told.setdefault(_behaves(behaviour), []).append(extension)
    most = max(told, key=lambda words: (len(told[words]), words == _behaves(ANSWERS)), default="")
    said = [f"{', '.join(which)}: {words}" for words, which in told.items() if words != most]
    rest = "all others" if said else "all"
    yield f"Phones: {'; '.join([*said, f'{rest}: {most}'])}."


def _behaves(behaviour: PhoneBehaviour) -> str:
    if behaviour.outcome is DialOutcome.ANSWERED:
        return f"answers after {behaviour.after.total_seconds():g} s"
    return {DialOutcome.DECLINED: "declines", DialOutcome.NO_ANSWER: "no answer"}.get(
        behaviour.outcome, behaviour.outcome.value
    )


@dataclass(slots=True)
class _Arguments:
    """Reads each argument; what is wrong becomes a line."""

    configuration: Configuration
    now: datetime
    mistakes: list[str] = field(default_factory=list)

    def number(self, text: str) -> str:
        numbers = self.configuration.organisation.numbers
        if not text:
            if not numbers:
                self.mistakes.append("--to: the organisation has no number — expected one in organisation.yaml")
            return next(iter(numbers), "")
        found = {_digits(number): number for number in numbers}.get(_digits(text), "")
        if not found:
            known = [f"{each.number} ({each.name})" for each in numbers.values()]
            self._unknown("--to", "number", text, numbers, ", ".join(known))
        return found

    def instant(self, text: str) -> datetime:
        zone = ZoneInfo(self.configuration.organisation.timezone)
        local = self.now.astimezone(zone)
        word = text.strip().lower()
        if word in ("", "now"):
            return self.now.replace(microsecond=0)
        day, _, time = word.rpartition(" ")
        offset = _days_ahead(day, local)
        if offset is not None and (clock := _clock(time)) is not None:
            wanted = datetime.combine(local.date() + timedelta(days=offset), datetime.min.time()) + clock
        else:
            try:
                wanted = datetime.fromisoformat(word.replace(" ", "T", 1).upper())
            except ValueError:
                self.mistakes.append(f"--at {text}: no time — expected {AT_EXPECTED}")
                return self.now
            if "t" not in word.replace(" ", "t"):
                self.mistakes.append(f"--at {text}: a day without a time — expected `{text} 10:00`")
            if wanted.tzinfo is not None:
                return wanted.astimezone(UTC)
        instant = wanted.replace(tzinfo=zone).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) != wanted:
            self.mistakes.append(
                f"--at {text}: the clocks in {zone.key} skip that time — expected one before or after the change"
            )
        return instant

    def caller(self, text: str) -> str:
        if text.strip().lower() in WITHHELD:
            return ""
        if _CALLER.fullmatch(text.strip()) is None:
            self.mistakes.append(f"--from {text}: no number — expected digits such as +37255501234, or `withheld`")
        return _digits(text)

    def language(self, text: str) -> str:
        languages = self.configuration.organisation.languages
        if text and text not in languages:
            self._unknown("--language", "language of the organisation", text, languages, ", ".join(languages))
            return ""
        return text

    def client(self, text: str) -> Client | None:
        organisation = self.configuration.organisation
        try:
            client = read_client(text)
        except ValueError as error:
            self.mistakes.append(f"--client {error}")
            return None
        if client is None:
            return None
        classes, people = organisation.client_classes, organisation.people
        if client.client_class not in classes:
            self._unknown("--client class", "class", client.client_class, classes, ", ".join(classes) or "none")
        if client.manager and client.manager not in people:
            self._unknown("--client manager", "person", client.manager, people, ", ".join(people))
        if client.language:
            self.language(client.language)
        return client

    def verdict(self, text: str) -> Verdict | None:
        known = [each.value for each in Verdict]
        if text and text not in known:
            self._unknown("--screened", "verdict", text, known, ", ".join(known))
        return Verdict(text) if text in known else None

    def lookups(self, text: str) -> list[LookupAnswer]:
        try:
            return read_lookups(text)
        except ValueError as error:
            self.mistakes.append(f"--lookups {error}")
            return []

    def actions(self, asked: Asked) -> tuple[list[Action] | None, Mapping[str, PhoneBehaviour]]:
        """None where the person at the prompt is to be asked."""
        if asked.keys is not None and asked.script is not None:
            self.mistakes.append("--keys and --script: both say what the caller does — expected one of them")
        if asked.script is not None:
            return self._script(asked.script)
        if asked.keys is not None:
            try:
                return read_keys(asked.keys), {}
            except ValueError as error:
                self.mistakes.append(f"--keys: {error}")
                return [], {}
        if asked.needs_script:
            self.mistakes.append('--json: nobody can be asked — expected --keys or --script (--keys "": silence)')
        return None, {}

    def _script(self, file: Path) -> tuple[list[Action], Mapping[str, PhoneBehaviour]]:
        try:
            actions, phones = read_script(file.read_text("utf-8"))
        except OSError as error:
            self.mistakes.append(f"--script {file}: cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            self.mistakes.append(f"--script {file}: is not UTF-8 text")
        except ValueError as error:
            self.mistakes.append(f"--script {file}: {error}")
        else:
            return actions, self._known(phones, f"--script {file}")
        return [], {}

    def phones(self, text: str) -> Mapping[str, PhoneBehaviour]:
        try:
            return self._known(read_phones(text), "--phones")
        except ValueError as error:
            self.mistakes.append(f"--phones: {error}")
            return {}

    def _known(self, phones: Mapping[str, PhoneBehaviour], option: str) -> Mapping[str, PhoneBehaviour]:
        organisation = self.configuration.organisation
        known = {EVERY_PHONE: EVERY_PHONE, "reception": organisation.reception.extension}
        known |= {extension: extension for extension in organisation.phones}
        known |= {person.id: person.phone.extension for person in organisation.people.values() if person.phone}
        for name in phones:
            if name not in known:
                listed = ", ".join(f"{phone.extension} {phone.name}" for phone in organisation.phones.values())
                self._unknown(option, "phone", name, known, f"an extension: {listed}; a person's id; or `all`")
        return {known[name]: behaviour for name, behaviour in phones.items() if name in known}

    def _unknown(self, option: str, what: str, got: str, known: Iterable[str], expected: str) -> None:
        near = difflib.get_close_matches(got, list(known), n=1, cutoff=0.5)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        self.mistakes.append(f"{option} {got}: no such {what} — expected {expected}{hint}")


def _digits(text: str) -> str:
    plus = "+" if text.strip().startswith("+") else ""
    return plus + "".join(character for character in text if character.isdigit())


def _days_ahead(day: str, local: datetime) -> int | None:
    """How many days from today `tue`, `tomorrow`, `` (today) is; None if it is no such word."""
    if day in ("", "today", "tomorrow"):
        return int(day == "tomorrow")
    names = [number for number, name in enumerate(WEEKDAYS) if len(day) >= 2 and name.startswith(day)]
    return (names[0] - local.weekday()) % 7 if len(names) == 1 else None


def _clock(text: str) -> timedelta | None:
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    return timedelta(hours=int(found.group(1)), minutes=int(found.group(2))) if found else None
