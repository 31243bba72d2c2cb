"""Settings: where values come from, what is refused and with which words."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from server.cli.pages import PAGES
from server.features.payments.serving import must_be_able_to_serve
from server.house import Settings, load_settings
from server.settings import SettingsError, env_name, fields
from server.settings.pages import effective_toml, plain

CONFIG = Path(__file__).parent.parent / "config"
SECRET = "0123456789abcdef0123456789abcdef"

Env = pytest.MonkeyPatch


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config file that sets the port and two other things."""
    path = tmp_path / "room.toml"
    path.write_text("[server]\nport = 1001\nworkers = 3\n[rooms]\ntitle_chars_max = 33\n")
    return path


def test_without_anything_the_defaults_hold() -> None:
    assert load_settings() == Settings()


def test_each_source_goes_over_the_one_before(config: Path, monkeypatch: Env) -> None:
    monkeypatch.setenv("LIVEROOM_SERVER_PORT", "1002")
    monkeypatch.setenv("LIVEROOM_SERVER_WORKERS", "4")

    found = load_settings(config, {"server.port": 1003, "server.host": None})

    assert found.server.port == 1003  # flag
    assert found.server.workers == 4  # environment
    assert found.rooms.title_chars_max == 33  # file
    assert found.server.host == "127.0.0.1"  # default: the flag was not given


def test_an_environment_name_is_split_at_the_section_only(monkeypatch: Env) -> None:
    monkeypatch.setenv("LIVEROOM_EDGE_PING_INTERVAL_S", "7.5")
    monkeypatch.setenv("LIVEROOM_JWT_SECRET", SECRET)

    found = load_settings()

    assert found.edge.ping_interval_s == 7.5
    assert found.jwt.secret is not None
    assert found.jwt.secret.get_secret_value() == SECRET


@pytest.mark.parametrize(
    "text", ["https://a.example,https://b.example", '["https://a.example","https://b.example"]']
)
def test_a_list_in_the_environment_has_commas_or_is_json(text: str, monkeypatch: Env) -> None:
    monkeypatch.setenv("LIVEROOM_EDGE_ORIGINS", text)

    assert load_settings().edge.origins == ("https://a.example", "https://b.example")


def test_an_empty_environment_variable_is_not_set(monkeypatch: Env) -> None:
    monkeypatch.setenv("LIVEROOM_SERVER_PORT", "")

    assert load_settings().server.port == 8080


def test_variables_of_the_other_programs_are_let_be(monkeypatch: Env) -> None:
    monkeypatch.setenv("LIVEROOM_SIM_TOKEN", "x")
    monkeypatch.setenv("LIVEROOM_LOAD_HOST", "x")
    monkeypatch.setenv("LIVEROOM_CONFIG", "x")

    assert load_settings() == Settings()


REFUSED = [
    (
        {"LIVEROOM_SERVER_PORT": "70000"},
        (
            "server.port = '70000' (from LIVEROOM_SERVER_PORT) is not allowed: "
            "it must be a whole number from 0 to 65535."
        ),
    ),
    (
        {"LIVEROOM_EDGE_DEFLATE": "maybe"},
        (
            "edge.deflate = 'maybe' (from LIVEROOM_EDGE_DEFLATE) is not allowed: "
            "it must be true or false."
        ),
    ),
    (
        {"LIVEROOM_MODE": "prod"},
        (
            "mode = 'prod' (from LIVEROOM_MODE) is not allowed: "
            "it must be one of development, production, loadtest."
        ),
    ),
    (
        {"LIVEROOM_REDIS_DURABILITY": "replicas:none"},
        (
            "redis.durability = 'replicas:none' (from LIVEROOM_REDIS_DURABILITY) is not allowed: "
            "it must be fsync, memory, replicas:N or aof:N with N from 1 to 9."
        ),
    ),
    (
        {"LIVEROOM_JWT_SECRET": "short"},
        (
            "jwt.secret = (hidden) (from LIVEROOM_JWT_SECRET) is not allowed: "
            "it must be a text of at least 32 bytes, without white space or a newline at its ends "
            "(as `echo` and editors add)."
        ),
    ),
    (
        {"LIVEROOM_REDIS_URL": "http://user:pass@host"},
        (
            "redis.url = 'http://user:***@host' (from LIVEROOM_REDIS_URL) is not allowed: it must "
            "be empty, or a URL that starts with redis://, rediss://, unix://, redis+sentinel:// "
            "or redis+cluster://."
        ),
    ),
    (
        {"LIVEROOM_SERVER_PROT": "1"},
        (
            "The environment variable LIVEROOM_SERVER_PROT is not a setting; "
            "did you mean LIVEROOM_SERVER_PORT"
        ),
    ),
    (
        {"LIVEROOM_EDGE_PING_TIMEOUT_S": "25"},
        "edge.ping_interval_s = 25.0 must be less than edge.ping_timeout_s = 25.0.",
    ),
    (
        {"LIVEROOM_HUB_UNSENT_SOFT_BYTES": "2000000"},
        "hub.unsent_soft_bytes = 2000000 must be less than hub.unsent_hard_bytes = 1048576.",
    ),
    (
        {"LIVEROOM_REDIS_DURABILITY": "replicas:1"},
        "redis.durability = replicas:1 needs a Redis with replicas: set redis.url",
    ),
    ({"LIVEROOM_JWT_ALGORITHM": "RS256"}, "jwt.algorithm = RS256 needs either jwt.public_key_file"),
    (
        {"LIVEROOM_MODE": "production"},
        "jwt.secret is required in production mode: set LIVEROOM_JWT_SECRET",
    ),
]


