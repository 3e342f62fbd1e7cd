"""Numbers that are said one word after the other: times, counts and telephone numbers, to people who hear messages."""

from __future__ import annotations

from switchboard.flows.speech_texts import Wordings
from switchboard.services.mailbox_visit import NUMBERS

HEARD_BY_PHONE = "hear_new"  # an organisation that has this prompt lets its people hear messages by phone


def make_numbers(wordings: Wordings) -> None:
    """Have them spoken in the organisation's first language. Their digits are their text in every language."""
    for number in NUMBERS:
        wordings.utterance(str(number), wordings.languages[0])
