"""`language`: the caller chooses what to hear from now on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.language import NAMES, Language
from switchboard.flows.asking import ask
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Count, Duration, LanguageKeys, Spoken
from switchboard.flows.schema import RECEPTION_STEP, Field, Outcome, StepType
from switchboard.ports import Utterance
from switchboard.services.office import Speech

HUMAN = "0"


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    """The same prompt said in each language, and the key of each."""

    speech: Speech
    keys: Mapping[str, Language]
    timeout: timedelta
    attempts: int

    def in_turn(self, now: Language) -> Speech:
        """Each language's own words, whatever the caller hears now."""
        said: tuple[Utterance, ...] = ()
        for language in self.keys.values():
            said += self.speech.get(language, ())
        return {now: said}


async def run(step: ChooseLanguage, conversation: Conversation) -> Left:
    """Ask, and speak the language chosen."""
    speech = step.in_turn(conversation.language)
    left = await ask(conversation, speech, {*step.keys, HUMAN}, step.timeout, step.attempts)
    if left.outcome == HUMAN:
        return Left("reception", left.decided_on)
    if left.outcome not in step.keys:
        return left
    language = step.keys[left.outcome]
    conversation.recorder.speak(language)
    return Left("chosen", f"{left.decided_on}: {NAMES[language]}")


LANGUAGE = StepType(
    name="language",
    purpose="Says the prompt in each language in turn and speaks the one chosen from then on. `*` and 0 as in a menu.",
    step=ChooseLanguage,
    fields=(
        Field("language", Spoken(), "what is said, in each language with its own key", attribute="speech"),
        Field("keys", LanguageKeys(), "the language of each key, in the order they are said"),
        Field("timeout", Duration(timedelta(seconds=30)), "how long a key is waited for", timedelta(seconds=5)),
        Field("attempts", Count(1, 10), "how often it is asked", 2),
    ),
    outcomes=(
        Outcome("chosen", "a language was chosen"),
        Outcome("no_input", "no key was pressed: the language stays"),
        Outcome("no_match", "the last key pressed is not in use: the language stays"),
        Outcome("reception", "0 was pressed", default=RECEPTION_STEP),
    ),
    run=run,
    waits=True,
    example="""\
language:
  language: language_menu
  keys: {1: en, 2: et, 3: lv, 4: ru, 5: sq, 6: sv}
  on: {chosen: greet, no_input: menu, no_match: menu}
""",
)
