"""Gathers settings: defaults, overridden by a TOML file, the environment, then flags."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from server.settings.allowed import allowed
from server.settings.masking import URL_SETTINGS, mask_url
from server.settings.model import ENV_PREFIX, Settings
from server.settings.section import Section
from server.settings.service_variables import service_variables

# Variables with our prefix that other programs of the project or the command line itself read.
_NOT_SETTINGS = ("LIVEROOM_CONFIG", "LIVEROOM_SIM_", "LIVEROOM_LOAD_", "LIVEROOM_TEST_")


class SettingsError(Exception):
    """A setting is invalid; the text is one line with its name, its value and the allowed ones."""


def fields(model: type[Settings]) -> Iterator[tuple[str, FieldInfo]]:
    """Yield every setting as `section.name` (top level: `name`) with its field, in file order."""
    for name, top in model.model_fields.items():
        if isinstance(top.annotation, type) and issubclass(top.annotation, Section):
            for inner, info in top.annotation.model_fields.items():
                yield f"{name}.{inner}", info
        else:
            yield name, top


def env_name(key: str) -> str:
    """Return a setting's environment variable: `LIVEROOM_JWT_SECRET` for `jwt.secret`."""
    return ENV_PREFIX + key.replace(".", "_").upper()


def load(
    model: type[Settings], config: Path | None = None, flags: Mapping[str, Any] | None = None
) -> Settings:
    """Read the effective settings of `model`.

    `config` is a TOML file. `flags` maps a flag's setting (`server.port`) to its value; None means
    that the flag was not given. Raises SettingsError.
    """
    gathered = _Gathered()
    if config is not None:
        gathered.add(_read_toml(config), str(config))
    _refuse_unknown_env(model)
    for key, value in _flat(_Environment(model)()):
        gathered.put(key, value, env_name(key))
    for key, value in (flags or {}).items():
        if value is not None:
            # --port is server.port; the flags of other sections are --section-name.
            gathered.put(key, value, "--" + re.sub(r"[._]", "-", key.removeprefix("server.")))
    try:
        return model(**gathered.values)
    except ValidationError as refused:
        raise SettingsError(_sentence(model, refused.errors()[0], gathered.origins)) from None


@dataclass
class _Gathered:
    """Values by section, with the origin of each for error messages."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def add(self, tree: Mapping[str, Any], origin: str) -> None:
        for key, value in _flat(tree):
            self.put(key, value, origin)

    def put(self, key: str, value: object, origin: str) -> None:
        section, _, name = key.partition(".")
        known = self.values.get(section)
        if not name:
            self.values[section] = value
        elif isinstance(known, dict):
            known[name] = value
        else:
            self.values[section] = {name: value}
        self.origins[key] = origin


class _Environment(EnvSettingsSource):
    """Reads the environment variables with our prefix. A list is JSON or comma-separated."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        theirs = {name.lower() for name in service_variables(os.environ)}
        found = super()._load_env_vars()
        return {name: value for name, value in found.items() if name.lower() not in theirs}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        if isinstance(value, str) and not value.lstrip().startswith(("[", "{")):
            return [part.strip() for part in value.split(",") if part.strip()]
        return super().decode_complex_value(field_name, field, value)


def _flat(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for section, value in tree.items():
        if isinstance(value, Mapping):
            yield from ((f"{section}.{name}", inner) for name, inner in value.items())
        else:
            yield section, value


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"Can't read the config file {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The config file {path} is not valid TOML: {error}.") from None


def _refuse_unknown_env(model: type[Settings]) -> None:
    known = {env_name(key) for key, _ in fields(model)}
    for name in sorted({*os.environ} - service_variables(os.environ)):
        upper = name.upper()
        ours = upper.startswith(ENV_PREFIX) and not upper.startswith(_NOT_SETTINGS)
        if ours and upper not in known:
            hint = _close(upper, known)
            raise SettingsError(f"The environment variable {name} is not a setting{hint}.")


def _close(wrong: str, known: set[str]) -> str:
    close = difflib.get_close_matches(wrong, sorted(known), n=3, cutoff=0.7)
    return f"; did you mean {' or '.join(close)}" if close else ""


def _sentence(model: type[Settings], error: ErrorDetails, origins: Mapping[str, str]) -> str:
    key = ".".join(str(part) for part in error["loc"][:2])
    known = dict(fields(model))
    if not key:  # an error about several settings: its own sentence names them
        return error["msg"].removeprefix("Value error, ")
    source = next((origins[each] for each in origins if f"{each}.".startswith(f"{key}.")), "")
    origin = f" (from {source})" if source else ""
    if error["type"] == "extra_forbidden":
        # Suggest other settings within a section, other sections at the top level.
        likely = {name for name in known if "." in name} if "." in key else {*model.model_fields}
        return f"{key}{origin} is not a setting{_close(key, likely)}."
    if key not in known:
        return f"{key}{origin} must be a section with settings in it, not {error['input']!r}."
    shown = _shown(key, error["input"])
    return f"{key} = {shown}{origin} is not allowed: it must be {allowed(known[key])}."


def _shown(key: str, value: object) -> str:
    """Return the value without secrets. An invalid URL is hidden whole: the place of its password
    is unknown."""
    if key in URL_SETTINGS and isinstance(value, str) and "://" in value:
        return repr(mask_url(value))
    return "(hidden)" if "secret" in key or key in URL_SETTINGS else repr(value)
