"""What every section of the settings is made of."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

SECRET_BYTES_MIN = 32
SIGNING_SECRET_BYTES_MIN = 16


def words(text: str) -> dict[str, Any]:
    """What is allowed, where a pattern or a type alone would say it badly."""
    return {"allowed": text}


def secret_words(bytes_min: int) -> dict[str, Any]:
    """What is allowed of a secret."""
    return words(
        f"a text of at least {bytes_min} bytes, without white space or a newline at its ends (as "
        "`echo` and editors add)"
    )


def long_enough(secret: SecretStr | None, bytes_min: int) -> SecretStr | None:
    """The secret, if it is long and has nothing at its ends that the other side would not have."""
    if secret is None:
        return None
    text = secret.get_secret_value()
    if len(text.encode()) < bytes_min:
        raise ValueError(f"must be at least {bytes_min} bytes long")
    if text != text.strip():
        raise ValueError("must not begin or end with white space")
    return secret


def limit(default: Any, low: float, high: float, description: str) -> Any:
    """A number within `low` and `high`, both allowed."""
    return Field(default, ge=low, le=high, description=description)


class Section(BaseModel):
    """Settings are read once at start and never change while the server runs."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
