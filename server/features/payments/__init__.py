"""Money in, and back."""

from server.feature import Engine, Feature, Running
from server.features.orders.orders import Orders
from server.features.payments import ledger_lines, messages
from server.features.payments.case_routes import CaseRoutes
from server.features.payments.cases import CaseBook, Cases
from server.features.payments.disputes import Disputes
from server.features.payments.payments import Payments
from server.features.payments.projection import CaseProjection
from server.features.payments.providers import provider_of
from server.features.payments.refunds import Refunds
from server.features.payments.routes import PaymentRoutes
from server.features.payments.serving import must_be_able_to_serve, start_facts
from server.features.payments.settings import PaymentSettings
from server.rooms.sweeper import Due


def _make(engine: Engine, orders: Orders) -> Running:
    provider = provider_of(engine.settings.section(PaymentSettings))
    payments = Payments(engine.store, engine.settings, provider, orders, engine.metrics)
    refunds = Refunds(engine.store, engine.settings, provider)
    settings = engine.settings.section(PaymentSettings)
    disputes = Disputes(engine.store, engine.settings)
    routes = PaymentRoutes(payments, refunds, disputes, Cases(engine.store), settings).routes()
    return Running(
        it=payments,
        takes=[payments],
        routes=[*routes, *CaseRoutes(CaseBook(engine.records)).routes()],
        projections=[CaseProjection()],
        closes=[provider.aclose, payments.aclose],
        due=[Due(key="refunds", work=refunds.sweep)],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("orders",),
    reads=("ledger", "stock", "coupons"),
    check=must_be_able_to_serve,
    start_facts=start_facts,
    messages=messages,
    ledger_lines=ledger_lines,
    settings={PaymentSettings: "payments"},
    keys={
        "payments": "hash payment -> packed {payment, order, amount, currency, status, at, due, "
        "back, refunds}",
        "cases": "hash case -> packed {case, what, at, order, payment, amount, currency, reason}",
        "refunds": "zset: payment by the ms from which its refund is to be tried",
    },
)
