"""Calls in progress: claims what Asterisk offers, gives each a task, keeps its lease, adopts what was left behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ami import AmiAddress, AmiLinks
from switchboard.asterisk.ari import APPLICATION, AriAddress, AriLink, Event
from switchboard.asterisk.call import AsteriskCall
from switchboard.asterisk.calling_out import CalledAgent, agent_line
from switchboard.asterisk.channel import LEASE_SECONDS, Asterisk
from switchboard.asterisk.device_state import DeviceStates
from switchboard.asterisk.leg import LEG_PREFIX, Leg, LegState, extension_of, read
from switchboard.asterisk.lights import DutyLamps
from switchboard.asterisk.outside_counts import OutsideCounts
from switchboard.asterisk.position import POSITION_VARIABLE, unpack
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.asterisk.talk import LEG_VARIABLE, PARTNER_VARIABLE, SAFETY_NET_CONTEXT, TALKING_CONTEXT
from switchboard.domain.dialling import Phone
from switchboard.domain.identity import CallId
from switchboard.domain.mobile_lines import MobileLine
from switchboard.errors import AsteriskError, LegGone
from switchboard.ports import AgentCall, Position

LEASE_INTERVAL = 3.0  # seconds between renewals of the calls' leases
ENTRANCES = ("inbound", "star")  # how the dialplan offers a call, and what it is for (dialplan/README.md)
NUMBER_VARIABLE = "SWITCHBOARD_NUMBER"
STAND_DOWN = 30.0  # seconds an ousted controller waits before it claims again

log = structlog.get_logger()


class Version(Protocol):
    """What a call needs of a version of the configuration."""

    @property
    def prompts(self) -> PromptStore: ...

    @property
    def phones(self) -> Mapping[str, Phone]:
        """By extension; names those of conversations taken over from an earlier controller."""

    @property
    def mobile_lines(self) -> Mapping[str, MobileLine]:
        """How people's mobiles are rung, by number."""


V = TypeVar("V", bound=Version)
V_contra = TypeVar("V_contra", bound=Version, contravariant=True)


class Serve(Protocol[V_contra]):
    """What is done with a caller, until the call is over."""

    def __call__(
        self, call: AsteriskCall, version: V_contra, /, *, adopted: bool, position: Position | None
    ) -> Awaitable[None]: ...