@pytest.mark.parametrize(("environment", "sentence"), REFUSED)
def test_a_bad_value_is_one_line_with_the_key_the_value_and_what_is_allowed(
    environment: dict[str, str], sentence: str, monkeypatch: Env
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


FILES = [
    (
        "[server]\nprot = 1\n",
        "server.prot (from {}) is not a setting; did you mean server.port or server.host.",
    ),
    ("[sever]\nport = 1\n", "sever (from {}) is not a setting; did you mean server."),
    ("server = 3\n", "server (from {}) must be a section with settings in it, not 3."),
    ("[server]\nport = -1\n", "server.port = -1 (from {}) is not allowed: it must be"),
    ("[edge]\norigins = 'x'\n", "edge.origins = 'x' (from {}) is not allowed: it must be a list"),
    ("[payments]\nwebhook_secret = ''\n", "payments.webhook_secret = (hidden) (from {}) is not"),
    ("[payments]\nwebhook_secret = '15 bytes is few'\n", "payments.webhook_secret = (hidden)"),
    ("[outbox]\nsecret = ''\n", "outbox.secret = (hidden) (from {}) is not allowed: it must be a"),
    ("[server\n", "The config file {} is not valid TOML"),
]


@pytest.mark.parametrize(("text", "sentence"), FILES)
def test_a_bad_file_is_one_line_with_its_name(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)

    with pytest.raises(SettingsError) as refused:
        load_settings(path)

    assert str(refused.value).startswith(sentence.format(path))
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Can't read the config file .*nowhere\.toml: No such"):
        load_settings(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("name", ["default", "development", "production", "loadtest"])
def test_the_files_that_come_along_can_be_used(name: str, monkeypatch: Env) -> None:
    monkeypatch.setenv("LIVEROOM_JWT_SECRET", SECRET)

    load_settings(CONFIG / f"{name}.toml")


@pytest.mark.parametrize("name", ["development", "production", "loadtest"])
def test_a_file_for_a_mode_is_in_it_and_says_only_what_differs(name: str) -> None:
    tree = tomllib.loads((CONFIG / f"{name}.toml").read_text())
    default = plain(Settings())

    assert tree["mode"] == name
    same = [
        f"{section}.{key}"
        for section, values in tree.items()
        if isinstance(values, dict)
        for key, value in values.items()
        # Limits that a load test must not have are said, even where the default has none.
        if value == default[section][key] and name != "loadtest"
    ]
    assert same == []


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_the_pages_made_from_the_code_are_up_to_date(path: Path) -> None:
    written = (CONFIG.parent / path).read_text(encoding="utf-8")

    assert written == PAGES[path](), "run `make docs`"


def test_default_toml_names_every_setting_with_its_default() -> None:
    tree = tomllib.loads((CONFIG / "default.toml").read_text())
    default = plain(Settings())

    for key, _ in fields(Settings):
        section, _, name = key.rpartition(".")
        value = default[section][name] if section else default[name]
        listed = tree[section].get(name) if section else tree.get(name)
        assert listed == value, key


def test_every_setting_says_what_it_is_and_numbers_have_bounds() -> None:
    for key, field in fields(Settings):
        assert field.description, key
        if field.annotation in (int, float):
            assert {type(rule).__name__ for rule in field.metadata} >= {"Ge", "Le"}, key


def test_environment_names_are_all_different() -> None:
    names = [env_name(key) for key, _ in fields(Settings)]

    assert len(names) == len(set(names))


def test_secrets_are_in_no_text_made_of_settings(monkeypatch: Env) -> None:
    monkeypatch.setenv("LIVEROOM_JWT_SECRET", SECRET)
    monkeypatch.setenv("LIVEROOM_PAYMENTS_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("LIVEROOM_REDIS_URL", "redis://user:hush-hush@host/0")

    found = load_settings()

    for text in (repr(found), str(found), effective_toml(found)):
        assert SECRET not in text
        assert "hush-hush" not in text


def test_effective_settings_are_toml(monkeypatch: Env) -> None:
    monkeypatch.setenv("LIVEROOM_REDIS_URL", "redis://user:hush-hush@host/0")
    monkeypatch.setenv("LIVEROOM_SERVER_PORT", "9999")

    tree = tomllib.loads(effective_toml(load_settings()))

    assert tree["server"]["port"] == 9999
    assert tree["redis"]["url"] == "redis://user:***@host/0"


def test_a_worker_gets_the_same_settings_by_json(monkeypatch: Env) -> None:
    monkeypatch.setenv("LIVEROOM_JWT_SECRET", SECRET)
    monkeypatch.setenv("LIVEROOM_EDGE_ORIGINS", "https://a.example")
    found = load_settings()

    sent: dict[str, Any] = json.loads(json.dumps(plain(found)))

    assert Settings.model_validate(sent) == found


def service(name: str, address: str = "tcp://10.96.12.7:8080") -> dict[str, str]:
    """The variables that Kubernetes gives every container for a Service."""
    upper = name.upper().replace("-", "_")
    _, _, place = address.partition("://")
    host, _, port = place.rpartition(":")
    of_port = f"{upper}_PORT_{port}_{address.partition(':')[0].upper()}"
    return {
        f"{upper}_SERVICE_HOST": host,
        f"{upper}_SERVICE_PORT": port,
        f"{upper}_SERVICE_PORT_HTTP": port,
        f"{upper}_PORT": address,
        of_port: address,
        f"{of_port}_PROTO": address.partition(":")[0],
        f"{of_port}_PORT": port,
        f"{of_port}_ADDR": host,
    }


@pytest.mark.parametrize("address", ["tcp://10.96.12.7:8080", "udp://10.96.12.7:53", "tcp://::1:9"])
@pytest.mark.parametrize(
    "name",
    ["shop", "liveroom", "liveroom-server", "liveroom-redis", "liveroom-service", "liveroom-log"],
)
def test_addresses_of_services_are_no_settings(name: str, address: str, monkeypatch: Env) -> None:
    for variable, value in service(name, address).items():
        monkeypatch.setenv(variable, value)

    assert load_settings() == Settings()


def test_dockers_links_are_no_settings(monkeypatch: Env) -> None:
    of_server = service("liveroom-server")
    for variable in [name for name in of_server if "_SERVICE_" not in name]:
        monkeypatch.setenv(variable, of_server[variable])

    assert load_settings() == Settings()


def test_a_setting_beside_a_service_of_its_name_holds(monkeypatch: Env) -> None:
    for variable, value in service("liveroom-server").items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("LIVEROOM_SERVER_PORT", "9001")

    assert load_settings().server.port == 9001


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIVEROOM_SERVER_PORT", "tcp://10.96.12.7:8080"),
        ("LIVEROOM_SERVICE_PORT", "8080"),
        ("LIVEROOM_REDIS_SERVICE_HOST", "10.96.12.7"),
    ],
)
def test_a_variable_that_looks_like_a_service_but_stands_alone_is_refused(
    name: str, value: str, monkeypatch: Env
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError):
        load_settings()


SECRETS = {"jwt": {"secret": SECRET}}
UNPAID = [
    ("production", {}, "payments.provider is required in production mode: set LIVEROOM_PAYMENTS"),
    ("loadtest", {}, "payments.provider is required in loadtest mode"),
    ("production", {"provider": "webhook"}, "payments.provider = webhook needs payments.webhook_s"),
    ("development", {"provider": "webhook"}, "payments.provider = webhook needs"),
]


@pytest.mark.parametrize(("mode", "payments", "sentence"), UNPAID)
def test_serving_needs_somebody_who_takes_the_money(
    mode: str, payments: dict[str, str], sentence: str
) -> None:
    settings = Settings.model_validate({"mode": mode, "payments": payments, **SECRETS})

    with pytest.raises(SettingsError) as refused:
        must_be_able_to_serve(settings)

    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("mode", "payments"),
    [
        ("development", {}),
        ("production", {"provider": "sandbox"}),
        ("production", {"provider": "webhook", "webhook_secret": SECRET}),
    ],
)
def test_with_somebody_who_takes_the_money_it_may_serve(
    mode: str, payments: dict[str, str]
) -> None:
    must_be_able_to_serve(Settings.model_validate({"mode": mode, "payments": payments, **SECRETS}))


@pytest.mark.parametrize("ends", ["\n", "\r\n", " ", "\t"])
@pytest.mark.parametrize("key", ["jwt.secret", "payments.webhook_secret", "outbox.secret"])
def test_a_secret_with_white_space_at_an_end_is_refused(
    key: str, ends: str, monkeypatch: Env
) -> None:
    secret = "0123456789abcdef" * 2
    for value in (secret + ends, ends + secret):
        monkeypatch.setenv(env_name(key), value)
        with pytest.raises(SettingsError) as refused:
            load_settings()
        assert f"{key} = (hidden)" in str(refused.value)
        assert "without white space or a newline at its ends" in str(refused.value)
        assert "0123456789" not in str(refused.value)
    monkeypatch.setenv(env_name(key), secret)
    load_settings()
