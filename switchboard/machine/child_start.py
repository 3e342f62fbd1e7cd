"""The first instants of a child: drop to its account, tie its life to the launcher's, become the program.

    python -I -S child_start.py LAUNCHER SIGNAL UID GID COMMAND...

A program of its own rather than a `preexec_fn`: Python code between fork and exec can deadlock where threads run.
The order matters: a change of account clears the death signal, and a launcher that died before it was set
sends none.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

PR_SET_PDEATHSIG = 1
MOST_FILES = 65536


def main(launcher: int, death_signal: int, uid: int, gid: int, command: list[str]) -> None:
    """Never returns. UID and GID -1 keep the account."""
    if uid != -1:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    die_with(launcher, death_signal)
    try:
        os.execv(command[0], command)  # noqa: S606 - to become the program is the point
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


def die_with(parent: int, death_signal: int) -> None:
    """Have the kernel send this process the signal when its parent dies; exits if that has happened already."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    _launcher, _signal, _uid, _gid = map(int, sys.argv[1:5])
    main(_launcher, _signal, _uid, _gid, sys.argv[5:])