class Exchange(Generic[V]):
    """Attaches to Asterisk and serves its calls. `recordings` is where Asterisk records.

    `version_for` says by which version a call to a number that begins now is led; it is asked once a call. `serve` runs
    as one task a call. `all_adopted` is told whenever all calls that Asterisk holds have one, `phones_changed` whenever
    a desk phone is in another state, `phone_registered` of each that was not connected and is. `desk_phones` are the
    extensions whose states are followed; `not_to_be_rung` says whose persons are away, for lamps.
    """

    def __init__(
        self,
        ari: AriAddress,
        ami: AmiAddress,
        recordings: Path,
        *,
        version_for: Callable[[str], V],
        serve: Serve[V],
        all_adopted: Callable[[], None] = lambda: None,
        phones_changed: Callable[[], None] = lambda: None,
        phone_registered: Callable[[str], None] = lambda extension: None,
        desk_phones: Callable[[], Iterable[str]] = lambda: (),
        not_to_be_rung: Callable[[], Mapping[str, bool]] = dict,
    ) -> None:
        self._ari = AriLink(ari, on_event=self._received, on_up=self._rebuild, on_down=self._link_lost)
        self._ami = AmiLinks(ami)
        self.devices = DeviceStates(self._ari, desk_phones)
        self.lamps = DutyLamps(self._ari, not_to_be_rung)
        self._asterisk = Asterisk(self._ari, self._ami, recordings)
        self.outside_counts = OutsideCounts(self._ami)
        self._version_for = version_for
        self._serve = serve
        self._all_adopted = all_adopted
        self._phones_changed = phones_changed
        self._phone_registered = phone_registered
        self._calls: dict[str, AsteriskCall] = {}
        self._legs: dict[str, tuple[Leg, AsteriskCall]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._lighter: asyncio.Task[None] | None = None
        self._claiming = True
        self.asterisk_version = ""
        self._handlers: dict[str, Callable[[Event], None]] = {
            "ApplicationReplaced": self._replaced,
            "BridgeAttendedTransfer": self._transferred_attended,
            "BridgeBlindTransfer": self._transferred_blind,
            "CallBroadcast": self._offered,
            "StasisStart": self._started,
            "StasisEnd": self._ended,
            "ChannelDtmfReceived": self._key,
            "ChannelHangupRequest": self._hangup_requested,
            "ChannelDestroyed": self._destroyed,
            "ChannelEnteredBridge": self._entered_bridge,
            "DeviceStateChanged": self._device_changed,
            "Dial": self._dialled,
            "PlaybackFinished": self._playback_finished,
            "RecordingFailed": self._recording_over,
            "RecordingFinished": self._recording_over,
        }

    @property
    def is_answering(self) -> bool:
        """A call that comes now is claimed and served."""
        return self._claiming and self._ari.is_up and self._ami.is_up

    @property
    def ari(self) -> AriLink:
        """The link to ARI, for what is asked of Asterisk itself."""
        return self._ari

    @property
    def ami(self) -> AmiLinks:
        """The links to AMI, likewise."""
        return self._ami

    @property
    def calls(self) -> tuple[AsteriskCall, ...]:
        """The calls in progress."""
        return tuple(self._calls.values())

    def in_progress(self, call_id: CallId) -> bool:
        """Whether the call has a task here."""
        return any(call.id == call_id for call in self._calls.values())

    async def start(self) -> None:
        """Attach to Asterisk; returns at once, and goes on trying for ever."""
        await self._ami.start()
        await self._ari.start()
        self._keeper = asyncio.create_task(self._keep_leases(), name="leases")
        self._lighter = asyncio.create_task(self.lamps.run(), name="lamps")

    async def close(self) -> None:
        """Let go. Calls without a conversation go to the next controller, or with their lease to the safety net."""
        self._claiming = False
        for keeper in (self._keeper, self._lighter):
            if keeper is not None:
                keeper.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._ari.close()
        await self._ami.close()

    def _link_lost(self) -> None:
        self.devices.lost()
        self.lamps.forget()

    async def _watch_devices(self) -> None:
        try:
            await self.devices.watch()
        except (AsteriskError, LegGone) as error:  # phones are rung all the same
            log.warning("phones_not_watched", error=str(error))

    # Events. Each handler is quick: it changes a call's state and wakes its task.

    def _received(self, event: Event) -> None:
        handler = self._handlers.get(event["type"])
        if handler is not None:
            handler(event)

    def _offered(self, event: Event) -> None:
        """CallBroadcast: whoever claims first gets the call; unclaimed for 500 ms, the safety net does."""
        if self.is_answering:
            claim = self._ari.request(operations.CLAIM, channelId=event["channel"]["id"], application=APPLICATION)
            claim.add_done_callback(_log_lost_claim)

    def _started(self, event: Event) -> None:
        arguments, channel = event["args"], event["channel"]
        known = self._calls.get(channel["id"])
        if arguments and arguments[0] in ENTRANCES:
            if known is None or known.is_away:
                self._start(channel, arguments, known)
        elif arguments and arguments[0] == "returned":
            if known is not None:
                known.came_back(arguments[2])
            else:
                self._aside(self._adopt_returned(channel, arguments[2]))
        elif channel["id"] in self._legs:
            leg, call = self._legs[channel["id"]]
            call.leg_entered(leg, channel["name"])
        elif (replaced := event.get("replace_channel")) is not None and replaced["id"] in self._legs:
            self._picked_up_elsewhere(replaced["id"], channel)

    def _start(self, channel: Event, arguments: Sequence[str], known: AsteriskCall | None) -> None:
        """A caller of a number of ours: a new one, or one who was transferred to it."""
        if known is not None:
            known.left()
        version = self._version_for(arguments[1])
        call = AsteriskCall(self._asterisk, channel, arguments[1], version.prompts, self._track_leg)
        call.entrance = tuple(arguments)
        call.mobile_lines = version.mobile_lines
        self._begin(call, version, adopted=False)

    def _picked_up_elsewhere(self, name: str, channel: Event) -> None:
        """A colleague took the call that rings at another's phone: in that leg's place now stands the colleague's."""
        leg, call = self._legs.pop(name)
        extension = extension_of(channel["name"])
        phone = self._version_for(call.number).phones.get(extension, Phone(extension, extension))
        call.leg_picked_up_elsewhere(leg, channel["id"], channel["name"], phone)
        # Asterisk goes on telling us of channels that we made ourselves or claimed, but not of this one.
        self._ari.request(operations.SUBSCRIBE, applicationName=APPLICATION, eventSource=f"channel:{channel['id']}")

    def _device_changed(self, event: Event) -> None:
        if registered := self.devices.changed(event):
            self._phone_registered(registered)
        self._phones_changed()

    def _ended(self, event: Event) -> None:
        call = self._calls.get(event["channel"]["id"])
        if call is not None and not call.is_away:
            call.left()

    def _key(self, event: Event) -> None:
        call = self._calls.get(event["channel"]["id"])
        leg, ringing = self._legs.get(event["channel"]["id"], (None, None))
        if call is not None:
            call.key_pressed(event["digit"])
        elif leg is not None and ringing is not None:
            ringing.leg_key_pressed(leg, event["digit"])

    def _hangup_requested(self, event: Event) -> None:
        call = self._calls.get(event["channel"]["id"])
        if call is not None:
            call.hangup_requested(event.get("cause", 0))

    def _destroyed(self, event: Event) -> None:
        leg, call = self._legs.pop(event["channel"]["id"], (None, None))
        if leg is not None and call is not None:
            call.leg_ended(leg, event.get("cause", 0), event.get("tech_cause", 0))
        caller = self._calls.get(event["channel"]["id"])
        if caller is not None:
            caller.left()  # if StasisEnd has not told yet: it hung up while it talked

    def _entered_bridge(self, event: Event) -> None:
        call = self._calls.get(event["channel"]["id"])
        if call is not None:
            call.entered_bridge()

    def _transferred_blind(self, event: Event) -> None:
        if event["result"] == "Success":
            self._passed_on((event["channel"],), event.get("transferee"))

    def _transferred_attended(self, event: Event) -> None:
        if event["result"] == "Success":
            self._passed_on((event["transferer_first_leg"], event["transferer_second_leg"]), event.get("transferee"))

    def _passed_on(self, by: Iterable[Event], transferee: Event | None) -> None:
        """Somebody at a desk phone passed on whom they talked to: a caller of ours, or a caller's callee."""
        for channel in by:
            leg, call = self._legs.get(channel["id"], (None, None))
            if leg is not None and call is not None:
                call.passed_on(leg)
        leg, call = self._legs.get(transferee["id"], (None, None)) if transferee else (None, None)
        if leg is not None and call is not None:
            call.leg_passed_on(leg)
            del self._legs[leg.channel]

    def _dialled(self, event: Event) -> None:
        leg, call = self._legs.get(event["peer"]["id"], (None, None))
        if leg is not None and call is not None and event["dialstatus"] == "ANSWER":
            call.leg_answered(leg)

    def _playback_finished(self, event: Event) -> None:
        playback = event["playback"]
        target = playback["target_uri"].removeprefix("channel:")
        call = self._calls.get(target)
        leg, ringing = self._legs.get(target, (None, None))
        if call is not None:
            call.playback_finished(playback["id"], playback["state"])
        elif leg is not None and ringing is not None:
            ringing.leg_playback_finished(leg, playback["id"])

    def _recording_over(self, event: Event) -> None:
        recording = event["recording"]
        call = self._calls.get(recording["target_uri"].removeprefix("channel:"))
        if call is not None:
            problem = recording.get("cause", "for no reason told") if event["type"] == "RecordingFailed" else ""
            call.recording_over(recording["name"], problem)

    def _replaced(self, event: Event) -> None:
        """Another controller took our place at this Asterisk; two that fight for it would serve nobody."""
        log.error("controller_replaced", standing_down_for=STAND_DOWN)
        self._claiming = False
        asyncio.get_running_loop().call_later(STAND_DOWN, self._claim_again)

    def _claim_again(self) -> None:
        self._claiming = True

    # Calls.

    def _track_leg(self, leg: Leg, call: AsteriskCall) -> None:
        """Tell the call of what happens to its leg; no more once that is GONE."""
        if leg.state is LegState.GONE:
            self._legs.pop(leg.channel, None)
        else:
            self._legs[leg.channel] = (leg, call)

    def _begin(self, call: AsteriskCall, version: V, *, adopted: bool, position: Position | None = None) -> None:
        self._calls[call.channel] = call
        self._aside(self._run(call, version, adopted, position), name=f"call-{call.id}")

    def call_agent(self, wanted: AgentCall, version: V) -> AbstractAsyncContextManager[CalledAgent]:
        """A call that begins at a desk phone, led by a version; whoever asks for it leads it."""
        call = CalledAgent(
            self._asterisk, wanted, version.prompts, self._track_leg, self._agent_picked_up, self.outside_counts
        )
        return agent_line(call, self._agent_call_over)

    def _agent_picked_up(self, call: AsteriskCall) -> None:
        """What was a leg is a caller from now on."""
        self._legs.pop(call.channel, None)
        self._calls[call.channel] = call

    def _agent_call_over(self, call: AsteriskCall) -> None:
        self._legs.pop(call.channel, None)
        if self._calls.get(call.channel) is call:
            del self._calls[call.channel]

    def _aside(self, work: Coroutine[Any, Any, None], name: str | None = None) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, call: AsteriskCall, version: V, adopted: bool, position: Position | None) -> None:
        try:
            await self._serve(call, version, adopted=adopted, position=position)
        finally:
            if self._calls.get(call.channel) is call:  # and not the one that it became, transferred to another number
                del self._calls[call.channel]

    async def _keep_leases(self) -> None:
        """Renew each caller's lease while we can serve: with ARI down we can't, and the safety net shall."""
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while True:
            await asyncio.sleep(LEASE_INTERVAL)
            if not self._ari.is_up:
                continue
            if self.devices.has_new:  # phones of a version that became live meanwhile
                watching = asyncio.create_task(self._watch_devices(), name="watch-phones")  # no lease waits for it
                self._tasks.add(watching)
                watching.add_done_callback(self._tasks.discard)
            if loop.time() - renewed > LEASE_SECONDS - LEASE_INTERVAL:
                # We were frozen or cut off so long that leases may have run out. A renewal now would cut off a caller
                # whom the safety net has: first hear of all that left us. Events and answers come in one order.
                with contextlib.suppress(AsteriskError, LegGone):
                    await self._ari.request(operations.GET_APPLICATION, applicationName=APPLICATION)
            renewed = loop.time()
            for call in self._calls.values():
                if call.is_leased:
                    call.renew_lease()
                elif call.is_talking:
                    call.lift_lease()  # again, should a renewal have overtaken the first time

    # After a connect.

    async def _rebuild(self) -> None:
        """Asterisk replays nothing: compare what it holds with what we know, then adopt or let go."""
        application, channels, bridges, info = await asyncio.gather(
            # Who enters a bridge, and who is transferred, wherever that is. What it answers is the application.
            self._ari.request_http(operations.SUBSCRIBE, applicationName=APPLICATION, eventSource="bridge:"),
            self._ari.request_http(operations.LIST_CHANNELS),
            self._ari.request_http(operations.LIST_BRIDGES),
            self._ari.request_http(operations.GET_INFO),
        )
        self.asterisk_version = info["system"]["version"]
        present = {channel["id"]: channel for channel in channels}
        # Asterisk keeps telling us of channels that we have let go into the dialplan: those of `held` are in hand.
        held = {name for name in application["channel_ids"] if name in present and _is_in_hand(present[name])}
        self._review_known(present, held)
        for name, channel in present.items():
            if name in self._calls or name in self._legs or name.startswith(LEG_PREFIX):
                continue
            if name in held:
                await self._adopt(channel)
            elif channel["dialplan"]["context"] == TALKING_CONTEXT:
                await self._adopt_conversation(channel, present, bridges)
        for name in held:
            if name.startswith(LEG_PREFIX) and name not in self._legs:
                self._ari.request(operations.HANG_UP, channelId=name)
        asyncio.get_running_loop().call_soon(self._all_adopted)  # their tasks have begun by then
        await self._watch_devices()

    def _review_known(self, present: Mapping[str, Event], held: set[str]) -> None:
        for call in tuple(self._calls.values()):
            channel = present.get(call.channel)
            if channel is None:
                call.left(vanished=True)
            elif call.is_away and channel["dialplan"]["context"] != SAFETY_NET_CONTEXT:
                call.link_restored_while_away(present)
            elif call.channel in held:
                call.link_restored(is_up=channel["state"] == "Up")
            else:
                call.taken_away()
        for name, (leg, call) in list(self._legs.items()):
            if name not in present:
                del self._legs[name]
                call.leg_ended(leg, 0, 0)
            elif present[name]["state"] == "Up":
                call.leg_answered(leg)

    async def _adopt(self, channel: Event) -> None:
        """Take over a caller whom an earlier controller left in the middle."""
        found = await self._known_of(channel)
        if found is not None:
            call, version, position = found
            log.info("call_adopted", call=str(call.id), talking=False)
            call.renew_lease()
            await call.silence()
            self._begin(call, version, adopted=True, position=position)

    async def _adopt_conversation(self, channel: Event, present: Mapping[str, Event], bridges: Iterable[Event]) -> None:
        """Watch over a caller whom an earlier controller connected to somebody. One who was passed on since is told of
        by Asterisk's event log, and comes back to us as a stranger would."""
        found = await self._known_of(channel)
        if found is None:
            return
        call, version, position = found
        try:
            name = await self._variable(channel["id"], LEG_VARIABLE)
            phone = read(await self._variable(channel["id"], PARTNER_VARIABLE), version.phones)
        except (LegGone, AsteriskError):
            name, phone = "", Phone("", "")
        bridge = next((each for each in bridges if channel["id"] in each["channels"]), None)
        together = bridge["channels"] if bridge else ()
        partner = next((each for each in together if each in present and present[each]["name"] == name), None)
        if bridge is None or partner is None:
            del self._calls[call.channel]
            return
        leg = Leg(partner, phone, name=name)
        self._track_leg(leg, call)
        call.adopt_conversation(leg, datetime.fromisoformat(bridge["creationtime"]))
        sources = f"channel:{call.channel},channel:{partner}"
        self._ari.request(operations.SUBSCRIBE, applicationName=APPLICATION, eventSource=sources)
        log.info("call_adopted", call=str(call.id), talking=True)
        self._begin(call, version, adopted=True, position=position)

    async def _adopt_returned(self, channel: Event, how: str) -> None:
        """The dialplan offered a caller whose conversation an earlier controller began: what follows it is ours."""
        found = await self._known_of(channel)
        if found is not None:
            call, version, position = found
            call.adopt_returned(how)
            call.renew_lease()
            log.info("call_adopted", call=str(call.id), returned=how)
            self._begin(call, version, adopted=True, position=position)

    async def _known_of(self, channel: Event) -> tuple[AsteriskCall, V, Position | None] | None:
        """The call of a channel that an earlier controller led, with what that noted on it; None if it has gone."""
        try:
            number = await self._variable(channel["id"], NUMBER_VARIABLE)
        except (LegGone, AsteriskError) as error:
            log.warning("call_not_adopted", channel=channel["id"], error=str(error))
            return None
        try:
            position = unpack(await self._variable(channel["id"], POSITION_VARIABLE))
        except LegGone:
            position = None  # a variable that is not set is answered like a channel that is not there
        version = self._version_for(number)
        call = AsteriskCall(self._asterisk, channel, number, version.prompts, self._track_leg)
        call.mobile_lines = version.mobile_lines
        self._calls[channel["id"]] = call  # what happens to it meanwhile is not missed
        return call, version, position

    async def _variable(self, channel: str, name: str) -> str:
        """A channel's variable. Raises LegGone if it is not set."""
        answer: dict[str, Any] = await self._ari.request(operations.GET_VARIABLE, channelId=channel, variable=name)
        return str(answer["value"])


def _log_lost_claim(claim: asyncio.Future[Any]) -> None:
    if not claim.cancelled() and claim.exception() is not None:
        log.info("claim_lost", error=str(claim.exception()))


def _is_in_hand(channel: Event) -> bool:
    """Whether a channel is led by an application of ours, and not by the dialplan."""
    return channel["dialplan"]["app_name"] in ("Stasis", "StasisBroadcast")
