"""Days and times as callers hear them, in six languages; the tables are to be read by whoever speaks the language."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import pytest
import yaml

from switchboard.domain.spoken_dates import PIECES, digits_said, when_said
from tests.flows.playing import PROMPTS

TALLINN = ZoneInfo("Europe/Tallinn")

# When it is heard, what is said, and how.
ENGLISH = """
2026-11-23 10:00 | 2026-11-23 11:00 | today at eleven in the morning
2026-11-23 10:00 | 2026-11-23 15:45 | today in the afternoon, at three forty-five
2026-11-23 10:00 | 2026-11-24 09:30 | tomorrow, Tuesday, at half past nine
2026-11-23 10:00 | 2026-11-24 14:30 | tomorrow, Tuesday, at half past two in the afternoon
2026-11-23 10:00 | 2026-11-25 12:30 | on Wednesday at half past twelve
2026-11-23 10:00 | 2026-11-26 00:00 | on Thursday at midnight
2026-11-23 10:00 | 2026-11-26 00:30 | on Thursday at half past midnight
2026-11-23 10:00 | 2026-11-26 00:10 | on Thursday at night, at twelve ten
2026-11-23 10:00 | 2026-11-27 09:15 | on Friday at nine fifteen
2026-11-23 10:00 | 2026-11-28 12:00 | on Saturday at noon
2026-11-23 10:00 | 2026-11-29 18:05 | on Sunday in the evening, at six oh five
2026-11-23 10:00 | 2026-11-30 08:00 | on Monday, the thirtieth of November at eight in the morning
2026-11-23 10:00 | 2026-12-01 14:30 | on Tuesday, the first of December at half past two in the afternoon
2026-11-23 10:00 | 2026-12-24 13:00 | on Thursday, the twenty-fourth of December at one in the afternoon
2026-11-23 10:00 | 2027-01-01 10:30 | on Friday, the first of January at half past ten
2026-11-23 10:00 | 2027-02-03 16:20 | on Wednesday, the third of February in the afternoon, at four twenty
2026-11-23 10:00 | 2027-03-02 21:59 | on Tuesday, the second of March in the evening, at nine fifty-nine
2026-11-23 10:00 | 2027-07-11 22:41 | on Sunday, the eleventh of July next year in the evening, at ten forty-one
2026-11-23 10:00 | 2027-11-23 09:00 | on Tuesday, the twenty-third of November next year at nine in the morning
2026-11-23 10:00 | 2028-05-12 01:00 | on Friday, the twelfth of May two zero two eight at one in the morning
2026-12-31 16:00 | 2027-01-01 07:00 | tomorrow, Friday, at seven in the morning
2026-10-24 10:00 | 2026-10-25 03:30 | tomorrow, Sunday, at half past three in the morning summer time
2026-10-24 10:00 | 2026-10-25 03:30 again | tomorrow, Sunday, at half past three in the morning winter time
"""
ESTONIAN = """
2026-11-23 10:00 | 2026-11-23 11:00 | täna kell üksteist
2026-11-23 10:00 | 2026-11-23 15:45 | täna kell viisteist nelikümmend viis
2026-11-23 10:00 | 2026-11-24 09:30 | homme, teisipäeval, kell pool kümme
2026-11-23 10:00 | 2026-11-24 14:30 | homme, teisipäeval, kell neliteist kolmkümmend
2026-11-23 10:00 | 2026-11-25 12:30 | kolmapäeval kell pool üks
2026-11-23 10:00 | 2026-11-26 00:00 | neljapäeval keskööl
2026-11-23 10:00 | 2026-11-26 00:30 | neljapäeval kell null kolmkümmend
2026-11-23 10:00 | 2026-11-26 00:10 | neljapäeval kell null kümme
2026-11-23 10:00 | 2026-11-27 09:15 | reedel kell üheksa viisteist
2026-11-23 10:00 | 2026-11-28 12:00 | laupäeval kell kaksteist
2026-11-23 10:00 | 2026-11-29 18:05 | pühapäeval kell kaheksateist null viis
2026-11-23 10:00 | 2026-11-30 08:00 | esmaspäeval, kolmekümnendal novembril kell kaheksa
2026-11-23 10:00 | 2026-12-01 14:30 | teisipäeval, esimesel detsembril kell neliteist kolmkümmend
2026-11-23 10:00 | 2026-12-24 13:00 | neljapäeval, kahekümne neljandal detsembril kell kolmteist
2026-11-23 10:00 | 2027-01-01 10:30 | reedel, esimesel jaanuaril kell pool üksteist
2026-11-23 10:00 | 2027-02-03 16:20 | kolmapäeval, kolmandal veebruaril kell kuusteist kakskümmend
2026-11-23 10:00 | 2027-03-02 21:59 | teisipäeval, teisel märtsil kell kakskümmend üks viiskümmend üheksa
2026-11-23 10:00 | 2027-07-11 22:41 | pühapäeval, üheteistkümnendal juulil järgmisel aastal kell kakskümmend kaks nelikümmend üks
2026-11-23 10:00 | 2027-11-23 09:00 | teisipäeval, kahekümne kolmandal novembril järgmisel aastal kell üheksa
2026-11-23 10:00 | 2028-05-12 01:00 | reedel, kaheteistkümnendal mail kaks null kaks kaheksa kell üks
2026-12-31 16:00 | 2027-01-01 07:00 | homme, reedel, kell seitse
2026-10-24 10:00 | 2026-10-25 03:30 | homme, pühapäeval, kell kolm kolmkümmend suveaja järgi
2026-10-24 10:00 | 2026-10-25 03:30 again | homme, pühapäeval, kell kolm kolmkümmend talveaja järgi
"""  # noqa: E501
LATVIAN = """
2026-11-23 10:00 | 2026-11-23 11:00 | šodien pulksten vienpadsmitos
2026-11-23 10:00 | 2026-11-23 15:45 | šodien pulksten piecpadsmitos četrdesmit pieci
2026-11-23 10:00 | 2026-11-24 09:30 | rīt, otrdien, pulksten pusdesmitos
2026-11-23 10:00 | 2026-11-24 14:30 | rīt, otrdien, pulksten četrpadsmitos trīsdesmit
2026-11-23 10:00 | 2026-11-25 12:30 | trešdien pulksten pusvienos
2026-11-23 10:00 | 2026-11-26 00:00 | ceturtdien pusnaktī
2026-11-23 10:00 | 2026-11-26 00:30 | ceturtdien pulksten nulle trīsdesmit
2026-11-23 10:00 | 2026-11-26 00:10 | ceturtdien pulksten nulle desmit
2026-11-23 10:00 | 2026-11-27 09:15 | piektdien pulksten deviņos piecpadsmit
2026-11-23 10:00 | 2026-11-28 12:00 | sestdien pulksten divpadsmitos
2026-11-23 10:00 | 2026-11-29 18:05 | svētdien pulksten astoņpadsmitos nulle pieci
2026-11-23 10:00 | 2026-11-30 08:00 | pirmdien, trīsdesmitajā novembrī pulksten astoņos
2026-11-23 10:00 | 2026-12-01 14:30 | otrdien, pirmajā decembrī pulksten četrpadsmitos trīsdesmit
2026-11-23 10:00 | 2026-12-24 13:00 | ceturtdien, divdesmit ceturtajā decembrī pulksten trīspadsmitos
2026-11-23 10:00 | 2027-01-01 10:30 | piektdien, pirmajā janvārī pulksten pusvienpadsmitos
2026-11-23 10:00 | 2027-02-03 16:20 | trešdien, trešajā februārī pulksten sešpadsmitos divdesmit
2026-11-23 10:00 | 2027-03-02 21:59 | otrdien, otrajā martā pulksten divdesmit vienos piecdesmit deviņi
2026-11-23 10:00 | 2027-07-11 22:41 | svētdien, vienpadsmitajā jūlijā nākamgad pulksten divdesmit divos četrdesmit viens
2026-11-23 10:00 | 2027-11-23 09:00 | otrdien, divdesmit trešajā novembrī nākamgad pulksten deviņos
2026-11-23 10:00 | 2028-05-12 01:00 | piektdien, divpadsmitajā maijā divi nulle divi astoņi pulksten vienos
2026-12-31 16:00 | 2027-01-01 07:00 | rīt, piektdien, pulksten septiņos
2026-10-24 10:00 | 2026-10-25 03:30 | rīt, svētdien, pulksten trijos trīsdesmit pēc vasaras laika
2026-10-24 10:00 | 2026-10-25 03:30 again | rīt, svētdien, pulksten trijos trīsdesmit pēc ziemas laika
"""
RUSSIAN = """
2026-11-23 10:00 | 2026-11-23 11:00 | сегодня в одиннадцать часов
2026-11-23 10:00 | 2026-11-23 15:45 | сегодня в пятнадцать сорок пять
2026-11-23 10:00 | 2026-11-24 09:30 | завтра, во вторник, в половине десятого
2026-11-23 10:00 | 2026-11-24 14:30 | завтра, во вторник, в четырнадцать тридцать
2026-11-23 10:00 | 2026-11-25 12:30 | в среду в половине первого
2026-11-23 10:00 | 2026-11-26 00:00 | в четверг в полночь
2026-11-23 10:00 | 2026-11-26 00:30 | в четверг в ноль тридцать
2026-11-23 10:00 | 2026-11-26 00:10 | в четверг в ноль десять
2026-11-23 10:00 | 2026-11-27 09:15 | в пятницу в девять пятнадцать
2026-11-23 10:00 | 2026-11-28 12:00 | в субботу в двенадцать часов
2026-11-23 10:00 | 2026-11-29 18:05 | в воскресенье в восемнадцать ноль пять
2026-11-23 10:00 | 2026-11-30 08:00 | в понедельник, тридцатого ноября в восемь часов
2026-11-23 10:00 | 2026-12-01 14:30 | во вторник, первого декабря в четырнадцать тридцать
2026-11-23 10:00 | 2026-12-24 13:00 | в четверг, двадцать четвёртого декабря в тринадцать часов
2026-11-23 10:00 | 2027-01-01 10:30 | в пятницу, первого января в половине одиннадцатого
2026-11-23 10:00 | 2027-02-03 16:20 | в среду, третьего февраля в шестнадцать двадцать
2026-11-23 10:00 | 2027-03-02 21:59 | во вторник, второго марта в двадцать один пятьдесят девять
2026-11-23 10:00 | 2027-07-11 22:41 | в воскресенье, одиннадцатого июля следующего года в двадцать два сорок одна
2026-11-23 10:00 | 2027-11-23 09:00 | во вторник, двадцать третьего ноября следующего года в девять часов
2026-11-23 10:00 | 2028-05-12 01:00 | в пятницу, двенадцатого мая два ноль два восемь в час ночи
2026-12-31 16:00 | 2027-01-01 21:00 | завтра, в пятницу, в двадцать один час
2026-10-24 10:00 | 2026-10-25 03:30 | завтра, в воскресенье, в три тридцать по летнему времени
2026-10-24 10:00 | 2026-10-25 03:30 again | завтра, в воскресенье, в три тридцать по зимнему времени
"""
ALBANIAN = """
2026-11-23 10:00 | 2026-11-23 11:00 | sot në orën njëmbëdhjetë
2026-11-23 10:00 | 2026-11-23 15:45 | sot në orën pesëmbëdhjetë e dyzet e pesë
2026-11-23 10:00 | 2026-11-24 09:30 | nesër, të martën, në orën nëntë e gjysmë
2026-11-23 10:00 | 2026-11-24 14:30 | nesër, të martën, në orën katërmbëdhjetë e tridhjetë
2026-11-23 10:00 | 2026-11-25 12:30 | të mërkurën në orën dymbëdhjetë e gjysmë
2026-11-23 10:00 | 2026-11-26 00:00 | të enjten në mesnatë
2026-11-23 10:00 | 2026-11-26 00:30 | të enjten në orën zero e tridhjetë
2026-11-23 10:00 | 2026-11-26 00:10 | të enjten në orën zero e dhjetë
2026-11-23 10:00 | 2026-11-27 09:15 | të premten në orën nëntë e pesëmbëdhjetë
2026-11-23 10:00 | 2026-11-28 12:00 | të shtunën në orën dymbëdhjetë
2026-11-23 10:00 | 2026-11-29 18:05 | të dielën në orën tetëmbëdhjetë e zero pesë
2026-11-23 10:00 | 2026-11-30 08:00 | të hënën, më tridhjetë nëntor në orën tetë
2026-11-23 10:00 | 2026-12-01 14:30 | të martën, më një dhjetor në orën katërmbëdhjetë e tridhjetë
2026-11-23 10:00 | 2026-12-24 13:00 | të enjten, më njëzet e katër dhjetor në orën trembëdhjetë
2026-11-23 10:00 | 2027-01-01 10:30 | të premten, më një janar në orën dhjetë e gjysmë
2026-11-23 10:00 | 2027-02-03 16:20 | të mërkurën, më tre shkurt në orën gjashtëmbëdhjetë e njëzet
2026-11-23 10:00 | 2027-03-02 21:59 | të martën, më dy mars në orën njëzet e një e pesëdhjetë e nëntë
2026-11-23 10:00 | 2027-07-11 22:41 | të dielën, më njëmbëdhjetë korrik të vitit të ardhshëm në orën njëzet e dy e dyzet e një
2026-11-23 10:00 | 2027-11-23 09:00 | të martën, më njëzet e tre nëntor të vitit të ardhshëm në orën nëntë
2026-11-23 10:00 | 2028-05-12 01:00 | të premten, më dymbëdhjetë maj dy zero dy tetë në orën një
2026-12-31 16:00 | 2027-01-01 07:00 | nesër, të premten, në orën shtatë
2026-10-24 10:00 | 2026-10-25 03:30 | nesër, të dielën, në orën tre e tridhjetë me orën verore
2026-10-24 10:00 | 2026-10-25 03:30 again | nesër, të dielën, në orën tre e tridhjetë me orën dimërore
"""  # noqa: E501
SWEDISH = """
2026-11-23 10:00 | 2026-11-23 11:00 | i dag klockan elva
2026-11-23 10:00 | 2026-11-23 15:45 | i dag klockan femton fyrtiofem
2026-11-23 10:00 | 2026-11-24 09:30 | i morgon, tisdag, klockan halv tio
2026-11-23 10:00 | 2026-11-24 14:30 | i morgon, tisdag, klockan fjorton trettio
2026-11-23 10:00 | 2026-11-25 12:30 | på onsdag klockan halv ett
2026-11-23 10:00 | 2026-11-26 00:00 | på torsdag vid midnatt
2026-11-23 10:00 | 2026-11-26 00:30 | på torsdag klockan noll trettio
2026-11-23 10:00 | 2026-11-26 00:10 | på torsdag klockan noll tio
2026-11-23 10:00 | 2026-11-27 09:15 | på fredag klockan nio femton
2026-11-23 10:00 | 2026-11-28 12:00 | på lördag klockan tolv
2026-11-23 10:00 | 2026-11-29 18:05 | på söndag klockan arton noll fem
2026-11-23 10:00 | 2026-11-30 08:00 | på måndag den trettionde november klockan åtta
2026-11-23 10:00 | 2026-12-01 14:30 | på tisdag den första december klockan fjorton trettio
2026-11-23 10:00 | 2026-12-24 13:00 | på torsdag den tjugofjärde december klockan tretton
2026-11-23 10:00 | 2027-01-01 10:30 | på fredag den första januari klockan halv elva
2026-11-23 10:00 | 2027-02-03 16:20 | på onsdag den tredje februari klockan sexton tjugo
2026-11-23 10:00 | 2027-03-02 21:59 | på tisdag den andra mars klockan tjugoett femtionio
2026-11-23 10:00 | 2027-07-11 22:41 | på söndag den elfte juli nästa år klockan tjugotvå fyrtioett
2026-11-23 10:00 | 2027-11-23 09:00 | på tisdag den tjugotredje november nästa år klockan nio
2026-11-23 10:00 | 2028-05-12 01:00 | på fredag den tolfte maj två noll två åtta klockan ett
2026-12-31 16:00 | 2027-01-01 07:00 | i morgon, fredag, klockan sju
2026-10-24 10:00 | 2026-10-25 03:30 | i morgon, söndag, klockan tre trettio sommartid
2026-10-24 10:00 | 2026-10-25 03:30 again | i morgon, söndag, klockan tre trettio vintertid
"""
TABLES = {"en": ENGLISH, "et": ESTONIAN, "lv": LATVIAN, "ru": RUSSIAN, "sq": ALBANIAN, "sv": SWEDISH}
CASES = [
    (language, *(part.strip() for part in line.split("|")))
    for language, table in TABLES.items()
    for line in table.strip().splitlines()
]


@cache
def texts(language: str) -> dict[str, str]:
    loaded: dict[str, str] = yaml.load((PROMPTS / "texts" / f"{language}.yaml").read_text("utf-8"), yaml.BaseLoader)
    return loaded


def local(text: str) -> datetime:
    wall = datetime.fromisoformat(text.removesuffix(" again")).replace(tzinfo=TALLINN)
    return wall.replace(fold=int(text.endswith(" again"))).astimezone(UTC)


@pytest.mark.parametrize(("language", "now", "instant", "sentence"), CASES)
def test_is_said_as_people_say_it(language: str, now: str, instant: str, sentence: str) -> None:
    said = texts(language)
    assert " ".join(said[piece] for piece in when_said(local(instant), local(now), TALLINN)) == sentence


@pytest.mark.parametrize("language", TABLES)
def test_every_piece_has_a_text(language: str) -> None:
    assert not [piece for piece in PIECES if not texts(language).get(piece)]


@pytest.mark.parametrize("language", TABLES)
def test_times_of_day_are_told_apart(language: str) -> None:
    """No two minutes of a day sound alike."""
    said, now = texts(language), datetime(2026, 6, 1, tzinfo=UTC)
    minutes = [datetime(2026, 6, 9, hour, minute, tzinfo=UTC) for hour in range(24) for minute in range(60)]
    heard = {" ".join(said[piece] for piece in when_said(minute, now, ZoneInfo("UTC"))) for minute in minutes}
    assert len(heard) == len(minutes)


def test_only_known_pieces_are_used() -> None:
    """Whatever is said is spoken beforehand, in a zone whose clocks change by half an hour, too."""
    zone, now = ZoneInfo("Australia/Lord_Howe"), datetime(2026, 3, 30, tzinfo=UTC)
    instants = [
        datetime(2026, 4, day, hour, minute, tzinfo=UTC) for day in (4, 5) for hour in range(24) for minute in range(60)
    ]
    used = {piece for instant in instants for piece in when_said(instant, now, zone)}
    assert used <= set(PIECES)
    assert {"when_summer_time", "when_winter_time"} <= used


def test_a_reference_is_read_digit_by_digit() -> None:
    assert digits_said("40-07") == ("digit_4", "digit_0", "digit_0", "digit_7")
