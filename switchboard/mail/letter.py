"""A mail about a message: plain text and HTML, the recordings attached.

What a caller sent is text, wherever it stands: no header, address, file name or markup is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import jinja2
import structlog

from switchboard.domain.language import Language
from switchboard.domain.mail_templates import MailPart, MailTemplates
from switchboard.domain.notification import LeftMessage, Notice, Occasion, Receiver, mail_id
from switchboard.domain.organisation import Organisation
from switchboard.flows.mail_templates import mail_environment, our_words

log = structlog.get_logger(__name__)

MOST_ATTACHED = 10 * 1024 * 1024  # bytes of sound: what most mail servers take, base64 being a third more
LONGEST_LINE = 120  # characters of a caller's name in a subject
_IN_WORDS: Mapping[str, str] = {
    Occasion.SAVED: "saved",
    Occasion.ESCALATED: "escalated",
    Occasion.MAILBOX_LOCKED: "locked",
    Occasion.MAILBOXES_GUESSED_AT: "guessed",
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mail is from, and where messages can be heard."""

    address: str
    public_url: str = ""  # of the web console; without it mail has no link


def letter(
    notice: Notice,
    message: LeftMessage | None,
    organisation: Organisation,
    receiver: Receiver,
    sender: Sender,
    *,
    with_sound: bool = True,
) -> bytes:
    """The mail as it goes out. It is the same at each attempt but for its recordings and what was learned since."""
    templates = organisation.mail
    words = {**our_words(receiver.language), **templates.words.get(receiver.language, {})}
    who = _who(message, words)
    subject = _filled(words[_subject(notice, message)], who=who)
    sound = message.sound if message is not None and with_sound else ()
    if sum(len(each.content) for each in sound) > MOST_ATTACHED:
        sound = ()
    shown: dict[str, Any] = {
        "language": receiver.language,
        "organisation": organisation.name,
        "occasion": _occasion(notice),
        "subject": subject,
        "who": who,
        "is_urgent": bool(message and message.urgent),
        "words": words,
        "intro": words[f"intro_{_occasion(notice)}"],
        "rows": _rows(message, organisation, receiver, words) if message else [],
        "transcript": _text(message.transcript) if message else "",
        "transcript_by": _transcript_by(message, words) if message else "",
        "no_sound": words["no_sound"] if message and not sound else "",
        "link": f"{sender.public_url.rstrip('/')}/messages/{message.id}" if message and sender.public_url else "",
        "footer": _filled(words["footer"], organisation=organisation.name),
    }
    mail = new_mail(notice, subject, organisation, receiver, sender)
    if message is not None and (message.urgent or notice.occasion == Occasion.ESCALATED):
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
    mail.set_content(_rendered(MailPart.PLAIN, shown, templates))
    mail.add_alternative(_rendered(MailPart.HTML, shown, templates), subtype="html")
    for each in sound:
        assert message is not None
        kind, _, subtype = each.media_type.partition("/")
        mail.add_attachment(each.content, kind, subtype, filename=_file_name(message, each.part, organisation))
    return mail.as_bytes()


