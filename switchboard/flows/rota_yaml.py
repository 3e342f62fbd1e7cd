"""rota.yaml: who is on call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo, available_timezones

from switchboard.domain.absence import WRITTEN, end_instant, first_instant
from switchboard.domain.organisation import Organisation, Person
from switchboard.domain.rota import Rota, Shift, StandIn, Turn
from switchboard.flows.reading import Reading
from switchboard.flows.source import Listing, Node, Place, Table, kind_of

FILE = "rota.yaml"
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
DAYS_WRITTEN = "days such as `Mo-Fr` or `Sa,Su`"
TIME_WRITTEN = "a time such as `17:00`; 24:00 is midnight"
MOST = 100  # shifts, and overrides, of a rota
_DAYS = re.compile(r"(Mo|Tu|We|Th|Fr|Sa|Su)(?:-(Mo|Tu|We|Th|Fr|Sa|Su))?")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_EVERY_DAY = frozenset(range(7))


def read_rotas(reading: Reading, table: Table, organisation: Organisation) -> dict[str, Rota]:
    """Every rota of the file, by id."""
    found = {}
    for identifier, node in table.entries.items():
        reading.identifier(identifier, table.key_places[identifier], "rota")
        entry = reading.table(node, table.key_places[identifier], f"rota `{identifier}`")
        found[identifier] = _RotaEntry(reading, entry, organisation).read(identifier)
    return found


@dataclass(slots=True)
class _RotaEntry:
    """One rota."""

    reading: Reading
    table: Table
    organisation: Organisation

    def read(self, identifier: str) -> Rota:
        reading, table = self.reading, self.table
        allowed = ("timezone", "then", "overrides", "gaps")
        reading.keys(table, f"rota `{identifier}`", needed=("shifts",), allowed=allowed)
        zone = self._zone()
        then, gaps = table.get("then"), table.get("gaps")
        return Rota(
            identifier,
            zone,
            tuple(filter(None, (self._shift(entry) for entry in self._entries("shifts")))),
            tuple(filter(None, (self._stand_in(entry, ZoneInfo(zone)) for entry in self._entries("overrides")))),
            tuple(filter(None, reading.several(then, table.place, self._person))) if then else (),
            reading.flag(gaps, table.place, "answer here") if gaps else False,
        )

    def _zone(self) -> str:
        node = self.table.get("timezone")
        if node is None:
            return self.organisation.timezone
        known = sorted(available_timezones())
        return self.reading.choice(node, self.table.place, "time zone", known) or self.organisation.timezone

    def _entries(self, key: str) -> list[Table]:
        node = self.table.get(key)
        if node is None:
            return []
        if not isinstance(node, Listing) or not 1 <= len(node.items) <= MOST:
            expected = f"a list of 1 to {MOST} entries, each beginning with `-`"
            self.reading.problems.add(node.place, f"`{key}` is {kind_of(node)}", expected)
            return []
        return [self.reading.table(item, item.place, f"an entry of `{key}`") for item in node.items]

    def _shift(self, entry: Table) -> Shift | None:
        reading = self.reading
        reading.keys(entry, "a shift", needed=("people",), allowed=("days", "from", "until", "turn", "since"))
        people = tuple(filter(None, reading.several(entry.get("people"), entry.place, self._person)))
        days = self._days(entry.get("days"), entry.place) if entry.get("days") else _EVERY_DAY
        begins, ends = self._time(entry, "from"), self._time(entry, "until")
        turn, since = entry.get("turn"), entry.get("since")
        taken = Turn(reading.choice(turn, entry.place, "turn", list(Turn)) or Turn.WEEKLY) if turn else Turn.WEEKLY
        first = reading.day(since, entry.place, "first day") if since else None
        if len(people) > 1 and since is None:
            reading.problems.add(entry.place, "several take turns, and nothing says who begins when", "`since:` a day")
        return Shift(people, days, begins, ends, taken, first or date(2024, 1, 1)) if people and days else None

    def _days(self, node: Node | None, place: Place) -> frozenset[int]:
        text = self.reading.something(node, place, "days", DAYS_WRITTEN)
        found: set[int] = set()
        for part in filter(None, text.replace(" ", "").split(",")):
            if (days := _DAYS.fullmatch(part)) is None:
                self.reading.problems.add(node.place if node else place, f"`{part}` is no day", DAYS_WRITTEN)
                continue
            first, last = DAYS.index(days[1]), DAYS.index(days[2] or days[1])
            found.update(number % 7 for number in range(first, (last if last >= first else last + 7) + 1))
        return frozenset(found)

    def _time(self, entry: Table, key: str) -> time:
        node = entry.get(key)
        if node is None:
            return time()
        text = self.reading.something(node, entry.place, f"`{key}`", TIME_WRITTEN)
        if text and not _TIME.fullmatch(text):
            self.reading.problems.add(node.place, f"`{text}` is no time", TIME_WRITTEN)
            return time()
        return time.fromisoformat(text) if text and text != "24:00" else time()

    def _stand_in(self, entry: Table, zone: ZoneInfo) -> StandIn | None:
        self.reading.keys(entry, "an override", needed=("from", "until", "person"), allowed=("because",))
        begins, ends = (
            self._instant(entry, "from", zone, first_instant),
            self._instant(entry, "until", zone, end_instant),
        )
        because = entry.get("because")
        why = self.reading.something(because, entry.place, "reason") if because else ""
        person = self._person(entry.get("person"), entry.place)
        if begins and ends and ends <= begins:
            self.reading.problems.add(entry.place, "the override ends before it begins", "`until` after `from`")
        return StandIn(begins, ends, person, why) if begins and ends and person else None

    def _instant(
        self, entry: Table, key: str, zone: ZoneInfo, read: Callable[[str, ZoneInfo], datetime]
    ) -> datetime | None:
        node = entry.get(key)
        text = self.reading.something(node, entry.place, f"`{key}`", WRITTEN)
        try:
            return read(text, zone) if text else None
        except (ValueError, OverflowError):
            self.reading.problems.add(node.place if node else entry.place, f"`{text}` is no day and no time", WRITTEN)
            return None

    def _person(self, node: Node | None, place: Place) -> str:
        known: Mapping[str, Person] = self.organisation.people
        person = self.reading.choice(node, place, "person", known)
        if person and not known[person].phones:
            text = f"`{person}` has no phone to be called on"
            self.reading.problems.add(node.place if node else place, text, "a `phone:` or `mobile:` in people.yaml")
        return person
