"""Every limit, time-out and choice of the server, one model a section; `jwt` and `pages` have more.

The unit is the last part of a name (`_s`, `_ms`, `_us`, `_bytes`, `_chars`); `_max` and `_min`
say which way it bounds. The description of a field is its row in docs/configuration.md.
"""

from ipaddress import ip_network
from typing import Literal

from pydantic import Field, field_validator

from server.settings.section import Section, limit, words


class Server(Section):
    """The process: where it listens, how many workers share the port, how it stops."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = limit(8080, 0, 65535, "Port to listen on; 0 takes any free one.")
    workers: int = limit(1, 1, 256, "Processes that share the port (SO_REUSEPORT).")
    drain_s: float = limit(
        20, 0, 3600, "Time a stopping worker gives its viewers to move, before it is killed."
    )
    backlog: int = limit(4096, 16, 65535, "Connections the kernel may hold for accept.")
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+)?$",
        json_schema_extra=words("empty, or http:// or https:// with a host and no path"),
        description="Base URL people reach the server by, when a proxy stands before it; empty "
        "means the address it listens on.",
    )
    dev_hosts: tuple[str, ...] = Field(
        (),
        description="Host names, besides those of loopback, under which development's one-click "
        "sign-in answers; only to this machine, whatever the name.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        (),
        json_schema_extra=words("a list of addresses and networks, such as 10.0.0.0/8"),
        description="Proxies whose X-Forwarded-For is believed, so that rates are kept for each "
        "client and not for the proxy.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, trusted: tuple[str, ...]) -> tuple[str, ...]:
        for text in trusted:
            try:
                ip_network(text, strict=False)
            except ValueError:
                raise ValueError(f"has {text!r}, which is no address and no network") from None
        return trusted


class Rest(Section):
    """HTTP requests: how many a worker answers to one sender. Files and probes are not counted."""

    address_per_s: float = limit(
        50,
        0,
        100_000,
        "Requests without a valid token from one address (IPv6: one /64 network), on average; 0 is "
        "no limit.",
    )
    address_burst: int = limit(200, 1, 1_000_000, "Such requests at once.")
    user_per_s: float = limit(50, 0, 100_000, "Requests of one user, on average; 0 is no limit.")
    user_burst: int = limit(200, 1, 1_000_000, "Requests of one user at once.")
    service_per_s: float = limit(
        1000,
        0,
        1_000_000,
        "Requests of another server, on average: with an admin's token, or signed and from one "
        "address; 0 is no limit.",
    )
    service_burst: int = limit(5000, 1, 1_000_000, "Requests of another server at once.")
    senders_max: int = limit(
        20_000,
        100,
        10_000_000,
        "Senders of each kind that a worker remembers; the one silent for longest is forgotten.",
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
        json_schema_extra=words(
            "empty, or a URL that starts with redis://, rediss://, unix://, redis+sentinel:// or "
            "redis+cluster://"
        ),
        description="Redis to use: redis://, rediss://, unix://, "
        "redis+sentinel://host:port,host:port/service or redis+cluster://host:port,host:port; "
        "empty starts a private one.",
    )
    server_path: str = Field(
        "",
        description="redis-server or valkey-server for the private Redis; empty looks for one.",
    )
    key_prefix: str = Field(
        "lr",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        json_schema_extra=words("1 to 64 letters, digits, dots, dashes and underscores"),
        description="First part of every key and channel, so that installations can share a Redis.",
    )
    command_timeout_s: float = limit(5, 0.05, 60, "Time one command may take.")
    connect_timeout_s: float = limit(2, 0.05, 60, "Time one connection attempt may take.")
    connections_max: int = limit(64, 2, 10_000, "Connections a worker keeps to Redis.")
    durability: str = Field(
        "fsync",
        pattern=r"^(fsync|memory|replicas:[1-9]|aof:[1-9])$",
        json_schema_extra=words("fsync, memory, replicas:N or aof:N with N from 1 to 9"),
        description="When an order counts as stored: fsync (on disk), memory (at once), "
        "replicas:N (N replicas have it), aof:N (on disk here and on N replicas).",
    )


class Edge(Section):
    """Bytes in: the listener, one connection, what a client may send."""

    request_head_bytes_max: int = limit(8192, 1024, 65536, "Largest HTTP request head.")
    request_head_s_max: float = limit(5, 0.05, 60, "Time a client has to send its request head.")
    join_s_max: float = limit(
        5, 0.05, 60, "Time a client has to send its `join`, from when it may send it."
    )
    join_waits_max: int = limit(
        20,
        1,
        1000,
        "How often a connection may be told to wait and join again; with the next refusal it is "
        "closed, and may come back.",
    )
    unread_s_max: float = limit(
        30,
        0.05,
        600,
        "Time a client may leave unread what it was sent, in HTTP or before its join, before its "
        "socket is cut.",
    )
    frame_in_bytes_max: int = limit(16384, 256, 1_048_576, "Largest frame a client may send.")
    connections_max: int = limit(
        20_000,
        1,
        1_000_000,
        "WebSockets and event streams a worker holds; plain HTTP has as many places of its own.",
    )
    connections_per_address_max: int = limit(
        0,
        0,
        1_000_000,
        "WebSockets and event streams from one address on a worker, and likewise plain HTTP; 0 is "
        "no limit.",
    )
    commands_per_s: float = limit(
        20, 0.1, 10_000, "Commands a connection, or by HTTP a user in a room, may send, on average."
    )
    commands_burst: int = limit(40, 1, 10_000, "Commands it may send at once.")
    commands_in_flight_max: int = limit(16, 1, 1000, "Commands of it that are being answered.")
    bad_messages_max: int = limit(10, 1, 1000, "Bad messages after which a connection is closed.")
    ping_interval_s: float = limit(25, 0.05, 600, "Time between pings to a viewer.")
    ping_timeout_s: float = limit(
        60, 0.1, 1200, "Silence after which a viewer counts as gone; longer than the interval."
    )
    origins: tuple[str, ...] = Field(
        (),
        description="Web origins allowed to connect; none means only the server's own, `*` any.",
    )
    deflate: bool = Field(True, description="Offer compression (permessage-deflate).")
    deflate_apple: bool = Field(
        False,
        description="Offer it also to what uses Apple's WebSocket: Safari, all browsers on iPhones "
        "and iPads, apps. Some versions read compressed frames wrongly.",
    )
    deflate_bytes_min: int = limit(200, 0, 65536, "Smallest frame that is compressed alone.")
    accepts_per_s_max: int = limit(
        5000, 0, 100_000, "New connections a second on a worker; 0 is no limit."
    )
    joins_per_s_max: int = limit(
        3000, 0, 100_000, "Joins a second on a worker, the rest told to wait; 0 is no limit."
    )
    send_buffer_bytes: int = limit(
        131_072, 0, 16_777_216, "Send buffer of a socket in the kernel; 0 leaves it to the kernel."
    )


class Hub(Section):
    """Bytes out: how a room's messages reach its viewers."""

    tick_ms_min: float = limit(5, 1, 1000, "Shortest time over which messages are gathered.")
    tick_ms_max: float = limit(100, 1, 1000, "Longest time over which messages are gathered.")
    tick_us_per_viewer: float = limit(
        50,
        0,
        10_000,
        "How much a viewer lengthens the longest tick of all rooms on its worker, within min and "
        "max. While the worker has time, ticks are shorter.",
    )
    batched_writes: bool = Field(
        True,
        description="Write a frame to many viewers in one system call, where the kernel can; else "
        "one call for each.",
    )
    slice_viewers_max: int = limit(
        250, 1, 100_000, "Viewers written to before other work on the loop gets a turn."
    )
    sample_per_s_max: float = limit(
        100, 0, 10_000, "Comments and ticker lines a viewer gets a second; 0 is no limit."
    )
    unsent_soft_bytes: int = limit(
        65536, 1024, 67_108_864, "Unsent bytes from which a viewer gets no sampled messages."
    )
    unsent_hard_bytes: int = limit(
        1_048_576, 4096, 1_073_741_824, "Unsent bytes from which a viewer is disconnected."
    )
    behind_s_max: float = limit(
        20, 0.1, 600, "Time a viewer may stay over the soft limit before it is disconnected."
    )
    joins_per_tick_max: int = limit(
        500, 1, 100_000, "Joins answered in one pass, of those that wait for it."
    )


