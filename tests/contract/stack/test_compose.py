"""docker-compose.yml: no engine runs in the tests, so the official schema and our own rules read it."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from app.core.settings import PROJECT, Settings
from app.stack import procfile

# From github.com/compose-spec/compose-spec, Apache License 2.0 (compose-spec.LICENSE).
SCHEMA = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
OURS = ("migrate", "bot", "worker", "worker-chat", "worker-ai", "worker-maintenance", "beat", "flower")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((PROJECT / "docker-compose.yml").read_text())


def test_the_file_follows_the_compose_specification(compose):
    jsonschema.validate(compose, SCHEMA)


def test_the_schema_would_notice_a_mistake(compose):
    broken = {**compose, "services": {"bot": {**compose["services"]["bot"], "stop_grace": "1s"}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, SCHEMA)


def test_every_process_of_the_procfile_is_a_service_with_the_same_command(compose):
    commands = procfile.read(PROJECT / "Procfile")
    environ = {"DATA_DIR": "/data"}
    for name, command in commands.items():
        service = compose["services"][name]
        assert procfile.arguments(service["command"], {}) == procfile.arguments(command, environ)
    assert set(OURS) == {*commands, "migrate"}


@pytest.mark.parametrize("name", [*OURS, "postgres", "valkey", "cache"])
def test_every_service_runs_without_root_and_without_a_writable_root_file_system(compose, name):
    service = compose["services"][name]
    assert service["user"].split(":")[0] not in {"", "0", "root"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert int(service["stop_grace_period"].removesuffix("s")) >= 60
    assert service["healthcheck"]


def test_only_the_loopback_address_of_the_host_is_published(compose):
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_servers_are_on_a_network_without_a_way_out(compose):
    assert compose["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "valkey", "cache"):
        assert compose["services"][name]["networks"] == ["inside"]


def test_processes_wait_for_the_migration_and_the_migration_for_the_database(compose):
    services = compose["services"]
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in set(OURS) - {"migrate"}:
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_no_secret_stands_in_the_file(compose):
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name:
                assert value.startswith("${")
                assert ":?" in value


def test_the_environment_names_settings(compose):
    for name in OURS:
        assert {variable.lower() for variable in compose["services"][name]["environment"]} <= set(
            Settings.__struct_fields__
        )
