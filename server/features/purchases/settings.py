"""The settings of purchases: fields of the section of the records."""

from server.settings.section import Section, days_kept


class PurchaseKeeping(Section):
    """How long it is kept what orders were placed, and by whom; fields of the section of the
    records."""

    keep_customers_days: float = days_kept(
        "Days after a room's end when pseudonyms take the place of who bought there"
    )
    keep_orders_days: float = days_kept(
        "Days after a room's end when all of it is deleted, orders and ledger too; no other kind "
        "of record may be kept longer"
    )
