"""The measure of search (`make eval-memory`) over a conversation in LoCoMo's form."""

import json

from benchmarks import guildlogs, recall
from benchmarks.conversations import load

CONVERSATION = {
    "sample_id": "made up",
    "conversation": {
        "speaker_a": "Anna",
        "speaker_b": "Boris",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            {"speaker": "Anna", "dia_id": "D1:1", "text": "Hello Boris, how was your week?"},
            {"speaker": "Boris", "dia_id": "D1:2", "text": "I adopted a parrot, it swears in Portuguese."},
            {"speaker": "Anna", "dia_id": "D1:3", "text": "I was hiking.", "blip_caption": "a lake"},
        ],
    },
    "qa": [
        {"question": "Which bird did Boris adopt?", "evidence": ["D1:2"], "category": 4},
        {"question": "What is the name of a turn that is not there?", "evidence": ["D9:9"], "category": 1},
    ],
}


def test_the_evidence_of_a_conversation_is_found_and_counted(index, tmp_path):
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([CONVERSATION]))
    (conversation,) = loaded = load(path)
    assert list(conversation.turns.values()) == ["D1:1", "D1:2", "D1:3"]
    found = recall.find(conversation, "Which bird did Boris adopt?")
    assert conversation.turns[found[0]] == "D1:2"
    measured = recall.measure(loaded, recall.find)
    assert measured["overall"] == {"5": 50.0, "10": 50.0, "25": 50.0, "50": 50.0}
    assert measured["categories"]["single_hop"]["5"] == 100.0


def test_a_busy_guild_finds_what_was_said_in_its_language(index):
    logs = guildlogs.load(chatter=6)
    found = {label: recall.measure([one], recall.find)["overall"]["10"] for label, one in logs.asked.items()}
    # Two words of a message find it in either language; another wording only in the language that the model knows.
    remembered = [recalled for label, recalled in found.items() if label.endswith("two words remembered")]
    assert len(remembered) == 3
    assert min(remembered) >= 97.5
    assert found["English guild, asked in English"] >= 80.0
    assert found["French guild, asked in French"] >= 30.0
    assert logs.languages_detected >= 95.0
