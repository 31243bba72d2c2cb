"""A shop as it is run on several machines: two servers, Redis with a replica, Sentinels, a proxy.

    people ── front ─┬─ web1 ─┬─ db1, db2            Redis, one of them the primary
                     └─ web2 ─┴─ watch1 … watch3     Sentinels

The management of a machine does not go over its network: each Redis also listens on a file.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from redis import Redis, RedisError

from server.house import keys_under
from server.store.keys import Keys
from server.store.redis_program import RedisProgram
from tests.conftest import JWT_SECRET
from tests.machines.network import Network, bare_environment, network

WEBS = ("web1", "web2")
STORES = ("db1", "db2")
WATCHES = ("watch1", "watch2", "watch3")
FRONT = "front"
PEOPLE = "people"
SERVICE = "rooms"
WAIT_S_MAX = 120
"""Longest wait for anything: a bound, not a measurement."""

# docs/operations.md, but without TLS and with quick looks at the servers.
_HAPROXY = """global
  maxconn 2000
defaults
  mode http
  timeout connect 5s
  timeout client 90s
  timeout server 90s
  timeout tunnel 90s
  timeout http-request 10s
frontend people
  bind :80
  default_backend liveroom
backend liveroom
  balance leastconn
  option httpchk GET /readyz
  timeout check 10s
  default-server check inter 1s fall 3 rise 1
{servers}
"""
_NGINX = """daemon off; worker_processes 1; user root; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream liveroom {{ least_conn; {servers} }}
  server {{
    listen 80;
    location / {{
      proxy_pass http://liveroom;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $http_connection;
      proxy_set_header Host $http_host;
      proxy_read_timeout 90s;
      proxy_buffering off;
    }}
  }}
}}
"""


def await_(true: Callable[[], Any], what: str, within_s: float = WAIT_S_MAX) -> None:
    """Wait until something is true; looking at it may fail meanwhile."""
    end = time.monotonic() + within_s
    while True:
        with contextlib.suppress(RedisError, OSError):
            if true():
                return
        assert time.monotonic() < end, f"in {within_s:g} s not: {what}"
        time.sleep(0.05)


FOLLOWED_S_MAX = 90
"""Time for the archive to follow: it waits up to a minute after rounds that failed."""


class Site:
    """All programs, on their machines. `durability` is what the servers promise."""

    def __init__(
        self, wires: Network, folder: Path, program: RedisProgram, durability: str, **options: str
    ) -> None:
        self.wires = wires
        self.folder = folder
        self.durability = durability
        self.keys: Keys = keys_under("lr")
        self._program = program
        self._options = options
        self._said = folder / "said"
        self._said.mkdir()

    def redis(self, name: str) -> Redis:
        """A client of the Redis on a machine, over no network."""
        return Redis(unix_socket_path=str(self.folder / f"{name}.sock"), socket_timeout=60)

    def start_redis(self, name: str, **more: str) -> None:
        """Start a Redis on what its machine has on disk, and wait until it answers."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        options = {
            "port": "6379",
            "bind": "0.0.0.0",
            "protected-mode": "no",
            "unixsocket": str(self.folder / f"{name}.sock"),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "dir": str(folder),
            "repl-diskless-sync-delay": "0",
            "repl-timeout": "10",
        } | {name.replace("_", "-"): value for name, value in (self._options | more).items()}
        config = folder / "redis.conf"  # Redis writes its role into it
        if not config.exists():
            none = '""'
            lines = [f"{option} {value or none}\n" for option, value in options.items()]
            config.write_text("".join(lines))
        self._start(name, str(self._program.path), str(config))
        await_(lambda: self.redis(name).ping(), f"the Redis on {name} answers")

    def configure(self, **options: int) -> None:
        """Change options of every Redis while it runs."""
        for name in STORES:
            for option, value in options.items():
                self.redis(name).config_set(option.replace("_", "-"), value)

    def start_sentinel(self, name: str, primary: str) -> None:
        """Start a Sentinel that gives the primary two seconds."""
        config = self.folder / f"{name}.conf"
        config.write_text(
            f"port 26379\nbind 0.0.0.0\nprotected-mode no\ndir {self.folder}\n"
            f"unixsocket {self.folder / name}.sock\n"
            f"sentinel monitor {SERVICE} {self.wires[primary].address} 6379 2\n"
            f"sentinel down-after-milliseconds {SERVICE} 2000\n"
            f"sentinel failover-timeout {SERVICE} 6000\n"
        )
        self._start(name, str(self._program.path), str(config), "--sentinel")
        await_(lambda: self.redis(name).ping(), f"the Sentinel on {name} answers")

    def start_server(self, name: str) -> None:
        """Start `liveroom serve` on a machine."""
        self._start(name, *self._liveroom("serve", "--port", "8080"), env=self._settings(name))

    def start_proxy(self, program: str = "haproxy") -> None:
        """Start the proxy before both servers."""
        config = self.folder / "proxy.conf"
        places = {name: f"{self.wires[name].address}:8080" for name in WEBS}
        if program == "haproxy":
            servers = "\n".join(f"  server {name} {place}" for name, place in places.items())
            config.write_text(_HAPROXY.format(servers=servers))
            self._start(FRONT, "haproxy", "-db", "-f", str(config))
        else:
            servers = " ".join(f"server {place};" for place in places.values())
            config.write_text(_NGINX.format(folder=self.folder, servers=servers))
            self._start(FRONT, "nginx", "-p", str(self.folder), "-c", str(config))

    def await_servers(self) -> None:
        """Wait until both servers can sell. A proxy that starts after that sends people to both."""
        for name in WEBS:
            await_(partial(self._is_ready, name), f"{name} is ready")

    def await_proxy(self) -> None:
        """Wait until the proxy serves."""
        await_(lambda: self._get(PEOPLE, f"{self.front}/readyz"), "the proxy serves")

    def _is_ready(self, name: str) -> bool:
        said = self._said / name
        goes_on = self.wires[name].is_running
        assert goes_on, f"the program on {name} ended: {said.read_text()[-1000:]}"
        return self._get(name, "http://127.0.0.1:8080/readyz")

    @property
    def front(self) -> str:
        """The URL that people use."""
        return f"http://{self.wires[FRONT].address}"

    def _get(self, name: str, url: str) -> bool:
        """Whether a machine gets a good answer to a request."""
        asks = f"import urllib.request as u; u.urlopen({url!r}, timeout=5)"
        command = self.wires[name].inside(sys.executable, "-S", "-c", asks)
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def audit(self) -> None:
        """Assert that all rooms agree with their ledgers, by `liveroom audit --all`, once the
        archive has followed what the network had kept from it."""
        web = WEBS[0]
        command = self.wires[web].inside(*self._liveroom("audit", "--all"))
        env = bare_environment() | self._settings(web)
        until = time.monotonic() + FOLLOWED_S_MAX
        while True:
            audited = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            if audited.returncode == 0 or time.monotonic() > until:
                break
            time.sleep(1)
        assert audited.returncode == 0, audited.stdout + audited.stderr

    @property
    def url(self) -> str:
        """The `redis.url` of the servers."""
        places = ",".join(f"{self.wires[name].address}:26379" for name in WATCHES)
        return f"redis+sentinel://{places}/{SERVICE}"

    def primary(self) -> str:
        """The machine whose Redis most Sentinels name now."""
        named = []
        for watch in WATCHES:
            with contextlib.suppress(RedisError, OSError):
                address: Any = self.redis(watch).sentinel_get_master_addr_by_name(SERVICE)
                named.append(address[0].decode())
        most = max(set(named), key=named.count)
        return next(name for name in STORES if self.wires[name].address == most)

    def owner_of(self, room: str) -> Redis:
        """A client of the Redis that has a room now, over no network."""
        return self.redis(self.primary())

    def is_whole(self) -> bool:
        """Whether one Redis is the primary, the other follows it, and each Sentinel knows."""
        primary = self.primary()
        (replica,) = set(STORES) - {primary}
        follows: Any = self.redis(replica).info("replication")
        leads: Any = self.redis(primary).info("replication")
        linked = follows.get("master_link_status") == "up" and leads["connected_slaves"] == 1
        here = self.wires[primary].address
        return (
            leads["role"] == "master"
            and linked
            and follows["master_host"] == here
            and all(self._knows_all(watch, here) for watch in WATCHES)
        )

    def _knows_all(self, watch: str, primary: str) -> bool:
        sentinel = self.redis(watch)
        state: Any = sentinel.sentinel_master(SERVICE)
        replicas: Any = sentinel.sentinel_slaves(SERVICE)
        return (
            state["ip"] == primary
            and state["flags"] == "master"
            and int(state["num-other-sentinels"]) == len(WATCHES) - 1
            and [each["flags"] for each in replicas] == ["slave"]
        )

    def _settings(self, name: str) -> dict[str, str]:
        # What several servers share: docs/scaling.md. The file stands for one database.
        return {
            "LIVEROOM_SERVER_HOST": "0.0.0.0",
            "LIVEROOM_SERVER_WORKERS": "1",
            "LIVEROOM_DATA_DIR": str(self.folder / f"{name}-data"),
            "LIVEROOM_JWT_SECRET": JWT_SECRET,
            "LIVEROOM_REDIS_URL": self.url,
            "LIVEROOM_REDIS_DURABILITY": self.durability,
            "LIVEROOM_RECORDS_URL": f"sqlite:///{self.folder / 'records.sqlite3'}",
            "LIVEROOM_ORDERS_ORDERS_PER_USER_MAX": "10000",
        }

    @staticmethod
    def _liveroom(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "server", *arguments]

    def _start(self, name: str, *command: str, env: dict[str, str] | None = None) -> None:
        self.wires[name].start(*command, said=self._said / name, env=env)

    def said(self) -> str:
        """What the programs said last, for a test that failed."""
        parts = []
        for file in sorted(self._said.iterdir()):
            lines = [line[:300] for line in file.read_text(errors="replace").splitlines()[-20:]]
            parts.append(f"--- {file.name}\n" + "\n".join(lines))
        return "\n".join(parts)


@contextmanager
def watched_site(
    folder: Path, program: RedisProgram, durability: str, proxy: str = "haproxy", **options: str
) -> Iterator[Site]:
    """A site whose Redis is watched by three Sentinels. `options` are Redis'. Raises NoMachines."""
    with network([FRONT, *WEBS, *STORES, *WATCHES, PEOPLE]) as wires:
        site = Site(wires, folder, program, durability, **options)
        primary, replica = STORES
        site.start_redis(primary)
        site.start_redis(replica, replicaof=f"{wires[primary].address} 6379")
        for watch in WATCHES:
            site.start_sentinel(watch, primary)
        await_(site.is_whole, "the Sentinels know each other and both Redis")
        for web in WEBS:
            site.start_server(web)
        site.await_servers()
        site.start_proxy(proxy)
        site.await_proxy()
        yield site
