"""Every table is covered by retention, and by the purge of a guild."""

import pytest

from app.upkeep.retention.policies import EXEMPT, KEPT_AT_PURGE, POLICIES, of_guilds, tables

POLICED = {policy.table for policy in POLICIES}


@pytest.mark.parametrize("name", sorted(tables()))
def test_every_table_has_a_policy_or_a_reason_why_not(name):
    assert (name in POLICED) != (name in EXEMPT), f"{name} needs a line in app/upkeep/retention/policies.py"


@pytest.mark.parametrize("reasons", [EXEMPT, KEPT_AT_PURGE])
def test_exemptions_are_written_down_for_tables_that_exist(reasons):
    assert set(reasons) <= set(tables())
    assert all(len(reason.split()) >= 5 for reason in reasons.values())


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.table)
def test_a_policy_speaks_of_a_column_of_the_right_kind(policy):
    column = tables()[policy.table].columns[policy.column]
    kinds = {"moment": "DATETIME", "day": "DATE", "snowflake": "BIGINT"}
    assert str(column.type).split("(")[0] == kinds[policy.holds]
    assert policy.days is None or policy.days >= 1


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.table)
def test_partitions_are_dropped_where_there_are_partitions(policy):
    partitioned = "partition_by" in tables()[policy.table].dialect_options["postgresql"] and bool(
        tables()[policy.table].dialect_options["postgresql"]["partition_by"]
    )
    assert (policy.how == "partitions") == partitioned


def test_what_has_a_guild_is_purged_with_it_or_kept_for_a_reason():
    named = {name for name, table in tables().items() if "guild_id" in table.columns}
    assert {table.name for table in of_guilds()} | set(KEPT_AT_PURGE) == named


def test_no_foreign_key_stands_in_the_way_of_a_deletion():
    assert not [table.name for table in tables().values() if table.foreign_keys]
