"""A snapshot that was read before a change does not undo the change."""

from app.bot.policy import Policy
from app.core.policy import PolicyData


async def test_what_changed_while_a_snapshot_was_read_is_read_again():
    policy = Policy(PolicyData())
    stored = [PolicyData(), PolicyData(opted_out=frozenset({(1, 2)}))]
    seen: list[bool] = []

    def load() -> PolicyData:
        if not seen:
            # Just after the first reading somebody opts out, which is committed before the second.
            policy.block(1, 2)
        seen.append(policy.is_opted_out(1, 2))
        return stored[len(seen) - 1]

    await policy.refresh(load)
    assert seen == [True, True]
    assert policy.is_opted_out(1, 2)


async def test_without_a_change_one_reading_is_enough():
    policy, readings = Policy(), []
    await policy.refresh(lambda: readings.append(1) or PolicyData(prefixes={1: "?"}))
    assert (readings, policy.prefix(1), policy.is_loaded) == ([1], "?", True)


async def test_a_wish_that_is_on_its_way_outlives_a_snapshot_that_does_not_hold_it_yet():
    policy = Policy(PolicyData())
    with policy.hold(1, 2):
        await policy.refresh(PolicyData)
        assert policy.is_opted_out(1, 2)
        assert not policy.is_opted_out(1, 3)
        policy.block(1, 2)
    assert policy.is_opted_out(1, 2)
    await policy.refresh(PolicyData)
    assert not policy.is_opted_out(1, 2), "what is read after the decision decides"


async def test_a_refused_wish_leaves_no_trace():
    policy = Policy(PolicyData())
    with policy.hold(1, 2):
        policy.unblock(1, 2)
    assert not policy.is_opted_out(1, 2)
