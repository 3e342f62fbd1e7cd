"""Asterisk's configuration from an organisation: what it says, what it refuses, and how it is written."""

from __future__ import annotations

import dataclasses
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from switchboard.asterisk import escaping, rendering
from switchboard.asterisk.rendering import read_trunk_passwords, render, render_all, template_files
from switchboard.asterisk.tones import EUROPE, tones_of
from switchboard.domain.dialling import Phone
from switchboard.domain.organisation import Organisation, Trunk
from switchboard.domain.queueing import Queue
from switchboard.domain.spoken import content_key
from switchboard.errors import ConfigurationError, SetupError
from switchboard.folders import Folders
from switchboard.settings import Settings
from tests.sample_organisation import RECEPTION, TEXTS, SampleConfiguration, sample_organisation


@dataclass(frozen=True)
class Known:
    """Secrets and program in one."""

    ari: str = "ari-secret"
    ami: str = "ami-secret"
    phones: Mapping[str, str] = dataclasses.field(default_factory=lambda: {"100": "secret-100", "101": "secret-101"})
    modules: Path = Path("/usr/lib/asterisk/modules")
    data: Path = Path("/usr/share/asterisk")


def rendered(
    organisation: Organisation | None = None,
    state: Path = Path("/srv/state"),
    known: Known | None = None,
    **settings: Any,
) -> dict[str, str]:
    known = known or Known()
    return render(
        SampleConfiguration(organisation or sample_organisation()),
        Settings(state=state, **settings),
        Folders(state=state, served=state, cache=state / "cache"),
        known,
        known,
        trunk_passwords={"line": "trunk-secret"},
    )


def test_a_number_that_is_taken_away_has_a_safety_net_with_the_same_steps_in_the_same_places() -> None:
    context = section(rendered()["extensions.conf"], "[safety-net]")
    nets = re.split(r"(?m)^exten => ", context.partition("exten => T,")[0])[1:]
    assert [net.partition(",")[0] for net in nets] == ["+3726002000", "6001000", "_[+0-9]."]
    steps = [re.findall(r"same => n(?:\(\w+\))?,(\w+)", net) for net in nets]
    assert steps[0] == steps[1] == steps[2]
    first, of_any = nets[1].partition(",")[2], nets[2].partition(",")[2]
    assert of_any.strip() == first.strip(), "the first number of the organisation is everybody's"


def section(text: str, header: str) -> str:
    """The lines of one section."""
    return text.partition(f"\n{header}\n")[2].partition("\n[")[0]


def test_every_template_makes_a_file_that_says_what_it_is_made_from() -> None:
    files = rendered()
    assert len(files) == len(template_files()) > 15
    for name, text in files.items():
        assert re.match(
            rf"; Made from (asterisk-config|dialplan)/{re.escape(name)}\.j2 and .*Edit those, not this\.", text
        )
        assert "{{" not in text
        assert "{%" not in text


def test_each_number_enters_stasis_with_a_lease_and_falls_into_its_safety_net() -> None:
    text = rendered()["extensions.conf"]
    inbound = section(text, "[inbound]")
    for number in ("6001000", "+3726002000"):
        block = inbound.partition(f"exten => {number},1,")[2].partition("exten")[0]
        lease, claim = (
            block.index("TIMEOUT(absolute)=10"),
            block.index(
                f"StasisBroadcast(500,^switchboard$,inbound:{number}:${{FILTER(a-z,${{SWITCHBOARD_CONSENT}})}})"
            ),
        )
        assert lease < claim < block.index(f"Goto(safety-net,{number},1)")
    net = section(text, "[safety-net]")
    assert f"Gosub(say,s,1(/srv/state/cache/prompts/{content_key(TEXTS['greeting'], 'en')}))" in net  # type: ignore[arg-type]
    assert "Dial(PJSIP/100,3,rt)" in net
    assert "Record(/srv/state/asterisk/spool/recording/${SWITCHBOARD_MESSAGE}.wav,5,20,kq)" in net


def test_desk_phones_have_accounts_and_nobody_else_a_password() -> None:
    pjsip = rendered()["pjsip.conf"]
    assert 'callerid = "Reception" <100>' in section(pjsip, "[100](desk-phone)")
    assert "password = secret-100" in section(pjsip, "[100](desk-phone-account)")
    assert "context = inbound" in section(pjsip, "[anonymous](common)")
    assert "auth" not in section(pjsip, "[anonymous](common)")
    assert "type = registration" not in pjsip


