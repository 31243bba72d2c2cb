"""The settings of the archive; they stand in the section `records`."""

from server.settings.section import Section, limit


class ArchiveSettings(Section):
    """How the streams of rooms are copied to the records."""

    archive_interval_s: float = limit(
        1, 0.05, 3600, "How often an archive that has copied everything looks for new entries."
    )
    archive_batch_max: int = limit(
        500, 1, 10_000, "Entries of a stream that are copied in one transaction."
    )
    archive_lease_s: float = limit(
        15, 1, 600, "Time after which another worker copies when the one that did is gone."
    )
