"""A process that only archives: `python -m tests.records.copier REDIS PREFIX RECORDS`."""

import asyncio
import os
import sys

from server.features.archive.archiver import Archiver
from server.house import HOUSE, keys_under, records_of, store_on
from server.store.client import connect
from server.telemetry.metrics import Metrics


async def main(redis_url: str, prefix: str, records_url: str) -> None:
    """Copy until killed."""
    settings = HOUSE.settings_model.model_validate(
        {
            "redis": {"url": redis_url, "key_prefix": prefix},
            "records": {
                "url": records_url,
                "archive_interval_s": 0.05,
                "archive_lease_s": 1,
                "archive_batch_max": 7,
            },
        }
    )
    redis = connect(redis_url, settings.redis)
    store = store_on(redis, keys_under(prefix))
    worker = f"w{os.getpid()}"
    async with Archiver(
        store, records_of(settings), settings, worker, HOUSE.streams, [], Metrics()
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
