"""`liveroom config --example NAME`: files to start from, as they lie in config/."""

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
"""What can be printed, and where in config/ it lies."""


def example(name: str) -> str:
    """The file of that name, whole. Raises KeyError for one that there is not."""
    folder = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_REPOSITORY
    return (folder / EXAMPLES[name]).read_text(encoding="utf-8")
