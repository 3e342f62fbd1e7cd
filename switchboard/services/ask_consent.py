"""A caller is asked whether the call may be recorded, or told that it may be: once, before anybody talks to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from switchboard.domain.call_record import EventKind
from switchboard.domain.consent import Asking, Consent, ConsentRules
from switchboard.domain.spoken import content_key
from switchboard.ports import Call, Utterance
from switchboard.services.record_call import CallRecorder

TIMES_ASKED = 3  # at most: `*` and keys that mean nothing ask again
HUMAN, REPEAT = "0", "*"


async def ask_consent(
    call: Call, question: Sequence[Utterance], rules: ConsentRules, recorder: CallRecorder, *, timeout: timedelta
) -> tuple[Consent, str]:
    """Ask, and note the answer in the record with the words it is to; (the answer, the key that gave it).

    Keys pressed before are no answer to what was not heard. 0 asks for a person instead: no answer either.
    """
    key: str | None = None
    consent: Consent | None = None
    for _ in range(TIMES_ASKED):
        call.forget_keys()
        await call.play(question, barge_in=True)
        key = await call.key(timeout)
        consent = rules.answered(key) if key else None
        if consent is not None or key in (None, HUMAN):
            break
    # Somebody who asks for a person instead of agreeing has not agreed, whatever silence means.
    asked_for_human = key == HUMAN and rules.asking is Asking.ASK
    given = consent or (Consent.REFUSED if asked_for_human else rules.otherwise)
    recorder.note(
        EventKind.CONSENT,
        consent=given.value,
        asking=rules.asking.value,
        key=key or "",
        language=recorder.language,
        wording=[content_key(each.text, each.language) for each in question],
    )
    return given, key or ""
