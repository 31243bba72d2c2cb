"""Makes the preview that other sites show of a link to a topic's page."""

from server.features.topics.topic_book import TopicBook
from server.records.errors import RecordsAway
from server.web.page_heads import PageHead


class TopicHeads:
    """Makes the heads of topics' pages."""

    def __init__(self, book: TopicBook) -> None:
        self._book = book

    async def read(self, topic: str) -> PageHead | None:
        """The topic's title and words, with the first picture on it. Raises CommandError."""
        try:
            view = await self._book.view(topic)
        except RecordsAway:
            return None  # the page itself says so
        said = view.text or " · ".join(card.title for card in view.cards[:3])
        images = (card.image for card in view.cards if card.image)
        return PageHead(view.title, said, next(images, ""))
