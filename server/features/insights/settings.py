"""The settings of what hosts learn."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from server.settings.section import DAYS_MAX, Section, limit, words


class InsightSettings(Section):
    """What hosts are told of those who came, bought and searched."""

    time_zone: str = Field(
        "UTC",
        description="The zone by whose clock days, weeks (from Monday) and hours are counted.",
        json_schema_extra=words("a name of the IANA time zone database, such as `Asia/Shanghai`"),
    )
    people_min: int = limit(
        3, 2, 100, "Different signed-in people who searched for the same before a host reads it."
    )
    searches_per_day_max: int = limit(
        20_000, 100, 1_000_000, "Different searches of a day that are counted; later ones are not."
    )

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            zone_of(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"{name!r} is no time zone that this machine knows: write it as `Asia/Shanghai`, "
                "and install the system's `tzdata` if it is one"
            ) from None
        return name

    @property
    def zone(self) -> tzinfo:
        """The zone of the setting."""
        return zone_of(self.time_zone)


class InsightKeeping(Section):
    """How long it is kept what hosts are told; fields of the section of the records."""

    keep_insights_days: float = limit(
        92, 36, DAYS_MAX, "Days after which it is removed who came, and from where, for hosts."
    )
    keep_searches_days: float = limit(
        92, 36, DAYS_MAX, "Days after which the counts of searches are removed."
    )


def zone_of(name: str) -> tzinfo:
    """Return a zone by its name. Raises ZoneInfoNotFoundError, ValueError or OSError."""
    return UTC if name == "UTC" else ZoneInfo(name)
