"""Permissions follow owner, roles, overwrites, threads and timeouts as Discord documents them."""

from datetime import UTC, datetime, timedelta

import pytest

from app.sandbox import permissions as rules
from app.sandbox.box import Tuning
from app.sandbox.constants import ALL_PERMISSIONS, ChannelType, Permission
from app.sandbox.errors import DiscordError
from app.sandbox.seed import new_box
from app.sandbox.state.models import Overwrite, ThreadState


@pytest.fixture
def box():
    return new_box("sandbox", Tuning(hidden_channel=True))


@pytest.fixture
def hall(box):
    return next(g for g in box.world.guilds.values() if g.name == "Mead Hall")


def user(box, name):
    return next(u.id for u in box.world.users.values() if u.username == name)


def channel(hall, name):
    return next(c for c in hall.channels.values() if c.name == name)


def can(box, place, who, permission):
    return bool(rules.channel_permissions(box.world, place, who) & permission)


def test_owners_and_administrators_may_everything(box, hall):
    assert rules.guild_permissions(hall, user(box, "hrothgar")) == ALL_PERMISSIONS
    hall.owner_id = user(box, "beowulf")
    assert rules.guild_permissions(hall, user(box, "hrothgar")) == ALL_PERMISSIONS
    assert rules.guild_permissions(hall, user(box, "beowulf")) == ALL_PERMISSIONS


def test_private_channels_open_for_their_roles_only(box, hall):
    staff, council = channel(hall, "staff"), channel(hall, "council")
    seen = {
        name: (rules.can_view(box.world, staff, user(box, name)), rules.can_view(box.world, council, user(box, name)))
        for name in ("hrothgar", "wealhtheow", "beowulf", "heorot")
    }
    assert seen == {
        "hrothgar": (True, True),
        "wealhtheow": (True, False),
        "beowulf": (False, False),
        "heorot": (True, False),
    }


def test_a_members_own_overwrite_wins_over_roles_and_roles_over_everyone(box, hall):
    general, who = channel(hall, "general"), user(box, "wealhtheow")
    role = hall.members[who].roles[0]
    send = Permission.SEND_MESSAGES
    general.overwrites[hall.id] = Overwrite(hall.id, 0, deny=int(send))
    assert not can(box, general, who, send)
    general.overwrites[role] = Overwrite(role, 0, allow=int(send))
    assert can(box, general, who, send)
    general.overwrites[who] = Overwrite(who, 1, deny=int(send))
    assert not can(box, general, who, send)


def test_a_timeout_leaves_reading_only_and_ends(box, hall):
    who = user(box, "beowulf")
    member = hall.members[who]
    member.timed_out_until = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    general = channel(hall, "general")
    assert can(box, general, who, Permission.VIEW_CHANNEL)
    assert not can(box, general, who, Permission.SEND_MESSAGES)
    member.timed_out_until = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    assert can(box, general, who, Permission.SEND_MESSAGES)


def test_threads_follow_their_parent_and_private_ones_their_members(box, hall):
    thread = channel(hall, "tales of the sea")
    who = user(box, "wiglaf")
    assert can(box, thread, who, Permission.VIEW_CHANNEL)
    thread.kind = ChannelType.PRIVATE_THREAD
    assert not can(box, thread, who, Permission.VIEW_CHANNEL)
    assert isinstance(thread.thread, ThreadState)
    thread.thread.members[who] = ""
    assert can(box, thread, who, Permission.VIEW_CHANNEL)
    parent = box.world.channels[thread.parent_id]
    parent.overwrites[hall.id] = Overwrite(hall.id, 0, deny=int(Permission.VIEW_CHANNEL))
    assert not can(box, thread, who, Permission.VIEW_CHANNEL)


def test_strangers_may_nothing_and_direct_messages_belong_to_two(box, hall):
    direct = box.world.direct_channel(box.world.application.id, user(box, "beowulf"))
    assert can(box, direct, user(box, "beowulf"), Permission.SEND_MESSAGES)
    assert rules.channel_permissions(box.world, direct, user(box, "wiglaf")) == 0
    del hall.members[user(box, "wiglaf")]
    assert rules.channel_permissions(box.world, channel(hall, "general"), user(box, "wiglaf")) == 0


@pytest.mark.parametrize(("name", "code"), [("council", 50001), ("general", 50013)])
def test_what_is_unseen_is_missing_access_and_what_is_seen_missing_permissions(box, hall, name, code):
    with pytest.raises(DiscordError) as refused:
        rules.require(box.world, channel(hall, name), user(box, "beowulf"), int(Permission.MANAGE_MESSAGES))
    assert refused.value.code == code
