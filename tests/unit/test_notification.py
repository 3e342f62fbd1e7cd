"""What is sent because of messages: addresses, attempts, webhooks, how long messages are kept."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from switchboard.domain.message import MessageKind
from switchboard.domain.notification import GIVEN_UP_AFTER, Notice, Way, is_mail_address, when_again
from switchboard.domain.retention import Retention
from switchboard.domain.webhook import Webhook, is_webhook_address, secret_of, signature
from switchboard.errors import ConfigurationError
from switchboard.flows.messages_yaml import read_retention, read_webhooks
from switchboard.flows.reading import Reading
from switchboard.flows.source import Problems, read_yaml

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

ADDRESSES = {
    "mari@example.net": True,
    "mari.tamm+calls@mail.example.net": True,
    "o'brien@example.net": True,
    "mari": False,
    "mari@": False,
    "@example.net": False,
    "mari@example.net\r\nBcc: x@example.net": False,
    "Mari <mari@example.net>": False,
    "mari@example.net,x@example.net": False,
    "mari@-example.net": False,
    "mari..tamm@example.net": False,
    "m" * 250 + "@example.net": False,
    "märi@example.net": False,
}


@pytest.mark.parametrize(("text", "is_one"), ADDRESSES.items(), ids=lambda each: str(each)[:30])
def test_addresses(text: str, is_one: bool) -> None:
    assert is_mail_address(text) is is_one


def test_attempts_are_further_and_further_apart_until_it_is_given_up() -> None:
    now, pauses = NOW, []
    for attempt in range(1, 200):
        again = when_again(Notice(1, Way.EMAIL, "k", "saved", None, attempt, NOW), now)
        if again is None:
            break
        pauses.append(again - now)
        now = again
    assert pauses[:4] == [timedelta(seconds=each) for each in (30, 60, 120, 240)]
    assert pauses == sorted(pauses)
    assert max(pauses) == timedelta(hours=4)
    assert GIVEN_UP_AFTER <= now - NOW <= GIVEN_UP_AFTER + timedelta(hours=4)
    assert 30 < len(pauses) < 50


WEBHOOKS = {
    "https://crm.example.net/messages": True,
    "https://crm.example.net:8443/x?y=1": True,
    "http://127.0.0.1:8000/x": True,
    "http://[::1]:8000/x": True,
    "http://localhost/x": True,
    "http://crm.example.net/messages": False,
    "http://127.0.0.1.example.net/": False,
    "ftp://crm.example.net/": False,
    "https://user:word@crm.example.net/": False,
    "https://crm.example.net:0/": False,
    "https://crm.example.net/#x": False,
    "https:///messages": False,
    "https://crm.example.net/a b": False,
    "https://[crm/": False,
}


@pytest.mark.parametrize(("url", "is_one"), WEBHOOKS.items(), ids=str)
def test_addresses_of_webhooks(url: str, is_one: bool) -> None:
    assert is_webhook_address(url) is is_one


def test_a_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks libraries."""
    key = secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["", "whsec_", "not base64!", base64.b64encode(b"short").decode()])
def test_weak_secrets_are_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="is"):
        secret_of(secret)


YAML = """
webhooks:
  crm: {url: "https://crm.example.net/messages"}
keep: {messages: 365d, safety_net: 90d}
"""


def read(tmp_path: Path, text: str) -> tuple[dict[str, Webhook], Retention]:
    """What organisation.yaml says of it. Raises ConfigurationError."""
    (tmp_path / "organisation.yaml").write_text(text, "utf-8")
    problems = Problems()
    table = read_yaml(tmp_path / "organisation.yaml", "organisation.yaml", problems)
    reading = Reading(problems)
    found = read_webhooks(reading, table), read_retention(reading, table)
    if problems:
        raise ConfigurationError(problems.errors())
    return found


def test_the_organisation_says_whom_to_tell_and_how_long_to_keep(tmp_path: Path) -> None:
    webhooks, keep = read(tmp_path, YAML)
    assert webhooks["crm"].url == "https://crm.example.net/messages"
    assert keep.erased_before(MessageKind.VOICEMAIL, NOW) == NOW - timedelta(days=365)
    assert keep.erased_before(MessageKind.SAFETY_NET, NOW) == NOW - timedelta(days=90)
    assert keep.appointments_forgotten_before(NOW) is None
    assert read(tmp_path, "name: x")[1].erased_before(MessageKind.VOICEMAIL, NOW) is None
    only = read(tmp_path, "keep: {appointments: 30d}")[1]
    assert only.appointments_forgotten_before(NOW) == NOW - timedelta(days=30)
    assert only.erased_before(MessageKind.VOICEMAIL, NOW) is None


WRONG = {
    "webhooks: {crm: {url: 'http://crm.example.net/'}}": "is no address of a webhook",
    "webhooks: {crm: {}}": "lacks `url`",
    "keep: {messages: soon}": "`soon` is no time to keep messages",
    "keep: {messages: 9999d}": "`9999d` is no time to keep messages",
    "keep: {letters: 5d}": "keep knows no `letters`",
}


@pytest.mark.parametrize(("yaml", "told"), WRONG.items(), ids=str)
def test_what_is_refused(tmp_path: Path, yaml: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        read(tmp_path, yaml)
