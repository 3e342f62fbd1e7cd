"""The administrator's guide: its pages on steps are what the modules say, and each of its examples is loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from switchboard.flows.guide import HEADING, with_step_pages
from switchboard.flows.json_schema_files import FILES
from switchboard.flows.json_types import Names
from switchboard.flows.load import load_configuration
from switchboard.flows.steps import STEP_TYPES
from tests.flows.playing import EXAMPLE, PROJECT, PROMPTS, with_overlay

GUIDE = PROJECT / "ivr" / "README.md"


def test_the_pages_on_steps_are_up_to_date() -> None:
    guide = GUIDE.read_text("utf-8")
    assert guide == with_step_pages(guide), "run `make docs`"


def test_pages_are_written_for_every_step_type() -> None:
    written = with_step_pages(f"# Guide\n{HEADING}\nold pages")
    assert "old pages" not in written
    assert re.findall(r"(?m)^### `(\w+)`$", written) == list(STEP_TYPES)
    with pytest.raises(ValueError, match="no section"):
        with_step_pages("# Guide\n")


def examples() -> dict[str, str]:
    """The YAML of the guide before the pages on steps, whose examples test_flow_steps runs; by heading and number."""
    found: dict[str, str] = {}
    heading = ""
    for part in re.finditer(
        r"(?m)^##+ (.+)$|^```yaml\n((?:.*\n)*?)```$", GUIDE.read_text("utf-8").partition(HEADING)[0]
    ):
        if part.group(1):
            heading = part.group(1)
        else:
            found[f"{heading} {len(found) + 1}"] = part.group(2)
    return found


EXAMPLES = examples()
TOLD_BY = {"hours.yaml": {"open", "inherits"}, "rota.yaml": {"shifts"}}  # words that only these files' entries have


def merged(name: str, changes: dict[str, Any]) -> str:
    """A file of the example organisation with these entries, those of its sections put together."""
    data = yaml.load((EXAMPLE / name).read_text("utf-8"), yaml.BaseLoader)
    for key, value in changes.items():
        known = data.get(key)
        is_section = (
            name in ("people.yaml", "organisation.yaml", "appointments.yaml")
            and isinstance(known, dict)
            and isinstance(value, dict)
        )
        data[key] = {**known, **value} if is_section else value
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


def as_files(text: str) -> dict[str, str]:
    """The example as files of the example organisation."""
    data = yaml.load(text, yaml.BaseLoader)
    if "flow" in data:
        return {f"flows/{data['flow']}.yaml": text}
    if "steps" in data:
        return {"flows/shared/closing.yaml": text}
    for name in ("organisation", "people", "screening", "appointments"):
        if set(data) <= set(FILES[name].make(Names())["properties"]):
            return {f"{name}.yaml": merged(f"{name}.yaml", data)}
    words = {word for entry in data.values() if isinstance(entry, dict) for word in entry}
    name = next((name for name, own in TOLD_BY.items() if own & words), "facts.yaml")
    return {name: merged(name, data)}


@pytest.mark.parametrize("text", list(EXAMPLES.values()), ids=list(EXAMPLES))
def test_an_example_of_the_guide_is_right(text: str, tmp_path: Path) -> None:
    others = [as_files(other) for other in EXAMPLES.values() if other.startswith("flow: ")]
    used = {name: flow for files in others for name, flow in files.items() if name != "flows/main.yaml"}
    configuration = load_configuration(with_overlay(tmp_path, {**used, **as_files(text)}), PROMPTS)
    assert configuration.flows
