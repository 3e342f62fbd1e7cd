"""Templates of mail: what they may do, and what they are filled with.

Strict and sandboxed Jinja2, and a closed list of what it can do: texts, conditions, one loop over `rows`, few filters.
So whatever a template holds, it costs no more than its length times the few rows there are. HTML is escaped, what a
caller sent included; no filter takes that back.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from traceback import walk_tb
from typing import Any

import yaml
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from switchboard.domain.language import ENGLISH, NAMES, Language
from switchboard.domain.mail_templates import MailPart
from switchboard.errors import SwitchboardError

LONGEST_TEMPLATE = 20_000  # characters
MOST_PIECES = 600  # of a template's syntax tree
ROWS = "rows"
# What there is to fill in. The two that are tables: `rows` has labels and values, `words` our words by their names.
FILLED_IN: Mapping[str, Any] = {
    "language": "en",
    "organisation": "Northern Larder",
    "occasion": "saved",
    "subject": "Message from Juku",
    "who": "Juku",
    "is_urgent": True,
    "intro": "A message was left by phone.",
    ROWS: [("Caller", "Juku"), ("Number", "+37255501234")],
    "transcript": "Please call me back.",
    "transcript_by": "written down by a machine, which errs",
    "no_sound": "The recording is not attached.",
    "link": "https://switchboard.example.net/messages/1",
    "footer": "Sent by the switchboard.",
}
_FILTERS = ("capitalize", "default", "e", "escape", "lower", "title", "trim", "upper")
_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem),
    *(nodes.Filter, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.If, nodes.CondExpr),
    *(nodes.Concat, nodes.For, nodes.Tuple),
)


class MailTemplateProblem(SwitchboardError):
    """What is wrong with a template, at which line, and what was expected."""

    def __init__(self, text: str, line: int, expected: str = "") -> None:
        super().__init__(text)
        self.text, self.line, self.expected = text, line, expected


@cache
def our_words(language: Language) -> Mapping[str, str]:
    """Our words in a language, by name; English where we have none."""
    known = language if language in NAMES else ENGLISH
    text = (files("switchboard.flows") / "mail_words" / f"{known}.yaml").read_text("utf-8")
    return {str(name): str(said) for name, said in yaml.safe_load(text).items()}


@cache
def mail_environment(part: MailPart) -> ImmutableSandboxedEnvironment:
    """How templates of this part are filled in."""
    environment = ImmutableSandboxedEnvironment(
        autoescape=part is MailPart.HTML,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.clear()
    environment.tests.clear()
    every = environment.filters
    environment.filters = {name: every[name] for name in _FILTERS}
    return environment


def check_template(part: MailPart, source: str, words: Mapping[str, str]) -> None:
    """Raises MailTemplateProblem unless it is a template that can be filled in, whatever the mail is about."""
    if len(source) > LONGEST_TEMPLATE:
        raise MailTemplateProblem(f"is {len(source)} characters long", 1, f"at most {LONGEST_TEMPLATE}")
    try:
        tree = mail_environment(part).parse(source)
        _check_pieces(tree)
        for filled in _examples(words):
            mail_environment(part).from_string(source).render(filled)
    except TemplateSyntaxError as error:
        raise MailTemplateProblem(str(error.message), error.lineno) from error
    except (TemplateError, TypeError, ValueError) as error:
        raise MailTemplateProblem(str(error) or type(error).__name__, _line_of(error)) from error
    except RecursionError as error:
        raise MailTemplateProblem("is nested too deep", 1) from error


def _check_pieces(tree: nodes.Template) -> None:
    pieces = [tree, *tree.find_all(nodes.Node)]
    if len(pieces) > MOST_PIECES:
        raise MailTemplateProblem(f"has more than {MOST_PIECES} pieces", 1)
    own = {name.name for loop in tree.find_all(nodes.For) for name in loop.target.find_all(nodes.Name)}
    own |= {loop.target.name for loop in tree.find_all(nodes.For) if isinstance(loop.target, nodes.Name)}
    known = {*FILLED_IN, "words", *own}
    for node in pieces:
        line = node.lineno or 1
        if not isinstance(node, _ALLOWED):
            raise MailTemplateProblem(f"`{type(node).__name__.lower()}` is not allowed in a mail's template", line)
        if isinstance(node, nodes.For) and not (isinstance(node.iter, nodes.Name) and node.iter.name == ROWS):
            raise MailTemplateProblem("there is nothing to repeat", line, f"`for label, value in {ROWS}`")
        if isinstance(node, nodes.For) and any(node.find_all(nodes.For)):
            raise MailTemplateProblem("a repetition stands within another", line, "one after the other")
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise MailTemplateProblem(f"there is no filter `{node.name}`", line, f"one of {', '.join(_FILTERS)}")
        if isinstance(node, nodes.Name) and node.name not in known:
            near = get_close_matches(node.name, known, n=1)
            expected = f"`{near[0]}`" if near else f"one of {', '.join(sorted(known))}"
            raise MailTemplateProblem(f"there is no `{node.name}` to fill in", line, expected)


def _examples(words: Mapping[str, str]) -> list[dict[str, Any]]:
    """A mail in which everything is told, and one in which next to nothing is."""
    needed = ("language", "organisation", "occasion", "subject", "who", "intro", "footer")
    bare = {name: value if name in needed else type(value)() for name, value in FILLED_IN.items()}
    return [{**FILLED_IN, "words": words}, {**bare, "words": words}]


def _line_of(error: BaseException) -> int:
    """The template's line at which filling it in broke off."""
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == "<template>"]
    return lines[-1] if lines else 1
