"""`liveroom config --example NAME`: prints example files from config/."""

from importlib.resources import files
from pathlib import Path

_SERVER = Path(str(files("server")))
_IN_WHEEL = _SERVER / "shipped"
_IN_REPOSITORY = _SERVER.parent / "config"

EXAMPLES = {
    "production": "production.toml",
    "systemd": "examples/liveroom.service",
    "nginx": "examples/nginx.conf",
    "compose": "examples/compose.yaml",
    "kubernetes": "examples/kubernetes.yaml",
    "grafana": "grafana-dashboard.json",
    "alerts": "examples/alerts.yaml",
}
"""The names of the examples, with their paths in config/."""


def example(name: str) -> str:
    """Return the text of an example. Raises KeyError if there is none of that name."""
    folder = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_REPOSITORY
    return (folder / EXAMPLES[name]).read_text(encoding="utf-8")
