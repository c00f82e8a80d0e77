"""What happened: guilds, people, messages and the batches that brought them."""

from alembic import op

revision = "0001_activity"
down_revision = None
branch_labels = None
depends_on = None

_FUNCTIONS = (
    """
    CREATE FUNCTION snowflake_time(snowflake bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT to_timestamp(((snowflake >> 22) + 1420070400000) / 1000.0) $$
    """,
    """
    CREATE FUNCTION snowflake_at(moment timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT greatest(floor(extract(epoch FROM moment) * 1000)::bigint - 1420070400000, 0) << 22 $$
    """,
    # A partition is made as a table of its own and then attached, because CREATE ... PARTITION OF would wait for every
    # open transaction on the parent; with the CHECK in place ATTACH need not scan it.
    """
    CREATE FUNCTION ensure_partitions(first_day date, last_day date) RETURNS integer
    LANGUAGE plpgsql AS $$
    DECLARE
        made integer := 0;
        monday date := date_trunc('week', first_day::timestamp)::date;
        parent record;
        child text;
        low bigint;
        high bigint;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('partitions', 0));
        WHILE monday <= last_day LOOP
            low := snowflake_at(monday::timestamp AT TIME ZONE 'UTC');
            high := snowflake_at((monday + 7)::timestamp AT TIME ZONE 'UTC');
            FOR parent IN
                SELECT * FROM (VALUES ('messages', 'id'), ('message_revisions', 'message_id'),
                                      ('reactions', 'message_id')) AS parents (name, key)
            LOOP
                child := parent.name || '_p' || to_char(monday, 'YYYYMMDD');
                CONTINUE WHEN to_regclass(quote_ident(child)) IS NOT NULL;
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES, CONSTRAINT bounds'
                               ' CHECK (%I >= %s AND %I < %s))',
                               child, parent.name, parent.key, low, parent.key, high);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                               parent.name, child, low, high);
                EXECUTE format('ALTER TABLE %I DROP CONSTRAINT bounds', child);
                made := made + 1;
            END LOOP;
            monday := monday + 7;
        END LOOP;
        RETURN made;
    END $$
    """,
)

