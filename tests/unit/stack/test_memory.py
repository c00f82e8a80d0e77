"""What a database may keep in memory, on a machine and in a container."""

import psutil
import pytest

from app.stack import memory

GB = 1 << 30


@pytest.mark.parametrize(
    ("total", "pages"), [(GB // 2, 96), (GB, 128), (8 * GB, 1024), (24 * GB, 3072), (64 * GB, 4096), (1024 * GB, 4096)]
)
def test_pages_take_an_eighth_within_bounds(monkeypatch, total, pages):
    monkeypatch.setattr(memory, "total", lambda: total)
    assert memory.for_pages() == pages


@pytest.fixture
def groups(tmp_path):
    """Limits of control groups, as files; ours is `/box/bot`."""
    own_group = tmp_path / "cgroup"
    own_group.write_text("1:name=other:/x\n0::/box/bot\n")
    (tmp_path / "groups/box/bot").mkdir(parents=True)

    def write(place, limit):
        file = tmp_path / "groups" / place
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{limit}\n")

    return write, lambda: memory.total(tmp_path / "groups", own_group)


def test_without_a_limit_the_whole_machine_counts(groups):
    write, total = groups
    write("box/bot/memory.max", "max")
    assert total() == psutil.virtual_memory().total


@pytest.mark.parametrize(
    "place", ["box/bot/memory.max", "box/memory.max", "memory.max", "memory/memory.limit_in_bytes"]
)
def test_the_least_limit_around_us_counts(groups, place):
    write, total = groups
    write("box/bot/memory.max", "max")
    write(place, GB)
    assert total() == GB


def test_without_control_groups_the_whole_machine_counts(tmp_path):
    assert memory.total(tmp_path / "groups", tmp_path / "cgroup") == psutil.virtual_memory().total
