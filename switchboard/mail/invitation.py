"""A mail about an appointment: in words, and for calendars (iMIP, RFC 6047) where it is booked, moved or cancelled."""

from __future__ import annotations

from email.message import EmailMessage
from zoneinfo import ZoneInfo

from switchboard.calendars.appointment_words import told_to, wording
from switchboard.calendars.icalendar_text import Method, invitation
from switchboard.domain.appointment import Appointment
from switchboard.domain.mail_templates import MailPart
from switchboard.domain.notification import Notice, Occasion, Receiver
from switchboard.domain.organisation import Organisation
from switchboard.mail.letter import Sender, new_mail, rendered_by_ours

METHODS = {
    Occasion.APPOINTMENT_BOOKED: Method.REQUEST,
    Occasion.APPOINTMENT_MOVED: Method.REQUEST,
    Occasion.APPOINTMENT_CANCELLED: Method.CANCEL,
}


def appointment_letter(
    notice: Notice, appointment: Appointment, organisation: Organisation, receiver: Receiver, sender: Sender
) -> bytes:
    """The mail as it goes out."""
    is_booker = receiver.address == appointment.booker.email
    written = wording(appointment, notice.occasion, organisation, receiver, is_booker=is_booker)
    shown = {
        "language": receiver.language,
        "subject": written.subject,
        "words": {},
        "intro": written.intro,
        "rows": written.rows,
        "transcript": "",
        "no_sound": "",
        "link": "",
        "footer": written.footer,
    }
    mail: EmailMessage = new_mail(notice, written.subject, organisation, receiver, sender)
    mail.set_content(rendered_by_ours(MailPart.PLAIN, shown))
    mail.add_alternative(rendered_by_ours(MailPart.HTML, shown), subtype="html")
    if method := METHODS.get(Occasion(notice.occasion)):
        told = told_to(receiver, appointment, organisation, sender.address, is_booker=is_booker)
        text = invitation(appointment, told, ZoneInfo(organisation.timezone), notice.created_at, method)
        mail.add_alternative(text.decode(), subtype="calendar", params={"method": method.value})
    return mail.as_bytes()
