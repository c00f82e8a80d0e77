"""`reset`: delete the embedded servers' data and everything that waits beside them; backups stay."""

import argparse
import json
import shutil
from pathlib import Path

from app.core.errors import BadInput, ConfigurationError, Refused
from app.core.settings import RUNNING, chosen
from app.stack import place
from app.stack.postgres import EmbeddedPostgres
from app.stack.servers import Servers
from app.stack.valkey import EmbeddedValkey

# Folders and files that Heorot makes; whatever else lies in DATA_DIR is not ours to delete.
_FOLDERS = ("spool", "logs", "files", "secrets")
_FILES = (RUNNING, "postgres.port", "valkey.port", "beat-schedule")


def reset(data: Path) -> list[str]:
    """Delete what Heorot keeps in this directory, except backups and the prepared model; what was deleted."""
    lock = place.lock(data / "up.lock")
    if lock is None:
        raise Refused(f"Heorot runs in {data}: stop it first.")
    with lock:
        Servers(EmbeddedPostgres(data), EmbeddedValkey(data)).destroy()
        gone = ["postgres", "valkey"]
        for name in _FOLDERS:
            if (data / name).exists():
                shutil.rmtree(data / name)
                gone.append(name)
        for name in _FILES:
            for file in data.glob(f"{name}*"):
                file.unlink()
    return gone


def _run(arguments: argparse.Namespace) -> int:
    options = chosen()
    own = [name for name in ("DATABASE_URL", "REDIS_URL") if getattr(options, name.lower())]
    if own:
        raise BadInput(f"{' and '.join(own)} name servers of your own; reset deletes only the embedded ones.")
    if not options.data_path.is_dir():
        raise ConfigurationError(f"{options.data_path} does not exist; there is nothing to delete.")
    if not arguments.yes:
        raise Refused(f"this deletes every message, vector and setting in {options.data_path}; `--yes` does it.")
    gone = reset(options.data_path)
    told = f"Deleted from {options.data_path}: {', '.join(gone)}. Backups stay."
    print(json.dumps({"deleted": gone}) if arguments.json else told)
    return 0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `reset`."""
    resetting = commands.add_parser("reset", help="delete the embedded servers' data; backups stay")
    resetting.add_argument("--yes", action="store_true", help="really do it")
    resetting.add_argument("--json", action="store_true")
    resetting.set_defaults(run=_run)
