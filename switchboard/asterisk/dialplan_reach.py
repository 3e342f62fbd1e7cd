"""The proof that callers reach no line outside, made of the rendered dialplan itself (the administrator's part, too).

Whatever somebody outside could make happen is followed: every extension of every context that calls from outside can be
in, both ways of every condition, subroutines with their arguments. Each `Dial` on the way must ring a desk phone and
nothing else, or the way there is told. What can't be known counts as a way outside: a variable in a `Dial`, a jump to a
context that is calculated, an application that is not known to be harmless.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from switchboard.asterisk.dialplan_text import Context, Step, could_match, is_digits_only, read_dialplan, top_level

# Contexts that hold callers from outside, whoever sends them there; those of pjsip.conf are found by themselves.
HELD_CALLERS = (
    "inbound",
    "safety-net",
    "leg",
    "nothing",
    "forwarded",
    "talking",
    "transferred",
    "unparked",
    "returned",
)
# Applications that call nobody and go nowhere. Whoever adds one: can it dial, or jump to an extension?
# fmt: off
HARMLESS = frozenset({
    "Answer", "Bridge", "Busy", "CELGenUserEvent", "Congestion", "Echo", "EndWhile", "ExitWhile", "Hangup", "Log",
    "MusicOnHold", "MWIUpdate", "NoOp", "ParkedCall", "Pickup", "PickupChan", "Playback", "Playtones",
    "Progress", "Read", "Record", "Return", "Ringing", "SayDigits", "SayNumber", "StackPop", "StartMusicOnHold",
    "Stasis", "StasisBroadcast", "StopMixMonitor", "StopMusicOnHold", "StopPlaytones", "UserEvent", "Verbose", "Wait",
    "WaitUntil", "While",
})
# fmt: on
_DIGITS = "\x00"  # stands for digits of which only that is known
_UNKNOWN = "\x01"  # stands for a text that is not known
_SPECIAL = ("T", "t", "i", "h", "s", "o", "a", "e", "fax")  # where Asterisk goes by itself
_OUR_AGI = re.compile(r"agi://(127\.0\.0\.1|localhost|\[::1\])[:/]")
_CONTEXT_VARIABLE = re.compile(r"_*[A-Z_]*(?:CONTEXT|GOTO_ON_BLINDXFR)")
_HANDLER = re.compile(r"CHANNEL\(hangup_handler_(?:push|wipe)\)")
_COMES_BACK = re.compile(r"c\(([^()]*)\)")  # Park's option: where a call goes that nobody fetches
_JUMP_OPTION = re.compile(r"[A-Za-z]\(([^()]*)")


@dataclass(frozen=True, slots=True)
class Leak:
    """A way from a caller outside to what may be a line outside."""

    way: tuple[str, ...]  # "inbound,6001000", "desk,_9X."
    what: str  # the step that ends it

    def __str__(self) -> str:
        return f"{' -> '.join(self.way)}: {self.what}"


@dataclass(frozen=True, slots=True)
class _Stand:
    """An extension, and what its subroutine was given."""

    context: str  # the one that holds the extension
    searched: str  # the one that it was looked up in
    extension: str
    arguments: tuple[str, ...] = ()


def leaks(files: Mapping[str, str], starts: Collection[str] = HELD_CALLERS) -> list[Leak]:
    """Every way to a line outside, the shortest to each. `files` are rendered, by name; none is the proof."""
    contexts = read_dialplan(
        *(text for name, text in sorted(files.items()) if name in ("custom.conf", "extensions.conf"))
    )
    accounts = read_accounts(files["pjsip.conf"])
    phones = {account.name for account in accounts if account.is_desk_phone}
    outside = {account.context for account in accounts if not account.is_desk_phone}
    forwards = {context for account in accounts for context in account.other_contexts}
    return _Walk(contexts, phones).from_(sorted({*starts, *outside, *forwards} & {*contexts}))


@dataclass(frozen=True, slots=True)
class Account:
    """An endpoint of pjsip.conf."""

    name: str
    context: str
    other_contexts: tuple[str, ...]  # of its variables: where forwards and transfers go
    may_transfer: bool
    is_desk_phone: bool


def read_accounts(pjsip: str) -> list[Account]:
    """The endpoints of pjsip.conf, templates applied."""
    sections: list[tuple[str, bool, list[tuple[str, str]]]] = []
    templates: dict[str, list[tuple[str, str]]] = {}
    for line in pjsip.splitlines():
        if found := re.match(r"\[([^\]]+)\](?:\(([^)]*)\))?", line):
            parents = [part.strip() for part in (found[2] or "").split(",") if part.strip()]
            settings = [pair for parent in parents if parent != "!" for pair in templates.get(parent, [])]
            sections.append((found[1], "!" in parents, settings))
            if "!" in parents:
                templates[found[1]] = settings
        elif sections and (setting := re.match(r"\s*([a-z_]+)\s*=\s*([^;]*)", line)):
            sections[-1][2].append((setting[1], setting[2].strip()))
    found_accounts = []
    for name, is_template, settings in sections:
        values = dict(settings)
        if is_template or values.get("type") != "endpoint":
            continue
        others = (pair[1].partition("=") for pair in settings if pair[0] == "set_var")
        others_of = tuple(value for variable, _, value in others if _CONTEXT_VARIABLE.fullmatch(variable))
        may_transfer = values.get("allow_transfer", "yes") != "no"
        is_phone = "auth" in values and values.get("context") == "desk"
        found_accounts.append(Account(name, values.get("context", "default"), others_of, may_transfer, is_phone))
    return found_accounts


@dataclass(slots=True)
class _Walk:
    contexts: Mapping[str, Context]
    phones: Collection[str]
    found: dict[str, Leak] = field(default_factory=dict)
    seen: set[_Stand] = field(default_factory=set)
    ahead: deque[tuple[_Stand, tuple[str, ...]]] = field(default_factory=deque)

    def from_(self, starts: Collection[str]) -> list[Leak]:
        for context in starts:
            self._enter(context, _UNKNOWN, (), ())
        while self.ahead:
            stand, way = self.ahead.popleft()
            for step in self.contexts[stand.context].extensions[stand.extension]:
                self._take(step, stand, way)
        return sorted(self.found.values(), key=lambda leak: (len(leak.way), leak.what))

    def _leak(self, way: tuple[str, ...], what: str) -> None:
        self.found.setdefault(what, Leak(way, what))

    def _enter(self, context: str, dialled: str, arguments: tuple[str, ...], way: tuple[str, ...]) -> None:
        """Go to an extension of a context, or to all that could be meant, and where Asterisk goes by itself."""
        if set(context) & {_DIGITS, _UNKNOWN}:
            self._leak(way, "a jump to a context that is calculated")
            return
        for name in self._with_included(context):
            here = self.contexts[name]
            if here.switches:
                self._leak((*way, name), f"switch => {here.switches[0]}")
            is_literal = not set(dialled) & {_DIGITS, _UNKNOWN}
            exact = is_literal and dialled in here.extensions
            for pattern in here.extensions:
                is_meant = pattern == dialled if exact else not is_literal or could_match(pattern, dialled)
                if is_meant or pattern in _SPECIAL:
                    stand = _Stand(name, context, pattern, arguments)
                    if stand not in self.seen:
                        self.seen.add(stand)
                        self.ahead.append((stand, (*way, f"{name},{pattern}")))

    def _with_included(self, context: str) -> Iterator[str]:
        waiting, done = [context], set()
        while waiting:
            name = waiting.pop(0)
            if name in self.contexts and name not in done:
                done.add(name)
                yield name
                waiting += self.contexts[name].includes

    def _take(self, step: Step, stand: _Stand, way: tuple[str, ...]) -> None:
        name = step.application
        # Conditions are not weighed: `?` and `:` part what may come.
        if name in ("GotoIf", "GosubIf"):
            for branch in _branches(step.arguments):
                self._jump(branch, stand, way, is_sub=name == "GosubIf")
        elif name in ("Goto", "Gosub"):
            self._jump(step.arguments, stand, way, is_sub=name == "Gosub")
        elif name == "ExecIf":
            for branch in _branches(step.arguments):
                inner, _, arguments = branch.partition("(" if "(" in branch else ":")
                self._take(Step(inner.strip(), arguments.removesuffix(")")), stand, way)
        elif name == "Dial":
            self._dial(step, stand, way)
        elif name == "Originate":
            self._originate(step, stand, way)
        elif name == "Park":
            for target in _COMES_BACK.findall(step.arguments):
                self._jump(target, stand, way, is_sub=False)
        elif name == "MixMonitor":
            if len(top_level(step.arguments, ",")) > 2:
                self._leak(way, f"MixMonitor({step.arguments}), which runs a command")
        elif name == "Set":
            self._set(step, stand, way)
        elif name in ("BackGround", "Background", "WaitExten"):
            self._enter(stand.searched, _UNKNOWN, stand.arguments, way)  # the caller's keys choose
        elif name == "AGI":
            if not _OUR_AGI.match(step.arguments):
                self._leak(way, f"AGI({step.arguments}), which could dial")
        elif name and name not in HARMLESS:
            self._leak(way, f"{name}({step.arguments}), which is not known to be harmless")

    def _jump(self, target: str, stand: _Stand, way: tuple[str, ...], *, is_sub: bool) -> None:
        if not target.strip():
            return
        arguments = stand.arguments
        parts = top_level(target, ",")
        if is_sub:
            parts[-1], given = _call(parts[-1])
            arguments = tuple(self._known(part, stand) for part in given)
        known = [self._known(part, stand) for part in parts]
        if len(known) == 3:
            self._enter(known[0], known[1], arguments, way)
        elif len(known) == 2:
            self._enter(stand.searched, known[0], arguments, way)
        # one part: a label of this very extension, whose steps are looked at anyhow

    def _dial(self, step: Step, stand: _Stand, way: tuple[str, ...]) -> None:
        parts = [self._known(part, stand) for part in top_level(step.arguments, ",")]
        for destination in parts[0].split("&"):
            technology, _, rest = destination.partition("/")
            if technology == "Local" and "@" in rest:
                extension, _, context = rest.partition("@")
                self._enter(context.partition("/")[0], extension, (), way)
            elif technology != "PJSIP" or not self._is_phone(rest):
                self._leak(way, f"Dial({step.arguments})")
        for option in _JUMP_OPTION.findall(parts[2]) if len(parts) > 2 else ():
            if "^" in option:
                target = option.split("^")
                self._enter(target[0], target[1], (), way)
            elif option in self.contexts:  # a subroutine on the callee's side: U(name)
                self._enter(option, "s", (), way)

    def _originate(self, step: Step, stand: _Stand, way: tuple[str, ...]) -> None:
        """As a Dial, whose callee goes to an extension."""
        destination, *rest = [self._known(part, stand) for part in top_level(step.arguments, ",")]
        self._dial(Step("Dial", destination), stand, way)
        if len(rest) > 2 and rest[0] == "exten":
            self._enter(rest[1], rest[2], (), way)
        else:
            self._leak(way, f"Originate({step.arguments})")

    def _is_phone(self, name: str) -> bool:
        """A desk phone's account: trunks' begin with a letter, so that digits alone are none of them."""
        return name in self.phones or (bool(name) and not set(name) - {*"0123456789", _DIGITS})

    def _set(self, step: Step, stand: _Stand, way: tuple[str, ...]) -> None:
        name, _, value = step.arguments.partition("=")
        if _CONTEXT_VARIABLE.fullmatch(name.strip()):
            known = self._known(value.strip(), stand).replace("^", ",").split(",")
            if known != [""]:
                self._enter(known[0], known[1] if len(known) > 1 else _UNKNOWN, (), way)
        elif _HANDLER.match(name.strip()):
            self._jump(value, stand, way, is_sub=True)

    def _known(self, text: str, stand: _Stand) -> str:
        """The text with variables replaced by their values, or by what is known of them."""
        while found := re.search(r"\$\{[^${}]*\}|\$\[[^$\[\]]*\]", text):
            text = text[: found.start()] + self._value(found[0], stand) + text[found.end() :]
        return text

    def _value(self, expression: str, stand: _Stand) -> str:
        name = expression[2:-1]
        if (argument := re.fullmatch(r"ARG([1-9])", name)) and int(argument[1]) <= len(stand.arguments):
            return stand.arguments[int(argument[1]) - 1]
        if name == "EXTEN" and not stand.extension.startswith("_"):
            return stand.extension
        is_number = (name.partition(":")[0] == "EXTEN" and is_digits_only(stand.extension)) or bool(
            re.match(r"FILTER\((?:0-9|\[0-9\]|X),", name)
        )
        contacts = re.fullmatch(r"PJSIP_DIAL_CONTACTS\(([0-9]+)\)", name)
        return f"PJSIP/{contacts[1]}" if contacts else _DIGITS if is_number else _UNKNOWN


def _branches(arguments: str) -> list[str]:
    """Both ways of `condition?one:other`."""
    _, *ways = top_level(arguments, "?")
    return top_level("?".join(ways), ":")


def _call(last: str) -> tuple[str, list[str]]:
    """A subroutine's priority and arguments: `1(100,x)`."""
    priority, opening, given = last.partition("(")
    return priority, top_level(given.removesuffix(")"), ",") if opening else []
