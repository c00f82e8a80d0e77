"""Become another program that cannot outlive the one who started it.

Run as `python -I -S leash.py PARENT SIGNAL UID PROGRAM [ARGUMENT...]`: give up root for UID (-1 keeps it), ask Linux to
send SIGNAL when PARENT dies, and become PROGRAM. A script of its own rather than a `preexec_fn`, which is unsafe
beside threads; it loads only the standard library, because it runs before every child.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Have Linux send this process that signal when its parent dies; elsewhere nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def _give_up_root(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def main(arguments: list[str]) -> None:
    """Become the program, or say on standard error why not and exit with 127."""
    parent, number, uid = (int(argument) for argument in arguments[:3])
    program = arguments[3:]
    os.umask(0o077)
    try:
        if uid >= 0:
            _give_up_root(uid)
        # Changing the user clears the wish, so it is made afterwards.
        die_with_parent(number)
        if os.getppid() != parent:
            sys.exit(127)
        os.execvp(program[0], program)  # noqa: S606 - becoming that program is the purpose.
    except OSError as error:
        sys.stderr.write(f"{program[0]} cannot be started: {error.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
