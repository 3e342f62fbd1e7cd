"""`switchboard status`: what runs, and whether calls can be answered."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from switchboard.folders import Folders


def register(app: typer.Typer) -> None:
    app.command("status")(status)


def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Tell what runs. Exit status 0 only if calls can be answered."""
    import asyncio
    import json

    from switchboard.machine.account import folders_of
    from switchboard.settings import load

    settings = load()
    facts = asyncio.run(gather_status(folders_of(settings), settings.console_url))
    print(json.dumps(facts, indent=2, ensure_ascii=False) if as_json else as_text(facts))
    if not facts["answering"]:
        raise typer.Exit(1)


async def gather_status(folders: Folders, console_url: str) -> dict[str, Any]:
    """What `--json` prints."""
    from switchboard.machine.console_link import console_problem
    from switchboard.machine.controller_link import controller_status
    from switchboard.machine.running import is_alive, read_running

    running = read_running(folders)
    processes = running.processes if running else []
    alive = {process.name for process in processes if is_alive(process)}
    controller = await controller_status(folders.controller_socket) if "controller" in alive else None
    controller = controller or {}
    problem = await console_problem(console_url) if "console" in alive else None
    return {
        "answering": {"launcher", "asterisk"} <= alive and controller.get("answering") is True,
        "addresses": running.addresses if running else [],
        "processes": [
            {"name": each.name, "pid": each.pid, "alive": each.name in alive, "since": each.since} for each in processes
        ],
        "versions": running.versions if running else {},
        "database_url": masked_url(running.database_url) if running else None,
        "flow_version": controller.get("flow_version"),
        "live": live_facts(folders),
        "calls": controller.get("calls"),
        "controller": controller or None,
        "console": {"url": console_url, "serving": problem is not None, "problem": problem or None},
        "state": str(folders.state),
        "logs": str(folders.logs),
    }


def live_facts(folders: Folders) -> dict[str, Any]:
    """The version that is live on disk, and who made it so when and why, as far as this machine knows."""
    from switchboard.commands.publication_note import newest
    from switchboard.errors import ConfigurationError
    from switchboard.flows.versions import live_version

    try:
        version = live_version(folders.versions)
    except ConfigurationError as error:
        return {"version": None, "problem": str(error)}
    publication = newest(folders.versions, version) if version else None
    if publication is None:
        return {"version": version}
    return {
        "version": version,
        "at": publication.at.isoformat(),
        "who": publication.who,
        "why": publication.why,
        "kind": publication.kind.value,
    }


def _live_lines(facts: dict[str, Any]) -> list[str]:
    from switchboard.commands.calls import printable

    live, serves = facts["live"], facts["flow_version"]
    lines = [f"live         {live['version'] or 'none'}"]
    if "at" in live:
        since = datetime.fromisoformat(live["at"]).astimezone()
        lines[0] += printable(f", since {since:%Y-%m-%d %H:%M} by {live['who']} ({live['kind']}): {live['why']}")
    if "problem" in live:
        lines.append(f"             CANNOT BE TOLD: {live['problem']}")
    elif facts["controller"] and serves != live["version"]:
        lines.append(f"             BUT CALLS ARE LED BY {serves}")
    if problem := (facts["controller"] or {}).get("configuration_problem"):
        lines.append(f"             PROBLEM: {printable(problem)}")
    return lines


def recording_lines(controller: dict[str, Any]) -> list[str]:
    """What hinders recordings of conversations; nothing where nothing does."""
    from switchboard.commands.calls import printable

    lines = []
    if controller.get("recordings_have_room") is False:
        lines.append("recordings   NONE IS BEGUN: less than 2 GiB of disk are free")
    if problem := controller.get("recordings_problem"):
        lines.append(printable(f"recordings   NOT BROUGHT IN OR ERASED, IS TRIED AGAIN: {problem}"))
    return lines


def _message_lines(told: dict[str, Any]) -> list[str]:
    """How sending of mail and webhooks goes; nothing where no figures are known yet."""
    from switchboard.commands.calls import printable

    if "waiting" not in told:
        return []
    lines = [f"messages     {told['waiting']} to be sent; mail is {told['mail']}"]
    for problem in (told["mail_problem"], told["webhook_problem"]):
        if problem:
            lines.append(printable(f"             NOT SENT, IS TRIED AGAIN: {problem}"))
    if (transcription := told.get("transcription", "not set up")) not in ("not set up", "set up"):
        lines.append(printable(f"             ARE NOT WRITTEN DOWN: {transcription}"))
    for name, what in (("transcription_problem", "NOT WRITTEN DOWN"), ("erasure_problem", "NOT ERASED")):
        if problem := told.get(name):
            lines.append(printable(f"             {what}: {problem}"))
    if told["undelivered"]:
        lines.append(f"             {told['undelivered']} CAME TO NOTHING this week: switchboard outbox")
    return lines


def calendar_lines(told: dict[str, Any]) -> list[str]:
    """How calendars elsewhere go, and reminders; nothing where there are none."""
    from switchboard.commands.calls import printable

    lines = []
    for resource, how in told.get("calendars", {}).items():
        if how["problem"]:
            lines.append(printable(f"calendar     {resource}: NOT IN STEP, IS TRIED AGAIN: {how['problem']}"))
        elif how["read_at"]:
            read = datetime.fromisoformat(how["read_at"]).astimezone()
            lines.append(f"calendar     {resource}: in step, read {read:%H:%M:%S}")
    if problem := told.get("reminders_problem"):
        lines.append(printable(f"reminders    NOBODY IS REMINDED, IS TRIED AGAIN: {problem}"))
    return lines


def _console_lines(console: dict[str, Any]) -> list[str]:
    serves = f"API at {console['url']}/api/v1" if console["serving"] else "NOT SERVED; calls need it for nothing"
    problem = console["problem"]
    return [f"console      {serves}", *([f"             PROBLEM: {problem}"] if problem else [])]


def as_text(facts: dict[str, Any]) -> str:
    """The same, to be read."""
    if not facts["processes"]:
        return f"Nothing runs from {facts['state']}. Start it: switchboard up"
    if facts["answering"]:
        lines = ["Calls are answered.", ""]
    else:
        dead = [
            process["name"] for process in facts["processes"] if not process["alive"] and process["name"] != "console"
        ]
        why = f"not running: {', '.join(dead)}" if dead else "the controller is not attached to Asterisk"
        lines = [f"Calls are NOT answered by a flow: {why}. See {facts['logs']}.", ""]
    lines += [f"dial         {address}" for address in facts["addresses"]]
    for process in facts["processes"]:
        is_alive = f"process {process['pid']} since {process['since']}" if process["alive"] else "not running"
        lines.append(f"{process['name']:<12} {is_alive}")
    lines.append("versions     " + ", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    lines.append(f"database     {facts['database_url']}")
    if facts["controller"]:
        lines += [*_live_lines(facts), f"calls        {facts['calls']} in progress"]
        lines += _message_lines(facts["controller"].get("messages") or {})
        lines += recording_lines(facts["controller"])
        lines += calendar_lines(facts["controller"].get("appointments") or {})
    lines += _console_lines(facts["console"])
    return "\n".join(lines)


def masked_url(url: str) -> str:
    """A database URL whose password is not shown, wherever it stands."""
    import re

    without = re.sub(r"(?<=://)([^:/@?]*):[^@/?]*@", r"\1:***@", url)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", without)
