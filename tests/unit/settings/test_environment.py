"""What the environment may say, and what is told when it says something else."""

import pytest

from app.core.errors import ConfigurationError
from app.core.settings import load


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("HEALTH_CHECK_PORT", "abc", "a whole number from 1 to 65535"),
        ("FLOWER_PORT", "99999", "a whole number from 1 to 65535"),
        ("RETENTION_DAYS", "-1", "a whole number from 1"),
        ("CHAT_VECTOR_MAX", "-1", "a whole number from 0 to 1000000000"),
        ("CHAT_VECTOR_MAX", "9" * 30, "a whole number from 0 to 1000000000"),
        ("MESSAGE_CONTENT_INTENT", "maybe", "true, false"),
        ("EMBEDDINGS_PROVIDER", "oracle", "local, openai"),
        ("OPENAI_EMBEDDING_MODEL", "a model'; --", "a name of at most 100 letters, digits and . _ : -"),
        ("OPENAI_EMBEDDING_DIMENSIONS", "5000", "a whole number from 1 to 4000"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_may_be(name, value, allowed):
    with pytest.raises(ConfigurationError) as refused:
        load({name: value})
    assert str(refused.value) == f"{name} is “{value}”; allowed: {allowed}."


def test_an_empty_setting_counts_as_unset():
    assert load({"HEALTH_CHECK_PORT": " ", "DISCORD_TOKEN": ""}) == load({})
