"""Leaderboards: orders that indexes can give, and what is counted from other rows."""

from alembic import op

revision = "0012_leaderboards"
down_revision = "0011_models"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # The order of a page must be an index's order to the last member, however many have the same score.
    "DROP INDEX ix_coin_accounts_ranking",
    """
    CREATE INDEX ix_coin_accounts_ranking ON coin_accounts (guild_id, balance DESC, owner_id) WHERE kind = 'member'
    """,
    "DROP INDEX ix_member_levels_ranking",
    "CREATE INDEX ix_member_levels_ranking ON member_levels (guild_id, xp DESC, user_id)",
    "CREATE INDEX ix_members_voice ON members (guild_id, voice_seconds DESC, user_id) WHERE voice_seconds > 0",
    "CREATE INDEX ix_members_gone ON members (guild_id, user_id) WHERE left_at IS NOT NULL",
    """
    CREATE TABLE standings (
        guild_id bigint NOT NULL,
        board text NOT NULL,
        user_id bigint NOT NULL,
        score bigint DEFAULT 0 NOT NULL,
        CONSTRAINT pk_standings PRIMARY KEY (guild_id, board, user_id),
        CONSTRAINT ck_standings_board CHECK (board IN ('invites', 'games'))
    )
    """,
    "CREATE INDEX ix_standings_ranking ON standings (guild_id, board, score DESC, user_id)",
    """
    CREATE TABLE leaderboard_marks (
        guild_id bigint NOT NULL,
        board text NOT NULL,
        ranks bigint[] NOT NULL,
        scores bigint[] NOT NULL,
        counted_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_leaderboard_marks PRIMARY KEY (guild_id, board)
    )
    """,
    """
    CREATE TABLE leaderboard_messages (
        guild_id bigint NOT NULL,
        channel_id bigint NOT NULL,
        generation integer NOT NULL,
        shown jsonb,
        shown_at timestamptz,
        CONSTRAINT pk_leaderboard_messages PRIMARY KEY (guild_id)
    )
    """,
    """
    CREATE FUNCTION add_standing(guild bigint, board text, member bigint, change bigint) RETURNS void
    LANGUAGE sql AS $$
        INSERT INTO standings AS s (guild_id, board, user_id, score) VALUES (guild, board, member, change)
        ON CONFLICT ON CONSTRAINT pk_standings DO UPDATE SET score = s.score + excluded.score
    $$
    """,
    """
    CREATE FUNCTION count_invites() RETURNS trigger
    LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' AND OLD.inviter_id IS NOT NULL AND OLD.state IN ('pending', 'rewarded') THEN
            -- Where a guild is purged, its standings may be gone already, and must not come back.
            UPDATE standings SET score = score - 1
            WHERE guild_id = OLD.guild_id AND board = 'invites' AND user_id = OLD.inviter_id;
        END IF;
        IF TG_OP <> 'DELETE' AND NEW.inviter_id IS NOT NULL AND NEW.state IN ('pending', 'rewarded') THEN
            PERFORM add_standing(NEW.guild_id, 'invites', NEW.inviter_id, 1);
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER count_invites AFTER INSERT OR DELETE OR UPDATE OF state, inviter_id ON invite_arrivals
    FOR EACH ROW EXECUTE FUNCTION count_invites()
    """,
    """
    INSERT INTO standings SELECT guild_id, 'invites', inviter_id, count(*) FROM invite_arrivals
    WHERE state IN ('pending', 'rewarded') AND inviter_id IS NOT NULL GROUP BY guild_id, inviter_id
    """,
)
_BACK = (
    "DROP TRIGGER count_invites ON invite_arrivals",
    "DROP FUNCTION count_invites()",
    "DROP FUNCTION add_standing(bigint, text, bigint, bigint)",
    "DROP TABLE leaderboard_messages",
    "DROP TABLE leaderboard_marks",
    "DROP TABLE standings",
    "DROP INDEX ix_members_gone",
    "DROP INDEX ix_members_voice",
    "DROP INDEX ix_member_levels_ranking",
    "CREATE INDEX ix_member_levels_ranking ON member_levels (guild_id, xp DESC)",
    "DROP INDEX ix_coin_accounts_ranking",
    "CREATE INDEX ix_coin_accounts_ranking ON coin_accounts (guild_id, balance DESC) WHERE kind = 'member'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK:
        op.execute(statement)
