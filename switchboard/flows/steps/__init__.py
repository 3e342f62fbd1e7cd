"""One module per step type: its schema, outcomes, documentation example and behaviour."""

from __future__ import annotations

from switchboard.flows.schema import StepType
from switchboard.flows.steps.book import BOOK
from switchboard.flows.steps.callback import CALLBACK
from switchboard.flows.steps.cancel_booking import CANCEL_BOOKING
from switchboard.flows.steps.client_type import CLIENT_TYPE
from switchboard.flows.steps.consent import CONSENT
from switchboard.flows.steps.directory import DIRECTORY
from switchboard.flows.steps.end import END
from switchboard.flows.steps.forward import FORWARD
from switchboard.flows.steps.goto import GOTO
from switchboard.flows.steps.hours import HOURS
from switchboard.flows.steps.info import INFO
from switchboard.flows.steps.language import LANGUAGE
from switchboard.flows.steps.lookup import LOOKUP
from switchboard.flows.steps.mailbox import MAILBOX
from switchboard.flows.steps.menu import MENU
from switchboard.flows.steps.message import MESSAGE
from switchboard.flows.steps.oncall import ONCALL
from switchboard.flows.steps.play import PLAY
from switchboard.flows.steps.queue import QUEUE
from switchboard.flows.steps.rebook import REBOOK
from switchboard.flows.steps.return_ import RETURN
from switchboard.flows.steps.ring import RING
from switchboard.flows.steps.ring_group import RING_GROUP
from switchboard.flows.steps.say import SAY
from switchboard.flows.steps.screen import SCREEN
from switchboard.flows.steps.set import SET
from switchboard.flows.steps.state_name import STATE_NAME
from switchboard.flows.steps.subflow import SUBFLOW
from switchboard.flows.steps.switch import SWITCH
from switchboard.flows.steps.voicemail import VOICEMAIL

STEP_TYPES: dict[str, StepType] = {
    step.name: step
    for step in (
        SAY,
        PLAY,
        MENU,
        HOURS,
        SCREEN,
        CLIENT_TYPE,
        LOOKUP,
        LANGUAGE,
        RING,
        RING_GROUP,
        STATE_NAME,
        CONSENT,
        FORWARD,
        QUEUE,
        CALLBACK,
        DIRECTORY,
        ONCALL,
        MAILBOX,
        VOICEMAIL,
        MESSAGE,
        BOOK,
        REBOOK,
        CANCEL_BOOKING,
        INFO,
        SUBFLOW,
        RETURN,
        SWITCH,
        SET,
        GOTO,
        END,
    )
}
