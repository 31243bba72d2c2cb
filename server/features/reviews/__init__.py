"""Reviews of what was bought, by who paid."""

from server.feature import Engine, Feature, Running
from server.features.reviews.projection import CarriedProjection
from server.features.reviews.review_book import ReviewBook
from server.features.reviews.reviews import Reviews, forget_reviews
from server.features.reviews.routes import ReviewRoutes
from server.features.reviews.settings import ReviewSettings
from server.features.rules.rules import Rules
from server.features.sending.parties import Parties


def _make(engine: Engine, rules: Rules, parties: Parties) -> Running:
    settings = engine.settings.section(ReviewSettings)
    book = ReviewBook(engine.records)
    reviews = Reviews(engine.records, settings, rules)
    reviews.on_change = book.forget_kept
    routes = ReviewRoutes(reviews, book, parties, engine.directory)
    return Running(
        it=reviews,
        routes=routes.routes(),
        projections=[CarriedProjection()],
        forgets_user=[forget_reviews],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("rules", "sending"),
    reads=("actions", "orders", "shelf"),
    settings={ReviewSettings: "reviews"},
)
