"""What was changed between two versions of a configuration, thing by thing, in an administrator's words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from switchboard.domain.dialling import Phone
from switchboard.domain.facts import Fact
from switchboard.domain.hours import HoursTable
from switchboard.domain.language import Language
from switchboard.domain.retention import Retention
from switchboard.flows.configuration import Configuration, Flow, Step
from switchboard.ports import Utterance

LONGEST = 70  # characters of a text that are shown

Texts = Mapping[Utterance, Utterance]  # a prompt's old text -> its new one


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is new, gone or different."""

    what: str  # "step main.menu", "prompt welcome (et)"
    how: str  # "added", "removed", "changed"
    details: tuple[str, ...] = ()  # "timeout: 5s → 8s"
    place: str = ""  # file:line in the newer version that has it


def changes(old: Configuration, new: Configuration) -> list[Change]:
    """Everything that differs: the organisation, its hours and facts, prompts, and each step of each flow."""
    return [
        *_organisation(old, new),
        *_hours(old.hours, new.hours),
        *_facts(old.facts, new.facts),
        *_prompts(old, new),
        *_flows(old, new),
    ]


def _organisation(old: Configuration, new: Configuration) -> Iterator[Change]:
    before, after = old.organisation, new.organisation
    plain = ("name", "timezone", "country", "languages", "reception", "emergency_numbers")
    details = [told for name in plain if (told := _detail(name, getattr(before, name), getattr(after, name), {}))]
    if details:
        yield Change("organisation", "changed", tuple(details))
    if before.screening != after.screening:
        parts = [each.name for each in dataclasses.fields(after.screening)]
        differ = [part for part in parts if getattr(before.screening, part) != getattr(after.screening, part)]
        yield Change("screening", "changed", (", ".join(differ),))
    if before.keep != after.keep:
        yield Change("keep", "changed", (f"{_kept(before.keep)} → {_kept(after.keep)}",))
    for kind, was, now in (
        ("number", before.numbers, after.numbers),
        ("department", before.departments, after.departments),
        ("person", before.people, after.people),
        ("desk phone", before.phones, after.phones),
        ("lookup", before.lookups, after.lookups),
        ("webhook", before.webhooks, after.webhooks),
        ("trunk", {trunk.id: trunk for trunk in before.trunks}, {trunk.id: trunk for trunk in after.trunks}),
    ):
        yield from _mappings(kind, was, now)


def _kept(keep: Retention) -> str:
    times = {kind.value: time for kind, time in keep.kinds.items()}
    if keep.appointments is not None:
        times["appointments"] = keep.appointments
    return ", ".join(f"{what} {time.days}d" for what, time in times.items()) or "all"


def _hours(old: Mapping[str, HoursTable], new: Mapping[str, HoursTable]) -> Iterator[Change]:
    yield from _mappings("opening hours", old, new)


def _facts(old: Mapping[str, Fact], new: Mapping[str, Fact]) -> Iterator[Change]:
    yield from _mappings("fact", old, new)


def _prompts(old: Configuration, new: Configuration) -> Iterator[Change]:
    before, after = old.organisation.prompts, new.organisation.prompts
    for identifier in _names(before, after):
        was, now = before.get(identifier, {}), after.get(identifier, {})
        for language in _names(was, now):
            label = f"prompt {identifier} ({language})"
            if language not in now:
                yield Change(label, "removed", (_quoted(was[language]),))
            elif language not in was:
                yield Change(label, "added", (_quoted(now[language]),))
            elif was[language] != now[language]:
                yield Change(label, "changed", (f"{_quoted(was[language])} → {_quoted(now[language])}",))


def _flows(old: Configuration, new: Configuration) -> Iterator[Change]:
    texts = _new_texts(old, new)
    for identifier in _names(old.flows, new.flows):
        was, now = old.flows.get(identifier), new.flows.get(identifier)
        if was is None or now is None:
            yield Change(f"flow {identifier}", "added" if was is None else "removed")
        else:
            yield from _steps(was, now, texts)


def _steps(was: Flow, now: Flow, texts: Texts) -> Iterator[Change]:
    if was.start != now.start:
        yield Change(f"flow {now.id}", "changed", (f"start: {was.start} → {now.start}",))
    for name in _names(was.steps, now.steps):
        before, after = was.steps.get(name), now.steps.get(name)
        if before is None or after is None:
            step = after or before
            assert step is not None
            yield Change(f"step {now.id}.{name}", "removed" if after is None else "added", (step.type,), _place(step))
        elif details := tuple(_step(before, after, texts)):
            yield Change(f"step {now.id}.{name}", "changed", details, _place(after))


