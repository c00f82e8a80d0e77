import pytest

from app.core.errors import ConfigurationError
from app.stack.remote import require_safe_database, require_safe_redis


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@127.0.0.1:5432/d",
        "postgresql://u@localhost/d",
        "postgresql://u@[::1]/d",
        "postgresql:///d?host=/run/postgresql",
        "postgresql://u:p@db.example/d?sslmode=require",
        "postgresql://u@db.example/d?sslmode=verify-full&password=x",
    ],
)
def test_a_database_on_this_machine_or_behind_tls_and_a_password_is_accepted(url):
    require_safe_database(url)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("postgresql://u:p@db.example/d", "must be encrypted: add [?]sslmode=require"),
        ("postgresql://u:p@db.example/d?sslmode=prefer", "must be encrypted"),
        ("postgresql://u:p@localhost/d?host=db.example", "db.example must be encrypted"),
        ("postgresql://u@db.example/d?sslmode=require", "db.example needs a password"),
    ],
)
def test_a_database_elsewhere_needs_tls_and_a_password(url, complaint):
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        require_safe_database(url)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:6379/0", "unix:///run/valkey.sock", "rediss://:p@cache.example/0"])
def test_a_redis_on_this_machine_or_behind_tls_and_a_password_is_accepted(url):
    require_safe_redis("REDIS_URL", url)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("redis://:p@cache.example/0", "REDIS_URL: the connection to cache.example must be encrypted: write rediss://"),
        ("rediss://cache.example/0", "REDIS_URL: the connection to cache.example needs a password"),
    ],
)
def test_a_redis_elsewhere_needs_tls_and_a_password(url, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        require_safe_redis("REDIS_URL", url)
