"""Coins before levels, as games lock them when they are settled, also where somebody leaves or opts out."""

from alembic import op

revision = "0021_rankorder"
down_revision = "0020_guild_graphs"
branch_labels = None
depends_on = None

_FUNCTION = """
    CREATE OR REPLACE FUNCTION rank_member(guild bigint, member bigint) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE
        now_ranked boolean := is_ranked(guild, member);
    BEGIN{statements}
    END
    $$
"""
_LEVELS = """
        UPDATE member_levels SET is_ranked = now_ranked
        WHERE guild_id = guild AND user_id = member AND is_ranked <> now_ranked;"""
_COINS = """
        UPDATE coin_accounts SET is_ranked = now_ranked
        WHERE guild_id = guild AND kind = 'member' AND owner_id = member AND is_ranked <> now_ranked;"""


def upgrade() -> None:
    op.execute(_FUNCTION.format(statements=_COINS + _LEVELS))


def downgrade() -> None:
    op.execute(_FUNCTION.format(statements=_LEVELS + _COINS))
