"""Every limit, time-out and choice of the server, one model a section.

The unit is the last part of a name (`_s`, `_ms`, `_us`, `_bytes`, `_chars`); `_max` and `_min`
say which way it bounds. The description of a field is its row in docs/configuration.md.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

SECRET_BYTES_MIN = 32
SIGNING_SECRET_BYTES_MIN = 16


def _words(text: str) -> dict[str, Any]:
    """What is allowed, where a pattern or a type alone would say it badly."""
    return {"allowed": text}


def _long_enough(secret: SecretStr | None, bytes_min: int) -> SecretStr | None:
    if secret is not None and len(secret.get_secret_value().encode()) < bytes_min:
        raise ValueError(f"must be at least {bytes_min} bytes long")
    return secret


def _limit(default: Any, low: float, high: float, description: str) -> Any:
    """A number within `low` and `high`, both allowed."""
    return Field(default, ge=low, le=high, description=description)


class Section(BaseModel):
    """Settings are read once at start and never change while the server runs."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Server(Section):
    """The process: where it listens, how many workers share the port, how it stops."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = _limit(8080, 0, 65535, "Port to listen on; 0 takes any free one.")
    workers: int = _limit(1, 1, 256, "Processes that share the port (SO_REUSEPORT).")
    drain_s: float = _limit(
        20, 0, 3600, "Time a stopping worker gives its viewers to move, before it is killed."
    )
    backlog: int = _limit(4096, 16, 65535, "Connections the kernel may hold for accept.")
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+)?$",
        json_schema_extra=_words("empty, or http:// or https:// with a host and no path"),
        description="Base URL people reach the server by, when a proxy stands before it; empty "
        "means the address it listens on.",
    )


class Data(Section):
    """The folder this server owns."""

    dir: str = Field(
        ".liveroom",
        min_length=1,
        description="Folder of the embedded Redis, its data and the development secret. One "
        "server a folder.",
    )


class Redis(Section):
    """Where the state lives. Without a URL the server starts a private Redis of its own."""

    url: str = Field(
        "",
        repr=False,
        pattern=r"^((rediss?|unix|rediss?\+(sentinel|cluster))://\S+)?$",
        json_schema_extra=_words(
            "empty, or a URL that starts with redis://, rediss://, unix://, redis+sentinel:// or "
            "redis+cluster://"
        ),
        description="Redis to use: redis://, rediss://, unix://, "
        "redis+sentinel://host:port,host:port/service or redis+cluster://host:port,host:port; "
        "empty starts a private one.",
    )
    server_path: str = Field(
        "", description="redis-server program for the private Redis; empty looks for one."
    )
    key_prefix: str = Field(
        "lr",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        json_schema_extra=_words("1 to 64 letters, digits, dots, dashes and underscores"),
        description="First part of every key and channel, so that installations can share a Redis.",
    )
    command_timeout_s: float = _limit(5, 0.05, 60, "Time one command may take.")
    connect_timeout_s: float = _limit(2, 0.05, 60, "Time one connection attempt may take.")
    connections_max: int = _limit(64, 2, 10_000, "Connections a worker keeps to Redis.")
    durability: str = Field(
        "fsync",
        pattern=r"^(fsync|memory|replicas:[1-9]|aof:[1-9])$",
        json_schema_extra=_words("fsync, memory, replicas:N or aof:N with N from 1 to 9"),
        description="When an order counts as stored: fsync (on disk), memory (at once), "
        "replicas:N (N replicas have it), aof:N (on disk here and on N replicas).",
    )


class Jwt(Section):
    """How tokens are checked."""

    secret: SecretStr | None = Field(
        None,
        json_schema_extra=_words(f"a text of at least {SECRET_BYTES_MIN} bytes"),
        description="Secret of HS256 tokens, at least 32 bytes. Required outside development, "
        "where one is made and kept in the data folder.",
    )
    algorithm: Literal["HS256", "RS256", "ES256"] = Field(
        "HS256", description="The only algorithm a token may be signed with."
    )
    public_key_file: str = Field("", description="PEM file of the key for RS256 and ES256.")
    leeway_s: float = _limit(10, 0, 300, "Clock difference allowed when `exp` is checked.")

    @field_validator("secret")
    @classmethod
    def _secret_is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        return _long_enough(secret, SECRET_BYTES_MIN)


class Edge(Section):
    """Bytes in: the listener, one connection, what a client may send."""

    request_head_bytes_max: int = _limit(8192, 1024, 65536, "Largest HTTP request head.")
    request_head_s_max: float = _limit(5, 0.05, 60, "Time a client has to send its request head.")
    join_s_max: float = _limit(5, 0.05, 60, "Time a client has to send its `join`.")
    frame_in_bytes_max: int = _limit(16384, 256, 1_048_576, "Largest frame a client may send.")
    connections_max: int = _limit(
        20_000,
        1,
        1_000_000,
        "WebSockets a worker holds; plain HTTP has as many places of its own.",
    )
    connections_per_address_max: int = _limit(
        0,
        0,
        1_000_000,
        "WebSockets from one address on a worker, and likewise plain HTTP; 0 is no limit.",
    )
    commands_per_s: float = _limit(20, 0.1, 10_000, "Commands a connection may send, on average.")
    commands_burst: int = _limit(40, 1, 10_000, "Commands a connection may send at once.")
    commands_in_flight_max: int = _limit(16, 1, 1000, "Commands of a connection being answered.")
    bad_messages_max: int = _limit(10, 1, 1000, "Bad messages after which a connection is closed.")
    ping_interval_s: float = _limit(25, 0.05, 600, "Time between pings to a viewer.")
    ping_timeout_s: float = _limit(
        60, 0.1, 1200, "Silence after which a viewer counts as gone; longer than the interval."
    )
    origins: tuple[str, ...] = Field(
        (),
        description="Web origins allowed to connect; none means only the server's own, `*` any.",
    )
    deflate: bool = Field(True, description="Offer compression (permessage-deflate).")
    deflate_bytes_min: int = _limit(200, 0, 65536, "Smallest frame that is compressed.")
    accepts_per_s_max: int = _limit(
        5000, 0, 100_000, "New connections a second on a worker; 0 is no limit."
    )
    joins_per_s_max: int = _limit(
        3000, 0, 100_000, "Joins a second on a worker, the rest told to wait; 0 is no limit."
    )
    send_buffer_bytes: int = _limit(
        131_072, 0, 16_777_216, "Send buffer of a socket in the kernel; 0 leaves it to the kernel."
    )


class Hub(Section):
    """Bytes out: how a room's messages reach its viewers."""

    tick_ms_min: float = _limit(5, 1, 1000, "Shortest time over which messages are gathered.")
    tick_ms_max: float = _limit(100, 1, 1000, "Longest time over which messages are gathered.")
    tick_us_per_viewer: float = _limit(
        50,
        0,
        10_000,
        "How much a viewer lengthens the tick of all rooms on its worker, within min and max.",
    )
    slice_viewers_max: int = _limit(
        250, 1, 100_000, "Viewers written to before other work on the loop gets a turn."
    )
    sample_per_s_max: float = _limit(
        100, 0, 10_000, "Comments and ticker lines a viewer gets a second; 0 is no limit."
    )
    unsent_soft_bytes: int = _limit(
        65536, 1024, 67_108_864, "Unsent bytes from which a viewer gets no sampled messages."
    )
    unsent_hard_bytes: int = _limit(
        1_048_576, 4096, 1_073_741_824, "Unsent bytes from which a viewer is disconnected."
    )
    behind_s_max: float = _limit(
        20, 0.1, 600, "Time a viewer may stay over the soft limit before it is disconnected."
    )
    joins_per_tick_max: int = _limit(500, 1, 100_000, "Joins answered from one snapshot.")


