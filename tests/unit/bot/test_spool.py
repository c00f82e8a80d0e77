"""The spool keeps order, bounds and everything across a crash."""

import stat

import pytest

from app.bot.spool import Entry, Spool, SpoolFull

MEGABYTE = 1 << 20


def entry(number: int, size: int = 10) -> Entry:
    return Entry("ingest.apply", f"batch {number}", bytes([number % 256]) * size)


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path, max_bytes=MEGABYTE)
    yield spool
    spool.close()


def test_entries_come_back_in_the_order_they_went_in(spool):
    spool.append([entry(1), entry(2)])
    spool.append([entry(3)])
    assert [found for _, found in spool.oldest(10)] == [entry(1), entry(2), entry(3)]


def test_what_is_removed_is_gone_and_the_rest_stays(spool):
    spool.append([entry(number) for number in range(5)])
    place, _ = spool.oldest(2)[-1]
    spool.remove_through(place)
    assert [found.id for _, found in spool.oldest(10)] == ["batch 2", "batch 3", "batch 4"]
    assert (spool.entries, spool.bytes) == (3, 30)


def test_a_new_process_finds_what_an_old_one_left_without_closing(tmp_path):
    killed = Spool(tmp_path, max_bytes=MEGABYTE)
    killed.append([entry(1), entry(2)])
    successor = Spool(tmp_path, max_bytes=MEGABYTE)
    assert (successor.entries, successor.bytes) == (2, 20)
    assert [found for _, found in successor.oldest(10)] == [entry(1), entry(2)]
    successor.close()
    killed.close()


def test_a_full_spool_refuses_all_of_what_does_not_fit(spool):
    spool.append([entry(1, MEGABYTE - 100)])
    with pytest.raises(SpoolFull):
        spool.append([entry(2, 50), entry(3, 51)])
    assert spool.entries == 1
    assert not spool.has_room


def test_a_spool_has_room_again_once_enough_was_replayed(spool):
    spool.append([entry(1, MEGABYTE // 2), entry(2, MEGABYTE // 2)])
    assert not spool.has_room
    spool.remove_through(spool.oldest(1)[0][0])
    assert spool.has_room


def test_only_the_owner_may_read_it(tmp_path):
    folder = tmp_path / "spool"
    Spool(folder, max_bytes=MEGABYTE).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_file_that_is_no_spool_is_put_aside_not_deleted(tmp_path):
    (tmp_path / "spool.sqlite3").write_bytes(b"this is no database at all" * 100)
    spool = Spool(tmp_path, max_bytes=MEGABYTE)
    spool.append([entry(1)])
    assert spool.entries == 1
    assert [path.read_bytes()[:7] for path in tmp_path.glob("spool.unreadable.*")] == [b"this is"]
    spool.close()


def test_replayed_text_does_not_stay_on_disk(tmp_path):
    spool = Spool(tmp_path, max_bytes=MEGABYTE)
    spool.append([Entry("ingest.apply", "batch", b"a secret that was said")])
    spool.remove_through(spool.oldest(1)[0][0])
    spool.close()
    assert b"a secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
