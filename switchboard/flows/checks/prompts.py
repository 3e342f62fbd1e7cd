"""What is said in some of the organisation's languages and not in others, or recorded in some only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from switchboard.domain.language import NAMES, Language
from switchboard.flows.checks.findings import Examined, Finding, flow_name, values_of
from switchboard.flows.problems import Place, Severity
from switchboard.ports import Utterance
from switchboard.services.office import Speech


def missing_texts(examined: Examined) -> Iterator[Finding]:
    """Prompts, facts, hours and texts in steps that a language lacks: callers hear the default language instead."""
    configuration = examined.configuration
    default = configuration.organisation.default_language
    for identifier, texts in configuration.organisation.prompts.items():
        place = examined.places.of(f"texts/{default}.yaml", identifier)
        yield from _missing(examined, f"prompt `{identifier}`", (identifier,), place, texts)
    for fact in configuration.facts.values():
        for wording in fact.wordings:
            place = examined.places.of("facts.yaml", fact.id)
            yield from _missing(examined, f"fact `{fact.id}`", (fact.id,), place, wording.texts)
    for table in configuration.hours.values():
        place = examined.places.of("hours.yaml", table.id)
        yield from _missing(examined, f"what is said of hours `{table.id}`", (table.id,), place, table.spoken)
        for override in table.overrides:
            if override.spoken:
                what = f"what is said of hours `{table.id}` on a {override.reason}"
                yield from _missing(examined, what, (table.id,), place, override.spoken)
    yield from _missing_names(examined)
    yield from _missing_in_steps(examined)


def _missing_names(examined: Examined) -> Iterator[Finding]:
    """Of what can be booked."""
    rules = examined.configuration.organisation.appointments
    for event_type in rules.event_types.values():
        place = examined.places.of("appointments.yaml", "event_types", event_type.id, "names")
        what = f"the name of event type `{event_type.id}`"
        yield from _missing(examined, what, (event_type.id,), place, event_type.names)
    for resource in rules.resources.values():
        place = examined.places.of("appointments.yaml", "resources", resource.id, "names")
        yield from _missing(examined, f"the name of resource `{resource.id}`", (resource.id,), place, resource.names)


def missing_recordings(examined: Examined, recordings: Path) -> Iterator[Finding]:
    """Prompts that somebody has recorded in one language and nobody in another: the voice changes with the language."""
    organisation = examined.configuration.organisation
    spoken_in: dict[str, list[Language]] = {}
    for language in organisation.languages:
        for file in sorted((recordings / language).glob("*.wav")):
            spoken_in.setdefault(file.stem, []).append(language)
    for identifier, languages in spoken_in.items():
        lacking = [language for language in organisation.languages if language not in languages]
        if identifier in organisation.prompts and lacking:
            place = examined.places.of(f"texts/{organisation.default_language}.yaml", identifier)
            text = (
                f"prompt `{identifier}` is recorded in {_named(languages)}, and a machine says it in {_named(lacking)}"
            )
            expected = f"recordings/{lacking[0]}/{identifier}.wav in the prompts folder"
            yield Finding("recording-missing", Severity.WARNING, place, (identifier,), text, expected)


def _missing(
    examined: Examined, what: str, at: tuple[str, ...], place: Place, texts: Mapping[Language, str]
) -> Iterator[Finding]:
    organisation = examined.configuration.organisation
    lacking = [language for language in organisation.languages if not texts.get(language, "").strip()]
    if lacking and texts:
        text = f"{what} is missing in {_named(lacking)}"
        heard = _named([organisation.default_language])
        expected = f"a text; until then callers hear {heard}"
        yield Finding("prompt-missing", Severity.WARNING, place, at, text, expected)


def _missing_in_steps(examined: Examined) -> Iterator[Finding]:
    """Texts that stand in the flows themselves, or are filled in there."""
    known = {text for texts in examined.configuration.organisation.prompts.values() for text in texts.values()}
    for identifier, flow in examined.configuration.flows.items():
        for step in flow.steps.values():
            lacking = {
                language
                for speech in speeches(step.fields)
                for language, utterances in speech.items()
                for utterance in utterances
                if utterance.language != language and utterance.text not in known
            }
            if lacking:
                text = f"what step `{step.name}` says is missing in {_named(sorted(lacking))}"
                at = (f"{flow_name(identifier)}.{step.name}",)
                expected = "a text; until then callers hear the default language"
                values = values_of(identifier)
                yield Finding("prompt-missing", Severity.WARNING, step.place, at, text, expected, holds_for=values)


def speeches(fields: Any) -> Iterator[Speech]:
    """Everything that is said among a step's fields."""
    for name in getattr(fields, "__dataclass_fields__", ()):
        value = getattr(fields, name)
        if isinstance(value, Mapping) and value and all(map(_is_said, value.values())):
            yield value


def _is_said(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, Utterance) for each in value)


def _named(languages: Iterable[Language]) -> str:
    """`Latvian and Swedish`."""
    names = [NAMES.get(language, language) for language in languages]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