def _step(was: Step, now: Step, texts: Texts) -> Iterator[str]:
    if was.type != now.type:
        yield f"type: {was.type} → {now.type}"
    elif dataclasses.is_dataclass(was.fields):
        for each in dataclasses.fields(was.fields):
            before, after = getattr(was.fields, each.name), getattr(now.fields, each.name)
            if not _is_in_routes(before, was) and (told := _detail(each.name, before, after, texts)):
                yield told
    for outcome in _names(was.routes, now.routes):
        target, other = was.routes.get(outcome, "nowhere"), now.routes.get(outcome, "nowhere")
        if target != other:
            key = "key " if len(outcome) == 1 else ""
            yield f"{key}{outcome}: {target} → {other}"


def _is_in_routes(value: Any, step: Step) -> bool:
    """A menu's keys are told with the routes."""
    return isinstance(value, Mapping) and bool(value) and value.items() <= step.routes.items()


def _mappings(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in _names(old, new):
        if name not in new:
            yield Change(f"{kind} {name}", "removed")
        elif name not in old:
            yield Change(f"{kind} {name}", "added")
        elif old[name] != new[name]:
            names = [each.name for each in dataclasses.fields(new[name]) if each.compare]
            told = (_detail(each, getattr(old[name], each), getattr(new[name], each), {}) for each in names)
            yield Change(f"{kind} {name}", "changed", tuple(detail for detail in told if detail))


def _detail(name: str, was: Any, now: Any, texts: Texts) -> str:
    """ "timeout: 5s → 8s"; "" if nothing differs but the wording of prompts, which is told by itself."""
    if was == now or _reworded(was, texts) == now or (_identity(was) and _identity(was) == _identity(now)):
        return ""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        parts = [key for key in _names(was, now) if was.get(key) != now.get(key)]
        told = (f"{_told(key)} {_told(was.get(key, '-'))} → {_told(now.get(key, '-'))}" for key in parts[:4])
        return f"{name}: {'; '.join(told)}" + (f"; and {len(parts) - 4} more" if len(parts) > 4 else "")
    return f"{name}: {_told(was)} → {_told(now)}"


def _identity(value: Any) -> str:
    """Of what is told by itself: opening hours, a fact, and what is said of them."""
    for named in (value, getattr(value, "table", None), getattr(value, "fact", None)):
        if isinstance(named, HoursTable | Fact):
            return named.id
    return ""


def _new_texts(old: Configuration, new: Configuration) -> Texts:
    """Prompts' old wordings and what they were changed into."""
    found: dict[Utterance, Utterance] = {}
    for identifier, now in new.prompts.items():
        was = old.prompts.get(identifier, {})
        for language in now.keys() & was.keys():
            found.update(zip(was[language], now[language], strict=False))
    return {was: now for was, now in found.items() if was != now}


def _reworded(value: Any, texts: Texts) -> Any:
    if isinstance(value, Utterance):
        return texts.get(value, value)
    if isinstance(value, tuple):
        return tuple(_reworded(item, texts) for item in value)
    if isinstance(value, Mapping):
        return {key: _reworded(item, texts) for key, item in value.items()}
    return value


def _told(value: Any) -> str:
    if isinstance(value, Utterance):
        return _quoted(value.text)
    if isinstance(value, Phone):
        return f"{value.extension} {value.name}"
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        first = value.get(Language("en")) or next(iter(value.values()), "")
        return _told(first)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_told(item) for item in value) or "nothing"
    if identifier := _identity(value):
        return identifier
    if dataclasses.is_dataclass(value):
        return type(value).__name__.lower()
    text = " ".join(str(value).split())
    return (text if len(text) <= LONGEST else text[: LONGEST - 3] + "...") or "nothing"


def _quoted(text: str) -> str:
    words = " ".join(text.split())
    return f"“{words if len(words) <= LONGEST else words[: LONGEST - 1] + '…'}”"


def _place(step: Step) -> str:
    return f"{step.file}:{step.line}"


def _names(old: Iterable[Any], new: Iterable[Any]) -> list[Any]:
    """The new ones in their order, then those that are gone."""
    return list(dict.fromkeys([*new, *old]))