def test_a_trunk_registers_and_is_identified_and_its_calls_come_in_as_from_outside() -> None:
    line = Trunk(
        "line", "sip.example.net:5080", "account-7", prefix="9", allowed=("+372", "5"), caller_number="6001000"
    )
    files = rendered(sample_organisation(trunks=(line,)))
    pjsip = files["pjsip.conf"]
    assert "context = inbound" in section(pjsip, "[line](common)")
    assert "client_uri = sip:account-7@sip.example.net:5080" in pjsip
    assert "match = sip.example.net\n" in pjsip
    assert "contact_user = 6001000" in pjsip
    outside = section(files["extensions.conf"], "[outside]")
    assert "exten => _9+372.,1,Set(OUTSIDE=line,${FILTER(0-9+,${EXTEN:1})},6001000)" in outside
    assert "@" not in section(files["extensions.conf"], "[inbound]") + section(files["extensions.conf"], "[safety-net]")
    assert "there is no trunk" in section(files["extensions.conf"], "[emergency]")


def test_emergency_goes_to_the_trunks_that_take_it() -> None:
    lines = (Trunk("line", "192.0.2.1", emergency=True), Trunk("other", "192.0.2.2", allowed=("5",)))
    emergency = section(rendered(sample_organisation(trunks=lines))["extensions.conf"], "[emergency]")
    assert "Dial(PJSIP/112@line)" in emergency
    assert "@other" not in emergency
    assert "Stasis" not in emergency


def test_the_bind_address_opens_sip_and_rtp_and_nothing_else() -> None:
    loopback, wide, six = rendered(), rendered(bind="0.0.0.0"), rendered(bind="::1")
    assert "bind = 127.0.0.1:5060" in loopback["pjsip.conf"]
    assert "media_address = 127.0.0.1" in loopback["pjsip.conf"]
    assert "bind = 0.0.0.0:5060" in wide["pjsip.conf"]
    assert "media_address" not in wide["pjsip.conf"]
    assert "bind = [::1]:5060" in six["pjsip.conf"]
    for files in (loopback, wide, six):
        assert "bindaddr = 127.0.0.1" in files["http.conf"]
        assert "bindaddr = 127.0.0.1" in files["manager.conf"]


@pytest.mark.parametrize(("change", "said"), [
    ({"phones": {"100": RECEPTION, "1x": Phone("1x", "X")}}, "phone 1x"),
    ({"phones": {"100": RECEPTION, "102": Phone("102", "X")}}, "phone 102: has no password"),
    ({"phones": {"100": Phone("100", "A\n[evil](common)")}}, "phone 100"),
    ({"emergency_numbers": ("112,1,System(x)",)}, "emergency number"),
    ({"emergency_numbers": ("100",)}, "is also phone 100"),
    ({"reception": Phone("199", "X")}, "reception 199"),
    ({"trunks": (Trunk("anonymous", "192.0.2.1"),)}, "trunk anonymous: the name is taken"),
    ({"trunks": (Trunk("a", "192.0.2.1"), Trunk("a", "192.0.2.2"))}, "trunk a: the name is taken"),
    ({"trunks": (Trunk("a", "host\ncontext=desk"),)}, "trunk a"),
    ({"trunks": (Trunk("a", "192.0.2.1", username="x"),)}, "SWITCHBOARD_TRUNK_A_PASSWORD"),
    ({"trunks": (Trunk("a", "192.0.2.1", allowed=("_X.",)),)}, "not the beginning of a number"),
    ({"prompts": {}}, "there is no prompt 'greeting'"),
])  # fmt: skip
def test_what_asterisk_could_misread_is_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        rendered(dataclasses.replace(sample_organisation(), **change))


def test_all_problems_are_told_at_once() -> None:
    broken = dataclasses.replace(sample_organisation(), emergency_numbers=("x",), reception=Phone("9", "X"), prompts={})
    with pytest.raises(ConfigurationError) as told:
        rendered(broken)
    assert len(told.value.problems) >= 4


def test_a_folder_asterisk_cannot_name_is_refused_as_a_setting() -> None:
    with pytest.raises(SetupError, match=r"state: .*','"):
        rendered(state=Path("/srv/a,b"))


def test_only_what_changed_is_written_and_secrets_are_kept(tmp_path: Path) -> None:
    known, configuration = Known(), SampleConfiguration(sample_organisation())
    settings, folders = Settings(state=tmp_path), Folders(tmp_path, tmp_path, tmp_path / "cache")
    folders.asterisk_config.mkdir(parents=True)
    (folders.asterisk_config / "old.conf").write_text("of an older version")
    first = render_all(configuration, settings, folders, known, known, trunk_passwords={})
    assert {path.name for path in first} == {*rendered(), "old.conf"}
    assert not (folders.asterisk_config / "old.conf").exists()
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders.asterisk_config.iterdir()} == {0o600}
    assert render_all(configuration, settings, folders, known, known, trunk_passwords={}) == []
    (folders.asterisk_config / "rtp.conf").chmod(0o644)
    other = dataclasses.replace(known, ari="changed")
    changed = render_all(configuration, settings, folders, other, other, trunk_passwords={})
    assert {path.name for path in changed} == {"rtp.conf", "ari.conf"}


