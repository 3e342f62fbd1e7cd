"""Jinja2 in the organisation's values and texts: only at load, only expressions, only the organisation's own data.

Templates are data that an administrator may have copied from anywhere, so what they can do is a closed list (an
allow-list over Jinja's syntax tree): no loop, call, assignment, import or macro, hence nothing that runs long, grows
large or reaches Python. Nothing that comes from a caller is ever rendered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from switchboard.errors import SwitchboardError

LONGEST_TEXT = 5_000  # characters, rendered

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
_MARKS = ("{{", "{%", "{#")


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
        if isinstance(obj, Mapping) and argument in obj:
            return obj[argument]
        if isinstance(obj, Undefined):
            return obj  # so that the first unknown name is the one that is told
        known = ", ".join(map(str, obj)) if isinstance(obj, Mapping) else ""
        return self.undefined(hint=f"there is no `{argument}`" + (f" among {known}" if known else ""), name=argument)


def _only_text(value: Any) -> str:
    if isinstance(value, Mapping):
        raise TypeError(f"a table stands where a text is wanted; it has {', '.join(map(str, value)) or 'nothing'}")
    if not isinstance(value, str | int | Undefined):
        raise TypeError("something that is no text stands where a text is wanted")
    return str(value)  # an Undefined raises


class Templates:
    """Renders values and texts; made once per load."""

    def __init__(self) -> None:
        self._environment = _Environment(undefined=StrictUndefined, autoescape=False, finalize=_only_text)
        self._environment.globals.clear()
        every = self._environment.filters
        self._environment.filters = {name: every[name] for name in _FILTERS}
        self._compiled: dict[str, Template] = {}

    def render(self, text: str, data: Mapping[str, Any]) -> str:
        """The text with its `{{ … }}` filled in from `data`. Raises TemplateProblem."""
        if not any(mark in text for mark in _MARKS):
            return text
        try:
            rendered = self._template(text).render(data)
        except TemplateSyntaxError as error:
            raise TemplateProblem(str(error.message)) from error
        except TemplateError as error:
            message = str(error.message or error)
            raise TemplateProblem(message, _missing(message)) from error
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            raise TemplateProblem(str(error)) from error
        if len(rendered) > LONGEST_TEXT:
            raise TemplateProblem(f"is {len(rendered)} characters long, at most {LONGEST_TEXT}")
        return rendered

    def _template(self, text: str) -> Template:
        if text not in self._compiled:
            tree = self._environment.parse(text)
            for node in tree.find_all(nodes.Node):
                if not isinstance(node, _ALLOWED):
                    raise TemplateProblem(f"`{type(node).__name__.lower()}` is not allowed in a template")
            self._compiled[text] = self._environment.from_string(tree)
        return self._compiled[text]


def _missing(message: str) -> str:
    """The name in "'x' is undefined" and "there is no `x` among …"."""
    quoted = re.search(r"[`']([^`']+)[`']", message)
    return quoted.group(1) if quoted else ""
