"""Boards without those who left or opted out, so that an index alone can count a member's place."""

from alembic import op

revision = "0013_ranked"
down_revision = "0012_leaderboards"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE coin_accounts ADD COLUMN is_ranked boolean DEFAULT true NOT NULL",
    "ALTER TABLE member_levels ADD COLUMN is_ranked boolean DEFAULT true NOT NULL",
    """
    CREATE FUNCTION is_ranked(guild bigint, member bigint) RETURNS boolean
    LANGUAGE sql STABLE AS $$
        SELECT NOT EXISTS (SELECT FROM members WHERE guild_id = guild AND user_id = member AND left_at IS NOT NULL)
            AND NOT EXISTS (SELECT FROM opt_outs WHERE guild_id = guild AND user_id = member)
    $$
    """,
    # Levels before coins, as wherever both are locked.
    """
    CREATE FUNCTION rank_member(guild bigint, member bigint) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE
        now_ranked boolean := is_ranked(guild, member);
    BEGIN
        UPDATE member_levels SET is_ranked = now_ranked
        WHERE guild_id = guild AND user_id = member AND is_ranked <> now_ranked;
        UPDATE coin_accounts SET is_ranked = now_ranked
        WHERE guild_id = guild AND kind = 'member' AND owner_id = member AND is_ranked <> now_ranked;
    END
    $$
    """,
    """
    CREATE FUNCTION rank_user() RETURNS trigger
    LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            PERFORM rank_member(OLD.guild_id, OLD.user_id);
        ELSE
            PERFORM rank_member(NEW.guild_id, NEW.user_id);
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION rank_owner() RETURNS trigger
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM rank_member(NEW.guild_id, NEW.owner_id);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER rank_who_left AFTER UPDATE OF left_at ON members
    FOR EACH ROW WHEN ((OLD.left_at IS NULL) <> (NEW.left_at IS NULL)) EXECUTE FUNCTION rank_user()
    """,
    """
    CREATE TRIGGER rank_who_is_met AFTER INSERT ON members
    FOR EACH ROW WHEN (NEW.left_at IS NOT NULL) EXECUTE FUNCTION rank_user()
    """,
    """
    CREATE TRIGGER rank_who_opted_out AFTER INSERT OR DELETE ON opt_outs
    FOR EACH ROW EXECUTE FUNCTION rank_user()
    """,
    """
    CREATE TRIGGER rank_new_level AFTER INSERT ON member_levels
    FOR EACH ROW EXECUTE FUNCTION rank_user()
    """,
    """
    CREATE TRIGGER rank_new_purse AFTER INSERT ON coin_accounts
    FOR EACH ROW WHEN (NEW.kind = 'member') EXECUTE FUNCTION rank_owner()
    """,
    "UPDATE member_levels SET is_ranked = false WHERE NOT is_ranked(guild_id, user_id)",
    "UPDATE coin_accounts SET is_ranked = false WHERE kind = 'member' AND NOT is_ranked(guild_id, owner_id)",
    "DROP INDEX ix_coin_accounts_ranking",
    """
    CREATE INDEX ix_coin_accounts_ranking ON coin_accounts (guild_id, balance DESC, owner_id)
    WHERE kind = 'member' AND is_ranked
    """,
    "DROP INDEX ix_member_levels_ranking",
    "CREATE INDEX ix_member_levels_ranking ON member_levels (guild_id, xp DESC, user_id) WHERE is_ranked",
    "DROP INDEX ix_members_voice",
    """
    CREATE INDEX ix_members_voice ON members (guild_id, voice_seconds DESC, user_id)
    WHERE voice_seconds > 0 AND left_at IS NULL
    """,
)
_BACK = (
    "DROP INDEX ix_members_voice",
    "CREATE INDEX ix_members_voice ON members (guild_id, voice_seconds DESC, user_id) WHERE voice_seconds > 0",
    "DROP INDEX ix_member_levels_ranking",
    "CREATE INDEX ix_member_levels_ranking ON member_levels (guild_id, xp DESC, user_id)",
    "DROP INDEX ix_coin_accounts_ranking",
    """
    CREATE INDEX ix_coin_accounts_ranking ON coin_accounts (guild_id, balance DESC, owner_id) WHERE kind = 'member'
    """,
    "DROP TRIGGER rank_new_purse ON coin_accounts",
    "DROP TRIGGER rank_new_level ON member_levels",
    "DROP TRIGGER rank_who_opted_out ON opt_outs",
    "DROP TRIGGER rank_who_is_met ON members",
    "DROP TRIGGER rank_who_left ON members",
    "DROP FUNCTION rank_owner()",
    "DROP FUNCTION rank_user()",
    "DROP FUNCTION rank_member(bigint, bigint)",
    "DROP FUNCTION is_ranked(bigint, bigint)",
    "ALTER TABLE member_levels DROP COLUMN is_ranked",
    "ALTER TABLE coin_accounts DROP COLUMN is_ranked",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK:
        op.execute(statement)
