"""Versions on disk: whole or not at all, named by their content, never what somebody had half written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from switchboard.errors import ConfigurationError, SetupError
from switchboard.flows import version_copy
from switchboard.flows.content import content_version, files_of
from switchboard.flows.load import load_configuration
from switchboard.flows.version_copy import copied, new_copy
from switchboard.flows.versions import (
    keep_version,
    kept_versions,
    live_version,
    load_live,
    load_version,
    prune,
    publishing,
    set_live,
    version_folders,
)
from tests.flows.playing import EXAMPLE, PROMPTS


@pytest.fixture
def ivr(tmp_path: Path) -> Path:
    """A folder of the test's own."""
    shutil.copytree(EXAMPLE, tmp_path / "ivr")
    return tmp_path / "ivr"


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """The prompts in English, with one recording."""
    (tmp_path / "prompts/texts").mkdir(parents=True)
    shutil.copy(PROMPTS / "texts/en.yaml", tmp_path / "prompts/texts")
    (tmp_path / "prompts/recordings/en").mkdir(parents=True)
    (tmp_path / "prompts/recordings/en/welcome.wav").write_bytes(b"RIFF sound")
    return tmp_path / "prompts"


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    return tmp_path / "versions"


def hidden(versions: Path) -> list[str]:
    """What is in the making, or was left."""
    return [path.name for path in versions.iterdir() if path.name.startswith(".")]


def refusal(versions: Path, ivr: Path, prompts: Path) -> str:
    """Why no copy is kept; nothing may be left of one."""
    with pytest.raises(ConfigurationError) as refused:
        keep_version(versions, ivr, prompts)
    assert not kept_versions(versions) and not hidden(versions)
    return str(refused.value)


def change(ivr: Path, number: int) -> None:
    """Make it another version."""
    (ivr / "note.yaml").write_text(f"# {number}\n")


def test_a_kept_copy_is_the_same_version(versions: Path, ivr: Path, prompts: Path) -> None:
    version = keep_version(versions, ivr, prompts)
    assert version == content_version(ivr, prompts) == load_configuration(ivr, prompts).version
    kept = load_version(versions, version)
    assert kept.version == version
    shutil.rmtree(ivr)
    assert load_version(versions, version).flows.keys() == kept.flows.keys()
    assert version_folders(versions, version) == (versions / version / "ivr", versions / version / "prompts")
    assert not hidden(versions)


def test_keeping_it_again_changes_nothing(versions: Path, ivr: Path, prompts: Path) -> None:
    version = keep_version(versions, ivr, prompts)
    before = {path: path.stat().st_ino for path in versions.rglob("*")}
    assert keep_version(versions, ivr, prompts) == version
    assert {path: path.stat().st_ino for path in versions.rglob("*")} == before


@pytest.mark.parametrize(
    "name",
    [
        "ivr/facts.yaml",
        "ivr/flows/main.yaml",
        "ivr/shared/deep/more.yaml",
        "prompts/texts/en.yaml",
        "prompts/recordings/en/welcome.wav",
        "prompts/recordings.yaml",
    ],
)
def test_every_file_that_matters_counts(tmp_path: Path, ivr: Path, prompts: Path, name: str) -> None:
    before = content_version(ivr, prompts)
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b" ")
    assert content_version(ivr, prompts) != before
    assert name in files_of(ivr, prompts)


@pytest.mark.parametrize("name", ["ivr/README.md", "ivr/.facts.yaml.swp", "ivr/.git/config.yaml", "prompts/notes.txt"])
def test_what_callers_cannot_hear_does_not(tmp_path: Path, ivr: Path, prompts: Path, name: str) -> None:
    before = content_version(ivr, prompts)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("anything")
    assert content_version(ivr, prompts) == before


def test_a_renamed_file_is_another_version(ivr: Path, prompts: Path) -> None:
    before = content_version(ivr, prompts)
    (prompts / "recordings/en/welcome.wav").rename(prompts / "recordings/en/farewell.wav")
    assert content_version(ivr, prompts) != before


