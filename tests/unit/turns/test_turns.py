"""Who measures time is alone, and does not wait for ever."""

import itertools
import json
import subprocess
import sys
import threading
from pathlib import Path

from app.core.settings import PROJECT
from tests.factories import folders, ports
from tests.factories.turns import Turns

PATIENCE = 10
MOMENT = 0.2


class Guest(threading.Thread):
    """Takes a turn, and keeps it until told to leave."""

    def __init__(self, turn) -> None:
        super().__init__()
        self._turn = turn
        self.is_in, self._leave = threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        with self._turn:
            self.is_in.set()
            self._leave.wait(PATIENCE)

    def leave(self) -> None:
        self._leave.set()
        self.join()


def test_many_share_a_turn(tmp_path):
    guests = [Guest(Turns(tmp_path).shared()) for _ in range(3)]
    assert all(guest.is_in.wait(PATIENCE) for guest in guests)
    for guest in guests:
        guest.leave()


def test_who_is_alone_waits_for_those_inside_and_goes_before_those_who_come_later(tmp_path):
    first = Guest(Turns(tmp_path).shared())
    assert first.is_in.wait(PATIENCE)
    alone = Guest(Turns(tmp_path).alone())
    assert not alone.is_in.wait(MOMENT)
    late = Guest(Turns(tmp_path).shared())
    assert not late.is_in.wait(MOMENT)
    first.leave()
    assert alone.is_in.wait(PATIENCE)
    assert not late.is_in.wait(MOMENT)
    alone.leave()
    assert late.is_in.wait(PATIENCE)
    late.leave()


def test_what_a_killed_run_left_behind_goes_with_the_next(monkeypatch, tmp_path):
    monkeypatch.setattr(folders, "_root", lambda: tmp_path)
    left, foreign = tmp_path / f"heorot tests {2**22 + 1} abc", tmp_path / "somebody else's"
    for folder in (left, foreign):
        folder.mkdir()
    with folders.for_servers() as one, folders.for_servers() as other:
        assert one != other
        assert all(folder.stat().st_mode & 0o777 == 0o711 for folder in (one, other))
        assert not left.exists()
    assert list(tmp_path.iterdir()) == [foreign]


def test_memory_that_is_missing_or_small_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setattr(folders, "_MEMORY", Path("/nowhere"))
    elsewhere = folders._root()
    assert elsewhere.is_dir()
    monkeypatch.setattr(folders, "_MEMORY", tmp_path)
    monkeypatch.setattr(folders, "_NEEDED_BYTES", 2**60)
    assert folders._root() == elsewhere


def test_no_two_processes_of_tests_get_one_port():
    program = "from tests.factories import ports; print([ports.unused() for _ in range(50)]); input()"
    running = [
        subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    try:
        found = [json.loads(process.stdout.readline()) for process in running]
        found.append([ports.unused() for _ in range(50)])
    finally:
        for process in running:
            process.communicate(b"\n")
    assert len(set(itertools.chain.from_iterable(found))) == 200
