"""facts.yaml and the prompts' texts: everything that is said besides what flows say themselves."""

from __future__ import annotations

from datetime import date

from switchboard.domain.facts import Fact, FactText
from switchboard.domain.language import Language
from switchboard.flows.reading import Reading
from switchboard.flows.source import Listing, Node, Place, Scalar, Table


def read_facts(reading: Reading, table: Table) -> dict[str, Fact]:
    """Every fact by id. A fact is one wording, or a list of wordings that follow each other in time."""
    facts = {}
    for identifier, node in table.entries.items():
        place = table.key_places[identifier]
        reading.identifier(identifier, place, "fact")
        items = node.items if isinstance(node, Listing) else (node,)
        if not items:
            reading.problems.add(node.place, f"fact `{identifier}` says nothing", "at least one text")
        facts[identifier] = Fact(identifier, tuple(_wording(reading, item, f"fact `{identifier}`") for item in items))
    return facts


def _wording(reading: Reading, node: Node, what: str) -> FactText:
    entry = reading.table(node, node.place, what)
    reading.keys(entry, what, needed=("text",), allowed=("from", "until"))
    texts = reading.texts(entry.get("text"), entry.place, "text")
    first, last = entry.get("from"), entry.get("until")
    begins = (reading.day(first, entry.place, "day") if first else None) or date.min
    ends = (reading.day(last, entry.place, "day") if last else None) or date.max
    if begins > ends:
        reading.problems.add(
            entry.place, f"{what} ends on {ends}, before it begins on {begins}", "`from` before `until`"
        )
    return FactText(texts, begins, ends)


def prompt_sources(reading: Reading, tables: dict[Language, Table]) -> dict[str, dict[Language, tuple[str, Place]]]:
    """Every prompt's texts as written, by id and language. The default language's file must have each."""
    sources: dict[str, dict[Language, tuple[str, Place]]] = {}
    complete = tables.get(reading.default_language)
    known = complete.entries if complete else {}
    for language, table in tables.items():
        for identifier, node in table.entries.items():
            place = table.key_places[identifier]
            reading.identifier(identifier, place, "prompt")
            if identifier not in known:
                expected = f"it in {reading.default_language}.yaml too, as that is the default language"
                reading.problems.add(place, f"no prompt `{identifier}`", expected, got=identifier, known=known)
                continue
            if not isinstance(node, Scalar) or node.is_empty or not node.text.strip():
                reading.problems.add(place, f"prompt `{identifier}` has no text", "a text")
                continue
            sources.setdefault(identifier, {})[language] = (node.text, node.place)
    return sources


def render_prompts(
    reading: Reading, sources: dict[str, dict[Language, tuple[str, Place]]]
) -> dict[str, dict[Language, str]]:
    """Every prompt's texts, templates filled in."""
    return {
        identifier: {language: reading.render(text, place, language) for language, (text, place) in texts.items()}
        for identifier, texts in sources.items()
    }
