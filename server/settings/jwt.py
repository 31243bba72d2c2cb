"""The settings of tokens."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from server.settings.section import (
    SECRET_BYTES_MIN,
    Section,
    limit,
    long_enough,
    secret_words,
    words,
)


class Jwt(Section):
    """Settings by which tokens are checked."""

    secret: SecretStr | None = Field(
        None,
        json_schema_extra=secret_words(SECRET_BYTES_MIN),
        description="Secret of HS256 tokens, at least 32 bytes. Required outside development, "
        "where one is made and kept in the data folder.",
    )
    algorithm: Literal["HS256", "RS256", "ES256", "EdDSA"] = Field(
        "HS256", description="The only algorithm a token may be signed with."
    )
    public_key_file: str = Field(
        "",
        description="File of the public keys for RS256, ES256 and EdDSA: PEM, or a JWKS. It is "
        "read again as a URL is.",
    )
    jwks_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/@?#]+(/\S*)?)?$",
        json_schema_extra=words("empty, or https:// with a host and a path"),
        description="URL of the public keys as a JWKS, in place of the file; https outside "
        "development.",
    )
    jwks_refresh_s: float = limit(300, 1, 86_400, "How often the keys are read again.")
    jwks_cooldown_s: float = limit(
        5, 0.05, 3600, "Least time between two readings because a token names an unknown key."
    )
    jwks_timeout_s: float = limit(5, 0.05, 60, "Time the URL has for its whole answer.")
    jwks_bytes_max: int = limit(262_144, 1024, 16_777_216, "Largest file or answer with keys.")
    keys_max: int = limit(
        16, 1, 1000, "Most keys in it; one with more is refused, not read in part."
    )
    audience: tuple[str, ...] = Field(
        (),
        description="What a token's `aud` must be, or contain, one of; none means that it is not "
        "checked.",
    )
    issuer: str = Field(
        "", description="What a token's `iss` must be; empty means that it is not checked."
    )
    outlive_s: float = limit(
        86_400,
        0,
        31_536_000,
        "Time a connection may go on after its token expired; then its client must come back with "
        "a new one.",
    )
    leeway_s: float = limit(10, 0, 300, "Clock difference allowed when `exp` is checked.")

    @field_validator("secret")
    @classmethod
    def _secret_is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        return long_enough(secret, SECRET_BYTES_MIN)
