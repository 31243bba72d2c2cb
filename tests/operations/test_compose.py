"""Compose: what each service names exists, and what can run here does run."""

import asyncio
import io
import ipaddress
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from typer.testing import CliRunner
from yarl import URL

from loadtest.fanout.ready import free_port
from server.cli import main as cli
from server.cli.examples import EXAMPLES, example
from server.features.merchants.settings import MerchantSettings
from server.house import HOUSE
from server.protocol.roles import Role
from server.settings import Settings
from server.store import redis_program
from server.store.client import connect
from tests.operations.shipped import EXAMPLES as FOLDER
from tests.operations.shipped import SECRETS, documents, image, seconds, settings_of, tracked
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed
GIVEN = {"POSTGRES_PASSWORD": "0f" * 32, "GRAFANA_PASSWORD": "g" * 32, **SECRETS}
"""What an owner sets."""
PORTS = {"valkey": 6379, "postgres": 5432, "prometheus": 9090, "liveroom": 8080}
"""Where the images listen."""
DEFAULTS = HOUSE.settings_model.model_validate({"jwt": {"secret": "s" * 32}})
NGINX_CONF = (FOLDER / "compose" / "nginx.conf").read_text("utf-8")


def compose() -> dict[str, Any]:
    [found] = documents("compose")
    return found


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"][name]
    return found


def filled_in(text: str) -> str:
    """A value as Compose makes it of the variables; one that must be set has to be given."""

    def value(found: re.Match[str]) -> str:
        name, how, other = found[1], found[2] or "", found[3] or ""
        return GIVEN[name] if how == ":?" or name in GIVEN else other if how == ":-" else ""

    return re.sub(r"\$\{(\w+)(:[-?])?([^}]*)\}", value, text)


def mounts(name: str) -> dict[str, str]:
    """Of a service: where -> what, a file of ours or a volume."""
    pairs = (each.split(":") for each in service(name).get("volumes", []))
    return {target: source for source, target, *_ in pairs}


