"""What somebody could try: numbers, characters, headers and targets, for tests/dialplan/test_tricks.py.

In texts, {n} is a number of ours, {trunk} the provider's address, {server} our own.
"""

from __future__ import annotations

OURS = "6001000"
PEER = "127.0.0.2"  # where a provider calls from
DROPPED = 0  # not SIP at all: no answer

# What a desk phone may dial, and what an exchange that is set up carelessly takes.
NUMBERS = [
    *("95551234", "5551234", "9+37255512345", "+37255512345", "37255512345", "0037255512345", "9005551234"),
    *("9011442079460000", "011442079460000", "900442079460000", "9900123456", "19005551234", "+19005551234"),
    *("112", "911", "9112", "0", "100", "101", "*43", "*44", "*78", "*8", "*8100", "**", "#", "##", "700", "701"),
    *("s", "i", "h", "t", "T", "o", "a", "e", "fax", "hint", "line", "peer", "desk", "emergency", "anonymous"),
    *("_9X.", "_X.", "_.", "_!", ".", "9.", "9!", "95!", "9X", "9N", "95Z", "[0-9]", "9[5]551234", "-", "9-555-1234"),
]
# Added to, or around, one of our own numbers: what is dialled must not become two things.
TWISTS = [
    *("{n}&95551234", "{n}&PJSIP/5551234@line", "{n}%26PJSIP%2F5551234%40line", "{n}/95551234", "95551234/{n}"),
    *(
        "{n}@line",
        "{n}%40line",
        "5551234%40line",
        "PJSIP%2F5551234%40line",
        "Local%2F95551234%40desk",
        "Local/95551234@desk",
    ),
    *("{n},1", "{n}%2C1", "desk,95551234,1", "desk%2C95551234%2C1", "{n}|95551234", "{n}%7C95551234", "{n}^95551234"),
    *(
        "{n};phone-context=desk",
        "{n};ext=95551234",
        "{n};isub=95551234",
        "{n};postd=pp95551234",
        "{n}%3Bpostd=95551234",
    ),
    *(
        "$%7BSHELL(id)%7D",
        "$%7BEXTEN%7D",
        "{n}$%7BEXTEN:1%7D",
        "%24%7BEXTEN%7D",
        "$[9]5551234",
        "%24%5B1%5D",
        "`id`",
        "$(id)",
    ),
    *(
        "{n}%00",
        "%00{n}",
        "{n}%0D%0A",
        "{n}%0D%0ARoute:%20<sip:5551234@{trunk};lr>",
        "{n}%20",
        "%20{n}",
        "{n}%09",
        "%EF%BC%99{n}",
    ),
    *("9" + "5" * 70, "5" * 300, "9" + "1" * 2000, "+" * 40, "9" * 79 + "&", "%39%35%35%35%31%32%33%34", "%35551234"),
    *(
        "{n}:95551234",
        "{n}?Route=%3Csip:5551234@{trunk}%3E",
        "{n}'",
        "{n}%22",
        "{n}%5C",
        "..%2Fdesk",
        "{n}#95551234",
        "~",
    ),
]
# Headers that tell another exchange who calls, where to go, or whom to replace.
HEADERS = [
    {"P-Asserted-Identity": '"Reception" <sip:100@127.0.0.1>'},
    {"P-Preferred-Identity": "<sip:101@127.0.0.1>"},
    {"Remote-Party-ID": "<sip:100@127.0.0.1>;party=calling;screen=yes;privacy=off"},
    {"Diversion": "<sip:95551234@line>;reason=unconditional"},
    {"History-Info": "<sip:95551234@line>;index=1"},
    {"Refer-To": "<sip:95551234@line>"},
    {"Refer-To": "<sip:5551234@{trunk}>", "Referred-By": "<sip:100@127.0.0.1>"},
    {"Referred-By": "<sip:101@127.0.0.1>"},
    {"Replaces": "0@127.0.0.1;to-tag=1;from-tag=1;early-only"},
    {"Join": "0@127.0.0.1;to-tag=1;from-tag=1"},
    {"Route": "<sip:5551234@{trunk};lr>"},
    {"Route": "<sip:{trunk};lr>, <sip:5551234@{trunk}>"},
    {"Record-Route": "<sip:5551234@{trunk};lr>"},
    {"Contact": "<sip:5551234@{trunk}>"},
    {"X-Asterisk-Context": "desk", "X-Context": "desk", "P-Context": "desk"},
    {"Alert-Info": "<http://127.0.0.1/>;info=auto-answer", "Call-Info": "<sip:127.0.0.1>;answer-after=0"},
    {"Subject": "x\r\nRefer-To: <sip:95551234@line>\r\nRoute: <sip:5551234@{trunk};lr>"},
    {"User-Agent": "${{SHELL(id)}}\r\n ${{EXTEN}}"},
    {"Request-Disposition": "redirect", "Accept-Contact": "*;audio", "Path": "<sip:{trunk};lr>"},
    {"Authorization": 'Digest username="101", realm="asterisk", nonce="0", uri="sip:x", response="0"'},
    {"Proxy-Authorization": 'Digest username="101", realm="asterisk", nonce="0", uri="sip:x", response="0"'},
]
# From headers: nobody's, a colleague's, a trunk's, one with more in it than a number.
SENDERS = [
    "<sip:line@{server}>",
    "<sip:peer@{trunk}>",
    '"95551234" <sip:95551234@{trunk}>',
    '"${{EXTEN}}" <sip:${{EXTEN}}@{server}>',
    '"a\\" <sip:100@{server}>" <sip:1@{server}>',
    "<sip:anonymous@anonymous.invalid>",
    "<sip:5551234%40line%26PJSIP%2F100@{server}>",
    "<tel:+37255512345>",
    "sip:desk@{server}",
]
# Where a call in progress could be sent.
TARGETS = [
    *("<sip:95551234@{server}>", "<sip:5551234@{trunk}>", "<sip:5551234@line>", "<sip:+37255512345@{server}>"),
    *("<sip:112@{server}>", "<sip:911@{server}>", "<sip:100@{server}>", "<sip:6001000@{server}>", "<sip:*43@{server}>"),
    *(
        "<sip:9011442079460000@{server}>",
        "<sip:95551%40line%26PJSIP%2F9009009@{server}>",
        "<tel:95551234>",
        "<tel:+3725551234>",
    ),
    *(
        "<sip:95551234@{server};method=INVITE>",
        "<sip:95551234@{server}?Route=%3Csip:{trunk}%3E>",
        "<sips:95551234@{server}>",
    ),
    *(
        "<sip:95551234@{server}?Replaces=0%40x%3Bto-tag%3D1%3Bfrom-tag%3D1>",
        "<sip:s@{server}>",
        "<http://127.0.0.1/>",
        "95551234",
    ),
]
FORWARDS = [
    *("95551234", "9+37255512345", "112", "911", "9011442079460000", "*43", "6001000", "+37255512345", "line", "s"),
    *("95551%40line%26PJSIP%2F9009009", "100%26PJSIP%2F5551234%40line", "5551234%40line", "$%7BEXTEN%7D", "5" * 200),
]

