"""Experience and levels, and what is owed for them."""

from alembic import op

revision = "0008_leveling"
down_revision = "0007_invites"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE member_levels (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        xp bigint DEFAULT 0 NOT NULL,
        level integer DEFAULT 1 NOT NULL,
        message_ms bigint,
        voice_slot bigint,
        voice_run integer DEFAULT 0 NOT NULL,
        wants_direct boolean DEFAULT false NOT NULL,
        CONSTRAINT pk_member_levels PRIMARY KEY (guild_id, user_id),
        CONSTRAINT ck_member_levels_xp CHECK (xp >= 0),
        CONSTRAINT ck_member_levels_level CHECK (level >= 1)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_member_levels_ranking ON member_levels (guild_id, xp DESC)",
    "CREATE INDEX ix_member_levels_user_id ON member_levels (user_id)",
    """
    CREATE TABLE level_rewards (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        level integer NOT NULL,
        reached_at timestamptz DEFAULT now() NOT NULL,
        channel_id bigint,
        is_silent boolean DEFAULT false NOT NULL,
        paid_at timestamptz,
        import_id bigint,
        CONSTRAINT pk_level_rewards PRIMARY KEY (guild_id, user_id, level)
    )
    """,
    "CREATE INDEX ix_level_rewards_user_id ON level_rewards (user_id)",
    "CREATE INDEX ix_level_rewards_open ON level_rewards (guild_id, user_id) WHERE paid_at IS NULL",
    """
    CREATE TABLE reaction_xp (
        message_id bigint NOT NULL,
        user_id bigint NOT NULL,
        guild_id bigint NOT NULL,
        author_id bigint,
        xp smallint DEFAULT 0 NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_reaction_xp PRIMARY KEY (message_id, user_id)
    )
    """,
    "CREATE INDEX ix_reaction_xp_user_id ON reaction_xp (user_id)",
    "CREATE INDEX ix_reaction_xp_author_id ON reaction_xp (author_id)",
    "CREATE INDEX ix_reaction_xp_open ON reaction_xp (created_at) WHERE author_id IS NULL",
    """
    CREATE TABLE xp_multipliers (
        guild_id bigint NOT NULL,
        target_id bigint NOT NULL,
        kind text NOT NULL,
        percent integer NOT NULL,
        CONSTRAINT pk_xp_multipliers PRIMARY KEY (guild_id, target_id),
        CONSTRAINT ck_xp_multipliers_kind CHECK (kind IN ('channel', 'role')),
        CONSTRAINT ck_xp_multipliers_percent CHECK (percent BETWEEN 0 AND 1000)
    )
    """,
    """
    CREATE TABLE level_roles (
        guild_id bigint NOT NULL,
        role_id bigint NOT NULL,
        level integer NOT NULL,
        CONSTRAINT pk_level_roles PRIMARY KEY (guild_id, role_id),
        CONSTRAINT ck_level_roles_level CHECK (level BETWEEN 1 AND 1000)
    )
    """,
    """
    CREATE TABLE level_role_changes (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        role_id bigint NOT NULL,
        is_wanted boolean NOT NULL,
        version integer DEFAULT 1 NOT NULL,
        due_at timestamptz DEFAULT now() NOT NULL,
        attempts integer DEFAULT 0 NOT NULL,
        done_at timestamptz,
        failed_at timestamptz,
        last_error text,
        CONSTRAINT pk_level_role_changes PRIMARY KEY (guild_id, user_id, role_id)
    )
    """,
    "CREATE INDEX ix_level_role_changes_user_id ON level_role_changes (user_id)",
    """
    CREATE INDEX ix_level_role_changes_waiting ON level_role_changes (due_at)
    WHERE done_at IS NULL AND failed_at IS NULL
    """,
    """
    CREATE TABLE xp_changes (
        id bigint GENERATED ALWAYS AS IDENTITY,
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        actor_id bigint,
        action text NOT NULL,
        key text NOT NULL,
        before bigint NOT NULL,
        after bigint NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_xp_changes PRIMARY KEY (id),
        CONSTRAINT uq_xp_changes_guild_id_key UNIQUE (guild_id, key)
    )
    """,
    "CREATE INDEX ix_xp_changes_user_id ON xp_changes (user_id)",
    """
    CREATE TABLE level_imports (
        id bigint NOT NULL,
        guild_id bigint NOT NULL,
        actor_id bigint,
        state text DEFAULT 'shown' NOT NULL,
        keep text NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        applied_at timestamptz,
        undone_at timestamptz,
        CONSTRAINT pk_level_imports PRIMARY KEY (id),
        CONSTRAINT ck_level_imports_state CHECK (state IN ('shown', 'applied', 'undone')),
        CONSTRAINT ck_level_imports_keep CHECK (keep IN ('level', 'xp'))
    )
    """,
    """
    CREATE TABLE level_import_rows (
        import_id bigint NOT NULL,
        user_id bigint NOT NULL,
        guild_id bigint NOT NULL,
        xp bigint NOT NULL,
        added bigint DEFAULT 0 NOT NULL,
        CONSTRAINT pk_level_import_rows PRIMARY KEY (import_id, user_id)
    )
    """,
    "CREATE INDEX ix_level_import_rows_user_id ON level_import_rows (user_id)",
)
_TABLES = (
    "level_import_rows",
    "level_imports",
    "xp_changes",
    "level_role_changes",
    "level_roles",
    "xp_multipliers",
    "reaction_xp",
    "level_rewards",
    "member_levels",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
