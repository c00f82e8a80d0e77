"""Settings, privacy, command outcomes and outbound posts."""

from alembic import op

revision = "0002_commands"
down_revision = "0001_activity"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE guild_settings (
        guild_id bigint NOT NULL,
        content_mode text,
        locale text,
        timezone text DEFAULT 'UTC' NOT NULL,
        prefix text DEFAULT '!' NOT NULL,
        log_channel_id bigint,
        features jsonb DEFAULT '{}'::jsonb NOT NULL,
        retention_days integer,
        set_up boolean DEFAULT false NOT NULL,
        version bigint DEFAULT 1 NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_guild_settings PRIMARY KEY (guild_id),
        CONSTRAINT ck_guild_settings_content_mode CHECK (content_mode IN ('off', 'counts', 'store')),
        CONSTRAINT ck_guild_settings_locale CHECK (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
        CONSTRAINT ck_guild_settings_prefix CHECK (length(prefix) BETWEEN 1 AND 5),
        CONSTRAINT ck_guild_settings_retention_days CHECK (retention_days BETWEEN 1 AND 3650)
    )
    """,
    """
    CREATE TABLE user_preferences (
        user_id bigint NOT NULL,
        locale text,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_user_preferences PRIMARY KEY (user_id),
        CONSTRAINT ck_user_preferences_locale CHECK (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$')
    )
    """,
    """
    CREATE TABLE opt_outs (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        since timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_opt_outs PRIMARY KEY (guild_id, user_id)
    )
    """,
    """
    CREATE TABLE erasures (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        erased_at timestamptz NOT NULL,
        below_id bigint NOT NULL,
        finished_at timestamptz,
        CONSTRAINT pk_erasures PRIMARY KEY (guild_id, user_id)
    )
    """,
    """
    CREATE TABLE outcomes (
        interaction_id bigint NOT NULL,
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        command text NOT NULL,
        state text NOT NULL,
        answer jsonb NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_outcomes PRIMARY KEY (interaction_id),
        CONSTRAINT ck_outcomes_state CHECK (state IN ('done', 'refused', 'expired'))
    )
    """,
    "CREATE INDEX ix_outcomes_created_at ON outcomes (created_at)",
    "CREATE INDEX ix_outcomes_user_id ON outcomes (user_id)",
    """
    CREATE TABLE outbound_posts (
        id bigint GENERATED ALWAYS AS IDENTITY,
        guild_id bigint NOT NULL,
        channel_id bigint,
        user_id bigint,
        subject_id bigint,
        nonce text NOT NULL,
        kind text NOT NULL,
        dedupe_key text NOT NULL,
        body jsonb NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        due_at timestamptz DEFAULT now() NOT NULL,
        expires_at timestamptz NOT NULL,
        attempts integer DEFAULT 0 NOT NULL,
        first_tried_at timestamptz,
        sent_at timestamptz,
        message_id bigint,
        confirmed_at timestamptz,
        failed_at timestamptz,
        last_error text,
        CONSTRAINT pk_outbound_posts PRIMARY KEY (id),
        CONSTRAINT ck_outbound_posts_one_target CHECK (num_nonnulls(channel_id, user_id) = 1),
        CONSTRAINT uq_outbound_posts_nonce UNIQUE (nonce),
        CONSTRAINT uq_outbound_posts_guild_id_dedupe_key UNIQUE (guild_id, dedupe_key)
    )
    """,
    """
    CREATE INDEX ix_outbound_posts_waiting ON outbound_posts (due_at)
    WHERE sent_at IS NULL AND failed_at IS NULL
    """,
    "CREATE INDEX ix_outbound_posts_created_at ON outbound_posts (created_at)",
    """
    CREATE TABLE synced_commands (
        application_id bigint NOT NULL,
        hash text NOT NULL,
        synced_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_synced_commands PRIMARY KEY (application_id)
    )
    """,
)


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.execute(
        "DROP TABLE synced_commands, outbound_posts, outcomes, erasures, opt_outs, user_preferences, guild_settings"
    )
