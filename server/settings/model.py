"""All settings together, and the relations between them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, TypeVar, cast

from pydantic import Field, create_model, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from server.settings.jwt import Jwt
from server.settings.section import Section
from server.settings.sections import (
    Bus,
    Data,
    Edge,
    Hub,
    Log,
    Pages,
    Records,
    Redis,
    Rest,
    Rooms,
    Server,
    Sweeps,
)

ENV_PREFIX = "LIVEROOM_"

S = TypeVar("S", bound=Section)


def _section_of(name: str, kinds: Sequence[type[Section]]) -> Any:
    """Make the field for one section, with the fields of all its classes, the first class first."""
    if len(kinds) == 1:
        return kinds[0], kinds[0]()
    merged = type(name.title(), tuple(reversed(kinds)), {"__doc__": kinds[0].__doc__})
    return merged, merged()


class Settings(BaseSettings):
    """The settings of the engine. Features add theirs: `House.settings_model` is the whole.

    `Settings(...)` uses only the given values, nothing from the environment; `load` gathers files,
    environment and flags.
    """

    section_of: ClassVar[Mapping[type[Section], str]] = {}
    """Maps a feature's settings class to the name of its section."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        # LIVEROOM_SECTION_SOME_FIELD is section.some_field: split at the first underscore only.
        env_nested_delimiter="_",
        env_nested_max_split=1,
        # Compose files and CI use an empty variable for "not set".
        env_ignore_empty=True,
    )

    mode: Literal["development", "production", "loadtest"] = Field(
        "development", description="What the server runs for; outside development it asks for more."
    )
    server: Server = Server()
    data: Data = Data()
    redis: Redis = Redis()
    jwt: Jwt = Jwt()
    edge: Edge = Edge()
    rest: Rest = Rest()
    hub: Hub = Hub()
    rooms: Rooms = Rooms()
    bus: Bus = Bus()
    records: Records = Records()
    orders: Sweeps = Sweeps()
    pages: Pages = Pages()
    log: Log = Log()

    def section(self, kind: type[S]) -> S:
        """Return the section declared with this class. Raises KeyError if there is none."""
        section: S = getattr(self, self.section_of[kind])
        return section

    @classmethod
    def with_sections(cls, declared: Sequence[tuple[str, type[Section]]]) -> "type[Settings]":
        """Make the whole model by section names; several classes with one name form one section."""
        by_name: dict[str, list[type[Section]]] = {}
        for name, kind in declared:
            by_name.setdefault(name, []).append(kind)
        fields: dict[str, Any] = {}
        for name, kinds in by_name.items():
            known = cls.model_fields.get(name)
            if known is not None:
                kinds.insert(0, cast("type[Section]", known.annotation))
            fields[name] = _section_of(name, kinds)
        whole = create_model("Settings", __base__=cls, **fields)
        whole.section_of = {kind: name for name, kind in declared}
        return whole

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the base class fixes this signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    @model_validator(mode="after")
    def _relations_hold(self) -> Self:
        for low, high in _ORDERED:
            below, above = self._value(low), self._value(high)
            if below >= above:
                raise ValueError(f"{low} = {below} must be less than {high} = {above}.")
        if self.hub.tick_ms_min > self.hub.tick_ms_max:
            raise ValueError("hub.tick_ms_min must not be greater than hub.tick_ms_max.")
        if not self.redis.url and self.redis.durability.startswith(("replicas", "aof")):
            raise ValueError(
                f"redis.durability = {self.redis.durability} needs a Redis with replicas: set "
                "redis.url, or use fsync or memory."
            )
        self._check_jwt()
        return self

    def _value(self, key: str) -> float:
        section, name = key.split(".")
        value: float = getattr(getattr(self, section), name)
        return value

    def _check_jwt(self) -> None:
        algorithm, url = self.jwt.algorithm, self.jwt.jwks_url
        if algorithm == "HS256" and url:
            raise ValueError(
                "jwt.jwks_url has public keys, and jwt.algorithm = HS256 needs a secret one: set "
                "jwt.algorithm to what tokens are signed with."
            )
        if url.startswith("http://") and self.mode != "development":
            raise ValueError(
                f"jwt.jwks_url = {url} must be https:// in {self.mode} mode: whoever is on the way "
                "could put keys of their own there."
            )
        if algorithm != "HS256":
            if bool(url) == bool(self.jwt.public_key_file):
                raise ValueError(
                    f"jwt.algorithm = {algorithm} needs either jwt.public_key_file, the file of "
                    "the public keys, or jwt.jwks_url."
                )
        elif self.mode != "development" and self.jwt.secret is None:
            raise ValueError(
                f"jwt.secret is required in {self.mode} mode: set LIVEROOM_JWT_SECRET to at least "
                "32 random bytes, for example the output of `openssl rand -hex 32`."
            )


_ORDERED = (
    ("hub.unsent_soft_bytes", "hub.unsent_hard_bytes"),
    ("edge.ping_interval_s", "edge.ping_timeout_s"),
    ("bus.watchdog_interval_s", "bus.watchdog_timeout_s"),
)
