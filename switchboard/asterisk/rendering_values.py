"""What the templates are given: the organisation, settings and secrets, each value escaped for Asterisk.

Problems are collected, so that an administrator sees them all at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any, TypeVar

from switchboard.asterisk import escaping
from switchboard.asterisk.escaping import Escaped
from switchboard.asterisk.hold_music import music_class
from switchboard.asterisk.outbound_values import outbound_values
from switchboard.asterisk.parking_place import parking_values
from switchboard.asterisk.tones import tones_of
from switchboard.domain.dialling import Phone
from switchboard.domain.language import Language
from switchboard.domain.organisation import Number, Organisation, Trunk
from switchboard.errors import ConfigurationError, SetupError
from switchboard.folders import Folders
from switchboard.services.answer_star_code import STAR_CODES, UNAVAILABLE
from switchboard.settings import Settings

NO_EMERGENCY_LINE = "no_emergency_line"  # prompt id; said in the default language where no trunk takes emergencies
_OPUS = "codec_opus_open_source.so"
_ANY_NUMBER = Escaped("_[+0-9].")  # as Asterisk's dialplan patterns say it
_LONGEST_RING = 120  # seconds
_LONGEST_MESSAGE = 900  # seconds
_TRANSFER_SECONDS = 25  # that whoever a call is passed on to has to answer
_ALLOWED = re.compile(r"\+?[0-9]{1,15}|\+", re.ASCII)
_PREFIX = re.compile(r"[0-9]{0,4}", re.ASCII)

T = TypeVar("T")
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RenderingInput:
    """Everything Asterisk's configuration is made from."""

    organisation: Organisation
    settings: Settings
    folders: Folders
    modules: Path
    data: Path
    ari_password: str
    ami_password: str
    phone_passwords: Mapping[str, str]  # by extension
    trunk_passwords: Mapping[str, str]  # by trunk id


def template_values(given: RenderingInput) -> Values:
    """The templates' variables. Raises ConfigurationError with every problem, or SetupError for a folder."""
    problems: list[str] = []
    organisation = given.organisation
    values = {
        **_places(given),
        "tone_zone": _zone(organisation),
        "tones": _tones(organisation),
        "phones": [
            _checked(problems, f"phone {extension}", lambda phone=phone: _phone(phone, given))  # type: ignore[misc]
            for extension, phone in sorted(organisation.phones.items())
        ],
        "numbers": [
            _checked(problems, f"number {key}", lambda number=number: _number(number, given))  # type: ignore[misc]
            for key, number in sorted(organisation.numbers.items())
        ],
        "trunks": [
            _checked(problems, f"trunk {trunk.id}", lambda trunk=trunk: _trunk(trunk, given))  # type: ignore[misc]
            for trunk in organisation.trunks
        ],
        "reception": _checked(problems, "reception", lambda: escaping.dial_number(organisation.reception.extension)),
        "emergency_numbers": [
            _checked(problems, "emergency number", lambda number=number: escaping.dial_number(number))  # type: ignore[misc]
            for number in organisation.emergency_numbers
        ],
        "transfer_seconds": _TRANSFER_SECONDS,
        "parking": parking_values(organisation, lambda prompt: _said_by_dialplan(given, prompt)),
        "no_emergency_line": _said_by_dialplan(given, NO_EMERGENCY_LINE),
        "star_codes": [Escaped(pattern) for each in STAR_CODES for pattern in each.patterns],
        "star_unavailable": _said_by_dialplan(given, UNAVAILABLE),
        "queue_music": _queue_music(given),
        "outbound": _checked(problems, "outbound", lambda: outbound_values(organisation, _recordings(given))),
    }
    problems += _clashes(organisation)
    if problems:
        raise ConfigurationError(problems)
    values["safety_nets"] = _safety_nets(organisation, values["numbers"])
    values["outside"] = [route for trunk in organisation.trunks for route in _routes(trunk)]
    values["emergency_trunks"] = [
        values["trunks"][index] for index, trunk in enumerate(organisation.trunks) if trunk.emergency
    ]
    return values


def _safety_nets(organisation: Organisation, numbers: list[Values]) -> list[Values]:
    """Every number's; then, for callers of a number that was taken away meanwhile, the first one's for any."""
    firsts = [each for each in numbers if each["number"] == next(iter(organisation.numbers))]
    return [*numbers, *({**first, "number": _ANY_NUMBER} for first in firsts)]


