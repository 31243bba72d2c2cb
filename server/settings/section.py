"""The base of every section of the settings, and the parts of its fields."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

SECRET_BYTES_MIN = 32
SIGNING_SECRET_BYTES_MIN = 16


def words(text: str) -> dict[str, Any]:
    """Describe the allowed values in words, for a pattern or type that describes them badly."""
    return {"allowed": text}


def secret_words(bytes_min: int) -> dict[str, Any]:
    """Describe the allowed values of a secret."""
    return words(
        f"a text of at least {bytes_min} bytes, without white space or a newline at its ends (as "
        "`echo` and editors add)"
    )


def long_enough(secret: SecretStr | None, bytes_min: int) -> SecretStr | None:
    """Return the secret if it is long enough and has no white space at its ends, which the other
    side would probably lack."""
    if secret is None:
        return None
    text = secret.get_secret_value()
    if len(text.encode()) < bytes_min:
        raise ValueError(f"must be at least {bytes_min} bytes long")
    if text != text.strip():
        raise ValueError("must not begin or end with white space")
    return secret


def limit(default: Any, low: float, high: float, description: str) -> Any:
    """Make a field for a number from `low` to `high`, both included."""
    return Field(default, ge=low, le=high, description=description)


DAYS_MAX = 36_500


def days_kept(what: str) -> Any:
    """Make a field that says how many days records are kept, by default for ever."""
    return limit(0, 0, DAYS_MAX, f"{what}; 0 is for ever.")


class Section(BaseModel):
    """Settings are read once at start and never change while the server runs."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