# How Asterisk says no where it is not 404. `*8` would pick up a colleague's call, had one the right; T ends the lease.
NOT_404 = {
    "*8": 403,
    "T": 603,
    "-": 484,
    "[0-9]": DROPPED,
    "9[5]551234": DROPPED,
    "$[9]5551234": DROPPED,
    "`id`": DROPPED,
    **dict.fromkeys(
        ("{n}&PJSIP/5551234@line", "{n}@line", "Local/95551234@desk", "{n}|95551234", "{n}^95551234"), DROPPED
    ),
    **dict.fromkeys(("{n}%0D%0ARoute:%20<sip:5551234@{trunk};lr>", "{n}?Route=%3Csip:5551234@{trunk}%3E"), DROPPED),
    # Our own number, and no more than that: what follows a NUL, or a password, is not looked at.
    "{n}%00": 200,
    "{n}:95551234": 200,
}
KEYS = ("*8", "**8100", "##95551234#", "*2", "95551234#", "#1", "*1", "*0112", "700#", "A", "D")
BLIND = [("REFER", {"Refer-To": target}, "") for target in TARGETS]
PRESSED = [
    ("INFO", {"Content-Type": "application/dtmf-relay"}, f"Signal={key}\r\nDuration=60\r\n") for key in "".join(KEYS)
]
ALONE = ("REFER", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "UPDATE", "PRACK", "REGISTER", "DIAL")

# What a desk phone dials, and what the trunk is asked for: nothing, or digits of what is allowed.
DIALLED_BY_A_PHONE = {
    "95551234": "5551234",
    "9+37255512345": "+37255512345",
    "95551%40line%26PJSIP%2F9009009": "55519009009",
    "955%24%7BEXTEN%7D1": "551",
    "955%2C1": "551",
    "9+372%5E555%5E1": "+3725551",
    "9011442079460000": None,
    "90015551234": None,
    "9900123456": None,
    "911": None,
    "+37255512345": None,
    "5551234%40line": None,
    "PJSIP%2F5551234%40line": None,
    "100%26PJSIP%2F5551234%40line": None,
    "line": None,
}
