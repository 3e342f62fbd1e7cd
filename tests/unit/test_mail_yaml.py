"""Mail in the organisation's own words: checked at its line, filled in as strictly as ours, never more than text."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from switchboard.domain.language import ENGLISH, Language
from switchboard.domain.mail_templates import MailPart, MailTemplates
from switchboard.domain.notification import LeftMessage, Notice, Occasion, Receiver, Way
from switchboard.errors import ConfigurationError
from switchboard.flows.content import content_version
from switchboard.flows.load import load_configuration
from switchboard.flows.mail_yaml import read_mail
from switchboard.flows.organisation_yaml import read_languages
from switchboard.flows.problems import Problems
from switchboard.flows.reading import Reading
from switchboard.flows.source import read_yaml
from switchboard.flows.version_copy import copied
from switchboard.mail.letter import letter
from tests.flows.playing import EXAMPLE, PROMPTS, with_overlay
from tests.mail.messages import office
from tests.unit.test_mail_letter import AT, ID, MESSAGE, SENDER, body, notice

PLAIN = "mail/letter.txt.j2"
HTML = "mail/letter.html.j2"


def read(folder: Path, files: dict[str, str]) -> tuple[MailTemplates, Problems]:
    """The folder with these files, and what is wrong with it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    reading = Reading(Problems())
    read_languages(reading, read_yaml(EXAMPLE / "organisation.yaml", "organisation.yaml", reading.problems))
    return read_mail(reading, folder), reading.problems


def loaded(folder: Path, files: dict[str, str]) -> MailTemplates:
    templates, problems = read(folder, files)
    assert not problems.found
    return templates


def written(templates: MailTemplates, message: LeftMessage | None = MESSAGE, language: str = "en") -> EmailMessage:
    organisation = replace(office(), mail=templates)
    raw = letter(notice(), message, organisation, Receiver("mari@example.net", Language(language)), SENDER)
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


WRONG = [
    # file, what stands in it, its line, what is told
    (PLAIN, "Hello\n{{ whoo }}", 2, "there is no `whoo` to fill in"),
    (PLAIN, "{{ intro }}\n\n{% if transcript %}", 3, "Unexpected end of template"),
    (PLAIN, "{% for label in words %}{% endfor %}", 1, "there is nothing to repeat"),
    (PLAIN, "{% for a, b in rows %}\n{% for c, d in rows %}{% endfor %}{% endfor %}", 1, "within another"),
    (PLAIN, "\n{{ words.subjekt }}", 2, "subjekt"),
    (PLAIN, "{{ who * 1000000000 }}", 1, "`mul` is not allowed"),
    (PLAIN, "{{ who.__class__.__mro__ }}", 1, "unsafe"),
    (PLAIN, "{{ range(9) }}", 1, "`call` is not allowed"),
    (PLAIN, "{% include 'x' %}", 1, "`include` is not allowed"),
    (PLAIN, "{% set a = 1 %}", 1, "`assign` is not allowed"),
    (HTML, "<p>{{ who | safe }}</p>", 1, "there is no filter `safe`"),
    (PLAIN, "x" * 20_001, 1, "is 20001 characters long"),
    (PLAIN, "{{ who }}" * 601, 1, "has more than 600 pieces"),
    ("mail/letter.xx.txt.j2", "Hello", 1, "is not read"),
    ("mail/brief.txt.j2", "Hello", 1, "is not read"),
    ("mail/words/xx.yaml", "caller: Who", 1, "is not read"),
    ("mail/words/en.yaml", "caller: Who\ncallerr: Who", 2, "knows no `callerr`"),
    ("mail/words/en.yaml", "\nsubject_saved: 'From {{ whom }}'", 2, "`whom` cannot be filled in here"),
    ("mail/words/en.yaml", "footer: '{% raw %}'", 1, "has a template's marks"),
    ("mail/words/en.yaml", "footer: [a]", 1, "footer"),
]


@pytest.mark.parametrize(("file", "text", "line", "told"), WRONG, ids=[f"{file} {told}" for file, _, _, told in WRONG])
def test_what_is_wrong_is_told_at_its_line(tmp_path: Path, file: str, text: str, line: int, told: str) -> None:
    _, problems = read(tmp_path, {file: text})
    (problem,) = problems.errors()
    assert f"/{file}:{line}:" in str(problem)
    assert told in str(problem)


