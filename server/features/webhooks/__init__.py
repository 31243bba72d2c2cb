"""Webhooks: typed events for several endpoints, each with its kinds, secret and state."""

from server.feature import Engine, Feature, Running
from server.features.webhooks.deliveries import DeliveryLog
from server.features.webhooks.endpoints import EndpointBook
from server.features.webhooks.networks import Networks
from server.features.webhooks.places import PlaceBook
from server.features.webhooks.projection import WebhookProjection, delete_room
from server.features.webhooks.routes import WebhookRoutes
from server.features.webhooks.schemas import Schemas
from server.features.webhooks.sender import Sender
from server.features.webhooks.settings import DeliveryKeeping, WebhookSettings
from server.features.webhooks.webhooks import Webhooks
from server.rooms.retention import Removal


def _make(engine: Engine) -> Running:
    settings, records = engine.settings, engine.records
    limits = settings.section(WebhookSettings)
    networks = Networks(limits.allowed_networks, development=settings.mode == "development")
    sender, log = Sender(limits, networks), DeliveryLog(records)
    webhooks = Webhooks(records, limits, sender, engine.lines, engine.worker_id, engine.metrics)
    routes = WebhookRoutes(
        EndpointBook(records),
        PlaceBook(records),
        log,
        sender,
        networks,
        engine.lines,
        settings,
        engine.metrics,
    )
    schemas = Schemas(engine.lines, settings.server.public_url)
    days = settings.section(DeliveryKeeping).keep_webhook_deliveries_days
    return Running(
        it=webhooks,
        tasks=[sender, webhooks],
        routes=[*routes.routes(), *schemas.routes()],
        projections=[WebhookProjection()],
        deletes=[delete_room],
        removals=[
            Removal(kind="webhook_deliveries", days=days, due=log.count_old, remove=log.remove_old)
        ],
    )


FEATURE = Feature(
    make=_make,
    reads=("archive", "ledger", "outbox"),
    settings={WebhookSettings: "webhooks", DeliveryKeeping: "records"},
)
