"""`ring_group`: several people's phones, at once or one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from switchboard.domain.dialling import Choice, DialOutcome, WhileRinging
from switchboard.domain.ring_strategy import Member, Strategy
from switchboard.flows.callee_prompts import need_mobile_prompt
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.group_kinds import GroupMembers
from switchboard.flows.kinds import Duration, Flag, OneOf, Spoken
from switchboard.flows.schema import Field, FlowReading, Outcome, StepType
from switchboard.flows.source import Table
from switchboard.services.office import Speech
from switchboard.services.ring_group import Group, ring_group

NOBODY, VOICEMAIL = "nobody", "voicemail"


@dataclass(frozen=True, slots=True)
class RingGroup:
    """Who is rung, in which order, for how long."""

    members: tuple[Member, ...]
    strategy: str
    each: timedelta
    in_all: timedelta
    hearing: str
    saying: Speech | None
    mobiles: bool
    asks: bool


async def run(step: RingGroup, conversation: Conversation) -> Left:
    """Ring; if somebody takes the call, let them talk until the callee leaves."""
    if step.saying is not None:
        await conversation.say(step.saying, barge_in=False)
    members = step.members if step.mobiles else tuple(_at_their_desks(step.members))
    acceptance = conversation.acceptance()
    if step.asks and acceptance is not None:
        acceptance = replace(acceptance, only_outside=False)
    group = Group(members, Strategy(step.strategy), step.each, step.in_all, WhileRinging(step.hearing), acceptance)
    result = await ring_group(conversation.call, group, conversation.office, conversation.recorder)
    conversation.call.forget_keys()  # pressed while talking: they answer nothing we ask afterwards
    if result is None:
        return Left(NOBODY, "nobody is there")
    if result.choice is Choice.TO_VOICEMAIL:
        return Left(VOICEMAIL, "sent to voicemail")
    who = f" {result.answered_by.name}" if result.answered_by else ""
    return Left(result.outcome.value, f"{len(members)} in the group: {result.outcome.value}{who}")


def _at_their_desks(members: tuple[Member, ...]) -> list[Member]:
    desks = (replace(each, phones=tuple(phone for phone in each.phones if not phone.outside)) for each in members)
    return [each for each in desks if each.phones]


def _check(flow: FlowReading, step: RingGroup, table: Table) -> None:
    if step.asks or (step.mobiles and any(phone.outside for each in step.members for phone in each.phones)):
        need_mobile_prompt(flow, table.place)
    if not step.mobiles and step.members and not _at_their_desks(step.members):
        text = "nobody in this group has a desk phone, and mobiles are not rung"
        flow.reading.problems.add(table.place, text, "`mobiles: yes`, or somebody with a `phone:` in people.yaml")


RING_GROUP = StepType(
    name="ring_group",
    purpose="Rings several people, and lets caller and callee talk as soon as one of them takes the call. "
    "`simultaneous` rings all at once; the others ring one after the other: `in_order` as listed, `longest_idle` first "
    "whose last call is longest ago, `fewest_calls` first who took the fewest calls in the last 24 hours, `random` in "
    "an order drawn for each call. Who is away, talks, or declined this call before is passed over; who did not answer "
    "is rung again when the others' turns are over. On a mobile, whoever picks up hears the prompt `accept_call` and "
    "presses 1, so that its voicemail never takes the call.",
    step=RingGroup,
    fields=(
        Field("ring_group", GroupMembers(), "who is rung", attribute="members"),
        Field(
            "strategy",
            OneOf(tuple(each.value for each in Strategy), "strategy"),
            "in which order they are rung",
            Strategy.SIMULTANEOUS.value,
        ),
        Field("each", Duration(timedelta(minutes=2)), "how long each of them is rung in turn", timedelta(seconds=15)),
        Field(
            "for", Duration(timedelta(minutes=10)), "how long the group is rung in all", timedelta(seconds=30), "in_all"
        ),
        Field(
            "hearing",
            OneOf(tuple(way.value for way in WhileRinging), "sound"),
            "what the caller hears meanwhile: `ringback` or `music`",
            WhileRinging.RINGBACK.value,
        ),
        Field("saying", Spoken(), "what is said before they are rung", None),
        Field("mobiles", Flag(), "whether their mobiles ring too", False),
        Field("accept", Flag(), "whether 1 has to be pressed on desk phones, too, to take the call", False, "asks"),
    ),
    outcomes=(
        Outcome(DialOutcome.ANSWERED, "they talked, and the callee has left"),
        Outcome(DialOutcome.BUSY, "all who are there are in calls"),
        Outcome(DialOutcome.NO_ANSWER, "nobody took the call before the time was up"),
        Outcome(DialOutcome.DECLINED, "somebody refused the call, and nobody took it"),
        Outcome(DialOutcome.UNAVAILABLE, "no phone is connected"),
        Outcome(DialOutcome.FAILED, "anything else"),
        Outcome(NOBODY, "nobody is there: they are absent, away or not to be disturbed"),
        Outcome(VOICEMAIL, "somebody sent the caller to voicemail, as who has stated a name can be", like="declined"),
    ),
    run=run,
    waits=True,
    check=_check,
    example="""\
sales:
  ring_group: {department: sales}
  strategy: longest_idle
  each: 15s
  for: 1m
  hearing: music
  on:
    answered: bye
    busy: reception
    no_answer: reception
    declined: reception
    unavailable: reception
    failed: reception
    nobody: reception
""",
)
