"""What the Markdown pages name is there: links, headings, settings, commands, routes, files."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from client_sim.script import CROWD_FIELDS
from server.cli import main as cli
from server.house import HOUSE, Settings
from server.web.pages import PAGES as SITE

ROOT = Path(__file__).parent.parent
COMMANDS = get_command(cli.app)
PAGES = sorted(
    str(path.relative_to(ROOT))
    for where in ("*.md", "docs/**/*.md", "tests/**/*.md", "client_sim/**/*.md", "server/**/*.md")
    for path in ROOT.glob(where)
)
TOLD_OF_TODAY = [
    name for name in PAGES if name != "CHANGELOG.md" and not re.match(r"docs/decisions/\d", name)
]
"""Pages about how things are; the others tell how they came about."""

UNITS = {
    "": 1.0, "s": 1.0, "ms": 0.001, "minute": 60.0, "hour": 3600.0, "day": 86_400.0,
    "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "million": 1e6,
}  # fmt: skip
"""What a number is multiplied with when a page shows a default in a larger unit."""

DECISIONS = "docs/decisions"
OTHERS_ROUTES = {"POST /v3/webrtcsessions/kick/{id}"}
"""Routes of other programs that pages speak of: MediaMTX."""

NO_PAGES = {"v1", "v2", "static", "pictures", "tmp", "proc", "data", "etc"}
"""First parts of addresses that are no pages, and folders of a machine."""


def text_of(name: str) -> str:
    """A page as it is."""
    return (ROOT / name).read_text("utf-8")


def prose(text: str) -> str:
    """A page without its blocks of code, in which brackets and # mean other things."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchor(heading: str) -> str:
    """The address that a heading has within its page, as GitHub makes it."""
    shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")


@cache
def anchors(name: str) -> set[str]:
    """All addresses within a page; a heading that comes again gets a number."""
    headings = re.findall(r"^#{1,6} (.+)$", prose(text_of(name)), re.MULTILINE)
    found = [anchor(heading) for heading in headings]
    found += re.findall(r'<a id="([^"]+)"', text_of(name))
    numbered = {f"{each}-{n}" for each in found for n in range(1, found.count(each))}
    return {*found, *numbered}


@cache
def settings() -> dict[str, float | str | bool | None]:
    """`section.name` of every setting, with its default."""
    house = Settings.model_validate({"jwt": {"secret": "s" * 32}})
    return {
        f"{section}.{name}": field.default
        for section, value in house
        for name, field in getattr(type(value), "model_fields", {}).items()
    }


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(name: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(text_of(name))):
        if re.match(r"[a-z]+:", link):
            continue  # somebody else's page
        path, _, heading = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        if heading and target.suffix == ".md":
            inside = target.resolve().relative_to(ROOT)
            assert heading in anchors(str(inside)), link


@pytest.mark.parametrize("name", TOLD_OF_TODAY)
def test_every_default_that_stands_behind_a_setting_is_its_own(name: str) -> None:
    defaults = settings()
    shown = re.findall(r"`([a-z_]+\.[a-z_]+)` \(([\d.,]*\d) ?([A-Za-z]*)", text_of(name))
    for setting, number, unit in shown:
        factor = UNITS.get(unit, UNITS.get(unit.removesuffix("s"), 1.0))  # else what is counted
        default = defaults[setting]
        assert isinstance(default, int | float), setting
        assert default in (float(number.replace(",", "")) * factor, float(number.replace(",", "")))


@pytest.mark.parametrize("name", TOLD_OF_TODAY)
def test_every_setting_of_a_section_is_there(name: str) -> None:
    defaults = settings()
    sections = {setting.partition(".")[0] for setting in defaults}
    files = {"sqlite3", "pgdump", "rdb", "csv"}
    named = re.findall(r"`([a-z_]+)\.([a-z_0-9]+)[`=]", text_of(name))
    for section, setting in named:
        whole = f"{section}.{setting}"
        if section in sections and setting not in files and not is_else(whole):
            assert whole in defaults, whole


@pytest.mark.parametrize("name", TOLD_OF_TODAY)
def test_every_block_of_toml_sets_what_there_is(name: str) -> None:
    for block in re.findall(r"^```toml\n(.*?)^```", text_of(name), re.MULTILINE | re.DOTALL):
        for section, values in tomllib.loads(block).items():
            if isinstance(values, dict):  # not `mode`
                assert {f"{section}.{each}" for each in values} <= set(settings())


def is_else(name: str) -> bool:
    """Whether it is a module or package of the server, a command, or a step of a simulated one."""
    path = ROOT / "server" / name.replace(".", "/").removeprefix("server/")
    ops = {str(kind.__struct_config__.tag) for kind in HOUSE.commands}
    return path.is_dir() or path.with_suffix(".py").is_file() or name in {*ops, *CROWD_FIELDS}


