"""The settings that docker-compose.yml gives its two Valkey servers, read by a real server."""

import os
import subprocess
from contextlib import closing

import pytest
import redis
import yaml

from app.core.settings import PROJECT
from app.stack import binaries, ports
from app.stack.child import Child, wait_until


def settings_of(name, folder, port):
    """The running service's configuration; started as compose starts it, except for port, address and folder."""
    service = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"][name]
    # Compose writes a dollar twice; the folder /data is the container's.
    script = service["command"][-1].replace("$$", "$").replace("dir /data", f'dir "{folder}"')
    script = script.replace("SETTINGS\nrequirepass", f"SETTINGS\nbind 127.0.0.1\nport {port}\nrequirepass")
    path = f"{binaries.valkey_server().parent}:{os.environ['PATH']}"
    environ = {**os.environ, "VALKEY_PASSWORD": "compose", "PATH": path}
    return Child([*service["command"][:-1], script], log=folder / "log", env=environ)


def answers(port):
    try:
        with closing(redis.Redis(port=port, password="compose")) as client:
            return client.ping()
    except redis.ConnectionError:
        return False


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "valkey",
            {
                "appendonly": "yes",
                "appendfsync": "always",
                "maxmemory": str(512 * 1024 * 1024),
                "maxmemory-policy": "noeviction",
                "save": "",
            },
        ),
        ("cache", {"appendonly": "no", "maxmemory-policy": "allkeys-lru", "maxmemory": str(128 * 1024 * 1024)}),
    ],
)
def test_the_service_starts_with_its_password_and_the_settings_of_its_promise(tmp_path, name, expected):
    port = ports.unused()
    child = settings_of(name, tmp_path, port)
    try:
        wait_until(lambda: answers(port), child, name=name, seconds=20)
        with closing(redis.Redis(port=port, password="compose", decode_responses=True)) as client:
            found = client.config_get("*")
        assert {key: found[key] for key in expected} == expected
        with closing(redis.Redis(port=port)) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        arguments = subprocess.run(["ps", "-o", "args=", "-p", str(child.pid)], check=True, capture_output=True).stdout
        assert b"requirepass" not in arguments
    finally:
        child.stop([(15, 10)])
