"""Make `.venv` hold exactly what a lock file names: `python scripts/setup.py run|dev`.

It runs before anything is installed, so it uses the standard library alone. It does nothing when the lock and the
interpreter are those of the last time.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
NOTE = VENV / "installed.json"
# The development lock holds everything that the other one holds.
COVERS = {"run": ["run"], "dev": ["run", "dev"]}


def lock_file(kind: str) -> Path:
    """The file that pins every package, with hashes."""
    return PROJECT / "requirements" / f"{kind}.lock"


def digest(kind: str) -> str:
    """What the lock file says, as a fingerprint."""
    return hashlib.sha256(lock_file(kind).read_bytes()).hexdigest()


def interpreter(program: str | Path) -> str:
    """Version and place of a Python that has pip; empty if it does not work."""
    question = "import os, pip, sys; print(*sys.version_info[:2], os.path.realpath(sys.executable))"
    try:
        asked = subprocess.run([program, "-I", "-c", question], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return asked.stdout.strip()


def wanted() -> str:
    """The interpreter that the environment must have: any that works, unless PYTHON names one."""
    if not os.environ.get("PYTHON"):
        return ""
    return " ".join([*map(str, sys.version_info[:2]), os.path.realpath(sys.executable)])


def noted() -> dict[str, str]:
    """What was installed the last time."""
    try:
        return {str(name): str(value) for name, value in json.loads(NOTE.read_text()).items()}
    except (OSError, ValueError):
        return {}


def require_ensurepip() -> None:
    """End with the name of the package to install where Python cannot make environments."""
    if find_spec("ensurepip") is None or find_spec("venv") is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        sys.exit(
            f"{sys.executable} cannot make environments (ensurepip is missing). Install the package "
            f"python{version}-venv (Debian, Ubuntu: apt-get install python{version}-venv), then try again."
        )


def make_environment() -> None:
    """A new, empty environment in place of the old one."""
    require_ensurepip()
    print(f"Making .venv with {sys.executable}.", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False)
    if made.returncode:
        sys.exit(f"{sys.executable} could not make .venv; the lines above say why.")


def install(kind: str) -> None:
    """Install what the lock file names, each file checked against its hash."""
    print(f"Installing the packages of requirements/{kind}.lock; this takes a minute or two, once.", flush=True)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--root-user-action=ignore"]
    command = [*pip, "--no-deps", "--require-hashes", "-r", lock_file(kind)]
    if subprocess.run(command, check=False, env={**os.environ, "PIP_NO_INPUT": "1"}).returncode:
        sys.exit(f"The packages of requirements/{kind}.lock could not be installed; the lines above say why.")


def main(kind: str) -> None:
    """Bring `.venv` up to date, one process at a time."""
    with (PROJECT / ".setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before, found = noted(), interpreter(PYTHON)
        if not found or wanted() not in {"", found}:
            make_environment()
            found = interpreter(PYTHON)
        if before.get("python") != found:
            before = {}
        if before.get(kind) != digest(kind):
            install(kind)
            installed = {name: digest(name) for name in COVERS[kind]}
            NOTE.write_text(json.dumps({**before, "python": found, **installed}))


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["dev"]):
        sys.exit("usage: python scripts/setup.py run|dev")
    try:
        main(sys.argv[1])
    except OSError as problem:
        sys.exit(f".venv cannot be made: {problem}")
