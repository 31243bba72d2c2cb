"""Where the pages go on to: a path of this server, whatever the address says."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

NEXT = Path(__file__).parents[2] / "server/web/pages/ui/next.js"
OWN = "https://live.example:8443"
LEADS_AWAY = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/%2e%2e//evil.example",
    "/%2e//evil.example",
    "/watch/tea/../..//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/..\\/evil.example",
    "/.\\\\evil.example",
    "https://evil.example/",
    "https:evil.example",
    "https:/evil.example",
    "HTTPS://evil.example",
    "https://live.example:8443@evil.example/",
    "https://live.example:8443.evil.example/",
    "http://live.example:8443/",
    "https://live.example/",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "blob:https://live.example:8443/0",
    "file:///etc/passwd",
    "/\u2028/evil.example",
    "//evil.example/%2f..",
    "//[::1]/",
    "//0x7f.1/",
    "http://[",
    "//[",
    "",
    None,
    "watch/tea",
    "?next=//evil.example",
    "#x",
    "@evil.example",
    ".evil.example",
    ":80/",
]
STAYS = {
    "/": "/",
    "/watch/tea": "/watch/tea",
    "/watch/tea?via=share#talk": "/watch/tea?via=share#talk",
    "/host/tea/../cup": "/host/cup",
    "/watch/%E8%8C%B6": "/watch/%E8%8C%B6",
    "/watch/茶": "/watch/%E8%8C%B6",
    "/watch/tea?back=//evil.example": "/watch/tea?back=//evil.example",
    "/@evil.example": "/@evil.example",
    "/watch//tea": "/watch//tea",
}


def where_next(asked: list[str | None]) -> list[str]:
    """What the pages' function says for each, run by Node."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs node.")
        pytest.skip("node is not installed")
    program = (
        f"import {{ whereNext }} from {json.dumps(NEXT.as_uri())};"
        f"console.log(JSON.stringify({json.dumps(asked)}.map((a) => whereNext(a, '{OWN}'))));"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-e", program],
        capture_output=True,
        check=True,
        timeout=60,
    )
    answer: list[str] = json.loads(done.stdout)
    return answer


def test_nothing_leads_away_from_this_server() -> None:
    for asked, url in zip(LEADS_AWAY, where_next(LEADS_AWAY), strict=True):
        again = urljoin(f"{OWN}/login", url)  # as the browser reads it when it goes there
        assert again.startswith(f"{OWN}/"), (asked, url)
        assert not urlsplit(again).path.startswith(("//", "/\\")), (asked, url)


def test_a_path_of_this_server_is_where_it_leads() -> None:
    assert where_next(list(STAYS)) == [OWN + path for path in STAYS.values()]


OWN_WAYS = ("whereNext(", "watchPath(", "pageOf(", "`/note/")
"""What names a path of this server: functions, and how one begins."""


def test_the_pages_go_to_no_address_of_others_but_by_it() -> None:
    for script in NEXT.parents[1].rglob("*.js"):
        text = script.read_text("utf-8")
        if script != NEXT and "searchParams" not in text and "URLSearchParams" in text:
            goes = [line for line in text.splitlines() if "location.href =" in line]
            assert all(any(way in line for way in OWN_WAYS) for line in goes), script.name
