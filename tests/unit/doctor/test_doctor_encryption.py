"""What the doctor reads from Linux about encrypted storage."""

import os
from pathlib import Path

import pytest

from app.cli.checks import encryption


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A place to store things, and a /sys and a mount table that describe what lies below it."""
    place = tmp_path / "place"
    place.mkdir()
    number = place.stat().st_dev
    monkeypatch.setattr(encryption.platform, "system", lambda: "Linux")

    class Machine:
        sysfs = tmp_path / "sys"
        mounts = tmp_path / "mountinfo"
        path = place
        name = f"{os.major(number)}:{os.minor(number)}"

        def mount(self, kind: str, source: str) -> None:
            self.mounts.write_text(
                f"22 1 0:21 / /other rw - proc proc rw\n23 1 {self.name} / / rw - {kind} {source} rw\n"
            )

        def device(self, name: str, uuid: str | None = None, below: tuple[Path, ...] = ()) -> Path:
            folder = self.sysfs / "devices" / name
            (folder / "slaves").mkdir(parents=True)
            if uuid:
                (folder / "dm").mkdir()
                (folder / "dm" / "uuid").write_text(f"{uuid}\n")
                (folder / "dm" / "name").write_text(f"{name}-volume\n")
            for slave in below:
                (folder / "slaves" / slave.name).symlink_to(slave)
            return folder

        def below_place(self, folder: Path) -> None:
            (self.sysfs / "dev" / "block").mkdir(parents=True)
            (self.sysfs / "dev" / "block" / self.name).symlink_to(folder)

        def look(self, path: Path | None = None) -> encryption.Storage:
            return encryption.look(path or self.path, sysfs=self.sysfs, mounts=self.mounts)

    found = Machine()
    found.mount("ext4", "/dev/thing")
    return found


def test_a_luks_volume_is_seen(machine):
    machine.below_place(machine.device("dm-0", "CRYPT-LUKS2-abc-cryptroot"))
    assert machine.look() == encryption.Storage(True, "dm-crypt (dm-0-volume)")


def test_a_luks_volume_below_lvm_is_seen(machine):
    disk = machine.device("sda3")
    luks = machine.device("dm-0", "CRYPT-LUKS2-abc", (disk,))
    machine.below_place(machine.device("dm-1", "LVM-xyz", (luks,)))
    assert machine.look().is_encrypted is True


def test_lvm_on_a_plain_disk_is_said_to_be_not_seen(machine):
    machine.below_place(machine.device("dm-1", "LVM-xyz", (machine.device("sda3"),)))
    assert machine.look() == encryption.Storage(False, "dm-1: no dm-crypt is seen below it")


def test_a_path_that_does_not_exist_yet_is_judged_by_its_parent(machine):
    machine.below_place(machine.device("dm-0", "CRYPT-LUKS2-abc"))
    assert machine.look(machine.path / "not" / "yet").is_encrypted is True


@pytest.mark.parametrize(
    ("kind", "expected", "how"),
    [("ecryptfs", True, "eCryptfs"), ("tmpfs", None, "in memory"), ("ramfs", None, "in memory")],
)
def test_file_systems_that_say_it_themselves(machine, kind, expected, how):
    machine.mount(kind, "/dev/thing")
    found = machine.look()
    assert found.is_encrypted is expected
    assert how in found.how


def test_a_device_that_is_not_shown_is_unknown(machine):
    assert machine.look() == encryption.Storage(None, "the device is not shown to this machine")


def test_a_file_system_without_a_device_is_unknown(machine, monkeypatch):
    monkeypatch.setattr(encryption.os, "major", lambda _: 0)
    machine.mounts.write_text(f"23 1 0:{os.minor(machine.path.stat().st_dev)} / / rw - overlay overlay rw\n")
    found = machine.look()
    assert found.is_encrypted is None
    assert "overlay" in found.how


def test_other_systems_are_unknown(machine, monkeypatch):
    monkeypatch.setattr(encryption.platform, "system", lambda: "OpenBSD")
    assert machine.look().is_encrypted is None
