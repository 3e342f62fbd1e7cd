"""Runs a flow: step after step, each noted in the record as it is left."""

from __future__ import annotations

import asyncio

from switchboard.domain.call_record import EventKind
from switchboard.domain.consent import Consent
from switchboard.domain.dialling import DialOutcome
from switchboard.domain.transfer import Return
from switchboard.errors import CallerHungUp
from switchboard.flows.configuration import Configuration, Left, Step
from switchboard.flows.conversation import STEPS_PER_CALL, Conversation, TooManySteps
from switchboard.ports import Call, Position
from switchboard.services.answer_call import Conversation as Script
from switchboard.services.apologise import apologise
from switchboard.services.forward_call import talk_on
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

_HANGUP = Left("hangup")
_FAULT = Left("fault")


def conversation_of(
    configuration: Configuration, office: Office, start: str | Position, consent: Consent | None = None
) -> Script:
    """What `answer_call` leads a call through: the flow `start` from its beginning, or from a position in it.

    `consent` is what the caller said before, at another number of ours.
    """

    async def lead(call: Call, recorder: CallRecorder) -> None:
        conversation = Conversation(call, recorder, office, configuration, start, consent)
        if office.organisation.call_recording:
            call.record_talks(conversation.recording_of)
        await converse(conversation)

    return lead


def can_resume(configuration: Configuration, position: Position) -> bool:
    """Does the position exist in this configuration? One of another version may, where nothing near it changed."""

    def step_at(flow: str, name: str) -> Step | None:
        return configuration.flows[flow].steps.get(name) if flow in configuration.flows else None

    came_through = [step_at(flow, name) for flow, name in position.returns]
    return step_at(position.flow, position.step) is not None and all(
        step is not None and step.type == "subflow" for step in came_through
    )


def is_queue(configuration: Configuration, position: Position) -> bool:
    """Does the caller wait in a queue there?"""
    flow = configuration.flows.get(position.flow)
    step = flow.steps.get(position.step) if flow else None
    return step is not None and step.type == "queue"


async def converse(conversation: Conversation) -> None:
    """Lead the call until its flow ends. Raises CallerHungUp, and whatever a step fails with."""
    try:
        await _take_up_talk(conversation)
        while not conversation.is_finished:
            step = conversation.flow.steps[conversation.step]
            conversation.spend()
            left = await _run(step, conversation)
            conversation.follow(step.routes.get(left.outcome))
    except TooManySteps:
        error = f"more than {STEPS_PER_CALL} steps, last {conversation.flow.id}.{conversation.step}"
        conversation.recorder.note(EventKind.FAULT, error=error, done="apologised, rang reception")
        await apologise(conversation.call, conversation.office, conversation.recorder)


async def _take_up_talk(conversation: Conversation) -> None:
    """After a restart the caller may be talking: to be followed by what follows the step that rang."""
    returned = await talk_on(conversation.call, conversation.recorder)
    if returned is None:
        return
    step = conversation.flow.steps[conversation.step]
    outcome = DialOutcome.ANSWERED if returned is Return.TALKED else DialOutcome.NO_ANSWER
    left = Left(outcome.value, "talked on after a restart")
    if left.outcome in step.routes:
        _note(conversation, conversation.flow.id, step, left)
        conversation.follow(step.routes[left.outcome])


async def _run(step: Step, conversation: Conversation) -> Left:
    if step.waits:
        conversation.remember(conversation.attempt)
    flow = conversation.flow.id
    left = _FAULT
    try:
        left = await step.run(step.fields, conversation)
    except CallerHungUp:
        left = _HANGUP
        raise
    except asyncio.CancelledError:
        left = Left("shutdown")
        raise
    finally:
        _note(conversation, flow, step, left)
    return left


def _note(conversation: Conversation, flow: str, step: Step, left: Left) -> None:
    # A step is entered at the instant the one before it was left.
    conversation.entered_at = conversation.recorder.note(
        EventKind.STEP,
        flow=flow,
        step=step.name,
        type=step.type,
        file=step.file,
        line=step.line,
        entered_at=conversation.entered_at.isoformat(),
        outcome=left.outcome,
        decided_on=left.decided_on,
        next=step.routes.get(left.outcome, ""),
    )
