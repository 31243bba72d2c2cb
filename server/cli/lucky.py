"""`liveroom lucky-check`: lets anybody check that a lucky draw was drawn as promised.

It uses nothing of the server except the answer of its `entrants` route.
"""

import hashlib
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import typer

WRONG = 1
COULD_NOT_RUN = 2
_TIMEOUT_S = 30

Url = Annotated[str, typer.Option("--url", help="Where the server is.")]
Token = Annotated[
    str, typer.Option("--token", envvar="LIVEROOM_TOKEN", help="Of any viewer; for who entered.")
]


def add_to(app: typer.Typer) -> None:
    """Add this command to the `liveroom` command."""
    app.command("lucky-check")(lucky_check)


def lucky_check(
    room: Annotated[str, typer.Argument(help="Id of the room.")] = "",
    lucky: Annotated[str, typer.Argument(help="Id of the lucky draw.")] = "",
    file: Annotated[
        Path | None, typer.Option("--file", help="JSON of the `entrants` route, instead.")
    ] = None,
    seed_hash: Annotated[
        str, typer.Option("--seed-hash", help="What was promised when the draw opened.")
    ] = "",
    user: Annotated[str, typer.Option("--user", help="Your own id: were you in it?")] = "",
    url: Url = "http://127.0.0.1:8080",
    token: Token = "",
) -> None:
    """Check that a lucky draw was drawn as promised; status 1 if it was not."""
    try:
        drawn = _read(file) if file else _fetched(url, room, lucky, token)
        wrong = list(check(drawn, seed_hash, user))
    except (OSError, ValueError, KeyError, TypeError) as error:
        typer.echo(f"liveroom: That could not be checked: {_sentence(error)}.", err=True)
        raise typer.Exit(COULD_NOT_RUN) from None
    for sentence in wrong:
        typer.echo(f"  {sentence}")
    if wrong:
        raise typer.Exit(WRONG)
    winners = ", ".join(winner["name"] for winner in drawn.get("winners", [])) or "nobody"
    typer.echo(f"{len(drawn.get('entrants', []))} entered, {winners} won, as the seed says.")
    if not seed_hash:
        typer.echo("Compare seed_hash with what was shown when the draw opened: --seed-hash.")


def check(drawn: dict[str, Any], seed_hash: str = "", user: str = "") -> Iterator[str]:
    """Yield a sentence for each fault of a draw; none if it was drawn as promised.

    `drawn` is the answer of the `entrants` route; `seed_hash` is the promised hash.
    """
    if drawn["status"] != "drawn":
        yield "It was not drawn yet."
        return
    seed, users = drawn["seed"], drawn.get("entrants", [])
    if _sha1(seed) != drawn["seed_hash"]:
        yield f"The SHA-1 of the seed is {_sha1(seed)}, not {drawn['seed_hash']}."
    if seed_hash and seed_hash != drawn["seed_hash"]:
        yield f"The hash promised was {seed_hash}, this one is {drawn['seed_hash']}."
    if users != sorted(set(users), key=str.encode):
        yield "The entrants are not sorted, or one is there twice."
    if _sha1("\n".join(users)) != drawn["entrants_hash"] or len(users) != drawn.get("entries", 0):
        yield "The entrants are not those of the draw: their hash or number is another."
    lots = sorted(users, key=lambda each: _sha1(f"{seed} {each}"))[: drawn["prizes"]]
    told = [winner["user"] for winner in drawn.get("winners", [])]
    if told != lots:
        yield f"The winners should be {lots}, not {told}."
    if user and user not in users:
        yield f"{user} is not among the entrants."


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8")))


def _fetched(url: str, room: str, lucky: str, token: str) -> dict[str, Any]:
    try:
        return _fetch(url, room, lucky, token)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == HTTPStatus.NOT_FOUND:
            raise ValueError(
                f"the server at {url} knows no lucky draw {lucky} in a room {room}; "
                "correct the ids, or the --url"
            ) from None
        if error.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise ValueError(
                f"the server at {url} tells who entered only to a viewer whom it knows and lets "
                "into the room; give such a --token"
            ) from None
        raise ValueError(f"the server at {url} answered {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        why = getattr(error.reason, "strerror", None) or error.reason
        raise ValueError(
            f"no server answers at {url} ({why}); start it, or give its address with --url"
        ) from None


def _fetch(url: str, room: str, lucky: str, token: str) -> dict[str, Any]:
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url} is no http:// or https:// address")
    if not room or not lucky:
        raise ValueError("name the room and the lucky draw, or a --file")
    where = [urllib.parse.quote(part, safe="") for part in (room, lucky)]
    path = f"{url.rstrip('/')}/v1/rooms/{where[0]}/luckies/{where[1]}/entrants"
    request = urllib.request.Request(path)  # noqa: S310 - the scheme was looked at above
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
        return dict(json.loads(answer.read()))


def _sentence(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return str(error).rstrip(".")