class Rooms(Section):
    """What happens in a room."""

    title_chars_max: int = limit(80, 1, 1000, "Longest room title.")
    event_stream_len_max: int = limit(
        10_000, 100, 10_000_000, "Events of a room kept for viewers who resume."
    )
    missed_events_max: int = limit(
        500, 0, 100_000, "Missed events replayed to a viewer who resumes; more is a gap."
    )
    text_chars_max: int = limit(500, 1, 10_000, "Longest other text: titles, links, notices.")
    linger_s: float = limit(30, 0, 3600, "Time a worker keeps a room after its last viewer left.")
    full_lap_s: float = limit(
        3600,
        60,
        604_800,
        "How often one of all workers looks for due work in rooms that should have none, and after "
        "each start of a server.",
    )
    scheduled_per_host_max: int = limit(
        50, 1, 10_000, "Rooms of a host that wait for their start, drafts and practice included."
    )


class Sweeps(Section):
    """Flash sales and what may be bought."""

    key_chars_max: int = limit(64, 8, 256, "Longest idempotency key.")
    sweep_interval_ms: int = limit(500, 10, 60_000, "How often ended holds are looked for.")
    sweep_lap_s: float = limit(
        5,
        0.05,
        600,
        "How often ended holds are looked for in rooms that are awake and no viewer here is in.",
    )
    sweep_batch_max: int = limit(200, 1, 10_000, "Holds ended in one step.")


