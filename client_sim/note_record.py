"""Remembers what notes were written in a run, and what was answered of the crowd's doings there."""

from collections import defaultdict

from client_sim.client.wire import Message


class NoteRecord:
    """One for all people of a run; only what the server answered stands in it."""

    def __init__(self) -> None:
        self.written: dict[str, Message] = {}
        """By the name in the script: the note as its author was answered."""
        self.drafts: list[Message] = []
        self.opened: defaultdict[str, set[str]] = defaultdict(set)
        """note -> users, as of the next two."""
        self.likes: defaultdict[str, set[str]] = defaultdict(set)
        self.collects: defaultdict[str, set[str]] = defaultdict(set)
        self.comments: defaultdict[str, dict[str, str]] = defaultdict(dict)
        """note -> {comment: its text}, with those that ask."""
        self.asks: defaultdict[str, dict[str, str]] = defaultdict(dict)
        """note -> {comment: who asked}."""
        self.unsure: set[str] = set()
        """Notes of which something was not answered: nobody knows whether it was done."""

    @property
    def notes(self) -> list[str]:
        """The ids of all that were written."""
        return [note["note"] for note in self.written.values()]
