"""`seed` fills a real sandbox through its control API."""

import json
import os
import subprocess
import sys
import time

import pytest

from app.cli import main, seed
from app.core.errors import RemoteUnavailable
from app.core.settings import PROJECT
from tests.conftest import reset_process_state
from tests.factories import ports


def wait_for(sandbox: seed.Sandbox) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            sandbox.call("GET", "/sandbox/state")
        except RemoteUnavailable:
            assert time.monotonic() < deadline, "the sandbox does not answer"
            time.sleep(0.1)
        else:
            return


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    """A sandbox of its own, as `make run` starts it."""
    port = ports.unused()
    monkeypatch.setenv("SANDBOX_PORT", str(port))
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DISCORD_API_URL", f"http://127.0.0.1:{port}/api/v10")
    reset_process_state()
    with (tmp_path / "sandbox.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "app", "sandbox"], cwd=PROJECT, env=os.environ, stderr=log)
    found = seed.Sandbox(port)
    try:
        wait_for(found)
        yield found
    finally:
        found.close()
        process.terminate()
        process.wait(20)
    monkeypatch.undo()
    reset_process_state()


def test_people_talk_in_their_channels(sandbox, capsys):
    assert main.main(["seed", "--messages", "100", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["messages"] == 100
    assert made["reactions"] > 0
    (guild,) = sandbox.call("GET", "/sandbox/state")["guilds"][:1]
    names = {member["user"]["global_name"] for member in guild["members"]}
    assert {"Astrid", "Jonas"} <= names
    (forum,) = (channel for channel in guild["channels"] if channel["type"] == 15)
    names = {tag["id"]: tag["name"] for tag in forum["available_tags"]}
    posts = [thread for thread in guild["threads"] if thread["parent_id"] == forum["id"]]
    assert [[names[tag] for tag in post["applied_tags"]] for post in posts] == [["building"], ["feast"]]
    assert made["posts"] == len(posts)
    kitchen = next(channel for channel in guild["channels"] if channel["name"] == "kitchen")
    messages = sandbox.call("GET", f"/sandbox/channels/{kitchen['id']}/messages?limit=1000")
    assert 10 < len(messages) <= 20
    assert made["messages"] - made["deletions"] == sum(
        len(sandbox.call("GET", f"/sandbox/channels/{channel['id']}/messages?limit=1000"))
        for channel in guild["channels"]
        if channel["name"] in {"hall", "kitchen", "garden", "games", "workshop"}
    )


def test_a_number_of_messages_that_makes_no_sense_is_refused(sandbox, capsys):
    before = sandbox.call("GET", "/sandbox/state")
    for number in ("0", "-5", "20001"):
        assert main.main(["seed", "--messages", number]) == 1
        assert "from 1 to 20000" in capsys.readouterr().err
    assert sandbox.call("GET", "/sandbox/state") == before


def test_nothing_is_posted_to_discord_itself(monkeypatch, capsys):
    monkeypatch.setenv("DISCORD_API_URL", "https://discord.com/api/v10")
    reset_process_state()
    assert main.main(["seed"]) == 1
    assert "only fills the sandbox" in capsys.readouterr().err
    monkeypatch.undo()
    reset_process_state()


def test_a_sandbox_that_does_not_run_is_named(monkeypatch, capsys):
    port = ports.unused()
    monkeypatch.setenv("SANDBOX_PORT", str(port))
    monkeypatch.setenv("DISCORD_API_URL", f"http://127.0.0.1:{port}/api/v10")
    reset_process_state()
    assert main.main(["seed"]) == 1
    assert f"no sandbox answers on port {port}" in capsys.readouterr().err
    monkeypatch.undo()
    reset_process_state()
