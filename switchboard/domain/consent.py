"""May a call be recorded? What the caller was asked or told, and what an answer means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

AGREE, REFUSE = "1", "2"  # the keys
NOTED_AS = "_consent"  # among a call's variables; none that a flow declares is called so


class Consent(StrEnum):
    """What a caller said to being recorded: once in a call, for all of it."""

    AGREED = "agreed"
    REFUSED = "refused"


def consent_in(text: object) -> Consent | None:
    """What was noted of it; None if nothing was."""
    return Consent(text) if isinstance(text, str) and text in tuple(Consent) else None


class Asking(StrEnum):
    """How an organisation comes to it. Which of them suffices is a matter of the law where its callers are."""

    ASK = "ask"  # 1 agrees, 2 refuses
    TELL = "tell"  # "this call may be recorded"; 2 refuses, whoever goes on agrees


@dataclass(frozen=True, slots=True)
class ConsentRules:
    """How callers are asked, and what silence means."""

    asking: Asking = Asking.ASK
    silence: Consent = Consent.REFUSED  # of who was asked; who was told and is silent has agreed

    @property
    def otherwise(self) -> Consent:
        """What it comes to without an answer."""
        return Consent.AGREED if self.asking is Asking.TELL else self.silence

    def answered(self, key: str) -> Consent | None:
        """What a key says; None if nothing."""
        if key == REFUSE:
            return Consent.REFUSED
        return Consent.AGREED if key == AGREE and self.asking is Asking.ASK else None
