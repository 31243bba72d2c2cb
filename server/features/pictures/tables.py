"""The tables of pictures, and of what shows them."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from server.records.schema import RECORDS

COMING, KEPT, GONE = "coming", "kept", "gone"

PICTURES = Table(
    "pictures",
    RECORDS,
    Column("picture", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("w", Integer, nullable=False),
    Column("h", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("unused", BigInteger, nullable=False),
    Index(None, "user", "created"),
    Index(None, "user", "digest"),
    Index(None, "state", "unused"),
)
"""Pictures that somebody uploaded. `user` is the author; `digest` is of the bytes as they were
sent. `w` and `h` are the pixels, `bytes` those of both sizes, as they are kept. `unused` is since
when nothing shows it (ms), 0 while something does.

`state` is `coming` until its files are stored, then `kept`. It is `gone` from when nobody may use
it any more until its files are removed, and the row with them."""

USES = Table(
    "picture_uses",
    RECORDS,
    Column("picture", Text, primary_key=True),
    Column("thing", Text, primary_key=True),
    Index(None, "thing"),
)
"""What shows a picture: `thing` is a key such as `note:n1`."""