_TABLES = (
    """
    CREATE TABLE guilds (
        id bigint NOT NULL,
        name text,
        owner_id bigint,
        member_count integer,
        locale text,
        joined_at timestamptz,
        left_at timestamptz,
        seq bigint DEFAULT 0 NOT NULL,
        presence_seq bigint DEFAULT 0 NOT NULL,
        first_seen timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_guilds PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE channels (
        id bigint NOT NULL,
        guild_id bigint NOT NULL,
        kind smallint,
        name text,
        parent_id bigint,
        is_archived boolean DEFAULT false NOT NULL,
        deleted_at timestamptz,
        blanked_at timestamptz,
        seq bigint DEFAULT 0 NOT NULL,
        presence_seq bigint DEFAULT 0 NOT NULL,
        CONSTRAINT pk_channels PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_channels_guild_id ON channels (guild_id)",
    "CREATE INDEX ix_channels_to_blank ON channels (id) WHERE deleted_at IS NOT NULL AND blanked_at IS NULL",
    """
    CREATE TABLE roles (
        id bigint NOT NULL,
        guild_id bigint NOT NULL,
        name text,
        position integer,
        permissions bigint,
        color integer,
        deleted_at timestamptz,
        seq bigint DEFAULT 0 NOT NULL,
        presence_seq bigint DEFAULT 0 NOT NULL,
        CONSTRAINT pk_roles PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_roles_guild_id ON roles (guild_id)",
    """
    CREATE TABLE invites (
        guild_id bigint NOT NULL,
        code text NOT NULL,
        channel_id bigint,
        inviter_id bigint,
        max_uses integer,
        created_at timestamptz,
        expires_at timestamptz,
        deleted_at timestamptz,
        seq bigint DEFAULT 0 NOT NULL,
        presence_seq bigint DEFAULT 0 NOT NULL,
        CONSTRAINT pk_invites PRIMARY KEY (guild_id, code)
    )
    """,
    """
    CREATE TABLE users (
        id bigint NOT NULL,
        name text NOT NULL,
        display_name text NOT NULL,
        is_bot boolean DEFAULT false NOT NULL,
        seq bigint DEFAULT 0 NOT NULL,
        CONSTRAINT pk_users PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE members (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        nick text,
        roles bigint[] DEFAULT '{}' NOT NULL,
        joined_at timestamptz,
        left_at timestamptz,
        invite_code text,
        invite_seq bigint DEFAULT 0 NOT NULL,
        first_seen timestamptz DEFAULT now() NOT NULL,
        message_count bigint DEFAULT 0 NOT NULL,
        voice_seconds bigint DEFAULT 0 NOT NULL,
        seq bigint DEFAULT 0 NOT NULL,
        presence_seq bigint DEFAULT 0 NOT NULL,
        CONSTRAINT pk_members PRIMARY KEY (guild_id, user_id)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_members_user_id ON members (user_id)",
    """
    CREATE TABLE daily_activity (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        day date NOT NULL,
        messages integer DEFAULT 0 NOT NULL,
        voice_seconds integer DEFAULT 0 NOT NULL,
        CONSTRAINT pk_daily_activity PRIMARY KEY (guild_id, user_id, day)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_daily_activity_guild_id_day ON daily_activity (guild_id, day)",
    """
    CREATE TABLE messages (
        id bigint NOT NULL,
        guild_id bigint NOT NULL,
        channel_id bigint NOT NULL,
        author_id bigint,
        content text,
        kind smallint DEFAULT 0 NOT NULL,
        reply_to bigint,
        attachments smallint DEFAULT 0 NOT NULL,
        seq bigint NOT NULL,
        edited_at timestamptz,
        deleted_at timestamptz,
        embedding_stale_at timestamptz,
        CONSTRAINT pk_messages PRIMARY KEY (id),
        CONSTRAINT ck_messages_deleted_is_blank CHECK (deleted_at IS NULL OR content IS NULL),
        CONSTRAINT ck_messages_placeholder_is_deleted CHECK (author_id IS NOT NULL OR deleted_at IS NOT NULL)
    ) PARTITION BY RANGE (id)
    """,
    "CREATE INDEX ix_messages_channel_id_id ON messages (channel_id, id)",
    "CREATE INDEX ix_messages_author_id_guild_id ON messages (author_id, guild_id)",
    "CREATE INDEX ix_messages_stale ON messages (id) WHERE embedding_stale_at IS NOT NULL",
    """
    CREATE TABLE message_revisions (
        message_id bigint NOT NULL,
        written_at timestamptz NOT NULL,
        guild_id bigint NOT NULL,
        content text NOT NULL,
        seq bigint NOT NULL,
        CONSTRAINT pk_message_revisions PRIMARY KEY (message_id, written_at)
    ) PARTITION BY RANGE (message_id)
    """,
    """
    CREATE TABLE reactions (
        message_id bigint NOT NULL,
        user_id bigint NOT NULL,
        emoji text NOT NULL,
        guild_id bigint NOT NULL,
        channel_id bigint NOT NULL,
        reacted_at timestamptz NOT NULL,
        removed_at timestamptz,
        seq bigint NOT NULL,
        CONSTRAINT pk_reactions PRIMARY KEY (message_id, user_id, emoji)
    ) PARTITION BY RANGE (message_id)
    """,
    "CREATE INDEX ix_reactions_user_id_guild_id ON reactions (user_id, guild_id)",
    """
    CREATE TABLE reaction_clears (
        message_id bigint NOT NULL,
        emoji text NOT NULL,
        guild_id bigint NOT NULL,
        cleared_at timestamptz NOT NULL,
        seq bigint NOT NULL,
        CONSTRAINT pk_reaction_clears PRIMARY KEY (message_id, emoji)
    )
    """,
    """
    CREATE TABLE voice_sessions (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        seq bigint NOT NULL,
        channel_id bigint,
        session_id text,
        flags smallint DEFAULT 0 NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        CONSTRAINT pk_voice_sessions PRIMARY KEY (guild_id, user_id, seq)
    )
    """,
    """
    CREATE INDEX ix_voice_sessions_open ON voice_sessions (guild_id, user_id)
    WHERE ended_at IS NULL AND channel_id IS NOT NULL
    """,
    "CREATE INDEX ix_voice_sessions_started_at ON voice_sessions (started_at)",
    """
    CREATE TABLE ingest_batches (
        batch_id text NOT NULL,
        events integer NOT NULL,
        applied_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_ingest_batches PRIMARY KEY (batch_id)
    )
    """,
    "CREATE INDEX ix_ingest_batches_applied_at ON ingest_batches (applied_at)",
    """
    CREATE TABLE event_outcomes (
        guild_id bigint NOT NULL,
        day date NOT NULL,
        outcome text NOT NULL,
        events bigint NOT NULL,
        CONSTRAINT pk_event_outcomes PRIMARY KEY (guild_id, day, outcome)
    )
    """,
    """
    CREATE TABLE channel_watermarks (
        guild_id bigint NOT NULL,
        channel_id bigint NOT NULL,
        complete_to bigint NOT NULL,
        seq bigint NOT NULL,
        CONSTRAINT pk_channel_watermarks PRIMARY KEY (guild_id, channel_id)
    )
    """,
    """
    CREATE TABLE dead_letters (
        id bigint GENERATED ALWAYS AS IDENTITY,
        queue text NOT NULL,
        entry_id text NOT NULL,
        event_type text,
        guild_id bigint,
        user_id bigint,
        reason text NOT NULL,
        payload bytea NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_dead_letters PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_dead_letters_created_at ON dead_letters (created_at)",
    """
    CREATE TABLE bot_sequences (
        bot_id bigint NOT NULL,
        reserved bigint NOT NULL,
        CONSTRAINT pk_bot_sequences PRIMARY KEY (bot_id)
    )
    """,
)


def upgrade() -> None:
    for statement in _FUNCTIONS + _TABLES:
        op.execute(statement)
    op.execute("SELECT ensure_partitions((now() - interval '13 weeks')::date, (now() + interval '4 weeks')::date)")


def downgrade() -> None:
    op.execute(
        "DROP TABLE bot_sequences, dead_letters, channel_watermarks, event_outcomes, ingest_batches, voice_sessions,"
        " reaction_clears, reactions, message_revisions, messages, daily_activity, members, users, invites, roles,"
        " channels, guilds"
    )
    op.execute("DROP FUNCTION ensure_partitions(date, date), snowflake_at(timestamptz), snowflake_time(bigint)")
