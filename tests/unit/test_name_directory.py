"""Dial by name: which keys mean whom."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.name_directory import LONGEST, MOST_CHOICES, directory_of, spellings
from switchboard.flows.exploration import Explorer
from switchboard.flows.forking_call import Rang
from switchboard.flows.load import load_configuration
from switchboard.flows.moves import World
from tests.flows.playing import OVERLAYS, PROMPTS, with_overlay

FIRST = ["Mari", "Jaan", "Anna", "Peeter", "Olga", "Liis", "Kalle", "Rein", "Ülle", "Eva", "Märt", "Ivo", "Maria"]
LAST = ["Tamm", "Saar", "Sepp", "Mägi", "Kask", "Kukk", "Rebane", "Ilves", "Pärn", "Koppel", "Luik", "Oja"]
PEOPLE = {
    "mari": "Mari Tamm",
    "marika": "Marika Ozols",
    "marit": "Märt Õunapuu",
    "anna": "Anna-Liisa Šmits",
    "olga": "Ольга Цой",
    "jurgen": "Jürgen Groß",
}
DIRECTORY = directory_of(PEOPLE.items())
NAMES = st.lists(
    st.text(alphabet="abcdefghijklmnopqrstuvwxyzäöüõšžåøßабвгдежщя' -", min_size=1, max_size=20), max_size=12
)
KEYS = st.text(alphabet="23456789", min_size=1, max_size=LONGEST)


@pytest.mark.parametrize(
    ("keys", "meant"),
    [
        ("627", ["mari", "marika", "marit"]),  # MAR, and MÄR
        ("6274", ["mari"]),  # a whole word, though Marika begins so, too
        ("62745", ["marika"]),
        ("8266", ["mari"]),  # TAMM
        ("62748", ["mari"]),  # MARI T
        ("82666", ["mari"]),  # TAMM M
        ("68", ["marit"]),  # ÕU as OU
        ("638", ["marit"]),  # ÕU as OEU
        ("6237", ["marit"]),  # MÄRT as MAERT
        ("5447", ["anna"]),  # LIIS, the second half of a double name
        ("76487", ["anna"]),  # SMITS
        ("6542", ["olga"]),  # OLGA
        ("54292", []),
        ("5492", ["olga"]),  # ОЛЬГА on keys with Cyrillic: О5 Л4 Ь9 Г2
        ("876", ["olga"]),  # TSO
        ("47677", ["jurgen"]),  # GROSS
        ("58", ["jurgen"]),
        ("583", ["jurgen"]),  # JUE
        ("", []),
        ("1", []),
        ("627*", []),
    ],
)
def test_keys_mean_people(keys: str, meant: list[str]) -> None:
    assert [entry.person for entry in DIRECTORY.matches(keys)] == meant


def test_somebody_is_read_out_in_the_order_of_names() -> None:
    directory = directory_of([("b", "Zoe Mar"), ("a", "adam Mar"), ("c", "Bea Mar")])
    assert [entry.person for entry in directory.matches("627")] == ["a", "c", "b"]


def test_a_name_without_letters_cannot_be_asked_for() -> None:
    assert directory_of([("robot", "7-11"), ("mari", "Mari")]).entries == directory_of([("mari", "Mari")]).entries


@given(NAMES)
def test_everybody_is_found_by_each_word_of_their_name(names: list[str]) -> None:
    directory = directory_of((str(number), name) for number, name in enumerate(names))
    for entry in directory.entries:
        for word in entry.name.split():
            for keys in spellings(word):
                assert entry in directory.matches(keys[:LONGEST])


@given(NAMES, KEYS, KEYS)
def test_whoever_more_keys_mean_begins_with_fewer(names: list[str], keys: str, more: str) -> None:
    directory = directory_of((str(number), name) for number, name in enumerate(names))
    longer = (keys + more)[:LONGEST]
    assert all(entry.begins_with(keys) for entry in directory.matches(longer))


@given(NAMES)
def test_letters_case_means_nothing(names: list[str]) -> None:
    assert all(spellings(name.upper()) == spellings(name.lower()) for name in names)


@given(NAMES)
def test_what_is_worth_trying_stands_for_everybody(names: list[str]) -> None:
    directory = directory_of((str(number), name) for number, name in enumerate(names))
    nobody, *worth = directory.worth_trying()
    assert not directory.matches(nobody)
    met = {entry for keys in worth if len(found := directory.matches(keys)) <= MOST_CHOICES for entry in found}
    can_be_met = {
        entry
        for one in directory.entries
        for way in one.spelled
        for length in range(1, min(len(way), LONGEST) + 1)
        if len(found := directory.matches(way[:length])) <= MOST_CHOICES
        for entry in found
    }
    assert met == can_be_met
    assert all(directory.matches(keys) for keys in worth)


def test_exploration_finds_every_outcome(tmp_path: Path) -> None:
    configuration = load_configuration(with_overlay(tmp_path, OVERLAYS / "by_name"), PROMPTS)
    explorer = Explorer(configuration)
    world = World(datetime(2026, 3, 3, 8, tzinfo=UTC), "+37255501234", "6001000")
    (by_name,) = (move.to for move in explorer.moves(explorer.beginning("6001000"), world))
    assert by_name is not None
    moves = explorer.moves(by_name, world)
    assert {move.left.outcome for move in moves} == set(explorer.step_of(by_name).routes)
    runs = [each for move in moves for each in move.happenings if isinstance(each, Rang)]
    assert runs, "somebody is rung"
    assert any(move.left.outcome == "reception" and move.keys == {"0"} for move in moves)
    assert not explorer.incomplete


def test_many_people_are_explored_whole_and_soon() -> None:
    names = [(f"p{number}", f"{first} {last}") for number, (first, last) in enumerate(product(FIRST, LAST))]
    worth = list(directory_of(names).worth_trying())
    assert len(worth) < 2 * len(names)
