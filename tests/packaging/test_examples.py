"""The examples that `liveroom config` prints: they parse, and what they name exists."""

import configparser
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from typer.main import get_command

from server.cli import main as cli
from server.cli.examples import EXAMPLES, example
from server.features.media.places import Places
from server.features.media.settings import MediaSettings
from server.house import HOUSE

ROOT = Path(__file__).parents[2]
SETTINGS = HOUSE.settings_model.model_validate({"jwt": {"secret": "s" * 32}})
COMMANDS = set(get_command(cli.app).commands)  # type: ignore[attr-defined]
PORT = SETTINGS.server.port


def variables() -> set[str]:
    """Every LIVEROOM_ variable that sets something."""
    found = {"LIVEROOM_MODE", "LIVEROOM_CONFIG"}
    for section, value in SETTINGS:
        for name in getattr(type(value), "model_fields", {}):
            found.add(f"LIVEROOM_{section}_{name}".upper())
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_variable_an_example_names_sets_something(name: str) -> None:
    assert (
        set(re.findall(r"\bLIVEROOM_[A-Z0-9_]*[A-Z0-9]", example(name)))
        - {
            "LIVEROOM_PORT"  # which Kubernetes would set, and the example keeps away
        }
        <= variables()
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_command_and_example_that_one_names_is_there(name: str) -> None:
    text = example(name).replace("\n# ", " ")
    said = re.findall(r"(?:bin/|`|\[)\"?liveroom\"?,? \"?([a-z-]+)", text)

    assert set(said) <= COMMANDS
    assert set(re.findall(r"--example (\w+)", text)) <= set(EXAMPLES)
    for page in re.findall(r"docs/[\w-]+\.md", text):
        assert (ROOT / page).exists()


def test_the_file_of_production_is_valid_settings() -> None:
    assert HOUSE.settings_model.model_validate(
        tomllib.loads(example("production")) | {"jwt": {"secret": "s" * 32}}
    )


def test_the_unit_starts_a_command_with_files_it_speaks_of() -> None:
    unit = configparser.ConfigParser(interpolation=None, comment_prefixes="#")
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(example("systemd"))

    assert list(unit) == ["DEFAULT", "Unit", "Service", "Install"]
    service = unit["Service"]
    assert service["ExecStart"].split()[:2] == ["/opt/liveroom/bin/liveroom", "serve"]
    drain_s = tomllib.loads(example("production"))["server"]["drain_s"]
    assert int(service["TimeoutStopSec"]) > drain_s


def test_the_page_of_operations_shows_the_same_unit() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    assert "liveroom config --example systemd" in page
    assert all(f"--example {name}" in page or f"`{name}`" in page for name in EXAMPLES)


def test_nginx_takes_its_file(tmp_path: Path) -> None:
    nginx = shutil.which("nginx")
    text = example("nginx")
    assert f"server 127.0.0.1:{PORT};" in text
    assert set(re.findall(r"location = (/\w+)", text)) == {"/metrics", "/readyz", "/healthz"}
    if nginx is None:
        pytest.skip("no nginx here")
    without_tls = re.sub(r"listen 443 ssl;|ssl_certificate\w* .*;", "", text)
    site = tmp_path / "site.conf"
    site.write_text(without_tls.replace("server_name", "listen 127.0.0.1:9; server_name"))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p;"
        f" fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u;"
        f" scgi_temp_path {tmp_path}/s; include {site}; }}"
    )
    tried = subprocess.run(
        [nginx, "-t", "-c", str(tmp_path / "nginx.conf")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "syntax is ok" in tried.stderr, tried.stderr


def test_mediamtx_asks_us_and_takes_the_paths_of_rooms_alone() -> None:
    config = yaml.safe_load(example("mediamtx"))
    asked = urlsplit(config["authHTTPAddress"])
    media = MediaSettings(path_prefix="live")

    assert config["authMethod"] == "http"
    assert (asked.port, asked.path) == (PORT, "/v1/media/auth")
    assert asked.password  # goes as basic authentication, which we look at
    assert [each["action"] for each in config["authHTTPExclude"]] == ["api", "metrics", "pprof"]
    [path] = config["paths"]
    taken = re.compile(path.removeprefix("~"))
    assert all(taken.match(Places(media).path_of(room)) for room in ("demo", "a:b@c", "x.y-z_1"))
    assert not any(map(taken.match, ("demo", "live/", "live/a/b", "liver/demo")))


def test_the_dashboard_is_json() -> None:
    assert json.loads(example("grafana"))["title"] == "Liveroom"
