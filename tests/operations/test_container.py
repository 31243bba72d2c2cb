"""The image: what the Containerfile names exists, and the server runs as the image runs it."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from server.cli import main as cli
from server.settings import Settings
from tests.operations.containerfile import stages_of
from tests.operations.shipped import ROOT, image, settings_of, tracked
from tests.packaging.test_wheel import _FILES, _SOURCES
from tests.running import running

pytestmark = pytest.mark.blocking_allowed
NEEDED = {
    "LIVEROOM_JWT_SECRET": "s" * 64,
    "LIVEROOM_PAYMENTS_PROVIDER": "sandbox",
}
"""The line in the Containerfile's head that runs the image alone."""
CONFINED = """
set -eu
data=$1; tmp=$2; shift 2
mount --bind "$data" "$data"; mount --bind "$tmp" "$tmp"
for place in $(cut -d ' ' -f 5 /proc/self/mountinfo | sort -u); do
    case $place in "$data"|"$tmp"|/proc*|/sys*|/dev*) continue ;; esac
    mount -o remount,bind,ro "$place"
done
if touch /of-root "$HOME/of-home" /var/tmp/of-all 2>/dev/null; then exit 70; fi
cd "$data"
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""
"""Runs a program where two folders can be written and nothing else, without root's rights."""


def test_it_is_built_in_one_stage_and_runs_in_another_as_nobody() -> None:
    build, run = image()
    assert build.name == "build"
    assert build.image == run.image  # the environment that is copied names its Python
    supported = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text("utf-8"))
    assert run.image in {f"python:{version}-slim" for version in supported}
    user, group = run.only("USER").value.split(":")
    assert user.isdigit()
    assert int(user) >= 1000
    assert group == user
    [made] = run.each("RUN")
    assert f"--uid {user} " in made.value
    assert f"install --directory --owner {user} --group {group}" in made.value
    names = [each.name for each in run.instructions]
    assert names.index("RUN") < names.index("USER") < names.index("ENTRYPOINT")


def test_it_copies_what_the_wheel_is_built_of_and_each_piece_is_there() -> None:
    build, run = image()
    copied = {word for each in build.each("COPY") for word in each.words[:-1]}
    assert copied == {*_SOURCES, *_FILES, "constraints.txt"}
    for name in copied:
        assert name in tracked() or any(path.startswith(f"{name}/") for path in tracked())
    for each in build.each("COPY"):
        if len(each.words) == 2:  # a folder, which gets the name that it had
            assert each.words[1] == f"/src/{each.words[0]}"
        else:
            assert each.words[-1] == "/src/"
    [installed] = build.each("RUN")
    assert re.search(r"--constraint /src/constraints\.txt +/src$", installed.value)
    [kept] = run.each("COPY")
    assert kept.flags == {"from": build.name}
    assert kept.words == ["/opt/liveroom", "/opt/liveroom"]
    assert "-m venv /opt/liveroom " in installed.value
    assert run.env["PATH"].startswith("/opt/liveroom/bin:")


def test_its_command_its_port_and_its_variables_are_those_of_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, run = image()
    assert run.only("ENTRYPOINT").words == ["liveroom"]
    [command] = run.only("CMD").words
    assert command in get_command(cli.app).commands  # type: ignore[attr-defined]
    env = {name: value for name, value in run.env.items() if name.startswith("LIVEROOM_")}
    settings = settings_of(env | NEEDED, monkeypatch)
    assert settings.mode == "production"
    assert settings.server.host == "0.0.0.0"
    assert run.only("EXPOSE").value == str(settings.server.port)
    assert settings.data.dir == run.only("WORKDIR").value == run.only("VOLUME").value
    assert run.only("RUN").value.endswith(f" {settings.data.dir}")
    assert run.only("STOPSIGNAL").value in signal.Signals.__members__


def test_what_it_runs_while_it_is_built_can_be_read_by_a_shell() -> None:
    for stage in image():
        for each in stage.each("RUN"):
            subprocess.run(["sh", "-n", "-c", each.value], check=True)


async def test_its_health_is_that_of_a_server_that_runs(settings: Settings) -> None:
    check = image()[-1].only("HEALTHCHECK")
    assert check.value.startswith("CMD ")
    [program, *arguments] = check._replace(value=check.value.removeprefix("CMD ")).words
    assert program == "python"

    async def status(port: int) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env={"LIVEROOM_SERVER_PORT": str(port)},
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        return await process.wait()

    async with running(settings, "w1") as worker:
        assert await status(worker.port) == 0
    assert await status(worker.port) == 1


@pytest.mark.long("a server as a process, with its Redis and records")
async def test_it_runs_where_only_its_data_and_tmp_can_be_written(tmp_path: Path) -> None:
    if os.getuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("needs root, and unshare and setpriv of util-linux")
    data, tmp = tmp_path / "data", tmp_path / "tmp"
    data.mkdir()
    tmp.mkdir()
    env = image()[-1].env | NEEDED | {
        "LIVEROOM_DATA_DIR": str(data), "LIVEROOM_SERVER_PORT": "0", "TMPDIR": str(tmp),
        "LIVEROOM_SERVER_HOST": "127.0.0.1", "PATH": os.environ["PATH"], "HOME": "/nonexistent",
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--mount", "--propagation", "private", "sh", "-c", CONFINED, "sh"),
        *(str(data), str(tmp), sys.executable, "-m", "server", "serve"),
        env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    said = await process.stdout.readline()
    if process.returncode is None and said:
        process.terminate()
    _, problems = await process.communicate()
    assert said.startswith(b"Liveroom is at http://"), problems.decode()
    assert process.returncode == 0, problems.decode()
    assert {path.name for path in data.iterdir()} >= {"records.sqlite3"}


def test_a_file_that_is_not_understood_is_refused() -> None:
    for text, why in (
        ("FROM a\nHEALTHCHEK CMD x", "not known"),
        ("FROM a\nCOPY --form=b c d", "no flag --form"),
        ("FROM a\nCMD liveroom serve", "does not pass signals on"),
        ("USER 1\nFROM a", "before the first FROM"),
    ):
        with pytest.raises(ValueError, match=why):
            stages_of(text)
    [stage] = stages_of('# a\nFROM a AS b\nENV A=1 \\\n    B="2 3"\n# c\nRUN d \\\n  && e')
    assert (stage.name, stage.env) == ("b", {"A": "1", "B": "2 3"})
    assert stage.only("RUN").value == "d && e"
