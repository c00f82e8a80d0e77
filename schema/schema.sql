CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;

CREATE FUNCTION public.add_standing(guild bigint, board text, member bigint, change bigint) RETURNS void
    LANGUAGE sql
    AS $$
        INSERT INTO standings AS s (guild_id, board, user_id, score) VALUES (guild, board, member, change)
        ON CONFLICT ON CONSTRAINT pk_standings DO UPDATE SET score = s.score + excluded.score
    $$;

CREATE FUNCTION public.count_games() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
    $$;

CREATE FUNCTION public.count_invites() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
    $$;

CREATE FUNCTION public.ensure_partitions(first_day date, last_day date) RETURNS integer
    LANGUAGE plpgsql
    AS $$
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
    END $$;

CREATE FUNCTION public.is_ranked(guild bigint, member bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
        SELECT NOT EXISTS (SELECT FROM members WHERE guild_id = guild AND user_id = member AND left_at IS NOT NULL)
            AND NOT EXISTS (SELECT FROM opt_outs WHERE guild_id = guild AND user_id = member)
    $$;

CREATE FUNCTION public.rank_member(guild bigint, member bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
    DECLARE
        now_ranked boolean := is_ranked(guild, member);
    BEGIN
        UPDATE coin_accounts SET is_ranked = now_ranked
        WHERE guild_id = guild AND kind = 'member' AND owner_id = member AND is_ranked <> now_ranked;
        UPDATE member_levels SET is_ranked = now_ranked
        WHERE guild_id = guild AND user_id = member AND is_ranked <> now_ranked;
    END
    $$;

CREATE FUNCTION public.rank_owner() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        PERFORM rank_member(NEW.guild_id, NEW.owner_id);
        RETURN NULL;
    END
    $$;

CREATE FUNCTION public.rank_user() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            PERFORM rank_member(OLD.guild_id, OLD.user_id);
        ELSE
            PERFORM rank_member(NEW.guild_id, NEW.user_id);
        END IF;
        RETURN NULL;
    END
    $$;

CREATE FUNCTION public.snowflake_at(moment timestamp with time zone) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT greatest(floor(extract(epoch FROM moment) * 1000)::bigint - 1420070400000, 0) << 22 $$;

CREATE FUNCTION public.snowflake_time(snowflake bigint) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT to_timestamp(((snowflake >> 22) + 1420070400000) / 1000.0) $$;

CREATE TABLE public.active_multipliers (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    factor smallint NOT NULL,
    games_left smallint NOT NULL,
    activated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_active_multipliers_factor CHECK ((factor = ANY (ARRAY[2, 3]))),
    CONSTRAINT ck_active_multipliers_games_left CHECK ((games_left > 0))
);

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.bot_sequences (
    bot_id bigint NOT NULL,
    reserved bigint NOT NULL
);

CREATE TABLE public.channel_watermarks (
    guild_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    complete_to bigint NOT NULL,
    seq bigint NOT NULL
);

CREATE TABLE public.channels (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    kind smallint,
    name text,
    parent_id bigint,
    is_archived boolean DEFAULT false NOT NULL,
    deleted_at timestamp with time zone,
    blanked_at timestamp with time zone,
    seq bigint DEFAULT 0 NOT NULL,
    presence_seq bigint DEFAULT 0 NOT NULL,
    available_tags jsonb DEFAULT '{}'::jsonb NOT NULL,
    applied_tags bigint[] DEFAULT '{}'::bigint[] NOT NULL
);

CREATE TABLE public.coin_accounts (
    guild_id bigint NOT NULL,
    kind text NOT NULL,
    owner_id bigint NOT NULL,
    balance bigint DEFAULT 0 NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    is_ranked boolean DEFAULT true NOT NULL,
    CONSTRAINT ck_coin_accounts_balance CHECK ((balance >= 0)),
    CONSTRAINT ck_coin_accounts_kind CHECK ((kind = ANY (ARRAY['member'::text, 'game'::text, 'lottery'::text, 'giveaway'::text])))
)
WITH (fillfactor='80');

CREATE TABLE public.coin_entries (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    source_kind text NOT NULL,
    source_id bigint NOT NULL,
    target_kind text NOT NULL,
    target_id bigint NOT NULL,
    amount bigint NOT NULL,
    actor_id bigint,
    reference text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_coin_entries_amount CHECK ((amount > 0)),
    CONSTRAINT ck_coin_entries_source_kind CHECK ((source_kind = ANY (ARRAY['member'::text, 'game'::text, 'lottery'::text, 'giveaway'::text, 'mint'::text, 'burn'::text]))),
    CONSTRAINT ck_coin_entries_target_kind CHECK ((target_kind = ANY (ARRAY['member'::text, 'game'::text, 'lottery'::text, 'giveaway'::text, 'mint'::text, 'burn'::text]))),
    CONSTRAINT ck_coin_entries_two_accounts CHECK (((source_kind <> target_kind) OR (source_id <> target_id))),
    CONSTRAINT ck_coin_entries_type CHECK ((type = ANY (ARRAY['start'::text, 'transfer'::text, 'daily_gift'::text, 'jackpot_reward'::text, 'level_up'::text, 'invite_reward'::text, 'invite_revoked'::text, 'lottery_base'::text, 'lottery_purchase'::text, 'lottery_win'::text, 'bet'::text, 'payout'::text, 'bonus'::text, 'refund'::text, 'purchase'::text, 'giveaway_funding'::text, 'giveaway_prize'::text, 'giveaway_refund'::text, 'admin_set'::text, 'erased'::text])))
);

ALTER TABLE public.coin_entries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.coin_entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.daily_activity (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    day date NOT NULL,
    messages integer DEFAULT 0 NOT NULL,
    voice_seconds integer DEFAULT 0 NOT NULL
)
WITH (fillfactor='80');

CREATE TABLE public.dead_letters (
    id bigint NOT NULL,
    queue text NOT NULL,
    entry_id text NOT NULL,
    event_type text,
    guild_id bigint,
    user_id bigint,
    reason text NOT NULL,
    payload bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.dead_letters ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.dead_letters_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.document_vectors (
    document_id bigint NOT NULL,
    model text NOT NULL,
    part smallint NOT NULL,
    guild_id bigint NOT NULL,
    channel_id bigint,
    dims smallint NOT NULL,
    content_hash bytea NOT NULL,
    embedding public.halfvec NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_document_vectors_dims CHECK ((public.vector_dims(embedding) = dims))
);

CREATE TABLE public.documents (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    source text NOT NULL,
    category text NOT NULL,
    section text NOT NULL,
    url text NOT NULL,
    title text NOT NULL,
    version text NOT NULL,
    tags text[] NOT NULL,
    channel_id bigint,
    day date,
    messages integer DEFAULT 0 NOT NULL,
    tokens integer DEFAULT 0 NOT NULL,
    cut integer DEFAULT 0 NOT NULL,
    content_hash bytea,
    stored_model text,
    stored_at timestamp with time zone,
    stale_at timestamp with time zone DEFAULT now(),
    touched_at timestamp with time zone DEFAULT now() NOT NULL,
    claimed_at timestamp with time zone,
    claimed_until timestamp with time zone,
    attempts smallint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    cache_keys text[] DEFAULT '{}'::text[] NOT NULL
);

ALTER TABLE public.documents ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.documents_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.embedding_claims (
    message_id bigint NOT NULL,
    guild_id bigint NOT NULL,
    claimed_until timestamp with time zone NOT NULL,
    attempts smallint NOT NULL,
    cache_keys text[] DEFAULT '{}'::text[] NOT NULL
);

CREATE TABLE public.embedding_failures (
    source text NOT NULL,
    item_id bigint NOT NULL,
    guild_id bigint NOT NULL,
    model text NOT NULL,
    attempts smallint NOT NULL,
    reason text NOT NULL,
    failed_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.erasures (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    erased_at timestamp with time zone NOT NULL,
    below_id bigint NOT NULL,
    finished_at timestamp with time zone
);

CREATE TABLE public.event_outcomes (
    guild_id bigint NOT NULL,
    day date NOT NULL,
    outcome text NOT NULL,
    events bigint NOT NULL
);

CREATE TABLE public.game_limits (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    excluded_until timestamp with time zone,
    daily_loss bigint,
    next_daily_loss bigint,
    next_from timestamp with time zone,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_game_limits_daily_loss CHECK (((daily_loss > 0) AND (next_daily_loss > 0)))
);

CREATE TABLE public.game_players (
    game_id bigint NOT NULL,
    seat smallint NOT NULL,
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    stake bigint NOT NULL,
    is_active boolean NOT NULL,
    joined_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_game_players_stake CHECK ((stake >= 0))
);

CREATE TABLE public.game_results (
    guild_id bigint NOT NULL,
    game_id bigint NOT NULL,
    user_id bigint NOT NULL,
    kind text NOT NULL,
    opponent_id bigint,
    stake bigint NOT NULL,
    payout bigint NOT NULL,
    result text NOT NULL,
    ended_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_game_results_coins CHECK (((stake >= 0) AND (payout >= 0))),
    CONSTRAINT ck_game_results_kind CHECK ((kind = ANY (ARRAY['roulette'::text, 'blackjack'::text, 'slots'::text, 'group'::text, 'duel'::text, 'rps'::text, '007'::text, 'c21'::text, 'quicktype'::text, 'quiz'::text, 'quizduo'::text]))),
    CONSTRAINT ck_game_results_result CHECK ((result = ANY (ARRAY['win'::text, 'loss'::text, 'push'::text])))
);

CREATE TABLE public.games (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    stake bigint NOT NULL,
    language text NOT NULL,
    state jsonb DEFAULT '{}'::jsonb NOT NULL,
    outcome jsonb DEFAULT '{}'::jsonb NOT NULL,
    step integer DEFAULT 0 NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    step_started_at timestamp with time zone DEFAULT now() NOT NULL,
    deadline timestamp with time zone,
    post_id bigint,
    show_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT ck_games_deadline CHECK (((deadline IS NULL) = (status = ANY (ARRAY['settled'::text, 'void'::text])))),
    CONSTRAINT ck_games_kind CHECK ((kind = ANY (ARRAY['roulette'::text, 'blackjack'::text, 'slots'::text, 'group'::text, 'duel'::text, 'rps'::text, '007'::text, 'c21'::text, 'quicktype'::text, 'quiz'::text, 'quizduo'::text]))),
    CONSTRAINT ck_games_stake CHECK ((stake >= 0)),
    CONSTRAINT ck_games_status CHECK ((status = ANY (ARRAY['waiting'::text, 'playing'::text, 'settled'::text, 'void'::text])))
);

ALTER TABLE public.games ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.games_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.gifts (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    given_at timestamp with time zone NOT NULL
);

CREATE TABLE public.giveaway_entries (
    guild_id bigint NOT NULL,
    giveaway_id bigint NOT NULL,
    user_id bigint NOT NULL,
    joined_at timestamp with time zone DEFAULT now() NOT NULL,
    place smallint
);

CREATE TABLE public.giveaways (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    host_id bigint,
    title text NOT NULL,
    prize_kind text NOT NULL,
    prize text NOT NULL,
    prize_amount bigint DEFAULT 1 NOT NULL,
    winners smallint NOT NULL,
    language text NOT NULL,
    seed bytea NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    changes integer DEFAULT 0 NOT NULL,
    shown integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_giveaways_prize_amount CHECK ((prize_amount > 0)),
    CONSTRAINT ck_giveaways_prize_kind CHECK ((prize_kind = ANY (ARRAY['coins'::text, 'item'::text, 'other'::text]))),
    CONSTRAINT ck_giveaways_status CHECK ((status = ANY (ARRAY['active'::text, 'ended'::text, 'cancelled'::text]))),
    CONSTRAINT ck_giveaways_winners CHECK (((winners >= 1) AND (winners <= 50)))
);

CREATE TABLE public.guild_models (
    guild_id bigint NOT NULL,
    model text NOT NULL,
    target text,
    below bigint,
    has_leftovers boolean DEFAULT false NOT NULL
);

CREATE TABLE public.guild_settings (
    guild_id bigint NOT NULL,
    content_mode text,
    locale text,
    timezone text DEFAULT 'UTC'::text NOT NULL,
    prefix text DEFAULT '!'::text NOT NULL,
    log_channel_id bigint,
    features jsonb DEFAULT '{}'::jsonb NOT NULL,
    retention_days integer,
    set_up boolean DEFAULT false NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ck_guild_settings_content_mode CHECK ((content_mode = ANY (ARRAY['off'::text, 'counts'::text, 'store'::text]))),
    CONSTRAINT ck_guild_settings_locale CHECK ((locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'::text)),
    CONSTRAINT ck_guild_settings_prefix CHECK (((length(prefix) >= 1) AND (length(prefix) <= 5))),
    CONSTRAINT ck_guild_settings_retention_days CHECK (((retention_days >= 1) AND (retention_days <= 3650)))
);

CREATE TABLE public.guilds (
    id bigint NOT NULL,
    name text,
    owner_id bigint,
    member_count integer,
    locale text,
    joined_at timestamp with time zone,
    left_at timestamp with time zone,
    seq bigint DEFAULT 0 NOT NULL,
    presence_seq bigint DEFAULT 0 NOT NULL,
    first_seen timestamp with time zone DEFAULT now() NOT NULL,
    afk_channel_id bigint
);

CREATE TABLE public.ingest_batches (
    batch_id text NOT NULL,
    events integer NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.inventory_changes (
    guild_id bigint NOT NULL,
    key text NOT NULL,
    user_id bigint NOT NULL,
    item text NOT NULL,
    quantity bigint NOT NULL,
    actor_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_inventory_changes_item CHECK ((item = ANY (ARRAY['jackpot'::text, 'multiplier_x2'::text, 'multiplier_x3'::text]))),
    CONSTRAINT ck_inventory_changes_quantity CHECK ((quantity <> 0))
);

CREATE TABLE public.inventory_items (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    item text NOT NULL,
    quantity bigint NOT NULL,
    CONSTRAINT ck_inventory_items_item CHECK ((item = ANY (ARRAY['jackpot'::text, 'multiplier_x2'::text, 'multiplier_x3'::text]))),
    CONSTRAINT ck_inventory_items_quantity CHECK ((quantity >= 0))
);

CREATE TABLE public.invite_arrivals (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    id bigint NOT NULL,
    seq bigint NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    code text,
    inviter_id bigint,
    is_certain boolean DEFAULT true NOT NULL,
    left_at timestamp with time zone,
    rewarded_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT ck_invite_arrivals_somebody_else CHECK ((inviter_id <> user_id)),
    CONSTRAINT ck_invite_arrivals_state CHECK ((state = ANY (ARRAY['waiting'::text, 'pending'::text, 'unknown'::text, 'young'::text, 'left'::text, 'rewarded'::text, 'revoked'::text])))
);

ALTER TABLE public.invite_arrivals ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.invite_arrivals_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.invite_uses (
    guild_id bigint NOT NULL,
    uses jsonb NOT NULL,
    held jsonb DEFAULT '{}'::jsonb NOT NULL,
    held_since timestamp with time zone DEFAULT now() NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.invites (
    guild_id bigint NOT NULL,
    code text NOT NULL,
    channel_id bigint,
    inviter_id bigint,
    max_uses integer,
    created_at timestamp with time zone,
    expires_at timestamp with time zone,
    deleted_at timestamp with time zone,
    seq bigint DEFAULT 0 NOT NULL,
    presence_seq bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.job_runs (
    name text NOT NULL,
    slot timestamp with time zone NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    outcome text NOT NULL,
    attempts smallint NOT NULL,
    counts jsonb NOT NULL,
    error text,
    CONSTRAINT ck_job_runs_outcome CHECK ((outcome = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text])))
);

CREATE TABLE public.leaderboard_marks (
    guild_id bigint NOT NULL,
    board text NOT NULL,
    ranks bigint[] NOT NULL,
    scores bigint[] NOT NULL,
    counted_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.leaderboard_messages (
    guild_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    generation integer NOT NULL,
    shown jsonb,
    shown_at timestamp with time zone
);

CREATE TABLE public.level_import_rows (
    import_id bigint NOT NULL,
    user_id bigint NOT NULL,
    guild_id bigint NOT NULL,
    xp bigint NOT NULL,
    added bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.level_imports (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    actor_id bigint,
    state text DEFAULT 'shown'::text NOT NULL,
    keep text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_at timestamp with time zone,
    undone_at timestamp with time zone,
    CONSTRAINT ck_level_imports_keep CHECK ((keep = ANY (ARRAY['level'::text, 'xp'::text]))),
    CONSTRAINT ck_level_imports_state CHECK ((state = ANY (ARRAY['shown'::text, 'applied'::text, 'undone'::text])))
);

CREATE TABLE public.level_rewards (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    level integer NOT NULL,
    reached_at timestamp with time zone DEFAULT now() NOT NULL,
    channel_id bigint,
    is_silent boolean DEFAULT false NOT NULL,
    paid_at timestamp with time zone,
    import_id bigint
);

CREATE TABLE public.level_role_changes (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    role_id bigint NOT NULL,
    is_wanted boolean NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    done_at timestamp with time zone,
    failed_at timestamp with time zone,
    last_error text
);

CREATE TABLE public.level_roles (
    guild_id bigint NOT NULL,
    role_id bigint NOT NULL,
    level integer NOT NULL,
    CONSTRAINT ck_level_roles_level CHECK (((level >= 1) AND (level <= 1000)))
);

CREATE TABLE public.level_voice (
    guild_id bigint NOT NULL,
    slot bigint NOT NULL
);

CREATE TABLE public.lottery_draws (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    day date NOT NULL,
    seed bytea NOT NULL,
    sold bigint DEFAULT 0 NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    drawn_at timestamp with time zone,
    jackpot bigint,
    attempt integer DEFAULT 0 NOT NULL,
    winning_ticket bigint,
    winner_id bigint,
    CONSTRAINT ck_lottery_draws_seed CHECK ((octet_length(seed) = 32)),
    CONSTRAINT ck_lottery_draws_sold CHECK ((sold >= 0))
);

ALTER TABLE public.lottery_draws ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.lottery_draws_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.lottery_purchases (
    guild_id bigint NOT NULL,
    draw_id bigint NOT NULL,
    first_ticket bigint NOT NULL,
    last_ticket bigint NOT NULL,
    user_id bigint NOT NULL,
    bought_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_lottery_purchases_tickets CHECK (((first_ticket > 0) AND (last_ticket >= first_ticket)))
);

CREATE TABLE public.member_levels (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    xp bigint DEFAULT 0 NOT NULL,
    level integer DEFAULT 1 NOT NULL,
    message_ms bigint,
    voice_slot bigint,
    voice_run integer DEFAULT 0 NOT NULL,
    wants_direct boolean DEFAULT false NOT NULL,
    is_ranked boolean DEFAULT true NOT NULL,
    message_id bigint,
    repeats integer DEFAULT 0 NOT NULL,
    day date,
    day_xp bigint DEFAULT 0 NOT NULL,
    CONSTRAINT ck_member_levels_level CHECK ((level >= 1)),
    CONSTRAINT ck_member_levels_xp CHECK ((xp >= 0))
)
WITH (fillfactor='80');

CREATE TABLE public.members (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    nick text,
    roles bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    joined_at timestamp with time zone,
    left_at timestamp with time zone,
    invite_code text,
    invite_seq bigint DEFAULT 0 NOT NULL,
    first_seen timestamp with time zone DEFAULT now() NOT NULL,
    message_count bigint DEFAULT 0 NOT NULL,
    voice_seconds bigint DEFAULT 0 NOT NULL,
    seq bigint DEFAULT 0 NOT NULL,
    presence_seq bigint DEFAULT 0 NOT NULL,
    last_message_at timestamp with time zone
)
WITH (fillfactor='80');

CREATE TABLE public.message_revisions (
    message_id bigint NOT NULL,
    written_at timestamp with time zone NOT NULL,
    guild_id bigint NOT NULL,
    content text NOT NULL,
    seq bigint NOT NULL
)
PARTITION BY RANGE (message_id);

CREATE TABLE public.message_terms (
    message_id bigint NOT NULL,
    guild_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    author_id bigint NOT NULL,
    language text NOT NULL,
    terms tsvector NOT NULL,
    words smallint DEFAULT 0 NOT NULL,
    traits smallint DEFAULT 0 NOT NULL
);

CREATE TABLE public.message_vectors (
    message_id bigint NOT NULL,
    model text NOT NULL,
    guild_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    author_id bigint NOT NULL,
    dims smallint NOT NULL,
    content_hash bytea NOT NULL,
    embedding public.halfvec NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    part smallint DEFAULT 0 NOT NULL,
    CONSTRAINT ck_message_vectors_dims CHECK ((public.vector_dims(embedding) = dims))
);

CREATE TABLE public.messages (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    author_id bigint,
    content text,
    kind smallint DEFAULT 0 NOT NULL,
    reply_to bigint,
    attachments smallint DEFAULT 0 NOT NULL,
    seq bigint NOT NULL,
    edited_at timestamp with time zone,
    deleted_at timestamp with time zone,
    embedding_stale_at timestamp with time zone,
    CONSTRAINT ck_messages_deleted_is_blank CHECK (((deleted_at IS NULL) OR (content IS NULL))),
    CONSTRAINT ck_messages_placeholder_is_deleted CHECK (((author_id IS NOT NULL) OR (deleted_at IS NOT NULL)))
)
PARTITION BY RANGE (id);

CREATE TABLE public.opt_outs (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.outbound_posts (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    channel_id bigint,
    user_id bigint,
    subject_id bigint,
    nonce text NOT NULL,
    kind text NOT NULL,
    dedupe_key text NOT NULL,
    body jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    first_tried_at timestamp with time zone,
    sent_at timestamp with time zone,
    message_id bigint,
    confirmed_at timestamp with time zone,
    failed_at timestamp with time zone,
    last_error text,
    CONSTRAINT ck_outbound_posts_one_target CHECK ((num_nonnulls(channel_id, user_id) = 1))
);

ALTER TABLE public.outbound_posts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbound_posts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.outcomes (
    interaction_id bigint NOT NULL,
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    command text NOT NULL,
    state text NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_outcomes_state CHECK ((state = ANY (ARRAY['done'::text, 'refused'::text, 'expired'::text])))
);

CREATE TABLE public.reaction_clears (
    message_id bigint NOT NULL,
    emoji text NOT NULL,
    guild_id bigint NOT NULL,
    cleared_at timestamp with time zone NOT NULL,
    seq bigint NOT NULL
);

CREATE TABLE public.reaction_xp (
    message_id bigint NOT NULL,
    user_id bigint NOT NULL,
    guild_id bigint NOT NULL,
    author_id bigint,
    xp smallint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.reactions (
    message_id bigint NOT NULL,
    user_id bigint NOT NULL,
    emoji text NOT NULL,
    guild_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    reacted_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone,
    seq bigint NOT NULL
)
PARTITION BY RANGE (message_id);

CREATE TABLE public.roles (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    name text,
    "position" integer,
    permissions bigint,
    color integer,
    deleted_at timestamp with time zone,
    seq bigint DEFAULT 0 NOT NULL,
    presence_seq bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.standings (
    guild_id bigint NOT NULL,
    board text NOT NULL,
    user_id bigint NOT NULL,
    score bigint DEFAULT 0 NOT NULL,
    CONSTRAINT ck_standings_board CHECK ((board = ANY (ARRAY['invites'::text, 'games'::text])))
);

CREATE TABLE public.store_files (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    document_id bigint NOT NULL,
    cut integer NOT NULL,
    content_hash bytea NOT NULL,
    filename text NOT NULL,
    state text DEFAULT 'uploading'::text NOT NULL,
    file_id text,
    batch_id text,
    messages integer NOT NULL,
    tokens integer NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_store_files_state CHECK ((state = ANY (ARRAY['uploading'::text, 'uploaded'::text, 'attaching'::text, 'attached'::text, 'removing'::text])))
);

ALTER TABLE public.store_files ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.store_files_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.synced_commands (
    application_id bigint NOT NULL,
    hash text NOT NULL,
    synced_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.user_preferences (
    user_id bigint NOT NULL,
    locale text,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_user_preferences_locale CHECK ((locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'::text))
);

CREATE TABLE public.users (
    id bigint NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    is_bot boolean DEFAULT false NOT NULL,
    seq bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.vector_stores (
    guild_id bigint NOT NULL,
    mark text NOT NULL,
    store_id text,
    checked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.voice_sessions (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    seq bigint NOT NULL,
    channel_id bigint,
    session_id text,
    flags smallint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);

CREATE TABLE public.voice_stamps (
    guild_id bigint NOT NULL,
    heard_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.xp_changes (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    actor_id bigint,
    action text NOT NULL,
    key text NOT NULL,
    before bigint NOT NULL,
    after bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.xp_changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.xp_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.xp_multipliers (
    guild_id bigint NOT NULL,
    target_id bigint NOT NULL,
    kind text NOT NULL,
    percent integer NOT NULL,
    CONSTRAINT ck_xp_multipliers_kind CHECK ((kind = ANY (ARRAY['channel'::text, 'role'::text]))),
    CONSTRAINT ck_xp_multipliers_percent CHECK (((percent >= 0) AND (percent <= 1000)))
);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.message_revisions
    ADD CONSTRAINT pk_message_revisions PRIMARY KEY (message_id, written_at);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT pk_messages PRIMARY KEY (id);

ALTER TABLE ONLY public.active_multipliers
    ADD CONSTRAINT pk_active_multipliers PRIMARY KEY (guild_id, user_id);

ALTER TABLE ONLY public.bot_sequences
    ADD CONSTRAINT pk_bot_sequences PRIMARY KEY (bot_id);

ALTER TABLE ONLY public.channel_watermarks
    ADD CONSTRAINT pk_channel_watermarks PRIMARY KEY (guild_id, channel_id);

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT pk_channels PRIMARY KEY (id);

ALTER TABLE ONLY public.coin_accounts
    ADD CONSTRAINT pk_coin_accounts PRIMARY KEY (guild_id, kind, owner_id);

ALTER TABLE ONLY public.coin_entries
    ADD CONSTRAINT pk_coin_entries PRIMARY KEY (id);

ALTER TABLE ONLY public.daily_activity
    ADD CONSTRAINT pk_daily_activity PRIMARY KEY (guild_id, user_id, day);

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT pk_dead_letters PRIMARY KEY (id);

ALTER TABLE ONLY public.document_vectors
    ADD CONSTRAINT pk_document_vectors PRIMARY KEY (document_id, model, part);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT pk_documents PRIMARY KEY (id);

ALTER TABLE ONLY public.embedding_claims
    ADD CONSTRAINT pk_embedding_claims PRIMARY KEY (message_id);

ALTER TABLE ONLY public.embedding_failures
    ADD CONSTRAINT pk_embedding_failures PRIMARY KEY (source, item_id);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT pk_erasures PRIMARY KEY (guild_id, user_id);

ALTER TABLE ONLY public.event_outcomes
    ADD CONSTRAINT pk_event_outcomes PRIMARY KEY (guild_id, day, outcome);

ALTER TABLE ONLY public.game_limits
    ADD CONSTRAINT pk_game_limits PRIMARY KEY (guild_id, user_id);

ALTER TABLE ONLY public.game_players
    ADD CONSTRAINT pk_game_players PRIMARY KEY (game_id, seat);

ALTER TABLE ONLY public.game_results
    ADD CONSTRAINT pk_game_results PRIMARY KEY (guild_id, game_id, user_id);

ALTER TABLE ONLY public.games
    ADD CONSTRAINT pk_games PRIMARY KEY (id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT pk_gifts PRIMARY KEY (guild_id, user_id);

ALTER TABLE ONLY public.giveaway_entries
    ADD CONSTRAINT pk_giveaway_entries PRIMARY KEY (giveaway_id, user_id);

ALTER TABLE ONLY public.giveaways
    ADD CONSTRAINT pk_giveaways PRIMARY KEY (id);

ALTER TABLE ONLY public.guild_models
    ADD CONSTRAINT pk_guild_models PRIMARY KEY (guild_id);

ALTER TABLE ONLY public.guild_settings
    ADD CONSTRAINT pk_guild_settings PRIMARY KEY (guild_id);

ALTER TABLE ONLY public.guilds
    ADD CONSTRAINT pk_guilds PRIMARY KEY (id);

ALTER TABLE ONLY public.ingest_batches
    ADD CONSTRAINT pk_ingest_batches PRIMARY KEY (batch_id);

ALTER TABLE ONLY public.inventory_changes
    ADD CONSTRAINT pk_inventory_changes PRIMARY KEY (guild_id, key);

ALTER TABLE ONLY public.inventory_items
    ADD CONSTRAINT pk_inventory_items PRIMARY KEY (guild_id, user_id, item);

ALTER TABLE ONLY public.invite_arrivals
    ADD CONSTRAINT pk_invite_arrivals PRIMARY KEY (guild_id, user_id);

ALTER TABLE ONLY public.invite_uses
    ADD CONSTRAINT pk_invite_uses PRIMARY KEY (guild_id);

ALTER TABLE ONLY public.invites
    ADD CONSTRAINT pk_invites PRIMARY KEY (guild_id, code);

ALTER TABLE ONLY public.job_runs
    ADD CONSTRAINT pk_job_runs PRIMARY KEY (name, slot);

ALTER TABLE ONLY public.leaderboard_marks
    ADD CONSTRAINT pk_leaderboard_marks PRIMARY KEY (guild_id, board);

ALTER TABLE ONLY public.leaderboard_messages
    ADD CONSTRAINT pk_leaderboard_messages PRIMARY KEY (guild_id);

ALTER TABLE ONLY public.level_import_rows
    ADD CONSTRAINT pk_level_import_rows PRIMARY KEY (import_id, user_id);

ALTER TABLE ONLY public.level_imports
    ADD CONSTRAINT pk_level_imports PRIMARY KEY (id);

ALTER TABLE ONLY public.level_rewards
    ADD CONSTRAINT pk_level_rewards PRIMARY KEY (guild_id, user_id, level);

ALTER TABLE ONLY public.level_role_changes
    ADD CONSTRAINT pk_level_role_changes PRIMARY KEY (guild_id, user_id, role_id);

ALTER TABLE ONLY public.level_roles
    ADD CONSTRAINT pk_level_roles PRIMARY KEY (guild_id, role_id);

ALTER TABLE ONLY public.level_voice
    ADD CONSTRAINT pk_level_voice PRIMARY KEY (guild_id);

ALTER TABLE ONLY public.lottery_draws
    ADD CONSTRAINT pk_lottery_draws PRIMARY KEY (id);

ALTER TABLE ONLY public.lottery_purchases
    ADD CONSTRAINT pk_lottery_purchases PRIMARY KEY (guild_id, draw_id, first_ticket);

ALTER TABLE ONLY public.member_levels
    ADD CONSTRAINT pk_member_levels PRIMARY KEY (guild_id, user_id);

ALTER TABLE ONLY public.members
    ADD CONSTRAINT pk_members PRIMARY KEY (guild_id, user_id);

ALTER TABLE ONLY public.message_terms
    ADD CONSTRAINT pk_message_terms PRIMARY KEY (message_id);

ALTER TABLE ONLY public.message_vectors
    ADD CONSTRAINT pk_message_vectors PRIMARY KEY (message_id, model, part);

ALTER TABLE ONLY public.opt_outs
    ADD CONSTRAINT pk_opt_outs PRIMARY KEY (guild_id, user_id);

ALTER TABLE ONLY public.outbound_posts
    ADD CONSTRAINT pk_outbound_posts PRIMARY KEY (id);

ALTER TABLE ONLY public.outcomes
    ADD CONSTRAINT pk_outcomes PRIMARY KEY (interaction_id);

ALTER TABLE ONLY public.reaction_clears
    ADD CONSTRAINT pk_reaction_clears PRIMARY KEY (message_id, emoji);

ALTER TABLE ONLY public.reaction_xp
    ADD CONSTRAINT pk_reaction_xp PRIMARY KEY (message_id, user_id);

ALTER TABLE ONLY public.reactions
    ADD CONSTRAINT pk_reactions PRIMARY KEY (message_id, user_id, emoji);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT pk_roles PRIMARY KEY (id);

ALTER TABLE ONLY public.standings
    ADD CONSTRAINT pk_standings PRIMARY KEY (guild_id, board, user_id);

ALTER TABLE ONLY public.store_files
    ADD CONSTRAINT pk_store_files PRIMARY KEY (id);

ALTER TABLE ONLY public.synced_commands
    ADD CONSTRAINT pk_synced_commands PRIMARY KEY (application_id);

ALTER TABLE ONLY public.user_preferences
    ADD CONSTRAINT pk_user_preferences PRIMARY KEY (user_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT pk_users PRIMARY KEY (id);

ALTER TABLE ONLY public.vector_stores
    ADD CONSTRAINT pk_vector_stores PRIMARY KEY (guild_id);

ALTER TABLE ONLY public.voice_sessions
    ADD CONSTRAINT pk_voice_sessions PRIMARY KEY (guild_id, user_id, seq);

ALTER TABLE ONLY public.voice_stamps
    ADD CONSTRAINT pk_voice_stamps PRIMARY KEY (guild_id);

ALTER TABLE ONLY public.xp_changes
    ADD CONSTRAINT pk_xp_changes PRIMARY KEY (id);

ALTER TABLE ONLY public.xp_multipliers
    ADD CONSTRAINT pk_xp_multipliers PRIMARY KEY (guild_id, target_id);

ALTER TABLE ONLY public.coin_entries
    ADD CONSTRAINT uq_coin_entries_guild_id_key UNIQUE (guild_id, key);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT uq_documents_guild_id UNIQUE (guild_id, url);

ALTER TABLE ONLY public.invite_arrivals
    ADD CONSTRAINT uq_invite_arrivals_id UNIQUE (id);

ALTER TABLE ONLY public.lottery_draws
    ADD CONSTRAINT uq_lottery_draws_guild_id_day UNIQUE (guild_id, day);

ALTER TABLE ONLY public.outbound_posts
    ADD CONSTRAINT uq_outbound_posts_guild_id_dedupe_key UNIQUE (guild_id, dedupe_key);

ALTER TABLE ONLY public.outbound_posts
    ADD CONSTRAINT uq_outbound_posts_nonce UNIQUE (nonce);

ALTER TABLE ONLY public.store_files
    ADD CONSTRAINT uq_store_files_filename UNIQUE (filename);

ALTER TABLE ONLY public.vector_stores
    ADD CONSTRAINT uq_vector_stores_mark UNIQUE (mark);

ALTER TABLE ONLY public.xp_changes
    ADD CONSTRAINT uq_xp_changes_guild_id_key UNIQUE (guild_id, key);

CREATE INDEX ix_channels_guild_id ON public.channels USING btree (guild_id);

CREATE INDEX ix_channels_to_blank ON public.channels USING btree (id) WHERE ((deleted_at IS NOT NULL) AND (blanked_at IS NULL));

CREATE INDEX ix_coin_accounts_ranking ON public.coin_accounts USING btree (guild_id, balance DESC, owner_id) WHERE ((kind = 'member'::text) AND is_ranked);

CREATE INDEX ix_coin_entries_source ON public.coin_entries USING btree (guild_id, source_kind, source_id, id);

CREATE INDEX ix_coin_entries_target ON public.coin_entries USING btree (guild_id, target_kind, target_id, id);

CREATE INDEX ix_daily_activity_guild_id_day ON public.daily_activity USING btree (guild_id, day);

CREATE INDEX ix_dead_letters_created_at ON public.dead_letters USING btree (created_at);

CREATE INDEX ix_document_vectors_guild_id_model ON public.document_vectors USING btree (guild_id, model);

CREATE INDEX ix_documents_guild_id_channel_id_day ON public.documents USING btree (guild_id, channel_id, day);

CREATE INDEX ix_documents_stale ON public.documents USING btree (day) WHERE (stale_at IS NOT NULL);

CREATE INDEX ix_game_players_joined_at ON public.game_players USING btree (joined_at);

CREATE INDEX ix_game_players_user ON public.game_players USING btree (user_id);

CREATE INDEX ix_game_results_user ON public.game_results USING btree (guild_id, user_id, ended_at);

CREATE INDEX ix_games_deadline ON public.games USING btree (deadline) WHERE (deadline IS NOT NULL);

CREATE INDEX ix_games_ended_at ON public.games USING btree (ended_at);

CREATE INDEX ix_games_show_at ON public.games USING btree (show_at) WHERE (show_at IS NOT NULL);

CREATE INDEX ix_giveaway_entries_user ON public.giveaway_entries USING btree (guild_id, user_id);

CREATE INDEX ix_giveaways_due ON public.giveaways USING btree (ends_at) WHERE (status = 'active'::text);

CREATE INDEX ix_giveaways_guild_id ON public.giveaways USING btree (guild_id, status);

CREATE INDEX ix_giveaways_unshown ON public.giveaways USING btree (id) WHERE (changes <> shown);

CREATE INDEX ix_ingest_batches_applied_at ON public.ingest_batches USING btree (applied_at);

CREATE INDEX ix_inventory_changes_user ON public.inventory_changes USING btree (guild_id, user_id);

CREATE INDEX ix_invite_arrivals_inviter ON public.invite_arrivals USING btree (guild_id, inviter_id, state);

CREATE INDEX ix_invite_arrivals_open ON public.invite_arrivals USING btree (guild_id, seq) WHERE (state = ANY (ARRAY['waiting'::text, 'pending'::text]));

CREATE INDEX ix_invite_arrivals_to_revoke ON public.invite_arrivals USING btree (guild_id, user_id) WHERE ((state = 'rewarded'::text) AND (left_at IS NOT NULL));

CREATE INDEX ix_job_runs_slot ON public.job_runs USING btree (slot);

CREATE INDEX ix_level_import_rows_user_id ON public.level_import_rows USING btree (user_id);

CREATE INDEX ix_level_rewards_open ON public.level_rewards USING btree (guild_id, user_id) WHERE (paid_at IS NULL);

CREATE INDEX ix_level_rewards_user_id ON public.level_rewards USING btree (user_id);

CREATE INDEX ix_level_role_changes_user_id ON public.level_role_changes USING btree (user_id);

CREATE INDEX ix_level_role_changes_waiting ON public.level_role_changes USING btree (due_at) WHERE ((done_at IS NULL) AND (failed_at IS NULL));

CREATE UNIQUE INDEX ix_lottery_draws_open ON public.lottery_draws USING btree (guild_id) WHERE (drawn_at IS NULL);

CREATE INDEX ix_lottery_purchases_user ON public.lottery_purchases USING btree (guild_id, user_id);

CREATE INDEX ix_member_levels_ranking ON public.member_levels USING btree (guild_id, xp DESC, user_id) WHERE is_ranked;

CREATE INDEX ix_member_levels_user_id ON public.member_levels USING btree (user_id);

CREATE INDEX ix_members_gone ON public.members USING btree (guild_id, user_id) WHERE (left_at IS NOT NULL);

CREATE INDEX ix_members_user_id ON public.members USING btree (user_id);

CREATE INDEX ix_members_voice ON public.members USING btree (guild_id, voice_seconds DESC, user_id) WHERE ((voice_seconds > 0) AND (left_at IS NULL));

CREATE INDEX ix_message_terms_channel_id_message_id ON public.message_terms USING btree (channel_id, message_id);

CREATE INDEX ix_message_terms_guild_id_message_id ON public.message_terms USING btree (guild_id, message_id);

CREATE INDEX ix_message_terms_terms ON public.message_terms USING gin (terms);

CREATE INDEX ix_message_vectors_guild_id_model_message_id ON public.message_vectors USING btree (guild_id, model, message_id);

CREATE INDEX ix_messages_author_id_guild_id ON ONLY public.messages USING btree (author_id, guild_id);

CREATE INDEX ix_messages_channel_id_id ON ONLY public.messages USING btree (channel_id, id);

CREATE INDEX ix_messages_stale ON ONLY public.messages USING btree (id) WHERE (embedding_stale_at IS NOT NULL);

CREATE INDEX ix_outbound_posts_created_at ON public.outbound_posts USING btree (created_at);

CREATE INDEX ix_outbound_posts_waiting ON public.outbound_posts USING btree (due_at) WHERE ((sent_at IS NULL) AND (failed_at IS NULL));

CREATE INDEX ix_outcomes_created_at ON public.outcomes USING btree (created_at);

CREATE INDEX ix_outcomes_user_id ON public.outcomes USING btree (user_id);

CREATE INDEX ix_reaction_xp_author_id ON public.reaction_xp USING btree (author_id);

CREATE INDEX ix_reaction_xp_open ON public.reaction_xp USING btree (created_at) WHERE (author_id IS NULL);

CREATE INDEX ix_reaction_xp_user_id ON public.reaction_xp USING btree (user_id);

CREATE INDEX ix_reactions_user_id_guild_id ON ONLY public.reactions USING btree (user_id, guild_id);

CREATE INDEX ix_roles_guild_id ON public.roles USING btree (guild_id);

CREATE INDEX ix_standings_ranking ON public.standings USING btree (guild_id, board, score DESC, user_id);

CREATE INDEX ix_store_files_document_id ON public.store_files USING btree (document_id);

CREATE INDEX ix_store_files_guild_id_state ON public.store_files USING btree (guild_id, state);

CREATE INDEX ix_voice_sessions_ended_at ON public.voice_sessions USING btree (guild_id, ended_at) WHERE (channel_id IS NOT NULL);

CREATE INDEX ix_voice_sessions_open ON public.voice_sessions USING btree (guild_id, user_id) WHERE ((ended_at IS NULL) AND (channel_id IS NOT NULL));

CREATE INDEX ix_voice_sessions_started_at ON public.voice_sessions USING btree (started_at);

CREATE INDEX ix_xp_changes_user_id ON public.xp_changes USING btree (user_id);

CREATE UNIQUE INDEX uq_game_players_active ON public.game_players USING btree (guild_id, user_id) WHERE is_active;

CREATE UNIQUE INDEX uq_games_waiting_group ON public.games USING btree (guild_id, channel_id) WHERE ((kind = 'group'::text) AND (status = 'waiting'::text));

CREATE STATISTICS public.st_message_vectors_scope (dependencies) ON model, guild_id, channel_id FROM public.message_vectors;

CREATE TRIGGER count_game_forgotten AFTER DELETE ON public.game_results FOR EACH ROW WHEN ((old.result = 'win'::text)) EXECUTE FUNCTION public.count_games();

CREATE TRIGGER count_game_won AFTER INSERT ON public.game_results FOR EACH ROW WHEN ((new.result = 'win'::text)) EXECUTE FUNCTION public.count_games();

CREATE TRIGGER count_invites AFTER INSERT OR DELETE OR UPDATE OF state, inviter_id ON public.invite_arrivals FOR EACH ROW EXECUTE FUNCTION public.count_invites();

CREATE TRIGGER rank_new_level AFTER INSERT ON public.member_levels FOR EACH ROW EXECUTE FUNCTION public.rank_user();

CREATE TRIGGER rank_new_purse AFTER INSERT ON public.coin_accounts FOR EACH ROW WHEN ((new.kind = 'member'::text)) EXECUTE FUNCTION public.rank_owner();

CREATE TRIGGER rank_who_is_met AFTER INSERT ON public.members FOR EACH ROW WHEN ((new.left_at IS NOT NULL)) EXECUTE FUNCTION public.rank_user();

CREATE TRIGGER rank_who_left AFTER UPDATE OF left_at ON public.members FOR EACH ROW WHEN (((old.left_at IS NULL) <> (new.left_at IS NULL))) EXECUTE FUNCTION public.rank_user();

CREATE TRIGGER rank_who_opted_out AFTER INSERT OR DELETE ON public.opt_outs FOR EACH ROW EXECUTE FUNCTION public.rank_user();