class Rooms(Section):
    """What happens in a room."""

    title_chars_max: int = _limit(80, 1, 1000, "Longest room title.")
    comment_chars_max: int = _limit(200, 1, 5000, "Longest comment.")
    comments_per_user_per_s: float = _limit(1.0, 0.01, 1000, "Comments of a user, on average.")
    comments_burst: int = _limit(5, 1, 1000, "Comments a user may send at once.")
    recent_comments_max: int = _limit(50, 0, 1000, "Comments shown to a viewer who joins.")
    event_stream_len_max: int = _limit(
        10_000, 100, 10_000_000, "Events of a room kept for viewers who resume."
    )
    missed_events_max: int = _limit(
        500, 0, 100_000, "Missed events replayed to a viewer who resumes; more is a gap."
    )
    shelf_products_max: int = _limit(200, 1, 10_000, "Products on a shelf.")
    shelf_bytes_max: int = _limit(
        262_144,
        1024,
        16_777_216,
        "Products of a shelf together; whoever joins is sent all of them.",
    )
    text_chars_max: int = _limit(500, 1, 10_000, "Longest other text: titles, links, notices.")
    likes_per_command_max: int = _limit(50, 1, 50, "Likes in one command.")
    linger_s: float = _limit(30, 0, 3600, "Time a worker keeps a room after its last viewer left.")
    presence_interval_s: float = _limit(2, 0.05, 60, "How often a worker tells its viewer counts.")
    presence_stale_s: float = _limit(
        10, 0.1, 600, "Age from which a worker's viewer counts are ignored."
    )
    mute_s_max: int = _limit(2_592_000, 1, 31_536_000, "Longest mute.")
    slow_s_max: int = _limit(600, 1, 86_400, "Longest slow mode: time between two comments.")