def new_mail(
    notice: Notice, subject: str, organisation: Organisation, receiver: Receiver, sender: Sender
) -> EmailMessage:
    """A mail with its head, the same at each attempt."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(organisation.name, sender.address)
    mail["To"] = _address(receiver.name, receiver.address)
    mail["Subject"] = _line(subject)
    mail["Date"] = notice.created_at.astimezone(ZoneInfo(organisation.timezone))
    mail["Message-ID"] = mail_id(notice.key, sender.address.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notices in answer
    mail["X-Auto-Response-Suppress"] = "All"
    return mail


def _rendered(part: MailPart, shown: Mapping[str, Any], templates: MailTemplates) -> str:
    """By the organisation's template if it has one. One that was checked and fails all the same must hold up no mail:
    then by ours."""
    own = templates.letter(part, shown["language"])
    if own is not None:
        try:
            return _template(part, own).render(shown)
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            log.error("own_mail_template_failed", template=f"letter.{part}.j2", error=str(error))
    return rendered_by_ours(part, shown)


def rendered_by_ours(part: MailPart, shown: Mapping[str, Any]) -> str:
    """By the template that comes with us."""
    return _template(part, _our_template(part)).render(shown)


@cache
def _our_template(part: MailPart) -> str:
    return (files("switchboard.mail") / "templates" / f"letter.{part}.j2").read_text("utf-8")


@lru_cache(maxsize=32)
def _template(part: MailPart, source: str) -> jinja2.Template:
    return mail_environment(part).from_string(source)


def _filled(words: str, **values: object) -> str:
    """Our words with values in them; no value is a template."""
    for name, value in values.items():
        words = words.replace(f"{{{{ {name} }}}}", str(value))
    return words


def _occasion(notice: Notice) -> str:
    """How our words call it."""
    return _IN_WORDS.get(notice.occasion, "saved")


def _subject(notice: Notice, message: LeftMessage | None) -> str:
    occasion = _occasion(notice)
    return "subject_urgent" if occasion == "saved" and message and message.urgent else f"subject_{occasion}"


def _who(message: LeftMessage | None, words: Mapping[str, str]) -> str:
    if message is None:
        return words["unknown"]
    return _line(message.client_name or message.caller_name or message.caller_number) or words["unknown"]


def _rows(
    message: LeftMessage, organisation: Organisation, receiver: Receiver, words: Mapping[str, str]
) -> list[tuple[str, str]]:
    """What is told of it, label and value; nothing of what is not known."""
    minutes, seconds = divmod(round(message.seconds), 60)
    call_back = f"call_back_{message.call_back}"
    told = [
        ("caller", _line(message.caller_name)),
        ("number", _line(message.caller_number) or words["unknown"]),
        ("client", _line(" ".join(filter(None, (message.client_name, message.client_code))))),
        ("to", _for(message, organisation, receiver.language)),
        ("when", _local(message.at, organisation)),
        ("length", _filled(words["minutes"], minutes=minutes, seconds=seconds)),
        ("urgency", words["urgent"] if message.urgent else ""),
        ("call_back", words.get(call_back, "")),
        ("deadline", _local(message.deadline, organisation) if message.deadline else ""),
        ("parts", ", ".join(words.get(f"part_{each.part}", each.part) for each in message.sound)),
    ]
    return [(words[label], value) for label, value in told if value]


def _for(message: LeftMessage, organisation: Organisation, language: Language) -> str:
    if person := organisation.people.get(message.person):
        return person.name
    if department := organisation.departments.get(message.department):
        return department.names.get(language) or department.names.get(organisation.default_language, department.id)
    return ""


def _transcript_by(message: LeftMessage, words: Mapping[str, str]) -> str:
    if message.transcript_by != "machine":
        return ""
    if message.transcript_confidence is None:
        return words["machine_unsure"]
    return _filled(words["machine"], percent=round(message.transcript_confidence * 100))


def _local(at: datetime, organisation: Organisation) -> str:
    return f"{at.astimezone(ZoneInfo(organisation.timezone)):%Y-%m-%d %H:%M}"


def _file_name(message: LeftMessage, part: str, organisation: Organisation) -> str:
    ending = "" if part == "body" else f"-{quote(part, safe='')}"
    return f"message-{message.at.astimezone(UTC):%Y%m%d-%H%M%S}{ending}.wav"


def _address(name: str, address: str) -> Address:
    return Address(display_name=_line(name), addr_spec=address)


def _line(text: str) -> str:
    """A caller's text on one line: no control characters, no overlong line."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return shown if len(shown) <= LONGEST_LINE else f"{shown[: LONGEST_LINE - 1]}…"


def _text(text: str) -> str:
    """A caller's text of several lines: no control characters but line ends."""
    return "\n".join(
        " ".join("".join(c if c.isprintable() else " " for c in line).split()) for line in text.split("\n")
    )
