"""What callers get while the switchboard is out of order, as far as the organisation's own files tell."""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.domain.language import NAMES
from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.problems import Severity


def safety_nets(examined: Examined) -> Iterator[Finding]:
    """Their prompts exist in the language of the number; and not silent."""
    organisation = examined.configuration.organisation
    for number in organisation.numbers.values():
        net = number.safety_net
        place = examined.places.of("organisation.yaml", "numbers", number.number, "safety_net")
        for what, prompt in (
            ("greeting", net.greeting),
            ("leave_message", net.leave_message),
            ("goodbye", net.goodbye),
        ):
            texts = organisation.prompts.get(prompt, {})
            language = NAMES.get(number.language, number.language)
            if not any(texts.values()):
                text = f"the safety net of {number.number} has no `{what}` to say"
                yield Finding("safety-net", Severity.ERROR, place, (number.number,), text, f"a text of `{prompt}`")
            elif not texts.get(number.language):
                text = f"the safety net of {number.number} does not say `{prompt}` in {language}, its language"
                expected = f"`{prompt}` in texts/{number.language}.yaml"
                yield Finding("safety-net", Severity.WARNING, place, (number.number,), text, expected)
