"""Every error the switchboard raises on purpose, in one tree.

    SwitchboardError
    ├── SettingsError           a setting is wrong; names the setting
    ├── SetupError              the machine cannot run us: a port in use, a folder, an old Asterisk
    ├── ConfigurationError      the organisation's YAML is wrong; carries every Problem with file:line:column
    ├── CallerHungUp            the caller is gone; raised at the next await of the call
    │   └── CallTakenAway       not hung up: the dialplan's safety net has the caller now
    ├── LegGone                 a leg ended while we were commanding it (ARI 404 or 409)
    ├── MessageNotKept          the disk refuses what a caller said; the recording stays where it is
    ├── AsteriskError           Asterisk refused, or answered what we don't understand
    │   └── AsteriskUnreachable no link to Asterisk, or no answer in time
    ├── CalendarUnreachable     somebody's calendar server does not answer, or refuses us
    └── RecordsUnreachable      Postgres does not answer

Busy, no answer, a wrong key, silence are values, never errors.
"""

from __future__ import annotations

from collections.abc import Sequence


class SwitchboardError(Exception):
    """Root of the tree. The message is one line that says what is wrong and what to do."""


class SettingsError(SwitchboardError):
    """A setting is missing or has a wrong value."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(f"{setting}: {message}")
        self.setting = setting


class SetupError(SwitchboardError):
    """This machine cannot run the switchboard as it is set up."""


class ConfigurationError(SwitchboardError):
    """The organisation's configuration is refused; nothing of it is used.

    `problems` are texts, or flows.source.Problem where the place is known.
    """

    def __init__(self, problems: Sequence[object]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class CallerHungUp(SwitchboardError):
    """The caller hung up. Not a failure: how most calls end."""


class CallTakenAway(CallerHungUp):
    """The call left the controller without a hangup: its lease ran out, and the safety net serves the caller."""


class LegGone(SwitchboardError):
    """The leg ended before our request reached it."""


class MessageNotKept(SwitchboardError):
    """What a caller said cannot be made safe now."""


class AsteriskError(SwitchboardError):
    """Asterisk refused a request."""


class AsteriskUnreachable(AsteriskError):
    """Asterisk does not answer within the deadline, or the link is down."""


class CalendarUnreachable(SwitchboardError):
    """A calendar server does not answer in time, or refuses what we ask."""


class RecordsUnreachable(SwitchboardError):
    """Postgres does not answer within the deadline, or the link is down."""