def test_the_server_gets_settings_that_it_serves_with(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = service("liveroom")
    of_image = {k: v for k, v in image()[-1].env.items() if k.startswith("LIVEROOM_")}
    env = {name: filled_in(value) for name, value in ours["environment"].items()}
    settings = settings_of(of_image | env, monkeypatch)
    assert settings.mode == "production"
    assert settings.records.url == f"postgresql://liveroom:{'0f' * 32}@postgres/liveroom"
    assert seconds(ours["stop_grace_period"]) > settings.server.drain_s + 2
    assert settings.data.dir in mounts("liveroom")
    front = compose()["networks"]["front"]["ipam"]["config"]
    assert list(settings.server.trusted_proxies) == [each["subnet"] for each in front]
    assert ipaddress.ip_network(front[0]["subnet"]).is_private
    published = service("nginx")["ports"]
    assert published == [f"127.0.0.1:{URL(settings.server.public_url).port}:8080"]

    built = ours["build"]
    context = (FOLDER / built["context"]).resolve()
    assert built["dockerfile"] in tracked()
    assert (context / built["dockerfile"]).is_file()
    assert "HEALTHCHECK" in {each.name for each in image()[-1].instructions}


def test_each_variable_is_explained_and_none_that_is_a_secret_has_a_default() -> None:
    text = example("compose")
    head = text.partition("name: liveroom")[0]
    for name, how in re.findall(r"\$\{(\w+)(:[-?])?", text):
        assert name in head
        assert (how == ":-") == (name in ("IMAGE", "PUBLIC_URL")) or name == "POSTGRES_PASSWORD"
    assert "${POSTGRES_PASSWORD:?" in text


def test_no_service_names_what_is_not_there() -> None:
    found = compose()
    used: set[str] = set()
    for name, each in found["services"].items():
        assert set(each["networks"]) <= set(found["networks"])
        _, _, tag = filled_in(each["image"]).partition(":")
        assert tag != "latest"
        assert bool(tag) != ("build" in each)  # the one that is built has no version yet
        assert each["restart"] == "unless-stopped"
        for other, how in each.get("depends_on", {}).items():
            needed = found["services"][other]
            if how["condition"] == "service_healthy":
                assert "healthcheck" in needed or "build" in needed
        for source in mounts(name).values():
            if source.startswith("."):
                path = (FOLDER / source).resolve().relative_to(FOLDER.parents[1])
                assert str(path) in tracked(), source
            else:
                used.add(source)
        for published in each.get("ports", []):
            assert published.startswith("127.0.0.1:"), "TLS comes first"
    assert used == set(found["volumes"])
    assert [name for name, each in found["services"].items() if "ports" in each] == [
        "nginx",
        "grafana",
    ]


def test_each_address_is_that_of_a_service_on_the_same_network() -> None:
    addresses = [("liveroom", URL(filled_in(each))) for name, each in
                 service("liveroom")["environment"].items()
                 if name in ("LIVEROOM_REDIS_URL", "LIVEROOM_RECORDS_URL")]  # fmt: skip
    source = yaml.safe_load((FOLDER / "compose" / "grafana-datasource.yaml").read_text("utf-8"))
    addresses += [("grafana", URL(each["url"])) for each in source["datasources"]]
    prometheus = yaml.safe_load((FOLDER / "compose" / "prometheus.yml").read_text("utf-8"))
    [scraped] = prometheus["scrape_configs"]
    [found] = scraped["dns_sd_configs"]
    addresses += [("prometheus", URL(f"http://{name}:{found['port']}")) for name in found["names"]]
    [upstream] = re.findall(r"server (\S+) resolve;", NGINX_CONF)
    addresses.append(("nginx", URL(f"http://{upstream}")))
    for who, url in addresses:
        assert url.host in PORTS, url
        assert (url.port or PORTS[url.host]) == PORTS[url.host]
        assert set(service(who)["networks"]) & set(service(url.host)["networks"])
    assert image()[-1].env["LIVEROOM_SERVER_PORT"] == str(PORTS["liveroom"])
    assert compose()["networks"]["back"] == {"internal": True}


def test_what_needs_no_rights_has_none() -> None:
    for name in ("liveroom", "nginx"):
        each = service(name)
        assert each["read_only"] is True
        assert each["cap_drop"] == ["ALL"]
        assert each["security_opt"] == ["no-new-privileges:true"]
        assert each["tmpfs"] == ["/tmp"]
    assert int(service("nginx")["user"].partition(":")[0]) > 0
    written = set(re.findall(r"(?:_temp_path|pid) (\S+);", NGINX_CONF))
    assert {path.rpartition("/")[0] for path in written} == {"/tmp"}


def test_grafana_finds_the_dashboard_and_where_its_figures_are() -> None:
    mounted = mounts("grafana")
    assert mounted["/etc/grafana/dashboards/liveroom.json"] == f"../{EXAMPLES['grafana']}"
    provided = yaml.safe_load((FOLDER / "compose" / "grafana-dashboards.yaml").read_text("utf-8"))
    [provider] = provided["providers"]
    assert f"{provider['options']['path']}/liveroom.json" in mounted
    for kind, file in (("datasources", "grafana-datasource"), ("dashboards", "grafana-dashboards")):
        place = f"/etc/grafana/provisioning/{kind}/liveroom.yaml"
        assert mounted[place] == f"./compose/{file}.yaml"
    source = yaml.safe_load((FOLDER / "compose" / "grafana-datasource.yaml").read_text("utf-8"))
    [made] = source["datasources"]
    assert (made["type"], made["isDefault"], made["jsonData"]["manageAlerts"]) == (
        "prometheus", True, True,
    )  # fmt: skip


def test_prometheus_finds_its_file_and_the_rules() -> None:
    mounted = mounts("prometheus")
    flags = dict(each.split("=", 1) for each in service("prometheus")["command"])
    assert mounted[flags["--config.file"]] == "./compose/prometheus.yml"
    config = yaml.safe_load((FOLDER / "compose" / "prometheus.yml").read_text("utf-8"))
    folder = flags["--config.file"].rpartition("/")[0]
    assert [mounted[f"{folder}/{name}"] for name in config["rule_files"]] == ["./alerts.yaml"]
    assert flags["--storage.tsdb.path"] in mounted


async def test_valkey_takes_its_flags_and_keeps_what_it_is_told(
    tmp_path: Path, settings: Settings
) -> None:
    program, *flags = shlex.split(service("valkey")["command"])
    assert program == "valkey-server"
    assert "/data" in mounts("valkey")
    found = await redis_program.find("")
    socket = tmp_path / "s"
    process = await asyncio.create_subprocess_exec(
        found.path, *flags, "--port", "0", "--unixsocket", str(socket), "--dir", str(tmp_path),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    redis = connect(f"unix://{socket}", settings.redis)
    try:
        while not socket.exists():
            assert process.returncode is None
            await asyncio.sleep(0.01)
        kept = await redis.config_get("append*", "no-append*", "maxmemory-policy", "client-output*")
        assert kept["appendonly"] == "yes"
        assert kept["appendfsync"] == "always"
        assert kept["no-appendfsync-on-rewrite"] == "no"
        assert kept["maxmemory-policy"] == "noeviction"
        assert "pubsub 268435456 67108864 60" in str(kept["client-output-buffer-limit"])
    finally:
        await redis.aclose()
        process.terminate()
        await process.wait()


async def test_nginx_passes_people_on_and_keeps_the_inside_inside(
    settings: Settings, tmp_path: Path
) -> None:
    nginx = shutil.which("nginx")
    if nginx is None:
        pytest.skip("nginx is not installed")
    port = free_port()
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, settings, f"http://127.0.0.1:{port}")
        config = tmp_path / "nginx.conf"
        config.write_text(
            NGINX_CONF.replace("liveroom:8080 resolve", f"127.0.0.1:{worker.port}")
            .replace("listen 8080", f"listen 127.0.0.1:{port}")
            .replace("/tmp/", f"{tmp_path}/")
            .replace("worker_rlimit_nofile 131072;", "")
            .replace("65536", "256")
        )
        process = await asyncio.create_subprocess_exec(
            nginx, "-p", str(tmp_path), "-c", str(config), "-g", "daemon off; user root;",
            env={"PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        try:
            while not await _listens(port):
                assert process.returncode is None
            for path in ("/metrics", "/readyz", "/healthz"):
                assert (await api.send("GET", path))[0] == 403
            made = await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
            assert made[0] == 201
            protocols = ("liveroom.v1.json",)
            async with session.ws_connect(f"{api.url}/v1/rooms/r1/ws", protocols=protocols) as ws:
                await ws.send_json({"op": "join", "ref": 1})
                assert (await ws.receive_json())[0]["t"] == "ok"
            # A file of goods as large as one may be comes through, and is judged by the server.
            body = io.BytesIO(b"x" * DEFAULTS.section(MerchantSettings).import_bytes_max)
            path, kind = "/v1/merchants/m1/goods", {"Content-Type": "text/csv"}
            admin: dict[str, Any] = {"user": "a", "role": Role.ADMIN}
            status, answer = await api.send("PUT", path, data=body, headers=kind, **admin)
            assert (status, answer["code"]) == (400, "bad_message"), answer
        finally:
            process.terminate()
            await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        await asyncio.sleep(0.01)
        return False
    writer.close()
    return True


def test_every_proxy_waits_longer_than_the_server_and_takes_its_largest_file() -> None:
    largest = DEFAULTS.section(MerchantSettings).import_bytes_max
    for text in (NGINX_CONF, example("nginx")):
        [size_m] = re.findall(r"client_max_body_size (\d+)m;", text)
        assert int(size_m) * 2**20 > largest
        [read_s] = re.findall(r"proxy_read_timeout (\d+)s;", text)
        assert int(read_s) > DEFAULTS.edge.ping_timeout_s
        assert set(re.findall(r"location = (/\w+) \{ deny all; \}", text)) == {
            "/metrics", "/readyz", "/healthz",
        }  # fmt: skip


def test_the_files_can_be_written_to_a_folder_with_all_that_they_name(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    asked = ["config", "--examples", str(folder)]
    written = CliRunner().invoke(cli.app, asked)
    assert written.exit_code == 0, written.output
    assert {str(folder / path) for path in EXAMPLES.values()} <= set(written.output.split())
    for name in compose()["services"]:
        for source in mounts(name).values():
            if source.startswith("."):
                assert (folder / "examples" / source).is_file()
    again = CliRunner().invoke(cli.app, asked)
    assert again.exit_code == 1
    assert "is there already; nothing was written" in again.output
