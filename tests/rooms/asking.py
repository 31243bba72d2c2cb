"""Questions asked by the button, in one room or in others of the host, and their answers."""

import msgspec
import pytest

from server.features.asks.messages import (
    Ask,
    AskOk,
    Question,
    QuestionAnswer,
    QuestionOk,
)
from server.features.desk.messages import Desk, DeskOk, DeskOpen
from server.features.shelf.messages import ProductInput, ShelfPut
from server.protocol.message import Ok
from server.rooms.call import Call
from tests.replies import expect
from tests.rooms.rig import HOST, Rig
from tests.rooms.rounds import viewer

MUG = ProductInput("mug", "Stone mug", 4900, "CNY")
LAMP = ProductInput("lamp", "Oak lamp", 29900, "CNY")
ANY = msgspec.msgpack.Decoder()


async def fill(here: Rig) -> None:
    for product in (MUG, LAMP):
        await here.do(ShelfPut(ref=1, product=product))


@pytest.fixture
async def shop(here: Rig) -> Rig:
    """The room with a mug and a lamp on its shelf."""
    await fill(here)
    return here


async def ask(shop: Rig, user: str, text: str, sku: str = "mug") -> Ok:
    """Ask by the button."""
    await shop.heard_all()
    return await shop.do(Ask(ref=1, sku=sku, text=text), viewer(user))


async def question(shop: Rig, user: str, text: str, sku: str = "mug") -> Question:
    """Ask by the button, where nothing was answered."""
    asked = expect(AskOk, await ask(shop, user, text, sku)).question
    assert asked is not None
    return asked


def quiet(told: Question) -> Question:
    """As others see what was asked by the button."""
    return msgspec.structs.replace(told, user="", name="")


async def answer(shop: Rig, asked: Question, text: str) -> Question:
    """Answer what was asked by the button; as everybody sees it."""
    done = expect(
        QuestionOk, await shop.do(QuestionAnswer(ref=1, question=asked.question, text=text))
    ).question
    return quiet(done)


async def board(shop: Rig) -> Desk:
    """What the desk shows."""
    return expect(DeskOk, await shop.do(DeskOpen(ref=1))).desk


async def second_room(shop: Rig, host: str = HOST.user) -> str:
    """Another live room, of the same host unless told."""
    return await live_room(shop, f"room-of-{host}", host)


async def live_room(shop: Rig, name: str, host: str) -> str:
    create = {"title": "Next", "host": host, "host_name": "M", "scheduled": 0, "epoch": "e2"}
    for script, args in (("room_create", create), ("phases.set", {"phase": "live"})):
        await shop.store.run_script(script, name, {"events_max": 1000} | args, ANY)
    put = {"product": {"sku": "mug", "title": "Mug", "price": 1, "currency": "CNY"}}
    await shop.store.run_script("shelf.put", name, put | {"products_max": 9, "events_max": 9}, ANY)
    return name


async def ask_in(shop: Rig, room: str, user: str, text: str, sku: str = "mug") -> Ok:
    return await shop.dispatch.run_command(Call(room, viewer(user)), Ask(ref=1, sku=sku, text=text))
