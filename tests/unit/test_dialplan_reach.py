"""No way leads from a caller outside to a line outside: proved of the rendered dialplan, whatever contexts it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from switchboard.asterisk import rendering
from switchboard.asterisk.dialplan_reach import HELD_CALLERS, Leak, leaks, read_accounts
from switchboard.asterisk.dialplan_text import could_match, read_dialplan
from switchboard.domain.organisation import Trunk
from switchboard.errors import ConfigurationError
from tests.sample_organisation import sample_organisation
from tests.unit.test_rendering import rendered

LINES = (
    Trunk("line", "198.51.100.7", prefix="9", allowed=("5", "+372"), caller_number="+3726001000", emergency=True),
    Trunk("spare", "198.51.100.8", username="northern", addresses=("198.51.100.0/24",), allowed=("00",)),
)


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return rendered(sample_organisation(trunks=LINES[:1]))


def added(files: dict[str, str], text: str) -> dict[str, str]:
    """With an administrator's own dialplan."""
    return files | {"custom.conf": f"{files['custom.conf']}\n{text}\n"}


def test_no_caller_reaches_a_line_outside(files: dict[str, str]) -> None:
    assert leaks(files) == []


def test_the_proof_looks_at_every_context_that_callers_can_be_in(files: dict[str, str]) -> None:
    """Were these not found, nothing would be proved: the ones that pjsip.conf and the dialplan name are there."""
    contexts = read_dialplan(files["extensions.conf"])
    assert {"inbound", "safety-net", "leg", "forwarded"} <= {*contexts} & {*HELD_CALLERS}
    accounts = {account.name: account for account in read_accounts(files["pjsip.conf"])}
    assert {name for name, account in accounts.items() if not account.is_desk_phone} == {"anonymous", "line"}
    assert not any(account.may_transfer for account in accounts.values() if not account.is_desk_phone)
    assert accounts["100"].is_desk_phone
    assert "forwarded" in accounts["100"].other_contexts


def test_desk_phones_do_reach_them_so_the_proof_sees_what_it_looks_for(files: dict[str, str]) -> None:
    found = {str(leak) for leak in leaks(files, {"desk"})}
    assert any("Dial(PJSIP/112@line)" in leak for leak in found)
    assert any(re.match(r"outside,.* -> ring-outside,s: Dial\(PJSIP/\$", leak) for leak in found)


@pytest.mark.parametrize(
    "opened",
    [
        "[inbound]\ninclude => desk",
        "[inbound]\nexten => 7,1,Goto(desk,95551234,1)",
        "[inbound]\nexten => _7X.,1,Goto(desk,${EXTEN:1},1)",
        "[inbound]\nexten => 7,1,Goto(${CONTEXT_OF_MINE},1,1)",
        "[inbound]\nexten => _9X.,1,Dial(PJSIP/${EXTEN:1}@line)",
        "[inbound]\nexten => _7X.,1,Dial(PJSIP/${EXTEN})",
        "[inbound]\nexten => 7,1,Dial(PJSIP/100&PJSIP/5551234@line,20)",
        "[inbound]\nexten => 7,1,Dial(PJSIP/${CALLERID(num)})",
        "[inbound]\nexten => 7,1,Dial(Local/95551234@desk)",
        "[inbound]\nexten => 7,1,Dial(Local/95551234@desk/n,20,tT)",
        "[inbound]\nexten => 7,1,Dial(PJSIP/100,20,b(desk^95551234^1))",
        "[inbound]\nexten => 7,1,Dial(PJSIP/100,20,F(desk^95551234^1))",
        "[inbound]\nexten => 7,1,Dial(SIP/100)",
        "[inbound]\nexten => 7,1,GotoIf($[${X} > 1]?desk,95551234,1)",
        "[inbound]\nexten => 7,1,GotoIf($[1]?:desk,95551234,1)",
        "[inbound]\nexten => 7,1,ExecIf($[1]?Dial(PJSIP/line))",
        "[inbound]\nexten => 7,1,ExecIf(${X}?Hangup():Dial(PJSIP/5@line))",
        "[inbound]\nexten => 7,1,Gosub(out,s,1(line,5551234))\n[out]\nexten => s,1,Dial(PJSIP/${ARG2}@${ARG1})",
        "[inbound]\nexten => 7,1,Set(__TRANSFER_CONTEXT=desk)",
        "[inbound]\nexten => 7,1,Set(GOTO_ON_BLINDXFR=desk^95551234^1)",
        "[inbound]\nexten => 7,1,Set(CHANNEL(hangup_handler_push)=desk,95551234,1)",
        "[inbound]\nexten => 7,1,BackGround(menu)\n same => n,WaitExten(5)\ninclude => desk",
        "[inbound]\nexten => 7,1,Originate(PJSIP/5@line,exten,desk,100,1)",
        "[inbound]\nexten => 7,1,AGI(/usr/local/bin/own)",
        "[inbound]\nexten => 7,1,NewApplication(x)",
        "[inbound]\nswitch => Realtime/x",
        "[inbound]\nexten => h,1,Goto(desk,112,1)",
        "[safety-net]\nexten => T,2,Goto(desk,95551234,1)",
        "[leg]\nexten => s,1,Goto(emergency,112,1)",
        "[say]\nexten => t,1,Goto(desk,95551234,1)",
        "[forwarded]\ninclude => outside\n[outside]\nexten => _X.,1,Dial(PJSIP/${EXTEN}@line)",
    ],
)
def test_each_way_that_somebody_could_open_is_found(files: dict[str, str], opened: str) -> None:
    assert leaks(added(files, opened)), opened