def _checked(problems: list[str], what: str, make: Callable[[], T]) -> T | None:
    try:
        return make()
    except ValueError as error:
        problems.append(f"{what}: {error}")
        return None


def _places(given: RenderingInput) -> Values:
    settings, folders = given.settings, given.folders
    places = {
        "etc": folders.asterisk_config,
        "modules": given.modules,
        "var": folders.asterisk / "db",
        "key_store": folders.asterisk / "keys",
        "data": given.data,
        "spool": folders.asterisk_spool,
        "run": folders.asterisk / "run",
        "log": folders.asterisk / "log",
        "messages": folders.messages,
        "call_audio": folders.call_audio,
        "music": folders.asterisk / "music",
    }
    try:
        escaped = {name: escaping.path(place) for name, place in places.items()}
    except ValueError as error:
        raise SetupError(f"state: {error}") from error
    has_opus = (given.modules / _OPUS).exists()
    host = f"[{settings.bind}]" if isinstance(settings.bind, IPv6Address) else str(settings.bind)
    return {
        "folders": escaped,
        "program": {"has_opus": has_opus, "opus": Escaped(_OPUS)},
        "tones_folder": escaping.path(folders.asterisk / "tones"),
        "codecs_of_phones": Escaped("alaw,ulaw,g722,opus" if has_opus else "alaw,ulaw,g722"),
        "sip": {
            "bind": escaping.address(f"{host}:{settings.sip_port}"),
            # 0.0.0.0 is no address to tell others; Asterisk then takes the one that leads to the caller
            "media_address": None if settings.bind.is_unspecified else escaping.address(str(settings.bind)),
        },
        "rtp": {"first": settings.rtp_first_port, "last": settings.rtp_last_port},
        "agi": {"port": settings.agi_port},
        "ari": {"port": settings.ari_port, "password": escaping.value(given.ari_password)},
        "ami": {"port": settings.ami_port, "password": escaping.value(given.ami_password)},
    }


def organisation_music(organisation: Organisation) -> list[str]:
    """The folders of music that queues name."""
    return sorted({queue.music for queue in organisation.queues.values() if queue.music})


def _queue_music(given: RenderingInput) -> list[Values]:
    folder = given.folders.asterisk / "music"
    return [
        {"section": escaping.word(music_class(each)), "folder": escaping.path(folder / each)}
        for each in organisation_music(given.organisation)
    ]


def _zone(organisation: Organisation) -> Escaped:
    return escaping.word(organisation.country.lower())


def _tones(organisation: Organisation) -> Values:
    tones = tones_of(organisation.country)
    return {
        "zone": _zone(organisation),
        "description": escaping.value(tones.description),
        "cadence": Escaped(tones.cadence),
        "ring": Escaped(tones.ring),
        "dial": Escaped(tones.dial),
        "busy": Escaped(tones.busy),
        "congestion": Escaped(tones.congestion),
    }


def _phone(phone: Phone, given: RenderingInput) -> Values:
    password = given.phone_passwords.get(phone.extension)
    if not password:
        raise ValueError("has no password among the secrets")
    return {
        "extension": _extension(phone.extension),
        "caller_id": escaping.caller_id(phone.name, phone.extension),
        "groups": Escaped(",".join(escaping.word(each) for each in given.organisation.departments_of_phone(phone))),
        "password": escaping.value(password),
    }


def _extension(text: str) -> Escaped:
    if text.startswith("+") or not 2 <= len(text) <= 10:
        raise ValueError(f"{text!r} is not an extension: 2 to 10 digits")
    return escaping.dial_number(text)


def _number(number: Number, given: RenderingInput) -> Values:
    net = number.safety_net
    return {
        "number": escaping.dial_number(number.number),
        "greeting": _recording(given, net.greeting, number.language),
        "leave_message": _recording(given, net.leave_message, number.language),
        "goodbye": _recording(given, net.goodbye, number.language),
        "ring": _extension(net.ring.extension),
        "ring_seconds": _seconds("ring", net.ring_seconds, _LONGEST_RING),
        "message_seconds": _seconds("message", net.message_seconds, _LONGEST_MESSAGE),
    }


def _seconds(what: str, seconds: int, longest: int) -> int:
    if not 1 <= seconds <= longest:
        raise ValueError(f"{what} of {seconds} s; 1 to {longest} are possible")
    return seconds


