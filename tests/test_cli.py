"""The `liveroom` command, as a person meets it."""

import logging
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from server import __version__
from server.access.auth import TokenVerifier
from server.access.secret import with_secret
from server.cli.main import main
from server.house import HOUSE, keys_under, load_settings
from server.protocol.roles import Role
from server.rooms.data_version import VERSION
from server.store.embedded import EmbeddedRedis

SECRET = "0123456789abcdef0123456789abcdef"

Liveroom = Callable[..., tuple[int, str, str]]


@pytest.fixture
def liveroom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Liveroom:
    """Run the command in an empty folder: its status, output and error output."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["liveroom", *arguments])
        # `serve` sets up the log of a process; here the next command is in the same one.
        root = logging.getLogger()
        handlers = root.handlers[:]
        with pytest.raises(SystemExit) as ended:
            main()
        root.handlers[:] = handlers
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_it_tells_its_version(liveroom: Liveroom) -> None:
    assert liveroom("--version") == (0, f"liveroom {__version__}\n", "")


def test_help_names_the_commands(liveroom: Liveroom) -> None:
    status, out, _ = liveroom("--help")

    assert status == 0
    assert all(command in out for command in ("serve", "demo", "token", "config"))
    assert "worker" not in out.split("Commands:")[1].replace("workers", "")


def test_a_token_stands_alone_on_the_last_line_and_is_good(liveroom: Liveroom) -> None:
    status, out, _ = liveroom(
        *("token", "--sub", "u1", "--role", "host", "--name", "Ana", "--rooms", "a, b"),
        *("--ttl", "2h"),
    )

    assert status == 0
    settings, made = with_secret(load_settings())
    assert not made
    identity = TokenVerifier(settings).verify(out.splitlines()[-1])
    assert (identity.user, identity.name, identity.role) == ("u1", "Ana", Role.HOST)
    assert identity.rooms == frozenset({"a", "b"})


def test_the_secret_of_a_token_can_come_from_the_environment(
    liveroom: Liveroom, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LIVEROOM_JWT_SECRET", SECRET)
    monkeypatch.setenv("LIVEROOM_MODE", "production")

    status, out, _ = liveroom("token", "--sub", "u1")

    assert status == 0
    assert TokenVerifier(load_settings()).verify(out.strip()).role is Role.VIEWER
    assert list(tmp_path.iterdir()) == []


def test_a_token_of_a_server_has_its_scopes(liveroom: Liveroom) -> None:
    asked = ("--scope", "orders:read", "--scope", "sales:write")
    status, out, _ = liveroom("token", "--sub", "shop", *asked)

    assert status == 0
    settings, _ = with_secret(load_settings())
    verifier = TokenVerifier(settings, scopes=HOUSE.scopes)
    assert verifier.verify(out.splitlines()[-1]).scopes == frozenset({"orders:read", "sales:write"})


def test_the_help_of_a_token_names_the_roles_it_may_have(liveroom: Liveroom) -> None:
    _, out, _ = liveroom("token", "--help")

    assert "viewer|merchant|moderator|host|admin" in out
    assert "guest" not in out


READERS = [("audit", "x"), ("audit", "--all"), ("orders", "export", "x"), ("outbox", "list", "x")]


@pytest.mark.parametrize("arguments", READERS)
def test_a_command_that_reads_makes_no_data_folder(
    arguments: tuple[str, ...], liveroom: Liveroom, tmp_path: Path
) -> None:
    status, out, err = liveroom(*arguments)

    assert (status, out) == (2, "")
    assert err.startswith(f"liveroom: There are no orders in the data folder {tmp_path}/.liveroom:")
    assert list(tmp_path.iterdir()) == []


REFUSED = [
    (("token", "--sub", "x" * 65), "liveroom: The token's `sub` must be 1 to 64"),
    (("token", "--sub", "u1", "--ttl", "soon"), "liveroom: --ttl soon is not a time"),
    (("token", "--sub", "u1", "--ttl", "0"), "liveroom: --ttl 0 is not a time"),
    (("token", "--sub", "u1", "--role", "guest"), "liveroom: --role guest is not a role of a"),
    (("token", "--sub", "shop", "--scope", "orders:raed"), "liveroom: --scope orders:raed is no"),
    (("serve", "--port", "70000"), "liveroom: server.port = 70000 (from --port) is not allowed"),
    (("serve", "--workers", "0"), "liveroom: server.workers = 0 (from --workers) is not"),
    (("serve", "--redis-url", "x"), "liveroom: redis.url = (hidden) (from --redis-url) is not"),
    (("serve", "--data-dir", ""), "liveroom: data.dir = '' (from --data-dir) is not allowed"),
    (("config", "--config", "none.toml"), "liveroom: Can't read the config file none.toml"),
    (("demo", "--config", "none.toml"), "liveroom: Can't read the config file none.toml"),
]


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED)
def test_a_mistake_that_a_person_can_mend_is_one_line_and_status_2(
    arguments: tuple[str, ...], sentence: str, liveroom: Liveroom
) -> None:
    status, out, err = liveroom(*arguments)

    assert status == 2
    assert out == ""
    assert err.startswith(sentence)
    assert err.count("\n") == 1


def test_production_without_a_secret_is_refused(liveroom: Liveroom) -> None:
    Path("room.toml").write_text('mode = "production"\n')

    status, _, err = liveroom("serve", "--config", "room.toml")

    assert status == 2
    assert "LIVEROOM_JWT_SECRET" in err


def test_a_fault_in_the_rules_of_intents_stops_the_start_with_one_line(liveroom: Liveroom) -> None:
    Path("room.toml").write_text('[asks]\nrules_file = "intents.toml"\n')
    Path("intents.toml").write_text("[link]\nphrases = [1]\n")

    assert liveroom("serve", "--config", "room.toml") == (
        2,
        "",
        (
            "liveroom: asks.rules_file = 'intents.toml' is not as docs/asking.md has it: "
            "Expected `str`, got `int` - at `$.link.phrases[0]`.\n"
        ),
    )


def test_config_prints_what_is_in_force_without_secrets(
    liveroom: Liveroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("room.toml").write_text("[server]\nworkers = 3\n")
    monkeypatch.setenv("LIVEROOM_CONFIG", "room.toml")
    monkeypatch.setenv("LIVEROOM_JWT_SECRET", SECRET)

    status, out, _ = liveroom("config", "--port", "1234", "--redis-url", "redis://:hush@h/0")

    assert status == 0
    tree = tomllib.loads(out)
    assert tree["server"] | {"port": 1234, "workers": 3} == tree["server"]
    assert tree["jwt"]["secret"] == "***"
    assert SECRET not in out
    assert "hush" not in out


@pytest.mark.blocking_allowed
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("serve", "--port", "0"), 1),
        (("serve", "--port", "0", "--workers", "2"), 1),
        (("demo", "--port", "0"), 1),
        (("audit", "r1"), 2),
        (("audit", "--all"), 2),
        (("orders", "export", "r1"), 2),
        (("outbox", "list"), 2),
        (("outbox", "replay", "--all"), 2),
        (("outbox", "skip", "r1"), 2),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_data_of_a_newer_version_are_refused_with_one_sentence(
    liveroom: Liveroom,
    synced_redis: EmbeddedRedis,
    prefix: str,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
) -> None:
    monkeypatch.setenv("LIVEROOM_REDIS_KEY_PREFIX", prefix)
    with Redis.from_url(synced_redis.url) as redis:
        redis.set(keys_under(prefix).data_version, VERSION + 1)

        ended, out, err = liveroom(*arguments, "--redis-url", synced_redis.url)

        left = [key.decode() for key in redis.keys(f"{prefix}:*")]
    assert (ended, out) == (status, "")
    [said] = [line for line in err.splitlines() if line.startswith("liveroom: ")]
    assert f"have version {VERSION + 1}, and Liveroom" in said
    assert "Traceback" not in err
    assert left == [keys_under(prefix).data_version], "nothing was written"


def test_payouts_are_made_listed_and_noted_without_a_server(liveroom: Liveroom) -> None:
    assert liveroom("payouts", "make", "2026-11")[:2] == (0, "0 payouts.\n")
    assert liveroom("payouts", "make", "2026-11", "--least", "5")[0] == 1
    assert liveroom("payouts", "list", "--state", "sent")[:2] == (0, "0 payouts.\n")
    assert liveroom("payouts", "export", "2026-11")[1].startswith("payout,owner,currency,amount")
    status, _, said = liveroom("payouts", "export", "2026-12")
    assert (status, said) == (1, "liveroom: There is no batch `2026-12`.\n")
    status, _, said = liveroom("payouts", "note", "p1", "failed", "--reason", "no such account")
    assert (status, said) == (1, "liveroom: There is no payout `p1`.\n")
    assert liveroom("payouts", "note", "p1", "failed")[0] == 2
    assert liveroom("payouts", "make", "b", "--currency", "money")[0] == 2
