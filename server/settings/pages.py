"""Writes settings for people: TOML files and docs/configuration.md."""

import json
from collections.abc import Callable
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from server.settings.allowed import allowed
from server.settings.load import env_name, fields
from server.settings.masking import URL_SETTINGS, mask_url
from server.settings.model import Settings

_DEFAULT_HEAD = """\
# Every setting with its default, made from the code by `make docs`. Copy what you change into a
# file of your own and start with `liveroom serve --config FILE`.
"""

_PAGE_HEAD = """\
# Configuration

Made from the code by `make docs`. A value comes from, each over the one before: the defaults
below, the TOML file of `--config` (or `LIVEROOM_CONFIG`), the environment, the command line.

- In TOML a setting is `name` in its `[section]`; in the environment it is
  `LIVEROOM_SECTION_NAME`. An empty variable counts as not set. A list in the environment has
  commas between its parts.
- An unknown name, or a value out of its bounds, stops the start with one line that says which.
  Variables that Kubernetes makes for a Service (`LIVEROOM_SERVICE_HOST`, `LIVEROOM_PORT=tcp://…`,
  `LIVEROOM_REDIS_PORT_6379_TCP`, …) are not settings and are passed over.
- Units end the names: `_s` seconds, `_ms` milliseconds, `_us` microseconds, `_bytes`, `_chars`.
- `liveroom config` prints what is in force, secrets masked.
- [config/](../config) holds files to start from: `development.toml`, `production.toml` and
  `loadtest.toml`; `default.toml` lists everything.
"""


def plain(settings: Settings) -> dict[str, Any]:
    """Return every value as JSON types, secrets unmasked: for our own workers, never for a log."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: bare(inner) for name, inner in value.items()}
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        return list(value) if isinstance(value, tuple) else value

    return {name: bare(value) for name, value in settings.model_dump().items()}


def effective_toml(settings: Settings) -> str:
    """Return the effective settings as TOML, with secrets and passwords masked."""

    def shown(key: str, _: FieldInfo) -> str:
        value = _value(settings, key)
        if isinstance(value, SecretStr):
            value = "***"
        return _line(key, mask_url(value) if key in URL_SETTINGS else value)

    return _sections(type(settings), shown)


def default_toml(model: type[Settings]) -> str:
    """Return config/default.toml: every setting with its description and default."""

    def shown(key: str, field: FieldInfo) -> str:
        return f"# {field.description}\n{_line(key, field.default)}"

    return _DEFAULT_HEAD + _sections(model, shown)


def configuration_md(model: type[Settings]) -> str:
    """Return docs/configuration.md."""
    rows: list[str] = []
    section = "-"
    for key, field in fields(model):
        of, _, name = key.rpartition(".")
        if of != section:
            section = of
            about = model.model_fields[of].annotation.__doc__ if of else None
            rows += ["", f"## {of or 'top'}", ""] + ([about.strip(), ""] if about else [])
            rows += ["| setting | default | allowed | what it is |", "|---|---|---|---|"]
        default = "" if field.default is None else f"`{_toml(field.default)}`"
        words = allowed(field).replace("|", "\\|")
        rows.append(
            f"| `{name}`<br>`{env_name(key)}` | {default} | {words} | {field.description} |"
        )
    return _PAGE_HEAD + "\n".join(rows) + "\n"


def _sections(model: type[Settings], shown: Callable[[str, FieldInfo], str]) -> str:
    lines: list[str] = []
    section = ""
    for key, field in fields(model):
        of = key.rpartition(".")[0]
        if of != section:
            section = of
            lines += ["", f"[{of}]"]
        lines.append(shown(key, field))
    return "\n".join(lines).lstrip("\n") + "\n"


def _line(key: str, value: Any) -> str:
    name = key.rpartition(".")[2]
    return f"# {name} is not set" if value is None else f"{name} = {_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f"{value}"


def _value(settings: Settings, key: str) -> Any:
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, part)
    return value
