"""`switchboard up`, `publish`, `versions` and `rollback` as a person types them, on everything real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.asterisk_fixture import eventually
from tests.switchboard_fixture import RunningSwitchboard


async def done(switchboard: RunningSwitchboard, *arguments: str) -> str:
    """What the command prints; it must succeed."""
    code, output, errors = await switchboard.command(*arguments)
    assert code == 0, errors
    return output


async def live(switchboard: RunningSwitchboard) -> dict[str, Any]:
    """What `status` tells of the live version; it must be what calls are led by."""
    status = await switchboard.status()
    assert status["answering"] and status["flow_version"] == status["live"]["version"], status
    facts: dict[str, Any] = status["live"]
    return facts


def edit(ivr: Path, old: str, new: str) -> None:
    """Change a word of the organisation."""
    text = (ivr / "organisation.yaml").read_text("utf-8")
    assert old in text
    (ivr / "organisation.yaml").write_text(text.replace(old, new), "utf-8")


async def test_what_callers_hear_changes_by_publishing_alone() -> None:
    async with RunningSwitchboard() as switchboard:
        ivr = switchboard.settings.ivr
        first = await live(switchboard)
        assert (first["kind"], first["why"]) == ("first", "the first start")

        edit(ivr, "name: Main number", "name: The number")
        told = await done(switchboard, "publish", "--as", "Mari Tamm", "--why", "a better name")
        second = await live(switchboard)
        assert (second["who"], second["why"]) == ("Mari Tamm", "a better name")
        assert f"Version {second['version']} is live, by Mari Tamm: a better name." in told
        assert f"It replaces {first['version']}." in told and "Undo: switchboard rollback" in told

        text = (ivr / "organisation.yaml").read_text("utf-8")
        edit(ivr, "languages:", "languges:")
        code, _, errors = await switchboard.command("publish", "--why", "in a hurry")
        assert code == 1 and "did you mean `languages`?" in errors and "Traceback" not in errors
        assert await live(switchboard) == second

        rows = json.loads(await done(switchboard, "versions", "--json"))
        assert [(row["version"], row["live"]) for row in rows] == [(second["version"], True), (first["version"], False)]
        table = (await done(switchboard, "versions")).splitlines()
        assert table[1].startswith("live  ") and "a better name" in table[1] and len(table) == 3
        assert await done(switchboard, "versions", "show", "live", "ivr/organisation.yaml") == text
        assert "ivr/flows/main.yaml" in await done(switchboard, "versions", "show", first["version"][:8])

        # A folder with problems never keeps the switchboard from answering.
        await switchboard.stop()
        await switchboard.start()
        assert await live(switchboard) == second
        serves = f"the live version {second['version']} serves"

        async def is_said() -> bool:
            said = switchboard.output.read_text()
            return "PROBLEM" in said and serves in said

        await eventually(is_said, 30, "what `up` says once all of it runs")

        await done(switchboard, "rollback", "--why", "the old name was better")
        third = await live(switchboard)
        assert (third["version"], third["kind"]) == (first["version"], "rollback")


async def test_a_publication_says_what_it_lacks() -> None:
    switchboard = RunningSwitchboard()  # not started
    try:
        code, _, errors = await switchboard.command("publish")
        assert code == 2 and "--why 'Easter hours'" in " ".join(errors.replace("│", " ").split())
        code, _, errors = await switchboard.command("publish", "--why", " \t")
        assert code == 2 and "1 to 500 printable characters" in " ".join(errors.replace("│", " ").split())
        code, _, errors = await switchboard.command("rollback", "--why", "in a hurry")
        assert code == 1 and errors.startswith(
            "switchboard: calls go on as they are, but publishing needs the database"
        )
        assert errors.count("\n") == 1
    finally:
        await switchboard.__aexit__()
