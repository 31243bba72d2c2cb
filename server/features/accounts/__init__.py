"""Accounts: how the money of orders is shared, who is owed what, and how it is paid out."""

from server.feature import Engine, Feature, Running
from server.features.accounts.corrections import Corrections
from server.features.accounts.leaving import (
    ForgottenOwners,
    OpenDisputes,
    carry_forward,
    forget_owner,
)
from server.features.accounts.payout_ports import port_of
from server.features.accounts.payouts import Payouts
from server.features.accounts.projection import AccountProjection
from server.features.accounts.releases import Releases
from server.features.accounts.routes import AccountRoutes, StatementRoutes
from server.features.accounts.settings import DAY_S, AccountSettings, window_must_cover_returns
from server.features.accounts.settling import Settling
from server.features.accounts.statements import Statements
from server.features.merchants import MerchantBooks
from server.features.returns.settings import ReturnSettings
from server.protocol.roles import Role


def _make(engine: Engine, merchants: MerchantBooks) -> Running:
    settings, records = engine.settings.section(AccountSettings), engine.records
    releases = Releases(
        records,
        int(settings.return_window_days * DAY_S * 1000),
        engine.settings.section(ReturnSettings).arrives_s * 1000,
    )
    payouts = Payouts(records, port_of(settings.payouts, records))
    settling = Settling(
        records, releases, payouts, worker_id=engine.worker_id, interval_s=settings.interval_s
    )
    statements = Statements(records)
    return Running(
        it=payouts,
        routes=[
            *StatementRoutes(statements, payouts, "host").routes(Role.HOST),
            *StatementRoutes(statements, payouts, "merchant").routes(
                Role.MERCHANT, merchants.merchants.admits_member
            ),
            *AccountRoutes(records, payouts, Corrections(records)).routes(),
        ],
        tasks=[settling],
        projections=[AccountProjection()],
        deletes=[carry_forward],
        undeletable=[OpenDisputes(records).keep],
        forgets=[ForgottenOwners()],
        forgets_user=[forget_owner],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("merchants",),
    reads=("archive", "orders", "returns", "terms"),
    settings={AccountSettings: "accounts"},
    check=window_must_cover_returns,
)
