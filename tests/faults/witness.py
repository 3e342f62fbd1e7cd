"""What every fault must leave intact: each call of Asterisk has exactly one closed record, and that tells the truth.

Compared are Asterisk's channel events, the database, the messages' files, and what the phones did and heard. What the
switchboard says of itself (its log, its status) proves nothing here.
"""

from __future__ import annotations

import json
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.cel import CALLED_BACK
from switchboard.domain.identity import CallId, call_id_of
from switchboard.errors import RecordsUnreachable
from switchboard.services.announce_caller import name_recording
from tests.asterisk_fixture import eventually
from tests.switchboard_fixture import RunningSwitchboard

CLOSED_WITHIN = 25.0  # seconds after a call; one that its controller lost waits for the collector's grace
_SAME_TIME = 1.5  # seconds that two witnesses may differ
CelLine = Mapping[str, str]


@dataclass(frozen=True)
class Record:
    """One call as the database has it."""

    row: Mapping[str, Any]
    events: Sequence[CallEvent]

    def __getattr__(self, column: str) -> Any:
        try:
            return self.row[column]
        except KeyError:
            raise AttributeError(column) from None

    def kinds(self) -> list[EventKind]:
        """What happened, in order."""
        return [event.kind for event in self.events]

    def steps(self) -> list[str]:
        """The path, as "flow/step outcome"."""
        return [
            f"{event.data['flow']}/{event.data['step']} {event.data['outcome']}"
            for event in self.events
            if event.kind is EventKind.STEP
        ]


async def records(
    switchboard: RunningSwitchboard, callers: Sequence[str], *, same_length: float = 0.7
) -> dict[str, Record]:
    """The records by caller's number, once all calls are closed; fails if any witness contradicts another.

    `callers` are the numbers of all phones that were answered, one for each call. Talks may differ by `same_length`
    seconds from what Asterisk saw.
    """
    found: dict[CallId, Record] = {}

    async def all_closed() -> bool:
        nonlocal found
        try:
            found = await _read(switchboard)
        except (RecordsUnreachable, OSError):
            return False
        wanted = {call_id_of(linkedid) for linkedid in _calls_of(switchboard.cel())}
        return wanted <= set(found) and all(record.ended_at is not None for record in found.values())

    try:
        await eventually(all_closed, CLOSED_WITHIN, "every call of Asterisk has a closed record")
    except TimeoutError as error:
        raise AssertionError(f"{error}: {_open(switchboard, found)}") from None
    histories = _calls_of(switchboard.cel())
    assert {call_id_of(linkedid) for linkedid in histories} == set(found), "a record of a call that never was"
    for linkedid, history in histories.items():
        _agree(found[call_id_of(linkedid)], linkedid, history, same_length)
    _messages_agree(switchboard, found.values())
    by_caller = {str(record.caller_number): record for record in found.values()}
    assert sorted(str(record.caller_number) for record in found.values()) == sorted(callers)
    return by_caller


async def _read(switchboard: RunningSwitchboard) -> dict[CallId, Record]:
    async with switchboard.archive() as archive:
        rows = await archive.calls(limit=10_000)
        return {row["id"]: Record(row, await archive.story(row["id"])) for row in rows}


async def times_recorded(switchboard: RunningSwitchboard, linkedid: str) -> int:
    """How many rows there are of one call of Asterisk."""
    connection = await asyncpg.connect(switchboard.database_url)
    try:
        return int(await connection.fetchval("select count(*) from calls where linkedid = $1", linkedid))
    finally:
        await connection.close()


def _calls_of(cel: Sequence[CelLine]) -> dict[str, list[CelLine]]:
    """Asterisk's calls: what began with a channel of its own making."""
    begun = {
        line["linkedid"]
        for line in cel
        if line["eventtype"] == "CHAN_START"
        and _is_own(line["linkedid"])
        and line["uniqueid"] == line["linkedid"]
        # Asterisk rang a desk phone by itself, to tell something, unless we did, to call somebody back.
        and ((line["context"], line["exten"]) != ("desk", "s") or line["linkedid"].startswith(CALLED_BACK))
    }
    return {linkedid: [line for line in cel if line["linkedid"] == linkedid] for linkedid in sorted(begun)}


def _is_own(linkedid: str) -> bool:
    return linkedid.rpartition("-")[2].replace(".", "").isdigit()


