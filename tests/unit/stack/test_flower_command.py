import pytest

from app.cli import flower
from app.core.errors import ConfigurationError
from app.core.settings import settings


@pytest.fixture
def environ(monkeypatch):
    for name in ("FLOWER_BASIC_AUTH", "FLOWER_PORT", "FLOWER_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def test_without_a_password_flower_stays_on_the_loopback_address(environ):
    known = flower.environment()
    assert known["FLOWER_ADDRESS"] == "127.0.0.1"
    assert known["FLOWER_PORT"] == "5555"


def test_with_a_password_flower_listens_everywhere(environ):
    environ.setenv("FLOWER_BASIC_AUTH", "ada:secret")
    known = flower.environment()
    assert known["FLOWER_ADDRESS"] == ""
    assert known["FLOWER_BASIC_AUTH"] == "ada:secret"


@pytest.mark.parametrize("value", ["ada", "ada:", ":secret"])
def test_half_a_password_is_refused(environ, value):
    environ.setenv("FLOWER_BASIC_AUTH", value)
    with pytest.raises(ConfigurationError, match="FLOWER_BASIC_AUTH: write user:password"):
        flower.environment()
