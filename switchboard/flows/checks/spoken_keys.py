"""Menus say what can be had before its key, and name those keys that they have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from switchboard.domain.language import NAMES, Language
from switchboard.flows.checks.findings import Examined, Finding, flow_name, values_of
from switchboard.flows.checks.key_words import WORDS, NamedKey, named_keys
from switchboard.flows.configuration import Step
from switchboard.flows.exploration import Explorer
from switchboard.flows.forking_call import Asked
from switchboard.flows.moves import State
from switchboard.flows.problems import Place, Severity
from switchboard.ports import Utterance

UNSPOKEN = {"0", "*"}  # work everywhere, named or not


@dataclass(frozen=True, slots=True)
class _Menu:
    """What a step says in one language before it asks for a key, and the keys that it takes."""

    state: State
    step: Step
    language: Language
    said: tuple[Utterance, ...]
    keys: frozenset[str]

    @property
    def at(self) -> str:
        return f"{flow_name(self.state.flow)}.{self.step.name}"


def spoken_keys(examined: Examined) -> Iterator[Finding]:
    """In each language, of each step that asks for a key."""
    told: set[tuple[Place, str]] = set()
    for menu in _menus(examined):
        named = {utterance: named_keys(utterance.text, utterance.language) for utterance in menu.said}
        for utterance, keys in named.items():
            yield from _before_label(examined, menu, utterance, keys, told)
        if all(utterance.language in WORDS for utterance in menu.said):
            yield from _other_keys(menu, {each.key for keys in named.values() for each in keys})


def _menus(examined: Examined) -> Iterator[_Menu]:
    """Each step that asks for one key, once for each language."""
    explorer = Explorer(examined.configuration)
    for states in examined.by_step.values():
        keys: set[str] = set()
        for state in states:
            for _, move in examined.edges.out[state]:
                if any(isinstance(each, Asked) for each in move.happenings):
                    keys |= move.keys if move.presses and move.left.outcome not in ("no_input", "no_match") else set()
        state = states[0]
        taken = getattr(examined.step(state).fields, "taken_keys", None)
        keys = {*taken(examined.configuration.organisation)} if taken is not None else keys
        if not keys or any(move.is_spelled for state in states for _, move in examined.edges.out[state]):
            continue
        _, place = examined.reached.cheapest(state, examined.reached.seen[state])
        world = examined.reached.worlds.world(place)
        for language in examined.configuration.organisation.languages:
            said = explorer.first_words(replace(state, language=language), world)
            yield _Menu(state, examined.step(state), language, said, frozenset(keys))


def _before_label(
    examined: Examined, menu: _Menu, utterance: Utterance, keys: list[NamedKey], told: set[tuple[Place, str]]
) -> Iterator[Finding]:
    wrong = [each.key for each in keys if each.is_before_label]
    if not wrong:
        return
    prompt = _prompt_of(examined, utterance)
    place = examined.places.of(f"texts/{utterance.language}.yaml", prompt) if prompt else menu.step.place
    what = f"prompt `{prompt}`" if prompt else f"step `{menu.step.name}`"
    text = f"{what} names key {wrong[0]} before what it is for"
    if (place, text) in told:
        return
    told.add((place, text))
    expected = "what it is for first, as in “For sales, press 1”: callers remember what they heard last"
    at = (menu.at, prompt) if prompt else (menu.at,)
    values = () if prompt else values_of(menu.state.flow)
    yield Finding("key-before-label", Severity.WARNING, place, at, text, expected, holds_for=values)


def _other_keys(menu: _Menu, named: set[str]) -> Iterator[Finding]:
    language = NAMES.get(menu.language, menu.language)
    values = values_of(menu.state.flow)
    if unknown := sorted(named - menu.keys - UNSPOKEN):
        text = f"step `{menu.step.name}` tells callers in {language} to press {_listed(unknown)}, and takes no such key"
        expected = f"one of {', '.join(sorted(menu.keys))}"
        yield Finding(
            "key-not-in-menu", Severity.WARNING, menu.step.place, (menu.at,), text, expected, holds_for=values
        )
    if unnamed := sorted(menu.keys - named - UNSPOKEN):
        text = f"step `{menu.step.name}` takes {_listed(unnamed)}, and does not say so in {language}"
        expected = "every key to be named, as in “For sales, press 1”"
        yield Finding("key-not-named", Severity.WARNING, menu.step.place, (menu.at,), text, expected, holds_for=values)


def _prompt_of(examined: Examined, utterance: Utterance) -> str:
    """The id of the prompt that says this; "" where it stands in the flow itself."""
    for identifier, texts in examined.configuration.organisation.prompts.items():
        if texts.get(utterance.language) == utterance.text:
            return identifier
    return ""


def _listed(keys: list[str]) -> str:
    return f"key{'s' if len(keys) > 1 else ''} {', '.join(keys)}"