class Records(Section):
    """What outlasts a room, in SQL. Without a URL it is a SQLite file in the data folder."""

    url: str = Field(
        "",
        repr=False,
        pattern=r"^((postgres(ql)?|sqlite)://\S+)?$",
        json_schema_extra=words(
            "empty, or a URL that starts with postgresql://, postgres:// or sqlite:///"
        ),
        description="Database of the records: postgresql://user:password@host/name (14 or newer) "
        "or sqlite:////folder/file; empty is records.sqlite3 in the data folder.",
    )
    connections_max: int = limit(4, 1, 1000, "Connections a worker keeps to the records.")
    connect_timeout_s: float = limit(2, 0.05, 60, "Time one connection attempt may take.")
    command_timeout_s: float = limit(10, 0.05, 600, "Time one statement may take on PostgreSQL.")
    busy_timeout_s: float = limit(
        5, 0.05, 60, "Time to wait for a free connection, and for SQLite's one writer."
    )
    retire_after_s: float = limit(
        604_800,
        0,
        315_360_000,
        "Time after a room's end, or its last return, when it leaves Redis for the records.",
    )
    retire_interval_s: float = limit(
        60, 0.05, 86_400, "How often rooms that may leave are looked for."
    )
    keep_forgotten_days: float = limit(
        400,
        1,
        36_500,
        "Days for which it is known who was forgotten, so that a restore of an older backup "
        "forgets them again: as long as the oldest backup is kept.",
    )
    keep_interval_s: float = limit(
        3600, 0.05, 604_800, "How often records are looked for whose time is over."
    )


class Bus(Section):
    """Messages between workers."""

    publish_interval_ms: float = limit(
        15,
        1,
        1000,
        "Time over which a worker gathers a room's messages into one; comments only a fifth of it "
        "while the worker has time.",
    )
    watchdog_interval_s: float = limit(2, 0.05, 60, "How often the subscription is probed.")
    watchdog_timeout_s: float = limit(
        6, 0.1, 600, "Silence of the subscription that counts as a loss."
    )


class Pages(Section):
    """The pages that this server brings."""

    errors_per_s_max: int = limit(
        5, 0, 1000, "Reports of errors in browsers a worker takes a second; 0 takes none."
    )
    errors_per_address_per_min: int = limit(
        10,
        0,
        10_000,
        "Reports of errors one address (IPv6: one /64 network) may send a minute; 0 is no limit.",
    )


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least important level that is written."
    )
    format: Literal["auto", "console", "json"] = Field(
        "auto", description="console for people, json for machines; auto asks if it is a terminal."
    )
