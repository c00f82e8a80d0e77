"""Whether a directory lies on encrypted storage, as far as the operating system tells.

Linux names the device below each file system; one that dm-crypt (LUKS) serves has a UUID that begins with `CRYPT-`,
and so has one of the devices that it is stacked on. What a machine's host, a disk's firmware or a cloud does below the
kernel cannot be seen from here, so "not seen" is said and never "not encrypted".
"""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SYSFS = Path("/sys")
_MOUNTS = Path("/proc/self/mountinfo")
# A file system without a device of its own has major number 0.
_ANONYMOUS = 0
_IN_MEMORY = {"tmpfs", "ramfs"}
_FILEVAULT_SECONDS = 10


@dataclass(frozen=True)
class Storage:
    """Where something lies: encrypted (True), seen to be plain to this machine (False), or unknown (None)."""

    is_encrypted: bool | None
    how: str


def look(path: Path, *, sysfs: Path = _SYSFS, mounts: Path = _MOUNTS) -> Storage:
    """What the system tells about the storage below this path, which need not exist yet."""
    if platform.system() == "Darwin":
        return _filevault()
    if platform.system() != "Linux":
        return Storage(None, f"{platform.system()} is not known to this check")
    existing = next(place for place in (path, *path.parents) if place.exists())
    device = existing.stat().st_dev
    kind, source = _mount(device, mounts)
    if kind == "ecryptfs":
        return Storage(True, "eCryptfs")
    if kind in _IN_MEMORY:
        return Storage(None, f"{kind}: in memory, and perhaps in swap")
    if os.major(device) == _ANONYMOUS:
        # btrfs has a device behind its anonymous number; overlays, ZFS and network file systems do not show one.
        if not source.startswith("/dev/"):
            return Storage(None, f"a file system of type {kind or 'unknown'}, whose device is not shown")
        device = Path(source).stat().st_rdev
    return _block_device(sysfs / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}")


def _mount(device: int, mounts: Path) -> tuple[str, str]:
    """The type and the source of the file system with this device number."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.read_text().splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2] == number:
            kind, source = after.split()[:2]
            return kind, source
    return "", ""


def _block_device(node: Path) -> Storage:
    if not node.exists():
        return Storage(None, "the device is not shown to this machine")
    name = node.resolve().name
    for layer in _layers(node.resolve()):
        uuid = layer / "dm" / "uuid"
        if uuid.is_file() and uuid.read_text().startswith("CRYPT-"):
            return Storage(True, f"dm-crypt ({(layer / 'dm' / 'name').read_text().strip()})")
    return Storage(False, f"{name}: no dm-crypt is seen below it")


def _layers(device: Path) -> list[Path]:
    """The device and everything that it is stacked on; a partition leads to no further layer."""
    slaves = device / "slaves"
    below = sorted(slaves.iterdir()) if slaves.is_dir() else []
    return [device, *(layer for slave in below for layer in _layers(slave.resolve()))]


def _filevault() -> Storage:
    program = shutil.which("fdesetup")
    if program is None:
        return Storage(None, "fdesetup is not there to ask")
    asked = subprocess.run(  # noqa: S603 - the system's own program.
        [program, "status"], capture_output=True, text=True, timeout=_FILEVAULT_SECONDS, check=False
    )
    is_on = "FileVault is On" in asked.stdout
    return Storage(is_on, "FileVault" if is_on else "FileVault is off")
