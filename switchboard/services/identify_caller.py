"""Who calls: the client behind a number, and what the record is told of them."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.domain.call_record import EventKind
from switchboard.domain.clients import Client, class_of
from switchboard.domain.language import Language
from switchboard.domain.organisation import Organisation
from switchboard.domain.phone_numbers import e164
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """What is known of whoever calls."""

    number: str  # E.164; "" where it is withheld, or none of the telephone network
    client: Client | None
    client_class: str  # one of the organisation's, or "unknown"

    def told(self, subject: str) -> str | bool | None:
        """What a flow is told of one of clients.SUBJECTS; None where nothing is known."""
        client = self.client
        match subject:
            case "class":
                return self.client_class
            case "vip":
                return client.vip if client else False
            case "standing":
                return client.standing.value if client else "ok"
            case "manager":
                return client.manager or None if client else None
        raise KeyError(subject)


def identify_caller(number: str, office: Office) -> KnownCaller:
    """Who has this number, as the network delivered it. Looks into memory only."""
    known = e164(number, office.organisation.country)
    return known_caller(known, office.clients.of(known) if known else None, office.organisation)


def known_caller(number: str, client: Client | None, organisation: Organisation) -> KnownCaller:
    """The caller with this number (E.164), if this client has it. An account manager who works here no more is none."""
    client_class = class_of(client, number, organisation.client_classes, organisation.unknown_callers)
    return KnownCaller(number, client, client_class)


def language_of(caller: KnownCaller, organisation: Organisation) -> Language | None:
    """The caller's own language, where it is known and we speak it."""
    language = caller.client.language if caller.client else None
    return language if language in organisation.languages else None


def note_client(caller: KnownCaller, recorder: CallRecorder) -> None:
    """Tell the record who calls, if a client does."""
    if (client := caller.client) is None:
        return
    recorder.note(
        EventKind.CLIENT,
        **{"class": caller.client_class},
        code=client.code,
        name=client.name,
        manager=client.manager,
        vip=client.vip,
        standing=client.standing.value,
        note=client.note,
    )