class Bus(Section):
    """Messages between workers."""

    publish_interval_ms: float = _limit(
        15, 1, 1000, "Time over which a worker gathers a room's messages into one."
    )
    watchdog_interval_s: float = _limit(2, 0.05, 60, "How often the subscription is probed.")
    watchdog_timeout_s: float = _limit(
        6, 0.1, 600, "Silence of the subscription that counts as a loss."
    )


class Orders(Section):
    """Flash sales and what may be bought."""

    qty_max: int = _limit(100, 1, 10_000, "Units in one order line.")
    lines_max: int = _limit(20, 1, 200, "Lines in one order.")
    key_chars_max: int = _limit(64, 8, 256, "Longest idempotency key.")
    per_user_max: int = _limit(1000, 1, 1_000_000, "Largest per-user limit a sale may set.")
    stock_max: int = _limit(1_000_000, 1, 1_000_000_000, "Largest stock of a sale.")
    price_max: int = _limit(
        100_000_000_000, 1, 1_000_000_000_000, "Highest price, in the currency's minor unit."
    )
    hold_s_min: int = _limit(5, 1, 3600, "Shortest time a sale may hold unpaid units.")
    hold_s_max: int = _limit(3600, 1, 604_800, "Longest time a sale may hold unpaid units.")
    orders_per_user_max: int = _limit(200, 1, 100_000, "Orders of a user in one room.")
    sweep_interval_ms: int = _limit(500, 10, 60_000, "How often ended holds are looked for.")
    sweep_lap_s: float = _limit(
        5, 0.05, 600, "How often ended holds are looked for in rooms no viewer here is in."
    )
    sweep_batch_max: int = _limit(200, 1, 10_000, "Holds ended in one step.")
    sales_max: int = _limit(200, 1, 10_000, "Sales in one room.")
    fair_window_ms: int = _limit(
        300,
        0,
        10_000,
        "Time at the start of a sale in which buys are gathered and then drawn in random order; "
        "0 is first come, first served.",
    )
    draw_entries_max: int = _limit(50_000, 1, 1_000_000, "Buys gathered for one draw.")
    waitlist_max: int = _limit(1000, 0, 100_000, "Buyers who may queue for one sold-out sale.")
    offer_hold_s: int = _limit(
        30, 1, 3600, "Time a buyer from the waiting list has to pay what came back."
    )
    batch_max: int = _limit(200, 1, 1000, "Buys sent to Redis in one call.")
    batch_waiting_max: int = _limit(
        20_000, 1, 1_000_000, "Buys waiting on a worker; more are answered `unavailable`."
    )