@pytest.mark.parametrize(
    "harmless",
    [
        "[inbound]\nexten => 7,1,Goto(desk,100,1)",
        "[inbound]\nexten => _1X,1,Dial(PJSIP/${EXTEN},20)",
        "[inbound]\nexten => 7,1,Dial(PJSIP/100&PJSIP/101,20,r)",
        "[inbound]\nexten => 7,1,Dial(Local/100@desk)",
        "[inbound]\nexten => 7,1,AGI(agi://127.0.0.1:4573/hours?table=office)",
        "[inbound]\n; exten => 7,1,Dial(PJSIP/5@line)",
        "[inbound]\n;-- exten => 7,1,Dial(PJSIP/5@line)\n--;",
        "[desk-custom]\nexten => 7,1,Dial(PJSIP/5@line)",
    ],
)
def test_what_leads_nowhere_outside_is_let_pass(files: dict[str, str], harmless: str) -> None:
    assert leaks(added(files, harmless)) == []


def test_the_way_is_told() -> None:
    way = Leak(("inbound,6001000", "desk,_9X."), "Dial(PJSIP/5@line)")
    assert str(way) == "inbound,6001000 -> desk,_9X.: Dial(PJSIP/5@line)"


def test_an_account_that_is_no_desk_phone_starts_where_it_says(files: dict[str, str]) -> None:
    files = files | {"pjsip.conf": files["pjsip.conf"] + "\n[door]\ntype = endpoint\ncontext = desk\n"}
    assert any("Dial(PJSIP/112@line)" in str(leak) for leak in leaks(files))


def test_asterisk_gets_no_dialplan_that_lets_callers_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The administrator's own part is proved with ours, and refused with the way that it opens."""
    for folder in rendering.TEMPLATE_FOLDERS:
        (tmp_path / folder).mkdir()
        for template in (rendering.REPOSITORY / folder).glob("*.j2"):
            (tmp_path / folder / template.name).write_text(template.read_text("utf-8"), "utf-8")
    own = tmp_path / "dialplan" / "custom.conf.j2"
    own.write_text(own.read_text("utf-8") + "\n[inbound]\nexten => 7,1,Goto(desk,112,1)\n", "utf-8")
    monkeypatch.setattr(rendering, "REPOSITORY", tmp_path)
    with pytest.raises(
        ConfigurationError, match=r"a caller could reach a line outside by inbound,7 -> .*Dial\(PJSIP/112@line\)"
    ):
        rendered(sample_organisation(trunks=LINES[:1]))


@pytest.mark.parametrize(
    ("pattern", "dialled", "takes"),
    [
        ("100", "100", True),
        ("100", "1000", False),
        ("_9X.", "95", False),
        ("_9X.", "955", True),
        ("_9X.", "9x1", False),
        ("_1XX", "155", True),
        ("_1ZN", "102", False),
        ("_[+0-9].", "+3", True),
        ("_[2-4]!", "3", True),
        ("_+372X.", "+37250", True),
        ("_*4X", "*43", True),
    ],
)
def test_patterns_take_what_asterisk_says_they_do(pattern: str, dialled: str, takes: bool) -> None:
    assert could_match(pattern, dialled) is takes