def test_problems_are_called_as_the_administrator_knows_the_files(versions: Path, ivr: Path, prompts: Path) -> None:
    (ivr / "flows/main.yaml").write_text("flow: main\nstart: nowhere\nsteps: {}\n")
    with pytest.raises(ConfigurationError) as told:
        load_configuration(ivr, prompts)
    with copied(versions, ivr, prompts) as copy, pytest.raises(ConfigurationError) as refused:
        copy.load()
    assert str(refused.value) == str(told.value)


def test_a_missing_folder_is_refused_by_who_reads_it(versions: Path, tmp_path: Path, prompts: Path) -> None:
    with (
        copied(versions, tmp_path / "none", prompts) as copy,
        pytest.raises(ConfigurationError, match=r"none/organisation.yaml:1:1: cannot be read"),
    ):
        copy.load()


# -- what is no file of the folder


def test_a_link_out_of_the_folder(versions: Path, ivr: Path, prompts: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.yaml").write_text("a: b")
    (ivr / "more.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    said = refusal(versions, ivr, prompts)
    assert said == f"{ivr}/more.yaml: leads out of the folder, to {tmp_path}/elsewhere.yaml; put the file itself here"


def test_a_linked_folder_outside(versions: Path, ivr: Path, prompts: Path, tmp_path: Path) -> None:
    (ivr / "flows").rename(tmp_path / "flows")
    (ivr / "flows").symlink_to(tmp_path / "flows")
    assert "flows/appointments.yaml: leads out of the folder" in refusal(versions, ivr, prompts)


def test_links_within_the_folder_and_circles_are_followed(versions: Path, ivr: Path, prompts: Path) -> None:
    (ivr / "flows/again.yaml").symlink_to("sales.yaml")
    (ivr / "shared").symlink_to(".")
    version = keep_version(versions, ivr, prompts)
    kept = versions / version / "ivr/flows/again.yaml"
    assert not kept.is_symlink() and kept.read_bytes() == (ivr / "flows/sales.yaml").read_bytes()
    assert content_version(ivr, prompts) == version


def test_a_pipe_is_not_waited_for(versions: Path, ivr: Path, prompts: Path) -> None:
    os.mkfifo(ivr / "pipe.yaml")
    assert refusal(versions, ivr, prompts) == f"{ivr}/pipe.yaml: cannot be read: it is not a file"
    content_version(ivr, prompts)


def test_a_link_to_nothing(versions: Path, ivr: Path, prompts: Path) -> None:
    (ivr / "gone.yaml").symlink_to("nothing.yaml")
    assert refusal(versions, ivr, prompts) == f"{ivr}/gone.yaml: cannot be read: No such file or directory"


def test_a_name_that_is_no_text(versions: Path, ivr: Path, prompts: Path) -> None:
    Path(os.fsdecode(bytes(ivr) + b"/\xff.yaml")).write_text("a: b")
    assert "has a name that is not UTF-8" in refusal(versions, ivr, prompts)


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        ("LARGEST_FILE", 1 << 20, "prompts/recordings/en/long.wav is too large — expected at most 1 MiB a file"),
        ("LARGEST_VERSION", 1 << 20, "the configuration is too large — expected at most 1 MiB"),
        ("MOST_FILES", 5, "the configuration has too many files — expected at most 5"),
    ],
)
def test_too_much(
    versions: Path, ivr: Path, prompts: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, said: str
) -> None:
    (prompts / "recordings/en/long.wav").write_bytes(bytes(1 << 21))
    monkeypatch.setattr(version_copy, limit, value)
    assert refusal(versions, ivr, prompts) == said


def test_a_disk_that_takes_nothing(ivr: Path, prompts: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match=r"cannot keep versions in .*/file/versions: Not a directory"):
        keep_version(tmp_path / "file/versions", ivr, prompts)


# -- while somebody writes


def during(monkeypatch: pytest.MonkeyPatch, name: str, do: Callable[[], object]) -> None:
    """Let something happen right after the named file was copied."""
    add = version_copy.Copy.add

    def and_then(copy: version_copy.Copy, added: str, content: object) -> None:
        add(copy, added, content)  # type: ignore[arg-type]
        if added == name:
            do()

    monkeypatch.setattr(version_copy.Copy, "add", and_then)


