"""How a bag is shown."""

from app.community.inventory.queries import Bag
from app.community.inventory.rules import ITEMS, NAMES
from app.core.translations import _, ngettext


def bag_text(user_id: int, bag: Bag) -> str:
    """What is in a bag, and the multiplier that counts now."""
    lines = [_("🎒 The bag of {user}").format(user=f"<@{user_id}>")]
    lines += [f"**{_(NAMES[item])}**: {bag.items[item]}" for item in ITEMS]
    if bag.games_left:
        lines.append(
            ngettext(
                "A multiplier x{factor} counts for {count} more game.",
                "A multiplier x{factor} counts for {count} more games.",
                bag.games_left,
            ).format(factor=bag.factor, count=bag.games_left)
        )
    return "\n".join(lines)
