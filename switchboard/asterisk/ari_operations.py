"""The ARI operations we use. A test holds each against the API description that the running Asterisk serves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its HTTP method, its path below `/ari/`, and the parameters we send beside the path's."""

    method: str
    path: str
    parameters: tuple[str, ...] = ()


FILTER_EVENTS = Operation("PUT", "applications/{applicationName}/eventFilter", ("allowed",))
SUBSCRIBE = Operation("POST", "applications/{applicationName}/subscription", ("eventSource",))
CLAIM = Operation("POST", "events/claim", ("channelId", "application"))

ANSWER = Operation("POST", "channels/{channelId}/answer")
HANG_UP = Operation("DELETE", "channels/{channelId}", ("reason_code",))
PLAY = Operation("POST", "channels/{channelId}/play/{playbackId}", ("media", "skipms"))
SKIP_IN_PLAYBACK = Operation("POST", "playbacks/{playbackId}/control", ("operation",))
STOP_PLAYBACK = Operation("DELETE", "playbacks/{playbackId}")
RECORD = Operation(
    "POST", "channels/{channelId}/record", ("name", "format", "maxDurationSeconds", "maxSilenceSeconds", "ifExists")
)
GET_RECORDING = Operation("GET", "recordings/live/{recordingName}")
STOP_RECORDING = Operation("POST", "recordings/live/{recordingName}/stop")
START_RINGBACK = Operation("POST", "channels/{channelId}/ring")
STOP_RINGBACK = Operation("DELETE", "channels/{channelId}/ring")
START_MUSIC = Operation("POST", "channels/{channelId}/moh", ("mohClass",))
STOP_MUSIC = Operation("DELETE", "channels/{channelId}/moh")
GET_VARIABLE = Operation("GET", "channels/{channelId}/variable", ("variable",))
SET_VARIABLE = Operation("POST", "channels/{channelId}/variable", ("variable", "value"))

CREATE_LEG = Operation("POST", "channels/create", ("endpoint", "app", "appArgs", "channelId", "originator"))
CONTINUE = Operation("POST", "channels/{channelId}/continue", ("context", "extension", "priority"))
DIAL_LEG = Operation("POST", "channels/{channelId}/dial", ("caller", "timeout"))

SET_DEVICE_STATE = Operation("PUT", "deviceStates/{deviceName}", ("deviceState",))
GET_APPLICATION = Operation("GET", "applications/{applicationName}")
LIST_CHANNELS = Operation("GET", "channels")
LIST_BRIDGES = Operation("GET", "bridges")
LIST_ENDPOINTS = Operation("GET", "endpoints/{tech}")
GET_INFO = Operation("GET", "asterisk/info")
RELOAD_MODULE = Operation("PUT", "asterisk/modules/{moduleName}")

ALL: dict[str, Operation] = {name: value for name, value in globals().items() if isinstance(value, Operation)}
