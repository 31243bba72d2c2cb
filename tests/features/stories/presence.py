"""The people in the room are counted."""

from tests.features.stage import Stage


async def tell(stage: Stage) -> None:
    await stage.step("report", stage.there.presence.report())