class Coupons(Section):
    """Money off an order."""

    coupons_max: int = _limit(50, 1, 1000, "Coupons in one room; whoever joins is sent them all.")
    title_chars_max: int = _limit(60, 1, 200, "Longest title of a coupon.")
    quota_max: int = _limit(100_000, 1, 1_000_000, "Largest number given out of one coupon.")
    per_user_max: int = _limit(10, 1, 100, "Largest number one user may have of a coupon.")
    skus_max: int = _limit(50, 1, 100, "Products a coupon may be limited to.")
    batch_max: int = _limit(200, 1, 1000, "Claims sent to Redis in one call.")
    batch_waiting_max: int = _limit(
        20_000, 1, 1_000_000, "Claims waiting on a worker; more are answered `unavailable`."
    )


class Polls(Section):
    """The room's choices."""

    polls_max: int = _limit(200, 1, 10_000, "Polls in one room.")
    question_chars_max: int = _limit(100, 1, 200, "Longest question of a poll.")
    option_chars_max: int = _limit(40, 1, 200, "Longest option of a poll.")
    batch_max: int = _limit(1000, 1, 10_000, "Votes sent to Redis in one call.")
    batch_waiting_max: int = _limit(
        50_000, 1, 1_000_000, "Votes waiting on a worker; more are answered `unavailable`."
    )


class Luckies(Section):
    """Lucky draws."""

    luckies_max: int = _limit(200, 1, 10_000, "Lucky draws in one room.")
    title_chars_max: int = _limit(60, 1, 200, "Longest title of a lucky draw.")
    entrants_max: int = _limit(
        100_000, 1, 1_000_000, "Entrants of one lucky draw. They are drawn in one step of Redis."
    )
    batch_max: int = _limit(1000, 1, 10_000, "Entries sent to Redis in one call.")
    batch_waiting_max: int = _limit(
        50_000, 1, 1_000_000, "Entries waiting on a worker; more are answered `unavailable`."
    )


class Community(Section):
    """Who follows a host, who reserved a place, and how they hear of a start."""

    fans_max: int = _limit(
        5_000_000, 1, 100_000_000, "People who follow a host or ever did; no more can follow."
    )
    host_log_len_max: int = _limit(
        1_000_000, 100, 100_000_000, "Changes of who follows a host that are kept."
    )
    reserved_max: int = _limit(1_000_000, 1, 100_000_000, "Reservations of one room.")
    batch_max: int = _limit(200, 1, 1000, "Follows, or reservations, sent to Redis in one call.")
    batch_waiting_max: int = _limit(
        20_000, 1, 1_000_000, "Of these waiting on a worker; more are answered `unavailable`."
    )
    announce_page_users_max: int = _limit(
        500, 1, 5000, "Users in one line of the ledger that announces a start."
    )
    announce_repeats: int = _limit(
        5, 1, 100, "How often workers are signalled that a room went live."
    )
    announce_repeat_s: float = _limit(3, 0.05, 60, "Time between two such signals.")


class Groups(Section):
    """Fan groups."""

    members_max: int = _limit(50_000, 1, 1_000_000, "Members of one fan group.")
    recent_comments_max: int = _limit(
        200, 0, 1000, "Comments of a fan group shown to a member who joins."
    )


class Asks(Section):
    """Who asks for the link, and questions."""

    rules_file: str = Field(
        "",
        description="TOML file with the phrases that ask; empty takes the packaged one, "
        "config/intents.toml.",
    )
    count_again_s: int = _limit(
        60, 0, 86_400, "Time in which a user who asks again for the same product counts once."
    )
    batch_interval_ms: float = _limit(
        300, 1, 10_000, "Time over which a worker gathers a room's asks, and its questions."
    )
    batch_waiting_max: int = _limit(
        20_000, 1, 1_000_000, "Asks waiting on a worker, and likewise questions; more are left out."
    )
    asked_max: int = _limit(
        200_000,
        1,
        10_000_000,
        "Users and products remembered as counted lately in a room; at more all are forgotten.",
    )
    questions_open_max: int = _limit(
        50, 1, 1000, "Open questions of a room; the least asked, oldest one makes room for a new."
    )
    questions_per_user_max: int = _limit(
        5, 1, 1000, "Open questions of a room that one user was the first to ask."
    )
    question_chars_max: int = _limit(200, 1, 2000, "Longest question.")
    answer_chars_max: int = _limit(500, 1, 2000, "Longest answer.")
    answers_kept_max: int = _limit(
        2000, 1, 100_000, "Answers kept over all rooms of a host; the oldest go first."
    )


