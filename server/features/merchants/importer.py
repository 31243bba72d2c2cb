"""The importer: takes a file of goods from a request to the records."""

import asyncio

from aiohttp import web

from server.features.merchants.goods_changes import GoodsChanges
from server.features.merchants.imports import ImportResult, parsed_file, result_of
from server.features.merchants.merchants import Merchants
from server.features.merchants.settings import MerchantSettings
from server.protocol.codes import CommandError
from server.web.body import large_bytes_of
from server.web.caller import caller

AT_ONCE_MAX = 4
"""Imports under way on a worker; each holds its file in memory."""
RETRY_MS = 2000


class Importer:
    """Takes files. It reads them in a thread, so that rooms go on meanwhile."""

    def __init__(
        self, merchants: Merchants, changes: GoodsChanges, limits: MerchantSettings
    ) -> None:
        self._merchants = merchants
        self._changes = changes
        self._limits = limits
        self._under_way = 0

    async def take_file(
        self, request: web.Request, merchant: str, stock_key: str, *, dry: bool
    ) -> ImportResult:
        """Write the good rows of the file in the body; `dry`: only say what would become of them.

        Raises CommandError, or HTTPRequestEntityTooLarge, for a file that can't be read.
        """
        if self._under_way >= AT_ONCE_MAX:
            raise CommandError(
                "rate_limited",
                f"{AT_ONCE_MAX} other files are being imported here; send yours again in a "
                "moment. Nothing was changed.",
                RETRY_MS,
            )
        self._under_way += 1
        try:
            return await self._take(request, merchant, stock_key, dry=dry)
        finally:
            self._under_way -= 1

    async def _take(
        self, request: web.Request, merchant: str, stock_key: str, *, dry: bool
    ) -> ImportResult:
        who = caller(request)
        body = await large_bytes_of(request, self._limits.import_bytes_max)
        kind, rows_max = request.content_type, self._limits.import_rows_max
        parsed = await asyncio.to_thread(parsed_file, body, kind, rows_max)
        await self._merchants.read(merchant, who)  # refuses one that is not there
        given = [row.given for row in parsed.good]
        if dry:
            done = await self._changes.try_many(merchant, given, stock_key)
        else:
            done = await self._changes.put_many(merchant, given, who, stock_key)
        return result_of(parsed, done, dry=dry)
