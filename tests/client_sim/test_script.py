from pathlib import Path

import pytest

from client_sim import content
from client_sim.crowd import Crowd
from client_sim.script import Script, read_script
from client_sim.tokens import CannotRun
from tests.client_sim.conftest import Played
from tests.client_sim.test_crowd import plan
from tests.running import Worker

SCRIPTS = Path(content.__file__).parents[1] / "scripts"
FLASH = """
title = "彩排"
length = "0:04"

[people]
chat = 0
shop = 0
roam = 0
arrive = "0:01"

[[product]]
sku = "mug"
title = "青瓷杯"
price = 8900

[[step]]
at = "0:01"
host = "sale.open"
name = "flash"
sku = "mug"
price = 6900
stock = 5

[[step]]
at = "0:01"
crowd = "buy"
sale = "flash"
share = 1.0
pay = 1.0

[[step]]
at = "0:02.5"
crowd = "drop"

[[step]]
at = "0:03"
host = "pin"
sku = "unknown"
"""


CART_OF = '[[step]]\nat = "0:01"\ncrowd = "cart"\nsales = '
PICK = '[[step]]\nat = "0:01"\nhost = "shelf.pick"\nmerchant = "m1"\ngoods = "cup"\nunits = 1'
MERCHANT = '[[merchant]]\nmerchant = "m1"\nname = "M"\ngoods = '
LIKE = '[[step]]\nat = "0:01"\ncrowd = "like"\nn = 3\n'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "room.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_script_is_read_into_steps_in_the_order_of_time(tmp_path: Path) -> None:
    script = read_script(
        written(
            tmp_path,
            '[[step]]\nat = "1:30"\nhost = "unpin"\n'
            '[[step]]\nat = "0:05.5"\ncrowd = "like"\nn = 3\nover = "0:10"\nshare = 0.5\n',
        )
    )

    told = [(step.at_s, step.who, step.act, step.share, step.over_s) for step in script.steps]
    assert told == [(5.5, "crowd", "like", 0.5, 10), (90, "host", "unpin", 1.0, 0)]
    assert (script.title, script.seconds) == ("room", 95)


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_scripts_that_come_along_can_be_read(path: Path) -> None:
    assert read_script(path).steps


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("length = 5", '5 is not a time; write "1:30"'),
        ("what = 1", "the file has `what`; known are before, length"),
        ("[people]\nlove = 1", r"\[people\] has `love`"),
        ('[[step]]\nhost = "unpin"', "step 1 needs `at`"),
        ('[[step]]\nat = "0:01"', "either `host` or `crowd`"),
        (
            '[[step]]\nat = "0:01"\nhost = "dance"',
            "step 1: a host can't `dance`; it can live.start",
        ),
        ('[[step]]\nat = "0:01"\nhost = "pin"', "step 1: `pin` needs `sku`, a text"),
        ('[[step]]\nat = "0:01"\ncrowd = "buy"\nsale = "x"', "no `sale.open` has the name `x`"),
        ('length = "0:01"\n[[step]]\nat = "0:09"\nhost = "unpin"', "its last step ends at 9 s"),
        ('[[step]]\nat = "0:01"\ncrowd = "cart"\nsales = ["x"]', "no `sale.open` has the name `x`"),
        (CART_OF + "[1]", "`sales` are the names of sales"),
        (CART_OF + "[]", "`sales` are the names of sales"),
        (PICK, r"step 1: no \[\[merchant\]\] `m1` has goods `cup`"),
        ('[[merchant]]\nmerchant = "m1"', "merchant 1 needs `name`, a text"),
        (MERCHANT + "[3]", r"write \[\[goods\]\]"),
        (MERCHANT + '[{ goods = "cup" }]', "its goods need `goods`, a text, and `offer`, a table"),
        ('[[step]]\nat = "0:01"\ncrowd = "return"\nreason = "size"\nunits = -1', "be negative"),
        ("x = ", "is not TOML"),
        ("people = 3", r"write \[people\]"),
        ("step = 3", r"write \[\[step\]\]"),
        ("product = [1]", r"write \[\[product\]\]"),
        ('[people]\nchat = "much"', "`chat` is 'much'"),
        ("[people]\nshop = nan", "must be a number from 0"),
        (LIKE + 'share = "many"', "`share` is 'many'"),
        (LIKE + "share = -1.0", "must be a number from 0"),
        (LIKE + 'people = "all"', "`people` is 'all', and must be a whole number"),
        (LIKE + "people = -1", "can't be negative"),
        (LIKE + "peopel = 3", "step 1 has `peopel`; known are first, n, people, times"),
        (LIKE.replace("n = 3", "n = true"), "`like` needs `n`, a whole number"),
        ('[[step]]\nat = "0:01"\ncrowd = "comment"\nmood = "sad"', "no mood `sad`"),
        ('[[step]]\nat = "0:01"\ncrowd = 3', "a crowd can't `3`"),
        ('[[before]]\ncrowd = "follow"', "before 1: `follow` needs the room"),
        ('[[before]]\nat = "0:01"\ncrowd = "feed.read"', "before 1 has `at`"),
        ('[[before]]\ncrowd = "note.open"\nnote = "x"', "no `note.write` has the name `x`"),
    ],
)
def test_a_wrong_script_is_refused_in_a_sentence(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(CannotRun, match=told):
        read_script(written(tmp_path, text))


def test_a_script_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"none.toml can't be read"):
        read_script(tmp_path / "none.toml")


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """FLASH, read before the loop runs."""
    return read_script(written(tmp_path, FLASH))


async def test_the_host_and_the_crowd_do_what_the_script_says(
    worker: Worker, script: Script, played: Played
) -> None:
    crowd = Crowd(plan(worker.url, viewers=12, script=script, seconds=script.seconds))
    played.enough = lambda: crowd.tally.resumes >= 5

    reckoning = await crowd.play_evening()

    replies = crowd.tally.replies
    assert crowd.findings.passed, crowd.findings
    assert (replies["buy"]["ok"], replies["pay"]["ok"]) == (5, 5)
    assert {order["status"] for order in reckoning.orders.values()} == {"paid"}
    assert "comment" not in replies
    assert crowd.tally.resumes >= 5
    assert len(crowd.notes) == 1
    assert "step 4" in crowd.notes[0]
    assert "not_found" in crowd.notes[0]
