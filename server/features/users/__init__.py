"""Users under control: their tokens revoked, and users banned from rooms."""

from server.feature import Engine, Feature, Running
from server.features.users.banning import Banning
from server.features.users.routes import UserRoutes


def _make(engine: Engine) -> Running:
    banning = Banning(engine.bans, engine.directory.host_of)
    routes = UserRoutes(engine.bans, engine.sign_outs, banning)
    return Running(it=banning, routes=routes.routes())


FEATURE = Feature(
    make=_make,
)
