"""Debian's packages unpacked beside the system, without root: the Asterisk we need, and what tests call with.

apt works on a private state: an own, empty list of installed packages, so that the whole closure comes, libc included.
The programs then run by the loader and the libraries of that closure, whatever the system's own are.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from switchboard.errors import SetupError
from switchboard.folders import Folders
from switchboard.machine.account import Account, can_enter
from switchboard.machine.apt_sources import debian_mirror
from switchboard.settings import Settings

SUITE = "forky"
KEYRINGS = tuple(Path(f"/usr/share/keyrings/debian-archive-keyring.{kind}") for kind in ("gpg", "pgp"))
LISTS_ARE_FRESH = 3600  # seconds

Progress = Callable[[str, float], None]
"""Told what is being done and which share of it is (0 to 1)."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What Debian calls this kind of processor."""

    name: str
    triplet: str
    loader: str


ARCHITECTURES = {
    "x86_64": Architecture("amd64", "x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": Architecture("arm64", "aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}


def architecture() -> Architecture:
    """This machine's. Raises SetupError for one that has no packages we know of."""
    try:
        return ARCHITECTURES[platform.machine()]
    except KeyError:
        known = ", ".join(ARCHITECTURES)
        raise SetupError(
            f"asterisk: no private copy for a {platform.machine()} machine (only {known}); set a program"
        ) from None


@dataclass(frozen=True, slots=True)
class PrivateRoot:
    """A folder in which a closure of packages is unpacked: `<program>-<upstream version>`."""

    path: Path

    @property
    def version(self) -> str:
        return self.path.name.rpartition("-")[2]

    @property
    def libraries(self) -> Path:
        return self.path / "usr/lib" / architecture().triplet

    def program(self, name: str) -> tuple[str, ...] | None:
        """The command that runs the program of that name, to be followed by its arguments; None if it isn't here."""
        for folder in ("usr/bin", "usr/sbin"):
            if (binary := self.path / folder / name).is_file():
                loader = self.libraries / architecture().loader
                return str(loader), "--library-path", str(self.libraries), str(binary)
        return None


def private_roots(folders: Folders, package: str) -> list[PrivateRoot]:
    """The whole copies of the package that are there, the newest version first."""
    roots = [PrivateRoot(path) for path in folders.programs.glob(f"{package}-[0-9]*") if path.suffix != ".new"]
    return sorted(roots, key=lambda root: version_of(root.version), reverse=True)


def private_program(folders: Folders, name: str) -> tuple[str, ...]:
    """The command that runs a program of a private copy, say `sipp`, to be followed by its arguments.

    Raises SetupError if no copy has it.
    """
    for root in private_roots(folders, "*"):
        if (command := root.program(name)) is not None:
            return command
    raise SetupError(f"cache: no {name} in {folders.programs}; `switchboard prepare --tests` fetches it")


def version_of(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: `22.10.1~dfsg` is (22, 10, 1). Empty if there are none."""
    numbers: list[int] = []
    for part in text.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def fetch(
    packages: Sequence[str],
    settings: Settings,
    folders: Folders,
    progress: Progress,
    *,
    account: Account | None = None,
    at_least: tuple[int, ...] = (),
) -> PrivateRoot:
    """Bring the packages and all they need; the copy is named after the first. One that is there already is taken.

    What was downloaded is kept until all is unpacked, so that a second try goes on where the first stopped.
    Raises SetupError, or SettingsError on `mirror`.
    """
    name = packages[0]
    with _lock(folders.programs / ".lock", lambda: progress(f"waiting for another fetch of {name}", 0.0)):
        for root in private_roots(folders, name):
            if version_of(root.version) >= at_least:
                return root
        _Apt.refuse_without_tools()
        apt = _Apt(folders.programs / ".fetch", debian_mirror(settings.mirror), progress)
        apt.update()
        version = apt.candidate(name)
        if version_of(version) < at_least:
            wanted = ".".join(map(str, at_least))
            raise SetupError(f"mirror: {apt.mirror} has {name} {version}; {wanted} or newer is needed")
        archives = apt.download(packages)
        root = PrivateRoot(folders.programs / f"{name}-{version}")
        for unfinished in folders.programs.glob(f"{name}-*.new"):
            shutil.rmtree(unfinished)
        _unpack(archives, root.path, progress)
        shutil.rmtree(apt.folder)
        if account is not None and not can_enter(account, root.path):
            raise SetupError(f"cache: {account.name} cannot enter {root.path}")
        return root


class _Apt:
    """apt-get on a state of its own, so that neither root nor the system's list of packages is needed or touched."""

    def __init__(self, folder: Path, mirror: str, progress: Progress) -> None:
        self.mirror = mirror
        self.archives = folder / "cache/archives"
        self.folder = folder
        self._progress = progress
        keyring = next((file for file in KEYRINGS if file.exists()), None)
        if keyring is None:
            raise SetupError(
                f"asterisk: Debian's keys are not on this machine ({KEYRINGS[0]}): "
                "install debian-archive-keyring, or set a program"
            )
        for part in ("lists/partial", "cache/archives/partial", "empty"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        source = f"deb [signed-by={keyring} target=Packages] {mirror} {SUITE} main\n"
        if not (folder / "sources.list").exists() or (folder / "sources.list").read_text() != source:
            (folder / "updated").unlink(missing_ok=True)
        (folder / "sources.list").write_text(source)
        (folder / "apt.conf").write_text(self._configuration())

    @staticmethod
    def refuse_without_tools() -> None:
        """Raises SetupError where apt is missing: not a Debian or Ubuntu."""
        for tool in ("apt-get", "apt-cache", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise SetupError(f"asterisk: no {tool} here to fetch a private copy with; set a program >= 22.10.1")

    def _configuration(self) -> str:
        """Read last, so it beats the machine's own; what that says of proxies and certificates stays."""
        folder = self.folder
        lines = [
            *(
                f"#clear {name};"
                for name in (
                    "APT::Architectures",
                    "APT::Update::Pre-Invoke",
                    "APT::Update::Post-Invoke",
                    "APT::Update::Post-Invoke-Success",
                    "DPkg::Pre-Invoke",
                    "DPkg::Post-Invoke",
                )
            ),
            f'Dir::State "{folder}";',
            f'Dir::State::lists "{folder}/lists";',
            f'Dir::State::status "{folder}/status";',
            f'Dir::Cache "{folder}/cache";',
            f'Dir::Cache::archives "{folder}/cache/archives";',
            'Dir::Cache::pkgcache "pkgcache.bin";',
            'Dir::Cache::srcpkgcache "srcpkgcache.bin";',
            f'Dir::Etc::sourcelist "{folder}/sources.list";',
            f'Dir::Etc::sourceparts "{folder}/empty";',
            f'Dir::Etc::preferences "{folder}/no-preferences";',
            f'Dir::Etc::preferencesparts "{folder}/empty";',
            'APT::Default-Release "";',
            f'APT::Architecture "{architecture().name}";',
            f'APT::Architectures {{ "{architecture().name}"; }};',
            'APT::Install-Recommends "false";',
            'APT::Install-Suggests "false";',
            'APT::Get::Assume-Yes "true";',
            'Acquire::Languages "none";',
            'Acquire::Retries "2";',
            'Acquire::http::Timeout "30";',
            'Acquire::https::Timeout "30";',
            'Debug::NoLocking "true";',
        ]
        if os.geteuid() == 0 and not _enterable_by_all(folder):
            lines.append('APT::Sandbox::User "root";')
        return "\n".join(lines) + "\n"

    def update(self) -> None:
        """Bring the list of packages, unless it is fresh."""
        stamp = self.folder / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_ARE_FRESH:
            return
        self._run("fetching the list of packages", "apt-get", "update", "--error-on=any")
        stamp.touch()

    def candidate(self, package: str) -> str:
        """The upstream version that would come: of `1:22.10.1~dfsg+~cs6-1`, `22.10.1`. Raises SetupError."""
        output = subprocess.run(
            ["apt-cache", "-c", str(self.folder / "apt.conf"), "show", "--no-all-versions", package],
            capture_output=True,
            text=True,
            env=self._environment(),
            check=False,
        ).stdout
        for line in output.splitlines():
            if line.startswith("Version: "):
                return ".".join(map(str, version_of(line.removeprefix("Version: ").rpartition(":")[2])))
        raise SetupError(f"mirror: {self.mirror} has no package {package} in {SUITE}")

    def download(self, packages: Sequence[str]) -> list[Path]:
        """The archives of the packages and of all they need."""
        # What an earlier, cut try left of other versions goes.
        subprocess.run(
            ["apt-get", "-c", str(self.folder / "apt.conf"), "autoclean"],
            capture_output=True,
            env=self._environment(),
            check=False,
        )
        self._run(f"fetching {packages[0]}", "apt-get", "install", "--download-only", *packages)
        return sorted(self.archives.glob("*.deb"))

    def _run(self, doing: str, program: str, *arguments: str) -> None:
        """Run apt, telling how far it is. Raises SetupError with its own first complaint."""
        read, write = os.pipe()
        errors = self.folder / "apt.log"
        self._progress(doing, 0.0)
        with errors.open("w") as output, os.fdopen(read) as status:
            process = subprocess.Popen(
                [program, "-c", str(self.folder / "apt.conf"), "-o", f"APT::Status-Fd={write}", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(write,),
                env=self._environment(),
            )
            os.close(write)
            try:
                for line in status:  # dlstatus:<item>:<percent>:<words>
                    fields = line.split(":", 3)
                    if fields[0] == "dlstatus":
                        self._progress(doing, float(fields[2]) / 100)
            finally:
                if (code := process.poll()) is None:
                    code = process.wait()
        if code != 0:
            lines = errors.read_text("utf-8", "replace").splitlines()
            problem = next((line for line in lines if line.startswith("E: ")), "E: " + " ".join(lines[-1:]))
            raise SetupError(
                f"mirror: {doing} from {self.mirror} failed: {problem.removeprefix('E: ')} (log: {errors})"
            )
        self._progress(doing, 1.0)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def _unpack(archives: Sequence[Path], target: Path, progress: Progress) -> None:
    """Unpack all into a folder beside the target, then rename: the target is whole or not there."""
    unfinished = target.with_name(target.name + ".new")
    unfinished.mkdir()
    unfinished.chmod(0o755)

    def one(archive: Path) -> None:
        done = subprocess.run(["dpkg-deb", "-x", archive, unfinished], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            archive.unlink()  # damaged: to be fetched again
            problem = done.stderr.strip().partition("\n")[0]
            raise SetupError(f"cache: {archive.name} cannot be unpacked: {problem}; try again")

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as workers:
        for number, _ in enumerate(workers.map(one, archives), start=1):
            progress(f"unpacking {target.name}", number / len(archives))
    _take_privileges(unfinished)
    unfinished.rename(target)


def _take_privileges(folder: Path) -> None:
    """No program here is to run as its owner: set-uid copies of `passwd` are none of our business."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                path.chmod(stat.S_IMODE(mode) & 0o777)


def _enterable_by_all(folder: Path) -> bool:
    nobody = Account("nobody", uid=65534, gid=65534)
    return can_enter(nobody, folder)


@contextlib.contextmanager
def _lock(file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Held by one process at a time; the kernel lets go of it when that ends, however it ends."""
    try:
        handle = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SetupError(f"cache: cannot write {file}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
