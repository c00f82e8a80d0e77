"""`reset` deletes what is Heorot's own, and nothing else."""

import pytest

from app.cli import main
from app.stack import place
from app.stack.servers import start_servers
from tests.conftest import reset_process_state


@pytest.fixture
def data(tmp_path, monkeypatch):
    """An empty DATA_DIR, and no servers elsewhere."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("DATABASE_URL", "REDIS_URL", "DB_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(folder))
    reset_process_state()
    yield folder
    monkeypatch.undo()
    reset_process_state()


def test_the_embedded_servers_are_emptied_and_backups_stay(data, capsys):
    start_servers(data, postgres=False).stop()
    for folder in ("spool", "backups", "postgres"):
        (data / folder).mkdir()
        (data / folder / "file").write_text("content")
    (data / "of-somebody-else").write_text("content")
    assert main.main(["reset", "--yes", "--json"]) == 0
    assert "postgres" in capsys.readouterr().out
    left = {path.name for path in data.iterdir() if path.suffix != ".lock"}
    assert left == {"backups", "of-somebody-else"}


def test_nothing_is_deleted_without_agreement(data, capsys):
    (data / "spool").mkdir()
    assert main.main(["reset"]) == 1
    assert "--yes" in capsys.readouterr().err
    assert (data / "spool").exists()


def test_nothing_is_deleted_while_heorot_runs(data, capsys):
    (data / "spool").mkdir()
    with place.lock(data / "up.lock"):
        assert main.main(["reset", "--yes"]) == 1
    assert "stop it first" in capsys.readouterr().err
    assert (data / "spool").exists()


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_servers_of_the_operator_are_left_alone(data, capsys, monkeypatch, name):
    (data / "spool").mkdir()
    monkeypatch.setenv(name, "postgresql://u:p@127.0.0.1/d")
    reset_process_state()
    assert main.main(["reset", "--yes"]) == 1
    assert f"{name} name servers of your own" in capsys.readouterr().err
    assert (data / "spool").exists()
