"""The way to the mail server: encrypted by either way, to that server and no other, with our account."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from switchboard.domain.notification import Delivery, Notice, Outcome, Way
from switchboard.mail.smtp import SmtpMailer
from switchboard.settings import MailSecurity
from tests.mail.mail_server import smtp_server
from tests.mail.messages import office
from tests.unit.test_mail_letter import ID, MESSAGE

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
ACCOUNT = ("switchboard", "a long secret")
GUARDED = [MailSecurity.STARTTLS, MailSecurity.TLS]


@pytest_asyncio.fixture
async def certificate(tmp_path: Path) -> Path:
    """For 127.0.0.1, signed by itself; its key is in the same file."""
    key, file = tmp_path / "key.pem", tmp_path / "certificate.pem"
    making = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
        *("-subj", "/CN=mail.test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(file)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await making.wait() == 0
    file.write_bytes(file.read_bytes() + key.read_bytes())
    return file


async def mailed(mailer: SmtpMailer) -> Delivery:
    payload = {"what": "saved", "receiver": "mari@example.net"}
    notice = Notice(1, Way.EMAIL, "a key", "saved", ID, 1, datetime.now(UTC), payload)
    return await mailer.mail(notice, MESSAGE, office())


@pytest.mark.parametrize("security", GUARDED)
async def test_it_is_handed_in_encrypted_with_our_account(security: MailSecurity, certificate: Path) -> None:
    async with smtp_server(security=security, certificate=certificate, account=ACCOUNT) as server:
        mailer = server.mailer()
        delivery = await mailed(mailer)
    assert (delivery.outcome, mailer.problem) == (Outcome.SENT, None)
    assert [each["To"] for each in server.taken] == ["Mari Tamm <mari@example.net>"]


@pytest.mark.parametrize("security", GUARDED)
async def test_a_wrong_password_is_ours_to_mend(security: MailSecurity, certificate: Path) -> None:
    async with smtp_server(security=security, certificate=certificate, account=ACCOUNT) as server:
        mailer = server.mailer(password="wrong")
        delivery = await mailed(mailer)
    assert delivery.outcome is Outcome.LATER
    assert delivery.told.startswith("535 ")
    assert mailer.problem == delivery.told
    assert server.taken == []


@pytest.mark.parametrize("security", GUARDED)
async def test_a_server_with_another_certificate_gets_nothing(security: MailSecurity, certificate: Path) -> None:
    async with smtp_server(security=security, certificate=certificate, account=ACCOUNT) as server:
        server.trusting = None  # but the machine's own authorities
        delivery = await mailed(server.mailer())
    assert delivery.outcome is Outcome.LATER
    assert "certificate" in delivery.told.lower()
    assert server.taken == []


async def test_without_encryption_no_password_leaves_us() -> None:
    """A server, or somebody in between, that offers no STARTTLS gets neither account nor mail."""
    async with smtp_server(account=ACCOUNT) as server:
        delivery = await mailed(server.mailer(security=MailSecurity.STARTTLS))
    assert delivery.outcome is Outcome.LATER
    assert "STARTTLS" in delivery.told
    assert server.taken == []
