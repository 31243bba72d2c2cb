"""Checks the words of a note: their length, their tags, and the server's own words."""

from collections.abc import Sequence
from typing import Literal

from server.features.notes.settings import NoteSettings
from server.features.rules.rules import Rules
from server.protocol.codes import CommandError
from server.rooms.plain_text import plain_text
from server.text.folding import tag_key

Verdict = Literal["hold"] | None


class Wording:
    """Cleans and judges what is written. Methods raise CommandError."""

    def __init__(self, settings: NoteSettings, rules: Rules) -> None:
        self._settings = settings
        self._rules = rules

    def title(self, text: str) -> str:
        """The title as it is shown; a draft may have none yet."""
        return _fitting("title", " ".join(plain_text(text).split()), self._settings.title_chars_max)

    def text(self, text: str) -> str:
        """The text as it is shown, line by line."""
        lines = [plain_text(line) for line in text.splitlines()]
        clean = "\n".join(lines).strip("\n")
        return _fitting("text", clean, self._settings.text_chars_max)

    def tags(self, tags: Sequence[str]) -> list[str]:
        """The tags, each once, without the # that people write before them."""
        most = self._settings.tags_max
        if len(tags) > most:
            raise CommandError(
                "bad_message", f"A note has at most {most} tags; these are {len(tags)}."
            )
        found: dict[str, str] = {}
        for tag in tags:
            clean = " ".join(plain_text(tag).split()).lstrip("#＃ ").strip()
            if not clean:
                raise CommandError("bad_message", "A tag is empty; leave it out.")
            _fitting(f"tag {clean[:20]}", clean, self._settings.tag_chars_max)
            found.setdefault(tag_key(clean), clean)
        return list(found.values())

    async def judge(self, *texts: str) -> Verdict:
        """Whether the operator must read these texts first. Raises CommandError `forbidden` for a
        word that nobody may say here."""
        await self._rules.server.must_be_known()
        verdict = self._rules.server_verdict("\n".join(texts))
        if verdict == "block":
            raise CommandError(
                "forbidden", "A word in this is not allowed here; say it in other words."
            )
        return verdict


def _fitting(name: str, text: str, chars_max: int) -> str:
    if len(text) > chars_max:
        raise CommandError(
            "too_long",
            f"`{name}` can have {chars_max} characters; this has {len(text)}.",
        )
    return text
