"""The soundness of `switchboard check` over many more random flows than `make test` has time for."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.flows.test_check_soundness import check_foretells


@pytest.mark.thorough
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(st.randoms(use_true_random=False))
def test_what_happens_was_foretold(random: Random) -> None:
    check_foretells(random)
