"""Behind the proxies that people run, with the settings of docs/operations.md."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from loadtest.fanout.ready import free_port
from server.access.auth import SESSION_COOKIE
from server.edge.edge import Edge
from server.protocol.roles import Role
from tests.edge.conftest import Token
from tests.edge.raw_socket import RawSocket, command, request
from tests.edge.raw_stream import RawStream, post
from tests.running import Worker

NGINX = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream liveroom {{ least_conn; server 127.0.0.1:{back}; keepalive 32; }}
  server {{
    listen 127.0.0.1:{front};
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
HAPROXY = """defaults
  mode http
  timeout connect 5s
  timeout client 90s
  timeout server 90s
  timeout tunnel 90s
  timeout http-request 10s
frontend people
  bind 127.0.0.1:{front}
  default_backend liveroom
backend liveroom
  balance leastconn
  http-reuse always
  server one 127.0.0.1:{back}
"""
CADDY = """{{
  admin off
  auto_https off
}}
http://127.0.0.1:{front} {{
  reverse_proxy 127.0.0.1:{back} {{
    lb_policy least_conn
  }}
}}
"""
PROXIES = {
    "nginx": (NGINX, ["nginx", "-p", "{folder}", "-c", "{config}"]),
    "haproxy": (HAPROXY, ["haproxy", "-db", "-f", "{config}"]),
    "caddy": (CADDY, ["caddy", "run", "--adapter", "caddyfile", "--config", "{config}"]),
}


async def until_it_listens(proxy: asyncio.subprocess.Process, port: int, log: Path) -> None:
    while True:
        assert proxy.returncode is None, log.read_text()
        with contextlib.suppress(OSError):
            (await RawSocket.open(port)).writer.close()
            return
        await asyncio.sleep(0.02)


@pytest.fixture(params=PROXIES)
async def front(
    request: pytest.FixtureRequest, worker: Worker, tmp_path: Path
) -> AsyncIterator[int]:
    """The port of a proxy before the worker."""
    template, command_line = PROXIES[request.param]
    program = shutil.which(command_line[0])
    if program is None:
        pytest.skip(f"{command_line[0]} is not installed")
    port, config, log = free_port(), tmp_path / "config", tmp_path / "said"
    config.write_text(template.format(folder=tmp_path, front=port, back=worker.port))
    arguments = [part.format(folder=tmp_path, config=config) for part in command_line[1:]]
    with log.open("wb") as said:
        proxy = await asyncio.create_subprocess_exec(
            *(program, *arguments),
            stdout=said,
            stderr=said,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        )
    try:
        await until_it_listens(proxy, port, log)
        yield port
    finally:
        if proxy.returncode is None:
            proxy.terminate()  # nginx, killed, would leave its worker behind
        await proxy.wait()


async def test_pages_rest_and_the_socket_work_over_connections_that_are_used_again(
    front: int, token: Token, edge: Edge
) -> None:
    page = f"http://127.0.0.1:{front}"
    cookie = f"Cookie: {SESSION_COOKIE}={token('ann')}"
    for _ in range(5):
        plain = await RawSocket.open(front)
        for path in ("/watch/r1", "/v1/rooms/r1", "/v1/session"):
            head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{front}\r\n{cookie}\r\n\r\n"
            plain.send(head.encode())
            assert (await whole_response(plain)).startswith(b"HTTP/1.1 200")
        viewer = await RawSocket.open(front)
        named = request("r1", f"Origin: {page}", cookie).replace(
            b"Host: 127.0.0.1", f"Host: 127.0.0.1:{front}".encode()
        )
        viewer.send(named)
        assert (await whole_head(viewer)).startswith(b"HTTP/1.1 101")
        viewer.send(command("join"))
        [reply] = await viewer.messages()
        assert reply["you"]["user"] == "ann"
        await viewer.close()
        await plain.close()


async def test_a_stream_comes_through_event_by_event_and_commands_beside_it(
    front: int, token: Token, edge: Edge
) -> None:
    ann, host = (f"Authorization: Bearer {token(*who)}" for who in (("ann",), ("h1", Role.HOST)))
    stream = await RawStream(await RawSocket.open(front)).open(ann, query="?source=search")
    first = await stream.sent()
    assert first.messages[0]["you"]["user"] == "ann"
    others = await RawSocket.open(front)
    for n in range(3):  # each is heard before the next is sent: nothing on the way holds it back
        others.send(post({"op": "notice", "ref": n + 1, "text": f"Hello {n}"}, host))
        await whole_response(others)
        heard = await stream.sent()
        assert heard.messages[0]["text"] == f"Hello {n}"
        assert heard.id == f"{first.messages[0]['epoch']}:{heard.messages[0]['seq']}"
    await edge._ping_all()
    others.send(post({"op": "notice", "ref": 9, "text": "The last"}, host))
    await whole_response(others)
    assert (await stream.sent()).messages[0]["text"] == "The last"
    assert stream.heartbeats == 1
    await others.close()
    await stream.raw.close()
    while edge.connections:  # the proxy lets go of the stream, too
        await asyncio.sleep(0.01)


async def test_a_page_of_another_site_is_refused_through_a_proxy_too(front: int) -> None:
    viewer = await RawSocket.open(front)
    viewer.send(request("r1", "Origin: https://evil.example"))
    assert (await whole_head(viewer)).startswith(b"HTTP/1.1 403")
    await viewer.close()


async def whole_head(raw: RawSocket) -> bytes:
    return await raw.reader.readuntil(b"\r\n\r\n")


async def whole_response(raw: RawSocket) -> bytes:
    """A response's head; its body is read, in chunks or by its length."""
    head = await whole_head(raw)
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
    if fields.get(b"transfer-encoding") == b"chunked":
        while size := int(await raw.reader.readuntil(b"\r\n"), 16):
            await raw.reader.readexactly(size + 2)
        await raw.reader.readexactly(2)
    else:
        await raw.reader.readexactly(int(fields[b"content-length"]))
    return head
