"""What fields can hold. Each kind says what it expects, and reads a YAML node into what a step runs with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.dialling import Phone
from switchboard.domain.hours import HoursTable
from switchboard.domain.language import Language
from switchboard.flows.open_prompts import open_prompt
from switchboard.flows.reading import LONGEST_DURATION, NOBODY
from switchboard.flows.repetition import RANGE, is_repeated, offered_keys, said_copies
from switchboard.flows.schema import FlowReading, Offered
from switchboard.flows.source import Node, Place, Scalar, Table, kind_of
from switchboard.flows.telling import Telling
from switchboard.services.office import Speech

KEYS = "0123456789#"  # `*` repeats, in every menu
LANGUAGE_KEYS = "123456789#"


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something to say."""

    expected: str = "a prompt's id, several of them, or a text per language such as `{en: …, et: …}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Speech:
        return self._joined(flow, flow.reading.several(node, place, lambda item, at: self._part(flow, item, at)))

    def _part(self, flow: FlowReading, node: Node | None, place: Place) -> Speech:
        if isinstance(node, Table) and is_repeated(node):
            said = node.get("say")
            parts = [self.read(copy.flow, said, node.place) if said else {} for copy in said_copies(flow, node)]
            return self._joined(flow, parts)
        if isinstance(node, Table):
            return flow.wordings.speech(flow.reading.texts(node, place, "text"))
        identifier = flow.reading.choice(node, place, "prompt", [*flow.prompts, *flow.open_prompts])
        if identifier in flow.open_prompts:
            return open_prompt(flow, identifier, node.place if node else place)
        return flow.prompts.get(identifier, {})

    def _joined(self, flow: FlowReading, parts: Iterable[Speech]) -> Speech:
        parts = tuple(parts)
        return {
            language: tuple(utterance for part in parts for utterance in part.get(language, ()))
            for language in flow.reading.languages
        }


@dataclass(frozen=True, slots=True)
class Recording:
    """A prompt that somebody has recorded."""

    expected: str = "the id of a prompt with a recording, `recordings/<language>/<id>.wav` in the prompts folder"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Speech:
        identifier = flow.reading.choice(node, place, "prompt", flow.prompts)
        language = flow.reading.default_language
        if identifier and not (flow.recordings / language / f"{identifier}.wav").is_file():
            expected = f"the file recordings/{language}/{identifier}.wav in the prompts folder; or `say:`"
            flow.reading.problems.add(node.place, f"nobody has recorded `{identifier}`", expected)
        return flow.prompts.get(identifier, {})


@dataclass(frozen=True, slots=True)
class Duration:
    """A time to wait."""

    longest: timedelta = LONGEST_DURATION
    expected: str = "a time such as `5s` or `2m`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> timedelta:
        length = flow.reading.duration(node, place, "time")
        if length > self.longest:
            longest = f"at most `{int(self.longest.total_seconds())}s`"
            flow.reading.problems.add(node.place, f"{kind_of(node)} is too long", longest)
        return length


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number."""

    least: int
    most: int

    @property
    def expected(self) -> str:
        return f"a whole number from {self.least} to {self.most}"

    def read(self, flow: FlowReading, node: Node, place: Place) -> int:
        return flow.reading.number(node, place, "number here", self.least, self.most)


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    expected: str = "`yes` or `no`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> bool:
        return flow.reading.flag(node, place, "answer here")


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]
    what: str

    @property
    def expected(self) -> str:
        return f"one of {', '.join(self.words)}"

    def read(self, flow: FlowReading, node: Node, place: Place) -> str:
        return flow.reading.choice(node, place, self.what, self.words) or self.words[0]


@dataclass(frozen=True, slots=True)
class Keys:
    """A menu's keys and the steps they lead to."""

    expected: str = "a table of keys and steps such as `{1: sales, 2: orders}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Mapping[str, str]:
        table = flow.reading.table(node, place, "keys")
        keys = {}
        for key, target, at, offered in _each_key(flow, table, leads=True):
            if offered:
                with flow.reading.problems.holding({offered.variable: offered.value}):
                    keys[key] = offered.flow.target(target, at, f"what key {key} leads to")
                continue
            if key == "*":
                flow.reading.problems.add(at, "`*` always repeats what was said", "another key")
            elif len(key) != 1 or key not in KEYS:
                flow.reading.problems.add(at, f"`{key}` is no key", "one of 0 to 9, or #")
            keys[key] = flow.target(target, at, f"what key {key} leads to")
        if isinstance(node, Table) and not table.entries:
            flow.reading.problems.add(table.place, "a menu without keys", self.expected)
        return keys


@dataclass(frozen=True, slots=True)
class ClassTargets:
    """Every class of clients and the step it leads to."""

    expected: str = "a table of the classes of organisation.yaml and steps such as `{dealer: sales, retail: menu}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Mapping[str, str]:
        known = flow.organisation.client_classes
        table = flow.reading.table(node, place, "client_type")
        for name, at in table.key_places.items():
            if name not in known:
                expected = f"one of {', '.join(known) or 'none: organisation.yaml has no `client_classes`'}"
                flow.reading.problems.add(at, f"no class `{name}`", expected, got=name, known=known)
        if missing := [name for name in known if name not in table.entries]:
            text = f"`client_type` lacks {', '.join(missing)}"
            flow.reading.problems.add(table.place, text, "every class to lead somewhere")
        return {name: flow.target(target, target.place, name) for name, target in table.entries.items()}


