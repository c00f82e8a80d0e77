"""The checker itself finds what is wrong; a checker that cannot fail proves nothing."""

import pytest

from tests.contract.sandbox.openapi import Exchanges, load


@pytest.fixture(scope="module")
def checker(shared_dir):
    return Exchanges(load(shared_dir))


def test_it_finds_the_operation_of_a_path(checker):
    assert checker.find("GET", "/users/@me").template == "/users/@me"
    assert checker.find("GET", "/users/5").template == "/users/{user_id}"
    assert checker.find("PATCH", "/webhooks/1/t/messages/@original").template.endswith("@original")
    assert checker.find("GET", "/nothing") is None


def test_it_refuses_a_user_without_a_name_and_a_message_with_a_numeric_id(checker):
    schema = {"$ref": "#/components/schemas/UserResponse"}
    assert any("'username' is a required property" in e for e in checker.errors(schema, {"id": "1"}))
    schema = {"$ref": "#/components/schemas/MessageReferenceResponse"}
    assert checker.errors(schema, {"type": 0, "channel_id": "1"}) == []
    assert checker.errors(schema, {"type": 0, "channel_id": 1})
