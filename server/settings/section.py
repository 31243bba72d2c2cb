"""What every section of the settings is made of."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

SECRET_BYTES_MIN = 32
SIGNING_SECRET_BYTES_MIN = 16


def words(text: str) -> dict[str, Any]:
    """What is allowed, where a pattern or a type alone would say it badly."""
    return {"allowed": text}


def long_enough(secret: SecretStr | None, bytes_min: int) -> SecretStr | None:
    if secret is not None and len(secret.get_secret_value().encode()) < bytes_min:
        raise ValueError(f"must be at least {bytes_min} bytes long")
    return secret


def limit(default: Any, low: float, high: float, description: str) -> Any:
    """A number within `low` and `high`, both allowed."""
    return Field(default, ge=low, le=high, description=description)


class Section(BaseModel):
    """Settings are read once at start and never change while the server runs."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