class Moderation(Section):
    """What is said: words, repetitions, review, moderators."""

    words_file: str = Field(
        "",
        description="Text file with words that no room wants; empty takes the packaged one, "
        "config/blocked-words.txt.",
    )
    words_max: int = _limit(1000, 1, 20_000, "Words a room may block or hold by itself.")
    review_max: int = _limit(
        200, 1, 2000, "Comments that wait for a moderator; more are refused `limit_reached`."
    )
    new_s: int = _limit(
        600, 0, 86_400, "Time since their first comment in a room in which a user counts as new."
    )
    duplicate_s: float = _limit(
        10, 0, 3600, "Time in which a user may not say the same again; 0 is no limit."
    )
    flood_users_max: int = _limit(
        30, 0, 900, "Users who may say the same within `flood_s`; 0 is no limit."
    )
    flood_s: float = _limit(10, 0.1, 3600, "Time over which the users of a flood are counted.")
    repeat_chars_min: int = _limit(
        8,
        1,
        5000,
        "Letters from which a text can be a repetition; shorter ones are said by everybody.",
    )
    moderators_max: int = _limit(50, 1, 10_000, "Moderators a host may make in one room.")


class Payments(Section):
    """Who takes the money."""

    provider: Literal["sandbox", "webhook"] = Field(
        "sandbox",
        description="sandbox takes no money, for demos and tests; webhook waits for signed "
        "messages of the real provider.",
    )
    sandbox_delay_ms: int = _limit(0, 0, 60_000, "Time the sandbox takes to answer.")
    refund_retry_s: float = _limit(30, 0.05, 86_400, "Time before a refund is tried again.")

    webhook_secret: SecretStr | None = Field(
        None,
        json_schema_extra=_words(f"a text of at least {SIGNING_SECRET_BYTES_MIN} bytes"),
        description="Secret the payment provider signs with; none refuses every message.",
    )
    tolerance_s: float = _limit(300, 1, 86_400, "Age a signed message may have.")

    @field_validator("webhook_secret")
    @classmethod
    def _secret_is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        return _long_enough(secret, SIGNING_SECRET_BYTES_MIN)


class Outbox(Section):
    """Tells every change of orders, stock and payments to another system."""

    url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Where ledger lines are posted; empty posts nothing.",
    )
    secret: SecretStr | None = Field(
        None,
        json_schema_extra=_words(f"a text of at least {SIGNING_SECRET_BYTES_MIN} bytes"),
        description="Secret the posts are signed with; none leaves them unsigned.",
    )
    interval_s: float = _limit(1, 0.01, 60, "Pause when there was nothing to post.")
    timeout_s: float = _limit(10, 0.05, 300, "Time a post may take.")
    retry_s: float = _limit(
        5, 0.01, 3600, "Pause before the first retry; each further one is twice as long."
    )
    tries_max: int = _limit(10, 1, 1000, "Posts of an entry before it is given up.")
    batch_max: int = _limit(50, 1, 1000, "Entries taken at once.")

    @field_validator("secret")
    @classmethod
    def _secret_is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        return _long_enough(secret, SIGNING_SECRET_BYTES_MIN)


class Figures(Section):
    """The numbers a host steers by."""

    visits_interval_s: float = _limit(
        10, 0.05, 600, "How often a worker writes who came and left, and that it lives."
    )
    fresh_s: float = _limit(1, 0, 60, "Age up to which a room's figures are given again.")
    compare_s: float = _limit(
        60, 0, 3600, "Age up to which what is known of a host's other rooms is used again."
    )
    rooms_max: int = _limit(16, 1, 1000, "Rooms of which a worker keeps what it has added up.")
    idle_s: float = _limit(300, 1, 86_400, "Time nobody asks for a room, and it is forgotten.")


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least important level that is written."
    )
    format: Literal["auto", "console", "json"] = Field(
        "auto", description="console for people, json for machines; auto asks if it is a terminal."
    )
