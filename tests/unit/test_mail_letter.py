"""Mail about messages: in every language, and whatever a caller sent stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from importlib.resources import files
from uuid import UUID

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from switchboard.domain.language import NAMES, Language
from switchboard.domain.notification import LeftMessage, Notice, Occasion, Receiver, Spoken, Way
from switchboard.mail.letter import MOST_ATTACHED, Sender, letter
from tests.mail.messages import office

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ID = UUID("018f0000-0000-7000-8000-000000000001")
SENDER = Sender("switchboard@example.net", "https://console.example.net")
MESSAGE = LeftMessage(ID, "message", AT, 12.4, "+37255501234", "Juku", person="mari", department="")
HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "Importance"),
    *("X-Priority", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
}


def notice(occasion: str = Occasion.SAVED) -> Notice:
    return Notice(1, Way.EMAIL, f"message:{ID}:{occasion}:email:mari@example.net", occasion, ID, 1, AT)


def written(
    message: LeftMessage | None, *, language: str = "en", occasion: str = Occasion.SAVED, name: str = "Mari"
) -> EmailMessage:
    receiver = Receiver("mari@example.net", Language(language), name)
    mail = message_from_bytes(letter(notice(occasion), message, office(), receiver, SENDER), policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("language", NAMES)
@pytest.mark.parametrize("occasion", Occasion)
def test_every_language_says_everything(language: str, occasion: str) -> None:
    words = yaml.safe_load((files("switchboard.flows") / "mail_words" / f"{language}.yaml").read_text("utf-8"))
    english = yaml.safe_load((files("switchboard.flows") / "mail_words" / "en.yaml").read_text("utf-8"))
    assert words.keys() == english.keys()
    message = replace(
        MESSAGE, urgent=True, call_back="soon", transcript="Hello", transcript_by="machine", transcript_confidence=0.5
    )
    is_of_a_message = not occasion.startswith("mailbox")
    mail = written(message if is_of_a_message else None, language=language, occasion=occasion)
    for kind in ("plain", "html"):
        assert "{{" not in body(mail, kind)
        assert "{{" not in mail["Subject"]
    told = {"escalated": "escalated", "mailbox_locked": "locked", "mailboxes_guessed_at": "guessed"}
    assert words[f"intro_{told.get(occasion, 'saved')}"] in " ".join(body(mail).split())
    if is_of_a_message:
        assert "50 %" in body(mail)
        assert words["call_back_soon"] in body(mail, "html")
    if language != "en":
        assert words["intro_saved"] != english["intro_saved"]


@settings(deadline=None, max_examples=60)
@given(*[st.text(max_size=300)] * 4)
@example("Juku\r\nBcc: all@example.net", "\r\n\r\n<script>alert(1)</script>", "{{ 7 * 7 }}", "=?utf-8?q?=0D=0ABcc:_x?=")
@example("a\x00b\x85c\u2028d", "<img src=x onerror=alert(1)>", "{% raw %}", '"quoted" <x@example.org>')
def test_no_text_of_a_caller_becomes_a_header_or_markup(caller: str, client: str, said: str, number: str) -> None:
    message = replace(
        MESSAGE, caller_name=caller, client_name=client, transcript=said, transcript_by="machine", caller_number=number
    )
    raw = letter(notice(), message, office(), Receiver("mari@example.net", Language("en"), caller), SENDER)
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert set(mail.keys()) <= HEADERS
    assert len(mail.keys()) == len(set(mail.keys()))
    assert [each.addr_spec for each in mail["To"].addresses] == ["mari@example.net"]
    assert all(line.isascii() and len(line) <= 998 for line in raw.decode("ascii").split("\r\n"))
    html = body(mail, "html")
    assert "<script" not in html.replace(str(office().name), "")
    assert "<img" not in html


def test_what_was_said_is_shown_as_it_was_said() -> None:
    said = "{{ 7 * 7 }} <b>&\nsecond line"
    mail = written(replace(MESSAGE, transcript=said, transcript_by="machine"))
    assert said in body(mail)
    assert "{{ 7 * 7 }} &lt;b&gt;&amp;\nsecond line" in body(mail, "html")


def test_a_subject_says_who_it_was_as_well_as_we_know() -> None:
    assert written(replace(MESSAGE, client_name="Põhja Pood"))["Subject"] == "Message from Põhja Pood"
    assert written(MESSAGE)["Subject"] == "Message from Juku"
    assert written(replace(MESSAGE, caller_name=""))["Subject"] == "Message from +37255501234"
    assert written(replace(MESSAGE, caller_name="", caller_number=""))["Subject"] == "Message from withheld number"


def test_sound_is_attached_part_by_part_unless_it_is_too_much() -> None:
    sound = tuple(Spoken(part, b"RIFF", "audio/wav", 1.0) for part in ("body", "who", "about"))
    mail = written(replace(MESSAGE, sound=sound))
    names = [each.get_filename() for each in mail.iter_attachments()]
    assert names == [f"message-20260302-093000{part}.wav" for part in ("", "-who", "-about")]
    assert "Attached: the message, who calls, what about" in body(mail)
    large = written(replace(MESSAGE, sound=(replace(sound[0], content=bytes(MOST_ATTACHED + 1)),)))
    assert not list(large.iter_attachments())
    assert "is not attached" in body(large)


def test_the_name_of_a_mail_is_the_same_at_each_attempt() -> None:
    again = replace(notice(), attempts=7)
    receiver = Receiver("mari@example.net", Language("en"))
    mails = [
        message_from_bytes(letter(each, MESSAGE, office(), receiver, SENDER), policy=default)
        for each in (notice(), again)
    ]
    assert mails[0]["Message-ID"] == mails[1]["Message-ID"]
    assert mails[0]["Message-ID"] != written(MESSAGE, occasion=Occasion.ESCALATED)["Message-ID"]