VERB = r"\b(?:GET|POST|PUT|PATCH|DELETE)\s+`?/[\w/{}.:-]*[\w}]"


def routes(text: str) -> set[str]:
    """Every request that a page names, as `GET /v1/rooms/*`."""
    found = re.findall(VERB, re.sub(r"\s*\n\s*", " ", text))
    return {re.sub(r"\s+`?", " ", each) for each in found} - OTHERS_ROUTES


def any_of(routes: Iterable[str]) -> re.Pattern[str]:
    """What matches a request to one of these, of which parts may be anything."""
    each = ("[^/]+".join(map(re.escape, re.split(r"\{[^}]*\}", route))) for route in routes)
    return re.compile("|".join(each))


REQUESTS = any_of(routes(text_of("docs/protocol.md")))
SERVED = any_of({*SITE, "/healthz", "/readyz", "/metrics"})


@pytest.mark.parametrize("name", TOLD_OF_TODAY)
def test_every_request_is_a_route_of_the_protocol(name: str) -> None:
    for request in routes(text_of(name)):
        assert REQUESTS.fullmatch(request), request


def typed(text: str) -> list[list[str]]:
    """Each `liveroom …` of a page: in backticks, or as a line of a block."""
    pattern = r"`liveroom ([^`]+)`|^ {4,}(?:[\w./-]*/)?liveroom (.*)$|^(?:\$ )?liveroom (.*)$"
    found = re.findall(pattern, text, re.MULTILINE)
    words = [next(filter(None, each)).partition("#")[0].split() for each in found]
    return [each for each in words if each and re.match(r"[a-z]", each[0])]


@pytest.mark.parametrize("name", TOLD_OF_TODAY)
def test_every_command_of_the_shell_is_there_with_its_options(name: str) -> None:
    for words in typed(text_of(name)):
        command: Any = COMMANDS
        rest = list(words)
        while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
            assert rest[0] in command.commands, words
            command = command.commands[rest.pop(0)]
        options = {each for one in command.params for each in (*one.opts, *one.secondary_opts)}
        said = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert said <= options | {"--help"} or takes_others(command), words


def takes_others(command: Any) -> bool:
    """Whether it hands what it doesn't know to another program, as loadtest does to locust."""
    return bool(command.context_settings.get("ignore_unknown_options"))


@pytest.mark.parametrize("name", TOLD_OF_TODAY)
def test_every_target_of_make_is_there(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    said = re.findall(r"(?:`|^ {4,})make ([a-z][a-z-]+)", text_of(name), re.MULTILINE)
    assert set(said) <= targets


@pytest.mark.parametrize("name", TOLD_OF_TODAY)
def test_every_module_that_is_run_is_there(name: str) -> None:
    for module in re.findall(
        r"python -m ((?:server|client_sim|loadtest|tests)[\w.]*)", text_of(name)
    ):
        path = ROOT / module.rstrip(".").replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


@pytest.mark.parametrize("name", TOLD_OF_TODAY)
def test_every_file_of_the_tree_that_is_named_is_there(name: str) -> None:
    folders = "server|client_sim|loadtest|tests|config|docs|\\.ci"
    for path in re.findall(rf"`((?:{folders})/[\w./*-]+)`", text_of(name)):
        if not path.startswith("loadtest/shipped/"):  # made when the wheel is built
            assert list(ROOT.glob(path.rstrip("/"))), path


@pytest.mark.parametrize("name", TOLD_OF_TODAY)
def test_every_page_of_the_server_that_is_named_is_there(name: str) -> None:
    for path in re.findall(r"`(/[a-z]\w*(?:/[^` ]*)?)`", text_of(name)):
        first = path.split("/")[1]
        if first in NO_PAGES:
            continue
        assert SERVED.fullmatch(path.partition("?")[0]), path


def test_the_readme_leads_to_every_page_of_the_docs() -> None:
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)", text_of("README.md")))
    assert linked >= {name for name in PAGES if re.fullmatch(r"docs/[\w-]+\.md", name)}


def test_the_list_of_decisions_has_each_with_its_number_and_title() -> None:
    table = re.findall(
        r"^\| (\d+) \| \[(.+)\]\((\S+)\) \| .+ \|$", text_of(f"{DECISIONS}/README.md"), re.MULTILINE
    )
    files = [name for name in PAGES if re.match(rf"{DECISIONS}/\d", name)]

    assert [f"{DECISIONS}/{file}" for _, _, file in table] == files
    for number, title, file in table:
        assert file.startswith(f"{int(number):04}-")
        assert text_of(f"{DECISIONS}/{file}").startswith(f"# {number}. {title}\n")
