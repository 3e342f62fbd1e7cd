"""How keys are named when they are spoken, in each language a voice is known for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from switchboard.domain.language import Language


@dataclass(frozen=True, slots=True)
class KeyWords:
    """The words that name keys in a language. Small letters, as regular expressions."""

    press: str  # what callers are told to do with a key
    between: str  # words between that and the key: "press the number one"
    keys: Mapping[str, str]  # key -> how it is said, besides as a digit
    links: str  # words that a label after its key begins with: "press 1 for sales"
    fillers: str  # words that are no label: "please press 1"


def _numbers(*words: str, hash_key: str, star: str) -> Mapping[str, str]:
    """From zero to nine."""
    return {**{str(number): word for number, word in enumerate(words)}, "#": hash_key, "*": star}


WORDS: Mapping[Language, KeyWords] = {
    Language("en"): KeyWords(
        r"press|dial|push|hit|choose|enter",
        r"the|key|number|button|digit",
        _numbers(
            "zero|nought|oh",
            *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
            hash_key="hash|pound|square",
            star="star|asterisk",
        ),
        r"for|to|if|when",
        r"please|or|and|now|just|then|key|button|sign",
    ),
    Language("et"): KeyWords(
        r"vajutage|vajuta|valige|vali|sisestage",
        r"klahvi|numbrit|number|nuppu|klahv",
        _numbers(
            "nulli?",
            *("üks|ühte|üht", "kaks|kahte|kaht", "kolme?", "nelja?", "viit|viis", "kuut|kuus", "seitset?"),
            *("kaheksat?", "üheksat?"),
            hash_key="trelle|trellid|trellimärki|trellidega",
            star="tärni|tärn|tärniga",
        ),
        r"kui|et",
        r"palun|või|ja|nüüd|klahvi",
    ),
    Language("lv"): KeyWords(
        r"nospiediet|spiediet|nospied|izvēlieties|ievadiet",
        r"taustiņu|ciparu|numuru|pogu",
        _numbers(
            "nulli|nulle",
            *("viens|vieninieku|vienu", "divi|divus|divnieku", "trīs|trijnieku", "četri|četrus|četrinieku"),
            *("pieci|piecus|piecinieku", "seši|sešus|sešinieku", "septiņi|septiņus|septītnieku"),
            *("astoņi|astoņus|astotnieku", "deviņi|deviņus|devītnieku"),
            hash_key="restītes|restīti|režģi",
            star="zvaigznīti|zvaigznīte|zvaigznītes",
        ),
        r"lai|ja",
        r"lūdzu|vai|un|tagad|taustiņu",
    ),
    Language("ru"): KeyWords(
        r"нажмите|нажми|наберите|выберите",
        r"на|клавишу|кнопку|цифру|номер",
        _numbers(
            "ноль|нуль|ноля",
            *("один|единицу", "два|двойку", "три|тройку", "четыре|четвёрку|четверку", "пять|пятёрку|пятерку"),
            *("шесть|шестёрку|шестерку", "семь|семёрку|семерку", "восемь|восьмёрку|восьмерку", "девять|девятку"),
            hash_key="решётку|решетку|решётка|решетка",
            star="звёздочку|звездочку|звёздочка|звездочка",
        ),
        r"чтобы|для|если|за",
        r"пожалуйста|или|и|теперь|клавишу",
    ),
    Language("sq"): KeyWords(
        r"shtypni|shtyp|zgjidhni|zgjidh|formoni",
        r"tastin|butonin|numrin|shifrën",
        _numbers(
            "zero|zeron",
            *("një|njëshin", "dy|dyshin", "tre|treshin", "katër|katrën", "pesë|pesën", "gjashtë|gjashtën"),
            *("shtatë|shtatën", "tetë|tetën", "nëntë|nëntën"),
            hash_key="thurjen|thurje|diez|diezin",
            star="yllin|yll|ylli",
        ),
        r"për|nëse",
        r"ju lutem|ose|dhe|tani|tastin",
    ),
    Language("sv"): KeyWords(
        r"tryck|slå|välj|knappa in",
        r"på|knappen|siffran|siffra|nummer",
        _numbers(
            "noll|nolla|nollan",
            *("ett|etta|ettan", "två|tvåa|tvåan", "tre|trea|trean", "fyra|fyran", "fem|femma|femman", "sex|sexa|sexan"),
            *("sju|sjua|sjuan", "åtta|åttan", "nio|nia|nian"),
            hash_key="fyrkant|fyrkanten|nummertecken|nummertecknet",
            star="stjärna|stjärnan|asterisk",
        ),
        r"för|om",
        r"vänligen|eller|och|nu|knappen",
    ),
}


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key that a text names."""

    key: str
    is_before_label: bool


def named_keys(text: str, language: Language) -> list[NamedKey]:
    """The keys that a text tells callers to press, in order. Nothing for a language without a table.

    Within a sentence what a key does stands before it ("For sales, press 1") or after it ("Press 1 for sales").
    """
    words = WORDS.get(language)
    if words is None:
        return []
    found = []
    for sentence in re.split(r"[.;!?:]+(?:\s|$)", text.casefold()):
        found += _in_sentence(sentence, words)
    return found


def _in_sentence(sentence: str, words: KeyWords) -> list[NamedKey]:
    spoken = "|".join(words.keys.values())
    key = rf"(?P<key>[0-9*#](?!\w)|(?:{spoken})\b)"
    pattern = re.compile(rf"\b(?:{words.press})\s+(?:(?:{words.between})\s+)*{key}")
    matches = list(pattern.finditer(sentence))
    if not matches:
        return []
    before, after = _label(sentence[: matches[0].start()], words), _label(sentence[matches[-1].end() :], words)
    links = bool(re.match(rf"(?:{words.links})\b", after))
    is_before = bool(after) and (not before or links)
    return [NamedKey(_key(match.group("key"), words), is_before) for match in matches]


def _label(text: str, words: KeyWords) -> str:
    """What is left of a part of a sentence without punctuation and words that say nothing."""
    text = " ".join(re.sub(r"[^\w\s]", " ", text).split())
    filler = re.compile(rf"^(?:{words.fillers})\b\s*")
    while (shorter := filler.sub("", text)) != text:
        text = shorter
    return text


def _key(said: str, words: KeyWords) -> str:
    return next((key for key, how in words.keys.items() if said == key or re.fullmatch(how, said)), said)