def _each_key(
    flow: FlowReading, table: Table, *, leads: bool
) -> Iterator[tuple[str, Node | None, Place, Offered | None]]:
    """(key, what stands there, where, by which repetition) of each key, ranges of keys written out."""
    taken: set[str] = set()
    repeated = offered_keys(flow, table, leads=leads)
    for written, node in table.entries.items():
        at = table.key_places[written]
        if not RANGE.fullmatch(written):
            keys: list[tuple[str, Node | None, Offered | None]] = [(written, node, None)]
        else:
            keys = [(offered.key, offered.target, offered) for offered in repeated if offered.place == at]
        for key, target, offered in keys:
            if key in taken:
                flow.reading.problems.add(at, f"key {key} is taken twice", "each key once")
            taken.add(key)
            yield key, target, at, offered


@dataclass(frozen=True, slots=True)
class LanguageKeys:
    """Keys and the languages they choose."""

    expected: str = "a table of keys and languages such as `{1: en, 2: et}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Mapping[str, Language]:
        table = flow.reading.table(node, place, "keys")
        keys: dict[str, Language] = {}
        for key, value, at, offered in _each_key(flow, table, leads=False):
            if len(key) != 1 or key not in LANGUAGE_KEYS:
                flow.reading.problems.add(at, f"`{key}` is no key here", "one of 1 to 9, or #; 0 is reception")
            if offered and offered.value in flow.reading.languages:
                keys[key] = Language(offered.value)
                continue
            if offered:
                with flow.reading.problems.holding({offered.variable: offered.value}):
                    flow.reading.problems.add(at, "the keys are repeated for what is no language", "`in languages`")
                continue
            word = flow.reading.something(value, at, "language", "a language such as `en`")
            language = flow.reading.language(word, value.place if value else at) if word else None
            if language is not None:
                keys[key] = language
        return keys


@dataclass(frozen=True, slots=True)
class Opening:
    """An hours table."""

    expected: str = "the id of opening hours in hours.yaml"

    def read(self, flow: FlowReading, node: Node, place: Place) -> HoursTable | None:
        return flow.hours.get(flow.reading.choice(node, place, "opening hours", flow.hours))


@dataclass(frozen=True, slots=True)
class Telephone:
    """Whose desk phone rings."""

    expected: str = '`reception`, `{phone: "100"}`, `{person: …}` or `{department: …}`'

    def read(self, flow: FlowReading, node: Node, place: Place) -> Phone:
        reading = flow.reading
        if isinstance(node, Scalar) and not node.is_empty:
            if reading.value(node, place, "phone") != "reception":
                reading.problems.add(node.place, f"nobody is called {kind_of(node)}", self.expected)
            return flow.organisation.reception
        table = reading.table(node, place, "whom to ring") if isinstance(node, Table) else None
        if table is None or len(table.entries) != 1:
            reading.problems.add(node.place, "whom to ring is not clear", self.expected)
            return NOBODY
        reading.keys(table, "whom to ring", allowed=("phone", "person", "department"))
        ((by, who),) = table.entries.items()
        at = table.key_places[by]
        organisation = flow.organisation
        if by == "phone":
            return organisation.phones.get(reading.choice(who, at, "phone", organisation.phones), NOBODY)
        phone: Phone | None = NOBODY
        if by == "person" and (person := reading.choice(who, at, "person", organisation.people)):
            phone = organisation.phone_of(person)
        elif by == "department" and (department := reading.choice(who, at, "department", organisation.departments)):
            known_head = organisation.departments[department].head in organisation.people
            phone = organisation.phone_of_department(department) if known_head else NOBODY
        if phone is None:
            reading.problems.add(
                who.place, f"{by} {kind_of(who)} has no desk phone", "one with a `phone:` in people.yaml"
            )
        return phone or NOBODY


@dataclass(frozen=True, slots=True)
class FactOrHours:
    """What callers are told: a fact, or opening hours."""

    expected: str = "the id of a fact in facts.yaml, or `{hours: …}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Telling | None:
        if isinstance(node, Table):
            flow.reading.keys(node, "info", needed=("hours",))
            hours = flow.reading.choice(node.get("hours"), node.place, "opening hours", flow.hours)
            return flow.tellings.of_hours.get(hours)
        return flow.tellings.of_facts.get(flow.reading.choice(node, place, "fact", flow.facts))


@dataclass(frozen=True, slots=True)
class FlowOrStep:
    """Where to go on."""

    expected: str = "the name of a step, or `{flow: …}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> tuple[str, str]:
        """(flow, "") or ("", step)."""
        if isinstance(node, Table):
            flow.reading.keys(node, "goto", needed=("flow",))
            name = flow.reading.choice(node.get("flow"), node.place, "flow", flow.flow_names)
            return (flow.use(flow, name, None, node.place) if name else "", "")
        return "", flow.target(node, place, "goto")


@dataclass(frozen=True, slots=True)
class FlowName:
    """A flow to go through and come back from."""

    expected: str = "the name of a flow in flows/"

    def read(self, flow: FlowReading, node: Node, place: Place) -> str:
        return flow.reading.choice(node, place, "flow", flow.flow_names)


@dataclass(frozen=True, slots=True)
class Word:
    """A word that names something."""

    what: str
    expected: str = "a name of letters, digits and `_`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> str:
        if isinstance(node, Scalar) and node.is_empty:
            return ""
        word = flow.reading.word(node, place, self.what, self.expected)
        return flow.reading.identifier(word, node.place, self.what) if word else ""


@dataclass(frozen=True, slots=True)
class Arguments:
    """A flow's parameters; left as written, as whoever makes the flow renders them."""

    expected: str = "a table of the flow's parameters such as `{department: sales}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Table:
        return flow.reading.table(node, place, "with")
