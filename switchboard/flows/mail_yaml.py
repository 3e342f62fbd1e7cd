"""The folder `mail` of a configuration: what mail about messages says, where the organisation has it otherwise.

`words/<language>.yaml` replaces words of ours, `letter.txt.j2` and `letter.html.j2` the two forms of the mail;
`letter.et.txt.j2` that in one language. All of it may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from switchboard.domain.language import Language
from switchboard.domain.mail_templates import MailPart, MailTemplates
from switchboard.flows.including import shown
from switchboard.flows.mail_templates import MailTemplateProblem, check_template, our_words
from switchboard.flows.reading import Reading
from switchboard.flows.source import Place, read_text, read_yaml

FOLDER = "mail"
LONGEST_WORDS = 500  # characters
_LETTER = re.compile(r"letter(?:\.([a-z]{2,3}))?\.(txt|html)\.j2")
_FILLED = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def read_mail(reading: Reading, ivr: Path) -> MailTemplates:
    """All of it, checked; problems at the line they stand in."""
    folder = ivr / FOLDER
    if not folder.is_dir():
        return MailTemplates()
    words, letters = {}, {}
    for path in _files(folder / "words"):
        if path.suffix != ".yaml" or path.stem not in reading.languages:
            known = ", ".join(f"{language}.yaml" for language in reading.languages)
            reading.problems.add(Place(shown(path), 1, 1), "is not read", f"one of {known}", got=path.name)
        else:
            words[Language(path.stem)] = _read_words(reading, path, our_words(Language(path.stem)))
    for path in _files(folder):
        found = _LETTER.fullmatch(path.name)
        if found is None or (found.group(1) or reading.default_language) not in reading.languages:
            expected = "`letter.txt.j2`, `letter.html.j2`, or with a language `letter.et.txt.j2`"
            reading.problems.add(Place(shown(path), 1, 1), "is not read", expected)
            continue
        language, part = found.group(1) or "", MailPart(found.group(2))
        said = {**our_words(Language(language)), **words.get(Language(language), {})}
        letters[part, language] = _read_letter(reading, path, part, said)
    return MailTemplates(words, letters)


def _files(folder: Path) -> Iterable[Path]:
    if not folder.is_dir():
        return ()
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _read_words(reading: Reading, path: Path, ours: Mapping[str, str]) -> dict[str, str]:
    table = read_yaml(path, shown(path), reading.problems)
    reading.keys(table, "mail", allowed=tuple(ours))
    found = {}
    for name, node in table.entries.items():
        if name not in ours:
            continue
        text = reading.word(node, node.place, f"`{name}`", "a text")
        said = _FILLED.sub(r"{{ \1 }}", text)
        allowed = set(_FILLED.findall(ours[name]))
        stray = [each for each in _FILLED.findall(said) if each not in allowed]
        if stray or "{%" in said or "{{" in _FILLED.sub("", said):
            what = f"`{stray[0]}` cannot be filled in here" if stray else "has a template's marks"
            expected = ", ".join(f"`{{{{ {each} }}}}`" for each in sorted(allowed)) or "text alone"
            reading.problems.add(node.place, what, expected)
        elif len(said) > LONGEST_WORDS:
            reading.problems.add(node.place, f"`{name}` is {len(said)} characters long", f"at most {LONGEST_WORDS}")
        else:
            found[name] = said
    return found


def _read_letter(reading: Reading, path: Path, part: MailPart, words: Mapping[str, str]) -> str:
    source = read_text(path, shown(path), reading.problems)
    try:
        check_template(part, source, words)
    except MailTemplateProblem as problem:
        reading.problems.add(Place(shown(path), problem.line, 1), problem.text, problem.expected)
    return source
