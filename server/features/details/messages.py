"""Defines the command that changes a room's details."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from server.protocol.fields import Cover, Name, TimeZone, Url
from server.protocol.message import Command
from server.protocol.room import Start


class RoomChange(Command, tag="room.change", frozen=True, kw_only=True):
    """Change the room; what is absent stays as it is, null clears it.

    `scheduled` can change until the start. `draft: false` makes a draft public, for good. A
    `time_zone` can be changed, and not be taken away.
    """

    title: Name | UnsetType = UNSET
    scheduled: Start | UnsetType | None = UNSET
    stream_url: Url | UnsetType | None = UNSET
    embed_url: Url | UnsetType | None = UNSET
    cover: Cover | UnsetType | None = UNSET
    draft: Annotated[Literal[False], Meta(description="false: everybody may come")] | UnsetType = (
        UNSET
    )
    time_zone: TimeZone | UnsetType = UNSET
