"""Messages: what is one, whom it is for, by when somebody must answer for it.

A recording is a message if somebody spoke in it for at least the shortest time. Its id is the name it was recorded
under; what belongs to it is recorded under names that follow from that one, so whoever knows the id finds all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from uuid import UUID, uuid5

from switchboard.domain.hours import HoursKind, HoursTable
from switchboard.domain.voice_recording import Recorded, RecordingEnd


class MessageKind(StrEnum):
    """By which way it was left."""

    VOICEMAIL = "voicemail"
    MESSAGE = "message"  # with a form: who calls, what about, when to call back
    SAFETY_NET = "safety_net"  # Asterisk alone took it


class MessageState(StrEnum):
    """How far it has come."""

    NEW = "new"
    HEARD = "heard"
    IN_HAND = "in_hand"  # somebody sees to it
    DONE = "done"


class Part(StrEnum):
    """What was said, question by question."""

    BODY = "body"
    WHO = "who"
    ABOUT = "about"


class CallBack(StrEnum):
    """When the caller wants to be called back."""

    SOON = "soon"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    NO = "no"


class MessageOutcome(StrEnum):
    """How asking for a message ends."""

    SAVED = "saved"
    NOTHING = "nothing"
    UNAVAILABLE = "unavailable"
    RECEPTION = "reception"


MOST_TAKES = 5
MESSAGE_AT_LEAST = timedelta(seconds=1)  # found after the call: less is somebody hanging up
CALL_BACK_KEYS = {"1": CallBack.SOON, "2": CallBack.MORNING, "3": CallBack.AFTERNOON, "4": CallBack.NO}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a message can be."""

    longest: timedelta = timedelta(minutes=3)
    shortest: timedelta = timedelta(seconds=2)  # of speech; less is somebody hanging up
    silence: timedelta = timedelta(seconds=4)  # that ends it
    warned: timedelta = timedelta(seconds=15)  # before the longest

    @property
    def until_warned(self) -> timedelta:
        """How much is recorded before the caller is warned; all of it where the rest would be too short to matter."""
        return self.longest - self.warned if self.longest > 2 * self.warned else self.longest

    def spoken(self, recorded: Recorded) -> timedelta:
        """How long somebody spoke, about: without the silence that ended it. Nothing if nobody did."""
        if not recorded.has_voice:
            return timedelta()
        ended_silently = recorded.ended_by is RecordingEnd.SILENCE
        return max(timedelta(), recorded.duration - (self.silence if ended_silently else timedelta()))

    def is_message(self, recorded: Recorded) -> bool:
        """Whether it says enough to be one."""
        return self.spoken(recorded) >= self.shortest


def take_of(message_id: UUID, take: int) -> UUID:
    """Under which name the caller's attempts are recorded, from 0; a message that was said anew has several."""
    return uuid5(message_id, f"take {take}")


def rest_of(take: UUID) -> UUID:
    """Under which name a take goes on after the caller was warned of its end."""
    return uuid5(take, "rest")


def part_of(message_id: UUID, part: Part) -> UUID:
    """Under which name a part of it is recorded, and kept."""
    return message_id if part is Part.BODY else uuid5(message_id, part.value)


@lru_cache(maxsize=32)  # asked twice of each message, and again and again where flows are explored
def takes_of(message_id: UUID) -> tuple[tuple[UUID, ...], ...]:
    """The recordings that can make up the message, the latest take first: the first with a voice is the message."""
    takes = (take_of(message_id, take) for take in reversed(range(MOST_TAKES)))
    return tuple((take, rest_of(take)) for take in takes)


def recordings_of(message_id: UUID) -> list[UUID]:
    """All that may have been recorded for it."""
    takes = [name for names in takes_of(message_id) for name in names]
    return [*takes, *(part_of(message_id, part) for part in (Part.WHO, Part.ABOUT))]


def deadline_of(taken_at: datetime, within: timedelta, hours: HoursTable | None) -> datetime:
    """By when a department's message needs an owner: `within` of now, or of the next opening. UTC."""
    state = hours.state_at(taken_at) if hours is not None else None
    if state is None or state.kind is HoursKind.OPEN or state.opens is None:
        return taken_at + within
    return state.opens + within
