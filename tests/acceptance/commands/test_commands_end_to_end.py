"""Settings, privacy and posts through every real process."""

import pytest

from tests.factories import folders
from tests.factories.system import System, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def system():
    with folders.for_servers() as folder, running(folder) as found:
        yield found


class Person:
    """Somebody in the first guild of the sandbox."""

    def __init__(self, system: System, name: str) -> None:
        self.system = system
        self.guild = system.call("GET", "/sandbox/state")["guilds"][0]
        member = next(m for m in self.guild["members"] if (m.get("user") or m)["username"] == name)
        self.id = (member.get("user") or member)["id"]
        self.channel = next(c["id"] for c in self.guild["channels"] if c.get("name") == "general")

    def use(self, name: str, **options: object) -> dict:
        body = {"type": "command", "user": self.id, "channel": self.channel, "name": name, "options": options}
        number = self.system.call("POST", "/sandbox/interactions", body)["id"]
        return self.answered(number)

    def answered(self, number: str) -> dict:
        answer: dict = {}

        def is_answered() -> bool:
            answer.update(self.system.call("GET", f"/sandbox/interactions/{number}"))
            return answer["state"] == "answered"

        self.system.until(is_answered, "the interaction is answered", 20)
        return answer

    def say(self, content: str) -> str:
        body = {"channel": self.channel, "author": self.id, "content": content}
        return str(self.system.call("POST", "/sandbox/messages", body)["id"])

    def stored(self, column: str = "count(*)") -> object:
        return self.system.value(
            f"SELECT {column} FROM messages WHERE author_id = %s AND deleted_at IS NULL", int(self.id)
        )


def test_a_change_is_posted_and_the_post_confirmed_by_its_own_nonce(system):
    admin = Person(system, "hrothgar")
    admin.use("settings set", key="log-channel", value="general")
    answer = admin.use("settings set", key="retention-days", value="30")
    assert answer["messages"][0]["content"] == "✅ **retention-days** is now `30`."
    query = "SELECT count(*) FROM outbound_posts WHERE confirmed_at IS NOT NULL AND message_id IS NOT NULL"
    system.until(lambda: system.value(query) == 2, "both posts are seen in the channel", 30)


def test_a_profile_counts_what_was_said(system):
    wiglaf = Person(system, "wiglaf")
    for number in range(7):
        wiglaf.say(f"word {number}")
    system.until(lambda: wiglaf.stored() == 7, "the messages are stored", 30)
    fields = wiglaf.use("profile")["messages"][0]["embeds"][0]["fields"]
    assert {field["name"]: field["value"] for field in fields}["Messages"] == "7"


def test_nothing_is_stored_of_who_opted_out_and_nothing_remains_of_who_erased(system):
    beowulf = Person(system, "beowulf")
    beowulf.say("before")
    system.until(lambda: beowulf.stored() == 1, "the message is stored", 30)
    assert beowulf.use("privacy off")["messages"][0]["content"].startswith("✅")
    beowulf.say("unheard")
    wealhtheow = Person(system, "wealhtheow")
    wealhtheow.say("heard")
    system.until(lambda: wealhtheow.stored() == 1, "what was said later is stored", 30)
    assert beowulf.stored() == 1
    assert beowulf.use("privacy erase", confirmation="confirm")["messages"][0]["content"].startswith("✅")
    assert beowulf.stored() == 0
    assert beowulf.use("privacy on")["messages"][0]["content"].startswith("✅")
    beowulf.say("after")
    system.until(lambda: beowulf.stored() == 1, "what came after is stored", 30)
    assert beowulf.stored("max(content)") == "after"
    here = (int(beowulf.guild["id"]), int(beowulf.id))
    counted = "SELECT message_count FROM members WHERE guild_id = %s AND user_id = %s"
    assert system.rows(counted, *here) == [(1,)]


def test_switching_the_content_mode_stops_the_text_at_once(system):
    admin, margaux = Person(system, "hrothgar"), Person(system, "margaux")
    assert admin.use("settings set", key="content", value="counts")["messages"][0]["content"].startswith("✅")
    margaux.say("not kept")
    system.until(lambda: margaux.stored() == 1, "the message is counted", 30)
    assert margaux.stored("max(content)") is None
    admin.use("settings set", key="content", value="off")
    margaux.say("not even counted")
    admin.use("settings set", key="content", value="store")
    margaux.say("kept")
    system.until(lambda: margaux.stored("max(content)") == "kept", "text is kept again", 30)
    assert margaux.stored() == 2


def test_what_was_said_while_nobody_was_to_keep_it_stays_out_after_a_crash(system):
    """It lies above the watermark, so the next bot lists it again, under the rules of then."""
    admin, beowulf, margaux = (Person(system, name) for name in ("hrothgar", "beowulf", "margaux"))

    def switch(person: Person, name: str, **options: object) -> None:
        """Use a command that has a cooldown, until it is done."""
        done = lambda: person.use(name, **options)["messages"][0]["content"].startswith("✅")  # noqa: E731 - one line.
        system.until(done, f"{name} {options}", 30, pause=1)

    switch(beowulf, "privacy off")
    unheard = [beowulf.say("said while opted out")]
    switch(beowulf, "privacy on")
    switch(admin, "settings set", key="content", value="off")
    unheard.append(margaux.say("said where nothing is kept"))
    switch(admin, "settings set", key="content", value="counts")
    counted = margaux.say("said where nothing is read")
    query = "SELECT content FROM messages WHERE id = ANY(%s)"
    system.until(lambda: system.rows(query, [int(counted)]) == [(None,)], "the message is counted", 30)
    switch(admin, "settings set", key="content", value="store")
    system.restart("bot")
    system.until(system.bot_is_ready, "the bot is connected", 60)
    heard = margaux.say("said since")
    system.until(lambda: system.rows(query, [int(heard)]), "what was said later is stored", 30)
    closed = "heorot_bot_backfill_channels_open 0.0"
    system.until(lambda: closed in system.metrics(), "the backfill is complete", 30)
    assert system.rows(query, [int(message) for message in (*unheard, counted)]) == [(None,)]
