"""Jinja2 in the organisation's values and texts: only at load, only expressions, only the organisation's own data.

Templates are data that an administrator may have copied from anywhere, so what they can do is a closed list (an
allow-list over Jinja's syntax tree): no loop, call, assignment, import or macro. Everything they are made of and
everything they make is limited: the source's length, its pieces and their depth before it is compiled, each value and
the whole text while they grow. So rendering one text costs at most MOST_PIECES operations on LONGEST_TEXT characters.
Nothing that comes from a caller is ever rendered, and what a template made is never taken for a template again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from switchboard.errors import SwitchboardError

LONGEST_TEXT = 5_000  # characters, rendered
LONGEST_TEMPLATE = 6_000  # characters, as written
MOST_PIECES = 300  # of a template's syntax tree: texts, names, comparisons, filters, …
DEEPEST = 20  # conditions and parentheses within each other
MOST_TEMPLATES = 2_000  # kept compiled; more than any organisation has

_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.If,
    nodes.CondExpr,
    nodes.Concat,
)
_FILTERS = ("capitalize", "default", "int", "lower", "title", "trim", "upper")
_JOINED = "~"  # the filter that stands for a concatenation; no template can name it
_MARKS = ("{{", "{%", "{#")
_NAMES_TOLD = 20


class TemplateProblem(SwitchboardError):
    """A template cannot be rendered; the message says why and, if known, `name` what was not found."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja2 in which a dot reaches an entry of a table and nothing else."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, Undefined):
            return obj  # so that the first unknown name is the one that is told
        known = f" among {_names(obj)}" if isinstance(obj, Mapping) and obj else ""
        return self.undefined(hint=f"there is no `{argument}`{known}", name=argument)


class _Concatenations(NodeTransformer):
    """Makes `a ~ b` a filter, whose result is limited while it grows."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        first, *others = node.nodes
        return nodes.Filter(first, _JOINED, others, [], None, None, lineno=node.lineno, environment=node.environment)


def _only_text(value: Any) -> str:
    """What a value is said as. Raises TypeError if it is not a text, ValueError if it is too long."""
    if isinstance(value, Mapping):
        raise TypeError(f"a table stands where a text is wanted; it has {_names(value) or 'nothing'}")
    if not isinstance(value, str | int | Undefined):
        raise TypeError("something that is no text stands where a text is wanted")
    return _limited(str(value))  # an Undefined raises


def _limited(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"the text is longer than {LONGEST_TEXT} characters")
    return text


def _joined(*parts: Any) -> str:
    joined = ""
    for part in parts:
        joined = _limited(joined + _only_text(part))
    return joined


def _guarded(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter whose values, in and out, are of limited length."""

    def guarded(value: Any, *arguments: Any) -> Any:
        for each in (value, *arguments):
            if not isinstance(each, Undefined):  # which `default` takes, and others refuse by its name
                _only_text(each)
        made = work(value, *arguments)
        return _limited(made) if isinstance(made, str) else made

    return guarded


def _names(table: Mapping[Any, Any]) -> str:
    more = ", …" if len(table) > _NAMES_TOLD else ""
    return ", ".join(str(name)[:60] for name in islice(table, _NAMES_TOLD)) + more


class Templates:
    """Renders values and texts; made once per load."""

    def __init__(self) -> None:
        # Without the optimizer: it would work out constants while compiling, before the limits are looked at.
        self._environment = _Environment(
            undefined=StrictUndefined, autoescape=False, finalize=_only_text, optimized=False
        )
        self._environment.globals.clear()
        self._environment.tests.clear()
        every = self._environment.filters
        self._environment.filters = {name: _guarded(every[name]) for name in _FILTERS}
        self._environment.filters[_JOINED] = _joined
        self._compiled: dict[str, Template] = {}

    def render(self, text: str, data: Mapping[str, Any]) -> str:
        """The text with its `{{ … }}` filled in from `data`. Raises TemplateProblem."""
        try:
            if not any(mark in text for mark in _MARKS):
                return _limited(text)
            return _written(self._template(text).generate(data))
        except TemplateSyntaxError as error:
            raise TemplateProblem(str(error.message)) from error
        except TemplateError as error:
            message = str(error.message or error)
            raise TemplateProblem(message, _missing(message)) from error
        except RecursionError as error:
            raise TemplateProblem(f"is nested more than {DEEPEST} deep") from error
        except (TypeError, ValueError, OverflowError) as error:
            raise TemplateProblem(str(error)) from error

    def names(self, text: str) -> frozenset[str]:
        """What a template asks for; nothing where it can't be read, which is told when it is rendered."""
        if not any(mark in text for mark in _MARKS):
            return frozenset()
        try:
            return frozenset(find_undeclared_variables(self._environment.parse(text)))
        except (TemplateError, RecursionError):
            return frozenset()

    def _template(self, text: str) -> Template:
        if text not in self._compiled:
            if len(text) > LONGEST_TEMPLATE:
                raise TemplateProblem(f"is {len(text)} characters long, at most {LONGEST_TEMPLATE}")
            tree = self._environment.parse(text)
            _check(tree)
            if len(self._compiled) >= MOST_TEMPLATES:
                self._compiled.clear()
            self._compiled[text] = self._environment.from_string(_Concatenations().visit(tree))
        return self._compiled[text]


def _check(tree: nodes.Template) -> None:
    """Raises TemplateProblem unless the tree is of allowed pieces, few enough, and flat enough."""
    pieces = 0
    level: list[nodes.Node] = [tree]
    depth = 0
    while level:
        pieces += len(level)
        if pieces > MOST_PIECES:
            raise TemplateProblem(f"has more than {MOST_PIECES} pieces")
        if depth > DEEPEST:
            raise TemplateProblem(f"is nested more than {DEEPEST} deep")
        for node in level:
            if not isinstance(node, _ALLOWED):
                raise TemplateProblem(f"`{type(node).__name__.lower()}` is not allowed in a template")
            if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
                raise TemplateProblem(f"there is no filter `{node.name}` among {', '.join(_FILTERS)}", node.name)
            if isinstance(node, nodes.Filter) and (node.dyn_args or node.dyn_kwargs):
                raise TemplateProblem("`*` is not allowed in a template")
            if isinstance(node, nodes.Const) and not isinstance(node.value, str | int):
                raise TemplateProblem(f"`{node.value}` is neither a text nor a whole number")
        level = [child for node in level for child in node.iter_child_nodes()]
        depth += 1


def _written(pieces: Iterator[str]) -> str:
    """The pieces as one text. Raises ValueError as soon as it is too long."""
    written = ""
    for piece in pieces:
        written = _limited(written + piece)
    return written


def _missing(message: str) -> str:
    """The name in "'x' is undefined" and "there is no `x` among …"."""
    quoted = re.search(r"[`']([^`']+)[`']", message)
    return quoted.group(1) if quoted else ""
