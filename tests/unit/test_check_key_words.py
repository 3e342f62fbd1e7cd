"""What a text says of keys, in each language."""

from __future__ import annotations

import pytest

from switchboard.domain.language import NAMES, Language
from switchboard.flows.checks.key_words import WORDS, named_keys
from switchboard.flows.load import load_configuration
from tests.flows.playing import EXAMPLE, PROMPTS

TEXTS = [
    ("en", "For sales, press 1. To speak to reception, press 0.", "1 0", ""),
    ("en", "Press 1 for sales, 2 for orders.", "1", "1"),
    ("en", "For sales press one, for orders press the number two.", "1 2", ""),
    ("en", "Thank you for calling. Press the hash key to go back.", "#", "#"),
    ("en", "Welcome, please press 3 if you are a customer.", "3", "3"),
    ("en", "To go back, press the hash key, or to hear this again, press star.", "# *", ""),
    ("en", "Press 1.", "1", ""),
    ("en", "We are open from 9 to 5, and have 12 phones.", "", ""),
    ("et", "Müük, vajutage 1. Tagasi, vajutage trelle.", "1 #", ""),
    ("et", "Vajutage kaks, kui soovite tellida.", "2", "2"),
    ("lv", "Lai runātu ar sekretāri, nospiediet nulli.", "0", ""),
    ("lv", "Nospiediet 1, lai pasūtītu.", "1", "1"),
    ("ru", "Чтобы сделать заказ, нажмите на цифру один.", "1", ""),
    ("ru", "Нажмите решётку, чтобы вернуться.", "#", "#"),
    ("sq", "Për shitjet, shtypni 1. Shtypni dy për porositë.", "1 2", "2"),
    ("sv", "För försäljning, tryck på knappen ett.", "1", ""),
    ("sv", "Tryck 2 för order.", "2", "2"),
]


@pytest.mark.parametrize(("language", "text", "keys", "before"), TEXTS)
def test_keys_and_their_labels(language: str, text: str, keys: str, before: str) -> None:
    found = named_keys(text, Language(language))
    assert " ".join(each.key for each in found) == keys
    assert " ".join(each.key for each in found if each.is_before_label) == before


def test_every_language_with_a_voice_has_its_words() -> None:
    assert set(WORDS) == set(NAMES)
    assert all(set(words.keys) == set("0123456789#*") for words in WORDS.values())


def test_the_example_names_its_keys_alike_in_all_languages() -> None:
    prompts = load_configuration(EXAMPLE, PROMPTS).organisation.prompts
    for identifier in ("main_menu", "sales_menu", "info_menu", "closed_menu"):
        texts = prompts[identifier]
        said = {tuple(each.key for each in named_keys(text, language)) for language, text in texts.items()}
        assert len(said) == 1, identifier
        assert next(iter(said))
