"""How coins and their movements are told."""

from app.community.economy.queries import Audit, Entry
from app.core.translations import _, marked, ngettext

LABELS: dict[str, str] = {
    "start": marked("to begin with"),
    "transfer": marked("transfer"),
    "daily_gift": marked("daily gift"),
    "jackpot_reward": marked("treasure"),
    "level_up": marked("level reached"),
    "invite_reward": marked("invite"),
    "invite_revoked": marked("invite taken back"),
    "lottery_base": marked("lottery, from the house"),
    "lottery_purchase": marked("lottery tickets"),
    "lottery_win": marked("lottery won"),
    "bet": marked("bet"),
    "payout": marked("game"),
    "bonus": marked("bonus"),
    "refund": marked("paid back"),
    "purchase": marked("purchase"),
    "giveaway_funding": marked("giveaway, put in"),
    "giveaway_prize": marked("giveaway, won"),
    "giveaway_refund": marked("giveaway, paid back"),
    "admin_set": marked("by an admin"),
    "erased": marked("erased"),
}


def coins(amount: int) -> str:
    """An amount with its unit."""
    return ngettext("{count} coin", "{count} coins", amount).format(count=f"{amount:,}".replace(",", "\u202f"))


def line(entry: Entry) -> str:
    """One movement, as a member's history shows it."""
    moment = f"<t:{int(entry.created_at.timestamp())}:d>"
    other = f" · <@{entry.other_id}>" if entry.other_id else ""
    return f"{moment} **{entry.amount:+,}** {_(LABELS[entry.type])}{other}".replace(",", "\u202f")


def audited(found: Audit) -> str:
    """What an audit found, with a verdict."""
    lines = [
        _("**accounts**: {count}").format(count=found.accounts),
        _("**entries**: {count}").format(count=found.entries),
        _("**imbalance**: {count} (coins by which balances differ from their entries)").format(count=found.imbalance),
        _("**negative**: {count} (accounts below zero)").format(count=found.negative),
        _("**unsettled**: {count} (stakes and prizes of what is over or should be)").format(count=found.unsettled),
    ]
    sound, unsound = _("✅ The ledger comes out."), _("⚠️ The ledger does not come out. Tell the operator of the bot.")
    return "\n".join([sound if found.is_sound else unsound, *lines])
