"""Tells who sends: the host of a room what they own, a merchant what a host sold for them."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Table


class Sender(NamedTuple):
    """A host or a merchant. A host who owns goods is a merchant of the same id."""

    host: str = ""
    merchant: str = ""

    @property
    def who(self) -> str:
        """A text that no other sender has."""
        return f"merchant {self.merchant}" if self.merchant else f"host {self.host}"

    def owns(self, table: Table) -> ColumnElement[bool]:
        """Return which rows of a table with `host` and `merchant` are this sender's."""
        own = (table.c.merchant == "") & (table.c.host == (self.host or self.merchant))
        return own | (table.c.merchant == self.merchant) if self.merchant else own
