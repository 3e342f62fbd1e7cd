"""The pages on step types in the administrator's guide, generated from their modules: `make docs` writes them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from switchboard.flows.schema import REQUIRED, Field, Outcome, StepType
from switchboard.flows.steps import STEP_TYPES

HEADING = "\n## The steps\n"  # the guide's last section
WIDTH = 118  # characters

_BY_KEYS = {"menu": "each key of `keys`, by its own step", "switch": "each case, by its own `next`"}


def with_step_pages(guide: str) -> str:
    """The guide with a page for each step type there is, whatever pages it had."""
    before, heading, _ = guide.partition(HEADING)
    if not heading:
        raise ValueError(f"the guide has no section {HEADING.strip()!r}")
    return before + heading + "\n" + "\n".join(_page(step_type) for step_type in STEP_TYPES.values())


def write_step_pages(guide: Path) -> None:
    """Bring the guide's file up to date."""
    guide.write_text(with_step_pages(guide.read_text("utf-8")), "utf-8")


def _page(step_type: StepType) -> str:
    lines = [f"### `{step_type.name}`", "", _filled(step_type.purpose), "", f"```yaml\n{step_type.example}```", ""]
    lines += [_item(_field(each)) for each in step_type.fields]
    if outcomes := list(_outcomes(step_type)):
        lines += ["", "Outcomes:", "", *map(_item, outcomes)]
    return "\n".join(lines) + "\n"


def _field(field: Field) -> str:
    return f"`{field.name}`: {field.meaning}{_default(field)}: {field.kind.expected}"


def _default(field: Field) -> str:
    default = field.default
    if default is REQUIRED:
        return ""
    if default is None:
        return " (may be left out)"
    if isinstance(default, bool):
        written = "yes" if default else "no"
    elif isinstance(default, timedelta):
        written = f"{int(default.total_seconds())}s"
    else:
        written = str(default)
    return f" (`{written}` if not written)"


def _outcomes(step_type: StepType) -> Iterator[str]:
    yield from (f"`{outcome.name}`: {outcome.meaning}{_way(outcome)}" for outcome in step_type.outcomes)
    if step_type.name in _BY_KEYS:
        yield _BY_KEYS[step_type.name]


def _way(outcome: Outcome) -> str:
    if outcome.like:
        return f" (as `{outcome.like}` if not written)"
    return " (reception if not written)" if outcome.default else ""


def _item(text: str) -> str:
    return _filled(f"- {text}", indent="  ")


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
