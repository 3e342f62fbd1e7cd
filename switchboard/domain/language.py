"""Languages of callers, as BCP 47 primary tags."""

from __future__ import annotations

from typing import NewType

Language = NewType("Language", str)

ENGLISH = Language("en")
NAMES = {
    Language("en"): "English",
    Language("et"): "Eesti",
    Language("lv"): "Latviešu",
    Language("ru"): "Русский",
    Language("sq"): "Shqip",
    Language("sv"): "Svenska",
}
