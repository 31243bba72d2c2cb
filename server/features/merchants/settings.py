"""The settings of merchants and their goods."""

from server.settings.section import Section, limit


class MerchantSettings(Section):
    """Merchants, their members and goods."""

    members_max: int = limit(50, 1, 1000, "Members of a merchant.")
    goods_max: int = limit(20_000, 1, 1_000_000, "Goods of a merchant, withdrawn ones included.")
    import_bytes_max: int = limit(
        16_777_216, 1024, 268_435_456, "Bytes of one import of goods; it is held in memory."
    )
    import_rows_max: int = limit(20_000, 1, 200_000, "Rows of one import of goods.")
