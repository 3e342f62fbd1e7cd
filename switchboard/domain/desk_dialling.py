"""How a desk phone dials a number that somebody called from, and why it does not.

The dialplan decides once more, by the same rules and by how much the phone has called today; what is known here is
said before the phone gives up what it is doing.
"""

from __future__ import annotations

from collections.abc import Callable

from switchboard.domain.mobile_lines import trunk_to
from switchboard.domain.organisation import Organisation
from switchboard.domain.outbound import Verdict, verdict
from switchboard.domain.phone_numbers import e164


def dialled_at_desk(
    written: str, extension: str, organisation: Organisation, is_open: Callable[[str], bool]
) -> str | Verdict:
    """What the desk phone `extension` dials to reach the number as a network wrote it: another desk phone's, or one
    outside behind the digits that choose its trunk. A Verdict where it may not. `is_open` is asked about hours tables
    by id.

    Nothing but the extension of a phone of ours, or a number in E.164 that a trunk takes, is ever dialled: no star
    code, no emergency number and no number of ours that a caller gave as his own.
    """
    if written in organisation.phones:
        return written if written != extension else Verdict.NOT_ALLOWED
    number = e164(written, organisation.country)
    ours = {e164(each, organisation.country) for each in organisation.numbers}
    trunk = trunk_to(number, organisation) if number and number not in ours else None
    if trunk is None:
        return Verdict.NOT_ALLOWED
    if organisation.outbound is not None:
        role = organisation.outbound.role_of(extension)
        said = verdict(role, number)
        if said is not Verdict.ALLOWED:
            return said
        if role is not None and role.hours and not is_open(role.hours):
            return Verdict.NOT_NOW
    return f"{trunk.prefix}{number}"
