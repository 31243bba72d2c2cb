"""The settings of sending."""

from server.settings.section import Section, days_kept


class DeliveryKeeping(Section):
    """How long it is kept where orders went; a field of the section of the records."""

    keep_deliveries_days: float = days_kept(
        "Days after an order is paid when its address or reference ends"
    )
