"""A table that names a person or a message has a rule for the erasure, or a written reason why not."""

import importlib
import pkgutil
import re

import schema.models
from app.upkeep.privacy.rules import EXEMPT, MESSAGES, RULES, WITH_MESSAGES
from schema.base import Base

# Columns that name a person or a message, by the words that such columns are called.
NAMES = re.compile(
    r"^(\w+_)?(user|author|member|owner|inviter|subject|recipient|moderator|creator|host|actor|source|target|player|opponent|winner|message)_id$|^reply_to$"
)


def tables():
    for module in pkgutil.iter_modules(schema.models.__path__):
        importlib.import_module(f"schema.models.{module.name}")
    return Base.metadata.tables


def columns() -> set[str]:
    return {
        f"{table.name}.{column.name}"
        for table in tables().values()
        for column in table.columns
        if NAMES.match(column.name)
    }


def ruled() -> set[str]:
    with_messages = {f"{table}.{column}" for table, column in WITH_MESSAGES.items()}
    return {f"{rule.table}.{rule.user}" for rule in (MESSAGES, *RULES)} | with_messages


def test_the_walk_finds_what_it_should():
    assert {"messages.author_id", "members.user_id", "message_revisions.message_id"} <= columns()


def test_every_column_that_names_a_person_or_a_message_is_covered():
    assert columns() - ruled() - EXEMPT.keys() == set()


def test_nothing_is_ruled_or_exempt_that_is_not_there():
    assert (ruled() | EXEMPT.keys()) - columns() == set()


def test_nothing_is_both_ruled_and_exempt():
    assert ruled() & EXEMPT.keys() == set()


def test_every_exemption_says_why():
    assert all(len(reason) > 20 for reason in EXEMPT.values())


def test_the_rules_name_columns_that_exist():
    for rule in (MESSAGES, *RULES):
        table = tables()[rule.table]
        assert rule.user in table.columns
        assert rule.guild is None or rule.guild in table.columns
        if rule.before:
            assert rule.before.split()[0] in table.columns