def _agree(record: Record, linkedid: str, history: Sequence[CelLine], same_length: float) -> None:
    """The record tells what Asterisk saw."""
    where = f"{record.id} ({linkedid}): {record.kinds()}"
    assert record.linkedid == linkedid, where
    assert record.state == "ended" and record.disposition, where
    assert record.irregularities == (), f"{where}: {record.irregularities}"
    assert record.kinds().count(EventKind.OFFERED) == 1, where
    assert record.kinds().count(EventKind.ENDED) == 1, where
    first = history[0]
    is_called_back = linkedid.startswith(CALLED_BACK)  # an agent, whom we rang: Asterisk has no caller's number
    assert is_called_back or record.caller_number == first["cid_num"], where
    assert abs(_at(first) - record.started_at).total_seconds() < _SAME_TIME, where
    hangups = [line for line in history if line["eventtype"] == "HANGUP" and line["uniqueid"] == linkedid]
    if hangups:
        late = (record.ended_at - _at(hangups[0])).total_seconds()
        assert abs(late) < _SAME_TIME, f"{where}: the end is {late:.1f} s beside Asterisk's"
    talked = _seconds_in_bridge(linkedid, history, record.ended_at)
    assert abs(talked - record.talk_seconds) < same_length, f"{where}: Asterisk saw a talk of {talked} s; {record.row}"


def _seconds_in_bridge(linkedid: str, history: Sequence[CelLine], end: datetime) -> float:
    """How long the caller and somebody else were in one bridge."""
    present: set[str] = set()
    since, total = 0.0, 0.0
    for line in history:
        if line["eventtype"] not in ("BRIDGE_ENTER", "BRIDGE_EXIT", "ATTENDEDTRANSFER"):
            continue
        is_talk = linkedid in present and len(present) > 1
        if line["eventtype"] == "ATTENDEDTRANSFER":  # whose target came to the caller's bridge in another call
            present.add(json.loads(line["eventextra"])["transfer_target_channel_uniqueid"])
        else:
            (present.add if line["eventtype"] == "BRIDGE_ENTER" else present.discard)(line["uniqueid"])
        becomes_talk = linkedid in present and len(present) > 1
        if becomes_talk and not is_talk:
            since = _at(line).timestamp()
        elif is_talk and not becomes_talk:
            total += _at(line).timestamp() - since
    if linkedid in present and len(present) > 1:  # Asterisk was killed meanwhile
        total += max(0.0, end.timestamp() - since)
    return total


def _messages_agree(switchboard: RunningSwitchboard, found: Any) -> None:
    """Each file is a message of one call, or the name its caller stated, or too short to be a message; each message has
    its file, and is as long."""
    told = {
        str(event.data["file"]): float(event.data["seconds"])
        for record in found
        for event in record.events
        if event.kind is EventKind.MESSAGE
    }
    on_disk = {}
    for file in (*switchboard.folders.messages.glob("*.wav"), *switchboard.folders.kept_messages.glob("*.wav")):
        with wave.open(str(file)) as sound:
            on_disk[file.name] = sound.getnframes() / sound.getframerate()
    for name, seconds in told.items():
        assert name in on_disk, f"the message {name} has no file"
        assert abs(on_disk[name] - seconds) < 0.1, f"{name}: {seconds} s in the record, {on_disk[name]} s on disk"
    stated = {f"{name_recording(record.id)}.wav" for record in found}
    unknown = {name: seconds for name, seconds in on_disk.items() if name not in {*told, *stated} and seconds >= 1}
    assert not unknown, f"messages of no record: {unknown}"


def _open(switchboard: RunningSwitchboard, found: Mapping[CallId, Record]) -> str:
    lines = []
    for linkedid, history in _calls_of(switchboard.cel()).items():
        record = found.get(call_id_of(linkedid))
        if record is None or record.ended_at is None:
            last = history[-1]["eventtype"]
            lines.append(f"{linkedid} (last of Asterisk: {last}) " + (f"{record.kinds()}" if record else "no record"))
    extra = set(found) - {call_id_of(linkedid) for linkedid in _calls_of(switchboard.cel())}
    return "; ".join(lines) + (f"; without a call of Asterisk: {extra}" if extra else "")


def _at(line: CelLine) -> datetime:
    return datetime.fromtimestamp(float(line["eventtime"]), UTC)


def extra_of(line: CelLine) -> str:
    """What a user event carries."""
    return str(json.loads(line["eventextra"]).get("extra", "")) if line["eventextra"] else ""
