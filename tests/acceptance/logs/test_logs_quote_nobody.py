"""A marked text goes through every part, also through the faults that quote it, and stands in no log."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from app.core.settings import PROJECT
from tests.factories import folders
from tests.factories.system import System, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MARK = "xyzzymarkedword"
PROCESSES = ("sandbox", "bot", "worker", "worker-chat", "worker-ai", "worker-maintenance", "beat", "flower")


@pytest.fixture(scope="module")
def system():
    """Everything, saying as much as it ever says."""
    import os

    before = os.environ.get("LOG_LEVEL")
    os.environ["LOG_LEVEL"] = "DEBUG"
    try:
        with folders.for_servers() as folder, running(folder, *PROCESSES) as found:
            talk(found)
            yield found
    finally:
        os.environ.pop("LOG_LEVEL")
        if before is not None:
            os.environ["LOG_LEVEL"] = before


def talk(system: System) -> None:
    """Every road on which words travel."""
    guild = system.call("GET", "/sandbox/state")["guilds"][0]
    channel = next(found["id"] for found in guild["channels"] if found["name"] == "general")
    people = [member["user"]["id"] for member in guild["members"] if not member["user"].get("bot")]
    owner, author = guild["owner_id"], people[-1]

    def say(text: str, where: str = channel, who: str = author) -> str:
        return system.call("POST", "/sandbox/messages", {"channel": where, "author": who, "content": text})["id"]

    first = say(f"a sentence with {MARK} in it")
    system.call("POST", "/sandbox/messages/edit", {"channel": channel, "message": first, "content": f"edited {MARK}"})
    gone = say(f"to be deleted {MARK}")
    system.call("POST", "/sandbox/messages/delete", {"channel": channel, "messages": [gone]})
    say(f"!nosuchcommand {MARK}")
    say(f"!search {MARK}")
    say(f"!settings set prefix {MARK}", who=owner)
    system.call("POST", "/sandbox/channels", {"guild": guild["id"], "name": MARK})
    member = {"guild": guild["id"], "user": author, "action": "update", "nick": MARK}
    system.call("POST", "/sandbox/members", member)
    direct = system.call("POST", "/sandbox/channels", {"type": "dm", "user": author})["id"]
    say(f"in private, {MARK}", direct)
    commands = [
        ("search", {"query": MARK}),
        ("settings set", {"setting": "prefix", "value": MARK}),
        ("settings set", {"setting": MARK, "value": MARK}),
        ("privacy erase", {"confirmation": MARK}),
    ]
    for name, options in commands:
        body = {"type": "command", "user": owner, "channel": channel, "name": name, "options": options}
        try:
            system.call("POST", "/sandbox/interactions", body)
        except urllib.error.HTTPError as error:
            # An option that the command does not have is refused by the sandbox; the road is not there.
            error.close()
    fail(system, say)
    system.until(
        lambda: system.health()["ledger"]["entries"] == 0 and system.health()["deadletters"] == 1,
        "the event that the database refuses is a dead letter",
        90,
        pause=1,
    )
    system.until(lambda: system.value("SELECT count(*) FROM message_terms") >= 1, "what was said is indexed", 60)


def fail(system: System, say) -> None:
    """Make PostgreSQL refuse a message, which names its whole row in the error."""
    execute(system, f"ALTER TABLE messages ADD CONSTRAINT refuse CHECK (content NOT LIKE 'refused {MARK}%') NOT VALID")
    say(f"refused {MARK}")
    say(f"accepted {MARK}")


def execute(system: System, statement: str) -> None:
    import psycopg2

    connection = psycopg2.connect(system.environment["DATABASE_URL"])
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def fetch(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()


def test_the_text_is_stored(system):
    """Otherwise its absence elsewhere would prove nothing."""
    assert system.value("SELECT count(*) FROM messages WHERE content LIKE %s", f"%{MARK}%") >= 3
    assert system.value("SELECT count(*) FROM dead_letters WHERE position(%s in payload) > 0", MARK.encode()) == 1


@pytest.mark.parametrize("name", PROCESSES)
def test_no_process_logs_it(system, name):
    assert MARK not in system.log(name)


def test_the_refused_message_is_logged_as_an_error_of_its_kind(system):
    assert "IntegrityError: 23514 messages" in system.log("worker")


def test_the_servers_do_not_log_it(system):
    logs = list((system.folder / "servers" / "logs").glob("*.log*"))
    assert len(logs) >= 2
    for log in logs:
        assert MARK not in log.read_text(errors="replace"), log.name


def test_health_metrics_and_flower_do_not_tell_it(system):
    flower = f"http://127.0.0.1:{system.environment['FLOWER_PORT']}"
    order = "order[0][column]=0&columns[0][data]=name&order[0][dir]=asc"
    table = f"{flower}/tasks/datatable?draw=1&start=0&length=1000&search[value]=&{order}"
    pages = (f"{system.health_url}/health", f"{system.health_url}/metrics", f"{flower}/metrics", f"{flower}/workers")
    told = "".join(fetch(url) for url in (*pages, table))
    assert "ingest.apply" in told
    assert MARK not in told


def test_reports_of_the_command_line_do_not_tell_it(system):
    for words in (["doctor", "--json"], ["deadletter", "list"], ["ledger", "status"]):
        done = subprocess.run(
            [sys.executable, "-m", "app", *words],
            cwd=PROJECT,
            env=system.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout
        assert MARK not in done.stdout + done.stderr, words


def test_no_command_line_shows_a_password(system):
    import psutil

    password = system.servers.postgres.url.split(":")[2].split("@")[0]
    for process in system.processes.values():
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        assert all(password not in " ".join(found.cmdline()) for found in tree)


@pytest.mark.parametrize("name", ["bot", "worker", "worker-ai", "worker-maintenance", "beat"])
def test_logs_are_json_lines_with_process_and_request(system, name):
    lines = [line for line in system.log(name).splitlines() if line.strip()]
    records = [json.loads(line) for line in lines if line.startswith("{")]
    assert records or name == "beat"
    assert {record["process"] for record in records} <= {name}
    assert all("request_id" in record for record in records)
    if name == "worker":
        assert any(record["request_id"] for record in records)
