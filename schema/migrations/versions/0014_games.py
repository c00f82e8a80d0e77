"""Games with their players, their results, and the limits that members set themselves."""

from alembic import op

revision = "0014_games"
down_revision = "0013_ranked"
branch_labels = None
depends_on = None

_KIND = (
    "kind IN ('roulette', 'blackjack', 'slots', 'group', 'duel', 'rps', '007', 'c21', 'quicktype', 'quiz', 'quizduo')"
)
_STATEMENTS = (
    f"""
    CREATE TABLE games (
        id bigint GENERATED ALWAYS AS IDENTITY,
        guild_id bigint NOT NULL,
        channel_id bigint NOT NULL,
        kind text NOT NULL,
        status text NOT NULL,
        stake bigint NOT NULL,
        language text NOT NULL,
        state jsonb DEFAULT '{{}}'::jsonb NOT NULL,
        outcome jsonb DEFAULT '{{}}'::jsonb NOT NULL,
        step integer DEFAULT 0 NOT NULL,
        version integer DEFAULT 0 NOT NULL,
        step_started_at timestamptz DEFAULT now() NOT NULL,
        deadline timestamptz,
        post_id bigint,
        show_at timestamptz,
        created_at timestamptz DEFAULT now() NOT NULL,
        ended_at timestamptz,
        CONSTRAINT pk_games PRIMARY KEY (id),
        CONSTRAINT ck_games_kind CHECK ({_KIND}),
        CONSTRAINT ck_games_status CHECK (status IN ('waiting', 'playing', 'settled', 'void')),
        CONSTRAINT ck_games_stake CHECK (stake >= 0),
        CONSTRAINT ck_games_deadline CHECK ((deadline IS NULL) = (status IN ('settled', 'void')))
    )
    """,
    "CREATE INDEX ix_games_deadline ON games (deadline) WHERE deadline IS NOT NULL",
    "CREATE INDEX ix_games_show_at ON games (show_at) WHERE show_at IS NOT NULL",
    "CREATE INDEX ix_games_ended_at ON games (ended_at)",
    """
    CREATE UNIQUE INDEX uq_games_waiting_group ON games (guild_id, channel_id)
    WHERE kind = 'group' AND status = 'waiting'
    """,
    """
    CREATE TABLE game_players (
        game_id bigint NOT NULL,
        seat smallint NOT NULL,
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        stake bigint NOT NULL,
        is_active boolean NOT NULL,
        joined_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_game_players PRIMARY KEY (game_id, seat),
        CONSTRAINT ck_game_players_stake CHECK (stake >= 0)
    )
    """,
    "CREATE UNIQUE INDEX uq_game_players_active ON game_players (guild_id, user_id) WHERE is_active",
    "CREATE INDEX ix_game_players_user ON game_players (user_id)",
    "CREATE INDEX ix_game_players_joined_at ON game_players (joined_at)",
    f"""
    CREATE TABLE game_results (
        guild_id bigint NOT NULL,
        game_id bigint NOT NULL,
        user_id bigint NOT NULL,
        kind text NOT NULL,
        opponent_id bigint,
        stake bigint NOT NULL,
        payout bigint NOT NULL,
        result text NOT NULL,
        ended_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_game_results PRIMARY KEY (guild_id, game_id, user_id),
        CONSTRAINT ck_game_results_kind CHECK ({_KIND}),
        CONSTRAINT ck_game_results_result CHECK (result IN ('win', 'loss', 'push')),
        CONSTRAINT ck_game_results_coins CHECK (stake >= 0 AND payout >= 0)
    )
    """,
    "CREATE INDEX ix_game_results_user ON game_results (guild_id, user_id, ended_at)",
    """
    CREATE TABLE game_limits (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        excluded_until timestamptz,
        daily_loss bigint,
        next_daily_loss bigint,
        next_from timestamptz,
        changed_at timestamptz NOT NULL,
        CONSTRAINT pk_game_limits PRIMARY KEY (guild_id, user_id),
        CONSTRAINT ck_game_limits_daily_loss CHECK (daily_loss > 0 AND next_daily_loss > 0)
    )
    """,
    """
    CREATE FUNCTION count_games() RETURNS trigger
    LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            -- Where a guild is purged, its standings may be gone already.
            UPDATE standings SET score = score - 1
            WHERE guild_id = OLD.guild_id AND board = 'games' AND user_id = OLD.user_id;
            RETURN OLD;
        END IF;
        PERFORM add_standing(NEW.guild_id, 'games', NEW.user_id, 1);
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER count_game_won AFTER INSERT ON game_results
    FOR EACH ROW WHEN (NEW.result = 'win') EXECUTE FUNCTION count_games()
    """,
    """
    CREATE TRIGGER count_game_forgotten AFTER DELETE ON game_results
    FOR EACH ROW WHEN (OLD.result = 'win') EXECUTE FUNCTION count_games()
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("game_limits", "game_results", "game_players", "games"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION count_games()")
