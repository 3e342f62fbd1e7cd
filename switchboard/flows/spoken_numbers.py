"""The numbers that people hear in their mailboxes: how many messages, when, from which number."""

from __future__ import annotations

from switchboard.domain.organisation import Organisation
from switchboard.flows.speech_texts import Wordings
from switchboard.services.mailbox_visit import NUMBERS

HEARD_BY_PHONE = "hear_new"  # an organisation that has this prompt lets its people hear messages by phone


def make_numbers(wordings: Wordings, organisation: Organisation) -> None:
    """Have them spoken in every language that a mailbox is heard in. Their digits are their text in each."""
    own = (person.language for person in organisation.people.values() if person.phone is not None)
    for language in dict.fromkeys((wordings.languages[0], *filter(None, own))):
        for number in NUMBERS:
            wordings.utterance(str(number), language)