def test_music_is_made_unless_the_organisation_has_its_own(tmp_path: Path) -> None:
    known, configuration = Known(), SampleConfiguration(sample_organisation())
    settings, folders = Settings(state=tmp_path), Folders(tmp_path, tmp_path, tmp_path / "cache")
    music = folders.asterisk / "music"
    render_all(configuration, settings, folders, known, known, trunk_passwords={})
    assert (music / "hold.wav").stat().st_size > 100_000
    (music / "hold.wav").rename(music / "ours.wav")
    render_all(configuration, settings, folders, known, known, trunk_passwords={})
    assert [path.name for path in music.iterdir()] == ["ours.wav"]


def test_a_queue_has_music_of_its_own(tmp_path: Path) -> None:
    known, organisation = Known(), sample_organisation()
    queues = {
        name: Queue(name, (), music=music) for name, music in (("sales", "slow"), ("service", "slow"), ("any", ""))
    }
    configuration = SampleConfiguration(dataclasses.replace(organisation, queues=queues))
    settings, folders = Settings(state=tmp_path), Folders(tmp_path, tmp_path, tmp_path / "cache")
    render_all(configuration, settings, folders, known, known, trunk_passwords={})
    text = (folders.asterisk_config / "musiconhold.conf").read_text()
    assert text.count(f"\n[music_slow]\nmode = files\ndirectory = {folders.asterisk}/music/slow\n") == 1
    assert text.count("[music_") == 1
    assert list((folders.asterisk / "music" / "slow").iterdir()) == []
    assert (folders.asterisk / "music" / "hold.wav").exists(), "the usual music is there all the same"


def test_a_value_that_was_not_escaped_stops_the_rendering() -> None:
    environment = Environment(finalize=rendering._only_escaped)
    assert environment.from_string("{{ x }}").render(x=escaping.value("ok")) == "ok"
    for value in ("plain", None, 1.5, True):
        with pytest.raises(TypeError, match="not escaped"):
            environment.from_string("{{ x }}").render(x=value)


def test_trunk_passwords_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trunks = (Trunk("one-line", "h", "u"), Trunk("two", "h", "u"), Trunk("three", "h", "u"), Trunk("four", "h"))
    configuration = SampleConfiguration(sample_organisation(trunks=trunks))
    monkeypatch.setenv("SWITCHBOARD_TRUNK_ONE_LINE_PASSWORD", "from the environment")
    (tmp_path / "trunks").mkdir()
    (tmp_path / "trunks" / "two").write_text("from a file\n")
    folders = Folders(tmp_path, tmp_path, tmp_path)
    assert read_trunk_passwords(configuration, folders) == {"one-line": "from the environment", "two": "from a file"}


HOSTILE = st.text(st.sampled_from('ab";,\\[]()<>#=&|$ {}\n\r\0é–\u2028%'), max_size=30)


@given(HOSTILE)
def test_a_value_stays_on_its_line_and_means_itself(text: str) -> None:
    try:
        escaped = escaping.value(text)
    except ValueError:
        return
    assert "\n" not in escaped
    assert "\r" not in escaped
    assert read_by_asterisk(escaped) == text


def read_by_asterisk(line: str) -> str:
    r"""The value of a line as main/config.c reads it: `\;` is a semicolon, another `;` begins a comment."""
    return re.split(r"(?<!\\);", line)[0].replace(r"\;", ";").strip()


@given(HOSTILE)
def test_a_comment_stays_a_comment(text: str) -> None:
    escaped = escaping.comment(text)
    assert len(escaped.splitlines()) <= 1
    assert ";" not in escaped


@given(HOSTILE)
def test_a_path_has_nothing_that_means_something(text: str) -> None:
    try:
        escaped = escaping.path(Path("/") / text.replace("\0", ""))
    except ValueError:
        return
    assert not set(escaped) & set(",;&|\"'\\$[]{}()\n")


def test_tones_of_a_country_or_europes() -> None:
    assert tones_of("us").ring.startswith("440+480")
    assert tones_of("EE").ring == EUROPE.ring
    assert tones_of("AL") is EUROPE
