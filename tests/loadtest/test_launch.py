"""How a rehearsal ends before it began: one sentence and exit code 2; 1 is for a verdict alone."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest import exits, launch
from loadtest.fanout import process
from loadtest.loading import load_scenario
from loadtest.observe import Server
from loadtest.tokens import mint

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.blocking_allowed,
    pytest.mark.long("starts a load test each"),
]
SECRET = "a secret of the crowd that is long enough"


def load(*arguments: str) -> int:
    return launch.main(list(arguments))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["flash", "--url", "rooms.example"], "no address of a server"),
        (["flash", "--url", "ftp://rooms.example"], "no address of a server"),
        (["flash", "--url", "http://"], "no address of a server"),
        (["flash", "--url", "http://a:99999"], "no address of a server"),
        (["flash", "--users", "-5"], "-5 users can't play flash"),
        (["flash", "--users", "0"], "0 users can't play flash"),
        (["flash", "--seconds", "3"], "needs more than"),
        (["flash", "--workers", "0"], "--workers 0"),
        (["flash", "--seconds", "nan"], "needs more than"),
        (["flash", "--seconds", "inf"], "needs more than"),
        (["flash", "--room", "bad room/x"], "can't name a room"),
        (["flash", "--room", "x" * 60], "can't name a room"),
        (["flash", "--server-pid", "-4"], "no such process runs here"),
        (["flash", "--audit", "no-such-program --x"], "no program no-such-program"),
        (["flash", "--audit", "'"], "is no command"),
        (["flash", "--report", "/proc/none/report"], "can't be written to /proc/none"),
        (["flesh"], "There is no scenario flesh"),
    ],
)
def test_a_rehearsal_that_can_not_run_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.setenv("LIVEROOM_LOAD_SECRET", SECRET)

    assert load(*arguments) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""


def test_a_server_that_is_not_there_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIVEROOM_LOAD_SECRET", SECRET)

    assert load("flash", "--url", "http://127.0.0.1:9") == 2
    said = capsys.readouterr()
    assert "can't start" in said.err
    assert len(said.err.splitlines()) == 1


def test_a_wrong_secret_is_told_before_anybody_comes_and_prints_no_tables(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with launch.own_server(load_scenario("flash")) as server:
        monkeypatch.setenv("LIVEROOM_LOAD_SECRET", SECRET)
        code = load("flash", "--url", server.url, "--report", str(tmp_path / "report"))

    said = capfd.readouterr()
    assert code == 2
    assert "does not accept the crowd's tokens" in said.err
    assert "LIVEROOM_LOAD_SECRET" in said.err
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_more_people_than_this_system_has_sockets_for_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(process, "raise_file_limit", lambda wanted: 1024)

    assert load("flash", "--users", "5000") == 2
    assert "5,000 users need as many sockets" in capsys.readouterr().err


def test_a_secret_that_no_server_takes_is_told_by_its_length(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIVEROOM_LOAD_SECRET", "short")

    assert load("flash", "--url", "http://127.0.0.1:9") == 2
    assert "has 5 bytes" in capsys.readouterr().err


def test_a_room_of_another_host_is_told_from_a_wrong_secret(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with launch.own_server(load_scenario("flash")) as server:
        monkeypatch.setenv("LIVEROOM_LOAD_SECRET", server.secret)
        theirs = Server(server.url, mint(server.secret, "somebody", "Somebody", "host"), None)
        theirs.call("POST", "/v1/rooms", {"room": "taken", "title": "Taken"})
        theirs.call("POST", "/v1/rooms/taken/live", {"phase": "live"})
        code = load(
            "flash", "--url", server.url, "--room", "taken", "--report", str(tmp_path / "report")
        )

    assert code == 2
    assert "belongs to another host, somebody" in capfd.readouterr().err


@pytest.fixture
def website() -> Iterator[str]:
    """A server of something else: its URL."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<h1>hello</h1>")

        def log_message(self, *_: object) -> None:
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    thread.join()
    served.server_close()


def test_a_server_of_something_else_is_told_apart(
    website: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIVEROOM_LOAD_SECRET", SECRET)

    assert load("flash", "--url", website) == 2
    assert "is it a Liveroom server?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("of_locust", "of_load"), [(0, 0), (exits.VERDICT_FAILED, 1), (1, 2), (2, 2), (-9, 2)]
)
def test_only_a_verdict_ends_with_1(of_locust: int, of_load: int) -> None:
    assert exits.of_run(of_locust) == of_load


def test_locust_without_a_secret_could_not_run(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("LIVEROOM_")}
    ran = subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(launch._LOCUSTFILE), "--headless"],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    assert "LIVEROOM_LOAD_SECRET" in ran.stderr
    assert "Traceback" not in ran.stderr