def test_a_configuration_with_a_wrong_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"letter\.txt\.j2:2:1: there is no `whoo` to fill in — expected `who`"
    ):
        load_configuration(with_overlay(tmp_path, {PLAIN: "Hello\n{{ whoo }}"}), PROMPTS)


def test_without_the_folder_mail_is_ours(tmp_path: Path) -> None:
    assert loaded(tmp_path, {}) == MailTemplates()


def test_own_words_replace_ours_one_by_one(tmp_path: Path) -> None:
    words = "subject_saved: 'Neue Nachricht: {{who}}'\ncaller: Anrufer\n"
    mail = written(loaded(tmp_path, {"mail/words/en.yaml": words}))
    assert mail["Subject"] == "Neue Nachricht: Juku"
    assert "Anrufer: Juku" in body(mail)
    assert "Number: +37255501234" in body(mail)
    assert written(loaded(tmp_path / "et", {"mail/words/en.yaml": words}), language="et")["Subject"] == (
        "Sõnum helistajalt Juku"
    )


def test_own_letters_are_sent_in_place_of_ours_by_language(tmp_path: Path) -> None:
    own = {
        PLAIN: "{% if is_urgent %}AT ONCE! {% endif %}{{ organisation }}: {{ who | upper }} called.\n",
        "mail/letter.et.txt.j2": "{{ who }} helistas. {% for what, told in rows %}{{ what }}={{ told }};{% endfor %}\n",
    }
    templates = loaded(tmp_path, own)
    assert body(written(templates)) == "Sample: JUKU called.\n"
    assert body(written(templates, replace(MESSAGE, urgent=True))).startswith("AT ONCE! ")
    assert body(written(templates, language="et")).startswith("Juku helistas. Helistaja=Juku;")
    assert "<table" in body(written(templates), "html")  # as it was: only the plain form has one of its own


def test_whatever_a_caller_sent_stays_text_in_an_own_letter(tmp_path: Path) -> None:
    page = '<h1>{{ subject }}</h1><p>{{ transcript }}</p><a href="{{ link }}">{{ who | title }}</a>{{ footer }}'
    hostile = "<img src=x onerror=alert(1)>{{ 7 * 7 }}\r\nBcc: x@example.org"
    message = replace(MESSAGE, caller_name=hostile, client_name=hostile, transcript=hostile, transcript_by="machine")
    mail = written(loaded(tmp_path, {HTML: page}), message)
    assert "<img" not in body(mail, "html").lower()
    assert "{{ 7 * 7 }}" in body(mail, "html")
    assert mail["Bcc"] is None


@pytest.mark.parametrize("occasion", Occasion)
def test_an_own_letter_is_filled_in_whatever_the_mail_is_about(tmp_path: Path, occasion: Occasion) -> None:
    own = {PLAIN: "{{ occasion }} {{ intro }} {{ who }} {{ link }} {{ transcript_by }} {{ no_sound }} {{ footer }}"}
    organisation = replace(office(), mail=loaded(tmp_path, own))
    about = Notice(1, Way.EMAIL, "a key", occasion, ID, 1, AT)
    raw = letter(about, None, organisation, Receiver("mari@example.net", ENGLISH), SENDER)
    with_it = letter(about, MESSAGE, organisation, Receiver("mari@example.net", ENGLISH), SENDER)
    assert raw
    assert with_it


def test_one_that_fails_all_the_same_holds_up_no_mail() -> None:
    broken = MailTemplates(letters={(MailPart.PLAIN, ""): "{{ who.nothing.more }}"})
    with capture_logs() as logged:
        assert "A message was left by phone." in body(written(broken))
    assert [each["event"] for each in logged] == ["own_mail_template_failed"]


def test_templates_are_part_of_a_version(tmp_path: Path) -> None:
    ivr = with_overlay(tmp_path, {PLAIN: "{{ who }}\n"})
    before = content_version(ivr, PROMPTS)
    with copied(tmp_path / "versions", ivr, PROMPTS) as copy:
        assert copy.load().organisation.mail.letter(MailPart.PLAIN, ENGLISH) == "{{ who }}\n"
        kept = copy.keep()
    (ivr / PLAIN).write_text("{{ subject }}\n", "utf-8")
    assert kept == before != content_version(ivr, PROMPTS)
