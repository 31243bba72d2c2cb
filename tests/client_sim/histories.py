"""Pieces of a room's story, to tell it right or wrong."""

from typing import Any

from client_sim.client.wire import Message

BUYER = "ann"


def sale(ver: int = 1, left: int = 10, held: int = 0, sold: int = 0, **more: Any) -> Message:
    return {
        "sale": "s1",
        "sku": "mug",
        "title": "青瓷杯",
        "price": 8900,
        "currency": "CNY",
        "status": "open",
        "per_user": 2,
        "hold_s": 60,
        "starts": 1000,
        "ends": 0,
        "allocated": 10,
        "left": left,
        "held": held,
        "sold": sold,
        "ver": ver,
    } | more


def stock(ver: int, left: int, held: int, sold: int) -> Message:
    return {"t": "stock", "sale": "s1", "left": left, "held": held, "sold": sold, "ver": ver}


def order(name: str = "o1", status: str = "held", updated: int = 2000, **more: Any) -> Message:
    return {
        "order": name,
        "room": "r",
        "user": BUYER,
        "name": "Ann",
        "status": status,
        "lines": [{"sale": "s1", "sku": "mug", "title": "青瓷杯", "qty": 1, "price": 8900}],
        "total": 8900,
        "currency": "CNY",
        "created": 2000,
        "updated": updated,
        "hold_until": 62_000,
    } | more


def comment(name: str, user: str = "bo", text: str = "求链接") -> Message:
    return {
        "t": "comment",
        "id": name,
        "user": user,
        "name": user,
        "role": "viewer",
        "text": text,
        "ts": 1500,
    }


def pin(seq: int, sku: str | None = "mug") -> Message:
    return {"t": "pin", "seq": seq, "sku": sku}


def joined(seq: int = 5, epoch: str = "e1", **more: Any) -> Message:
    room = {
        "room": "r",
        "title": "慢直播",
        "host": "h",
        "host_name": "小满",
        "phase": "live",
        "created": 1,
        "started": 2,
    }
    extra = more.pop("room", {})
    return {
        "t": "ok",
        "ref": 1,
        "you": {"user": BUYER, "name": "Ann", "role": "viewer"},
        "epoch": epoch,
        "seq": seq,
        "now": 1000,
        "room": room | extra,
        "orders": [],
    } | more
