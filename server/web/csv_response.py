"""Sends a CSV file, or one of JSON lines, as a download, streaming it while its data are read."""

from collections.abc import AsyncIterator

from aiohttp import web

_BOM = "\ufeff"  # without it spreadsheets read Chinese names in the wrong encoding


async def csv_response(
    request: web.Request, name: str, pieces: AsyncIterator[str]
) -> web.StreamResponse:
    """Stream the pieces as the file `name`.csv. An error in the first two is a normal refusal."""
    return await _download(request, f"{_file_name(name)}.csv", "text/csv", _BOM, pieces)


async def lines_response(
    request: web.Request, name: str, pieces: AsyncIterator[str]
) -> web.StreamResponse:
    """The same for lines of JSON, as the file `name`.jsonl; generated clients read plain text."""
    return await _download(request, f"{_file_name(name)}.jsonl", "text/plain", "", pieces)


async def _download(
    request: web.Request, file: str, kind: str, begin: str, pieces: AsyncIterator[str]
) -> web.StreamResponse:
    first = [await anext(pieces, ""), await anext(pieces, "")]  # may fail before anything is sent
    response = web.StreamResponse(
        headers={
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{file}"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    await response.write((begin + "".join(first)).encode())
    async for rows in pieces:
        await response.write(rows.encode())
    await response.write_eof()
    return response


def _file_name(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in name)