def test_a_file_written_while_it_is_read(
    versions: Path, ivr: Path, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    during(monkeypatch, "ivr/people.yaml", lambda: (ivr / "facts.yaml").write_text("half"))
    said = refusal(versions, ivr, prompts)
    assert said == f"{ivr}/facts.yaml: changed while it was read; try again when everything is saved"


@pytest.mark.parametrize("name", ["ivr/facts.yaml", "ivr/people.yaml"])
def test_a_file_that_goes_or_comes(
    versions: Path, ivr: Path, prompts: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    during(monkeypatch, name, (ivr / "people.yaml").unlink)
    assert f"{ivr}/people.yaml: " in refusal(versions, ivr, prompts)


def test_what_is_kept_is_what_was_loaded(versions: Path, ivr: Path, prompts: Path) -> None:
    with copied(versions, ivr, prompts) as copy:
        loaded = copy.load()
        (ivr / "facts.yaml").write_text("half")
        assert copy.keep() == loaded.version == copy.version
    assert load_version(versions, loaded.version).facts == loaded.facts


# -- damage


@pytest.mark.parametrize("how", ["changed", "removed", "added"])
def test_a_damaged_copy_is_refused_and_replaced(versions: Path, ivr: Path, prompts: Path, how: str) -> None:
    version = keep_version(versions, ivr, prompts)
    path = versions / version / "prompts/recordings/en/welcome.wav"
    match how:
        case "changed":
            path.chmod(0o644)
            path.write_bytes(b"RIFF noise")
        case "removed":
            path.unlink()
        case "added":
            (path.parent / "more.wav").write_bytes(b"RIFF")
    with pytest.raises(ConfigurationError, match=f"version {version}: its copy in .* is damaged; `switchboard roll"):
        load_version(versions, version)
    assert keep_version(versions, ivr, prompts) == version
    assert load_version(versions, version).version == version
    assert not hidden(versions)


@pytest.mark.parametrize("version", ["0123456789abcdef", "../versions", "", "live"])
def test_what_is_not_kept(versions: Path, ivr: Path, prompts: Path, version: str) -> None:
    keep_version(versions, ivr, prompts)
    for ask in (load_version, set_live):
        with pytest.raises(ConfigurationError, match=f"version {version} is not kept in"):
            ask(versions, version)


def test_files_of_a_version_brought_back_make_the_same(versions: Path, ivr: Path, prompts: Path) -> None:
    with new_copy(versions) as copy:
        for name, path in reversed(files_of(ivr, prompts).items()):
            copy.add(name, [path.read_bytes()])
        assert copy.keep() == content_version(ivr, prompts)


# -- which is live


def test_the_live_version(versions: Path, ivr: Path, prompts: Path) -> None:
    assert live_version(versions) is None
    assert load_live(versions) == (None, "")
    first = keep_version(versions, ivr, prompts)
    assert live_version(versions) is None
    set_live(versions, first)
    change(ivr, 2)
    second = keep_version(versions, ivr, prompts)
    assert live_version(versions) == first
    set_live(versions, second)
    assert live_version(versions) == second
    configuration, problem = load_live(versions)
    assert configuration and (configuration.version, problem) == (second, "")
    assert not hidden(versions)


@pytest.mark.parametrize("content", [b"", b"../..", b"\xff", b"0123"])
def test_a_damaged_name_is_told_and_the_last_good_one_serves(
    versions: Path, ivr: Path, prompts: Path, content: bytes
) -> None:
    good = keep_version(versions, ivr, prompts)
    set_live(versions, good)
    (versions / "live").write_bytes(content)
    with pytest.raises(ConfigurationError, match="versions/live"):
        live_version(versions)
    configuration, problem = load_live(versions)
    assert configuration and configuration.version == good and "versions/live" in problem


def test_where_the_live_one_is_damaged_the_one_before_serves(versions: Path, ivr: Path, prompts: Path) -> None:
    kept = []
    for number in range(3):
        change(ivr, number)
        kept.append(keep_version(versions, ivr, prompts))
    for version in kept:
        set_live(versions, version)
    shutil.rmtree(versions / kept[2])
    configuration, problem = load_live(versions)
    assert configuration and configuration.version == kept[1]
    assert problem.startswith(f"version {kept[2]} is not kept in")
    for version in kept[:2]:
        (versions / version / "ivr/facts.yaml").unlink()
    assert load_live(versions)[0] is None


def test_old_versions_go(versions: Path, ivr: Path, prompts: Path) -> None:
    kept = []
    for number in range(6):
        change(ivr, number)
        kept.append(keep_version(versions, ivr, prompts))
        set_live(versions, kept[-1])
    set_live(versions, kept[0])  # as after a rollback
    assert kept_versions(versions) == [kept[0], *reversed(kept[1:])]
    assert prune(versions, {kept[2]}, keep=2) == [kept[4], kept[3], kept[1]]
    assert set(kept_versions(versions)) == {kept[0], kept[5], kept[2]}
    assert not hidden(versions)


# -- one at a time


def test_a_second_publication_is_refused(versions: Path) -> None:
    with (
        publishing(versions),
        pytest.raises(SetupError, match=rf"another publication is going on \(process {os.getpid()}\)"),
        publishing(versions),
    ):
        pass
    with publishing(versions):
        pass


def test_what_a_living_process_makes_is_left_alone(versions: Path, ivr: Path, prompts: Path) -> None:
    with copied(versions, ivr, prompts) as copy, publishing(versions):
        assert copy.folder.exists()


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from switchboard.flows.content import content_version
    from switchboard.flows.versions import *
    from switchboard.flows.versions import _clear

    versions, ivr, prompts, old = (Path(each) for each in sys.argv[1:])
    new = content_version(ivr, prompts)

    def child(until):
        seen = 0
        def count(event, arguments):
            nonlocal seen
            if event in WATCHED:
                seen += 1
                if seen == until:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        with publishing(versions):
            set_live(versions, keep_version(versions, ivr, prompts))
        os._exit(0)

    WATCHED = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.utime", "os.truncate",
               "tempfile.mkdtemp", "tempfile.mkstemp", "shutil.rmtree", "fcntl.flock"}
    moments, lived = 0, []
    while True:
        moments += 1
        pid = os.fork()
        if pid == 0:
            child(moments)
        _, status = os.waitpid(pid, 0)
        live = live_version(versions)
        assert live in (str(old), new), live
        load = content_version(*version_folders(versions, live))
        assert load == live, "half a version is live"
        for kept in kept_versions(versions):
            assert content_version(*version_folders(versions, kept)) == kept, "half a version is kept"
        lived.append(live)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        with publishing(versions):
            pass
        left = [path.name for path in versions.iterdir() if path.name.startswith(".")]
        assert not left, left
        if live == new:  # back to where we were
            set_live(versions, str(old))
    assert lived[0] == str(old) and lived[-1] == new
    print(moments)
"""


def test_killed_at_any_moment_it_leaves_a_whole_version_or_none(versions: Path, ivr: Path, prompts: Path) -> None:
    for path in (ivr / "flows").glob("[!m]*.yaml"):  # fewer files, fewer moments
        path.unlink()
    old = keep_version(versions, ivr, prompts)
    set_live(versions, old)
    change(ivr, 1)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), versions, ivr, prompts, old]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 30


def test_a_big_recording_is_hashed_piece_by_piece(ivr: Path, prompts: Path, tmp_path: Path) -> None:
    with (prompts / "recordings/en/long.wav").open("wb") as file:
        file.truncate(50 << 20)
    code = """
        import resource, sys
        from pathlib import Path
        from switchboard.flows.versions import keep_version
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        keep_version(*map(Path, sys.argv[1:]))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), tmp_path / "versions", ivr, prompts]
    grown = int(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)
    assert grown < 20_000, f"{grown} KiB more memory"
