"""The files that an owner starts from, as tests read them."""

import functools
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.cli.examples import example
from server.house import HOUSE, load_settings
from server.settings import Settings
from tests.operations.containerfile import Stage, stages_of

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "config" / "examples"
SECRETS = {
    "LIVEROOM_JWT_SECRET": "s" * 64,
    "LIVEROOM_PAYMENTS_WEBHOOK_SECRET": "p" * 32,
    "LIVEROOM_REDIS_URL": "redis://:secret@redis.example:6379/0",
    "LIVEROOM_RECORDS_URL": "postgresql://liveroom:secret@sql.example/liveroom",
    "LIVEROOM_PICTURES_S3_SECRET_KEY": "k" * 40,
}
"""What an owner would fill in."""


@functools.cache
def image() -> list[Stage]:
    """The stages of the Containerfile; the last is what runs."""
    return stages_of(example("containerfile"))


def documents(name: str) -> list[dict[str, Any]]:
    """The documents of an example in YAML."""
    return list(yaml.safe_load_all(example(name)))


def rules() -> Iterator[dict[str, Any]]:
    """Each rule of the alerts, recording ones too."""
    for group in yaml.safe_load(example("alerts"))["groups"]:
        yield from group["rules"]


def settings_of(env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a server with these variables and no others, which it could serve with."""
    for name in list(os.environ):
        if name.startswith("LIVEROOM_"):
            monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    HOUSE.check(settings)
    return settings


@functools.cache
def tracked() -> frozenset[str]:
    """What git knows of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return frozenset(listed.stdout.splitlines())


def seconds(text: str) -> int:
    """A length of time as Compose and Prometheus write it: `30s`, `2m`."""
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]
