"""Passwords of the embedded servers, made once and kept where only their owner reads them."""

import os
import secrets
from pathlib import Path


def secret(path: Path) -> str:
    """The secret in this file, made at the first call; the file has mode 0600."""
    try:
        value = path.read_text().strip()
    except FileNotFoundError:
        value = ""
    if not value:
        value = secrets.token_urlsafe(24)
        write(path, value)
    return value


def write(path: Path, value: str) -> None:
    """Put a value into a file of mode 0600, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{value}\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
