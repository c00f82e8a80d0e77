"""The files that put Heorot on a machine: what each promises."""

import configparser
import re
import subprocess

import pytest

from app.core.settings import PROJECT, Settings, load
from app.stack import runner

# Read by docker-compose.yml, not by the application.
COMPOSE_ONLY = {"VALKEY_PASSWORD"}


def example() -> dict[str, str]:
    lines = (PROJECT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_setting_is_in_the_example():
    missing = {name.upper() for name in Settings.__struct_fields__} - set(example())
    assert not missing, f".env.example does not document {sorted(missing)}"


def test_every_variable_of_the_example_is_a_setting():
    unknown = {name.lower() for name in set(example()) - COMPOSE_ONLY} - set(Settings.__struct_fields__)
    assert not unknown, f".env.example names {sorted(unknown)}, which nothing reads"


def test_the_example_holds_the_defaults():
    assert load(example()) == Settings()


def test_every_variable_of_the_example_is_explained():
    explained = False
    for line in (PROJECT / ".env.example").read_text().splitlines():
        if line.startswith("# ---"):
            explained = False
        elif line.startswith("#"):
            explained = True
        elif line:
            assert explained, f"{line} stands in its section without a comment above it"


def test_the_image_runs_as_an_ordinary_user_from_hashed_packages_with_a_health_check():
    text = (PROJECT / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base) for base in bases)
    assert re.search(r"^USER (?!0|root)\d+:\d+$", text, re.MULTILINE)
    assert "--no-deps --require-hashes" in text
    assert re.search(r"^HEALTHCHECK .*\\\n.*scripts/alive\.py", text, re.MULTILINE)


def test_secrets_and_data_stay_out_of_the_image():
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert not allowed & {".env", ".heorot", ".git", ".venv"}
    for needed in ("app", "tasks", "schema", "scripts", "requirements/run.lock", "Procfile", "*.py"):
        assert needed in allowed


def test_the_systemd_unit_leaves_the_runner_time_to_stop():
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read(PROJECT / "deploy" / "heorot.service")
    service = unit["Service"]
    assert service["ExecStart"].endswith("-m app up")
    assert service["User"] != "root"
    assert service["KillMode"] == "mixed"
    assert service["RestartPreventExitStatus"] == "78"
    assert int(service["TimeoutStopSec"]) > 60


def test_the_runner_stops_within_a_minute():
    from app.stack.postgres import EmbeddedPostgres
    from app.stack.valkey import EmbeddedValkey

    slowest = max(sum(seconds for _, seconds in server.stop_steps) for server in (EmbeddedPostgres, EmbeddedValkey))
    assert runner.STOP_SECONDS + runner.SANDBOX_STOP_SECONDS + slowest < 60


@pytest.mark.parametrize("target", ["run", "test", "lint", "bench", "bench-large", "help"])
def test_make_help_explains_every_public_target(target):
    shown = subprocess.run(["make", "help"], cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    assert re.search(rf"^\s+make {target} +\S", shown, re.MULTILINE)


def test_the_shell_scripts_are_valid():
    subprocess.run(["sh", "-n", PROJECT / "scripts" / "python.sh"], check=True)
    subprocess.run(["bash", "-n", PROJECT / ".ci" / "run"], check=True)
    assert (PROJECT / ".ci" / "run").stat().st_mode & 0o111
