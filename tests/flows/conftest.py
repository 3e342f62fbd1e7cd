"""`pytest tests/flows --rewrite-goldens` (or `make goldens`) writes the expected transcripts anew."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--rewrite-goldens", action="store_true", help="write expected transcripts instead of comparing")
