"""Calendars of people and rooms: appointments as iCalendar (RFC 5545, RFC 5546), and in step with CalDAV (RFC 4791)."""
