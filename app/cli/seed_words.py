"""What the sandbox's people talk about, by channel: who or what, and what of it."""

PEOPLE = ("Astrid", "Bjarke", "Camille", "Dara", "Einar", "Fatima", "Gwen", "Hrothgar", "Ines", "Jonas")

TOPICS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "hall": (
        ("The feast on Friday", "Our new members", "The spring meeting", "Tonight's story", "The old banner"),
        ("starts at eight", "needs two more helpers", "was better than last year", "is postponed by a week"),
    ),
    "kitchen": (
        ("The sourdough starter", "My lentil soup", "The cast-iron pan", "That apple cake", "The fish market"),
        ("needs a pinch more salt", "rests overnight in the fridge", "came out crisp", "was sold out before noon"),
    ),
    "garden": (
        ("The tomato seedlings", "The apple tree", "A family of hedgehogs", "The rain barrel", "The compost"),
        ("survived the frost", "wants pruning before spring", "moved in behind the shed", "is full already"),
    ),
    "games": (
        ("The ice level", "Our raid group", "The last boss", "The map editor", "The co-op campaign"),
        ("takes patience and a shield", "is on for Sunday", "crashed twice and saved nothing", "got a patch today"),
    ),
    "workshop": (
        ("The soldering iron", "A 3D-printed hinge", "The database migration", "The bicycle's rear wheel", "The lathe"),
        ("runs smoothly since the fix", "broke under load", "needs a spare part from town", "is documented now"),
    ),
}

# What they post in the forum: its name, its tag, and what is said in it.
POSTS = (
    ("A bench by the harbour", "building", "There is oak left from the old gate, and the view deserves a seat."),
    ("Roast for midsummer", "feast", "Who lends us a spit, and who stays awake to turn it?"),
)

CLOSINGS = (".", "!", ", as promised.", ", I think.", ", who would have guessed?", " :)", ". Any ideas?")
EDITS = ("Edit: solved, thank you all.", "Correction: it is tomorrow, not today.", "Never mind, I found it.")
EMOJI = ("👍", "❤️", "😂", "🎉", "🔥")