def _recording(given: RenderingInput, prompt: str, language: Language) -> Escaped:
    texts = given.organisation.prompts.get(prompt)
    if texts is None:
        raise ValueError(f"safety net: there is no prompt {prompt!r}")
    spoken = language if texts.get(language) else given.organisation.languages[0]
    if not texts.get(spoken):
        raise ValueError(f"safety net: prompt {prompt!r} has no text in {language} or {spoken}")
    return escaping.path(given.folders.prompts / given.organisation.recording_of(texts[spoken], spoken))


def _said_by_dialplan(given: RenderingInput, prompt: str) -> Escaped | None:
    """The recording of a prompt in the default language; None if the organisation has no text for it."""
    language = given.organisation.languages[0]
    if language not in given.organisation.prompts.get(prompt, {}):
        return None
    return _recording(given, prompt, language)


def _recordings(given: RenderingInput) -> Callable[[str], Escaped]:
    """Where a prompt's recording is, in the organisation's language."""
    return lambda prompt: _recording(given, prompt, given.organisation.languages[0])


def _trunk(trunk: Trunk, given: RenderingInput) -> Values:
    password = given.trunk_passwords.get(trunk.id, "")
    if trunk.username and not password:
        raise ValueError(f"has a username but no password: set {trunk_variable(trunk)}")
    host = escaping.address(trunk.host)
    if not _PREFIX.fullmatch(trunk.prefix):
        raise ValueError(f"prefix {trunk.prefix!r} is not up to 4 digits")
    for begin in trunk.allowed:
        if not _ALLOWED.fullmatch(begin):
            raise ValueError(f"allowed {begin!r} is not the beginning of a number")
    return {
        "name": escaping.word(trunk.id),
        "host": host,
        "domain": escaping.address(_without_port(trunk.host)),
        "addresses": [escaping.address(text) for text in trunk.addresses or (_without_port(trunk.host),)],
        "username": escaping.value(_account(trunk.username)) if trunk.username else "",
        "password": escaping.value(password) if password else "",
        "contact": _contact(trunk, given.organisation),
        "caller_number": escaping.dial_number(trunk.caller_number) if trunk.caller_number else "",
    }


def trunk_variable(trunk: Trunk) -> str:
    """The environment variable that may hold the trunk's password."""
    return f"SWITCHBOARD_TRUNK_{trunk.id.upper().replace('-', '_')}_PASSWORD"


def _contact(trunk: Trunk, organisation: Organisation) -> Escaped:
    """Where a call goes whose provider names only the account it registered: a number of ours."""
    numbers = organisation.numbers
    return escaping.dial_number(trunk.caller_number if trunk.caller_number in numbers else next(iter(numbers)))


def _account(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._+-]{1,64}", text, re.ASCII):
        raise ValueError(f"username {text!r} is not an account: letters, digits, . _ + -")
    return text


def _without_port(host: str) -> str:
    return re.sub(r"(?<=[\w\]]):\d+$", "", host) if host.count(":") == 1 or "]" in host else host


def _routes(trunk: Trunk) -> list[Values]:
    """One dialplan pattern for each allowed beginning of an outside number."""
    return [
        {
            "pattern": Escaped(trunk.prefix + begin),
            "strip": len(trunk.prefix),
            "trunk": escaping.word(trunk.id),
            "caller_number": escaping.dial_number(trunk.caller_number) if trunk.caller_number else Escaped(""),
        }
        for begin in trunk.allowed
    ]


def _clashes(organisation: Organisation) -> list[str]:
    """Names that would make two sections or extensions one."""
    taken: dict[str, str] = {"0": "reception"}
    problems = []
    everybody = [
        *((phone, f"phone {phone}") for phone in sorted(organisation.phones)),
        *((number, f"number {number}") for number in sorted(organisation.numbers)),
        *((number, f"emergency number {number}") for number in organisation.emergency_numbers),
    ]
    for name, what in everybody:
        if name in taken:
            problems.append(f"{what}: is also {taken[name]}")
        taken[name] = what
    for number in organisation.numbers.values():
        if number.safety_net.ring.extension not in organisation.phones:
            problems.append(
                f"number {number.number}: its safety net rings {number.safety_net.ring.extension}, no phone"
            )
    if organisation.reception.extension not in organisation.phones:
        problems.append(f"reception {organisation.reception.extension}: no such phone")
    names = [trunk.id for trunk in organisation.trunks]
    reserved = {"udp", "tcp", "system", "global", "common", "anonymous", "switchboard"}
    problems += [f"trunk {name}: the name is taken" for name in names if names.count(name) > 1 or name in reserved]
    return problems
