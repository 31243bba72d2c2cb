"""`liveroom config --example NAME` prints a file of config/, `--examples FOLDER` writes all."""

import shutil
from importlib.resources import files
from pathlib import Path

_SERVER = Path(str(files("server")))
_IN_WHEEL = _SERVER / "shipped"
_IN_REPOSITORY = _SERVER.parent / "config"

EXAMPLES = {
    "production": "production.toml",
    "systemd": "examples/liveroom.service",
    "nginx": "examples/nginx.conf",
    "containerfile": "examples/Containerfile",
    "compose": "examples/compose.yaml",
    "kubernetes": "examples/kubernetes.yaml",
    "autoscaling": "examples/kubernetes-autoscaling.yaml",
    "grafana": "grafana-dashboard.json",
    "alerts": "examples/alerts.yaml",
    "mediamtx": "examples/mediamtx.yml",
}
"""The names of the examples, with their paths in config/."""


def example(name: str) -> str:
    """Return the text of an example. Raises KeyError if there is none of that name."""
    return (_shipped() / EXAMPLES[name]).read_text(encoding="utf-8")


def write_examples(folder: Path) -> list[Path]:
    """Write all examples, and the files that they name, as they lie in config/; return the paths.

    Raises FileExistsError, before anything is written, if one is there already.
    """
    shipped = _shipped()
    named = {shipped / path for path in EXAMPLES.values()}
    sources = sorted(named | {path for path in (shipped / "examples").rglob("*") if path.is_file()})
    targets = {source: folder / source.relative_to(shipped) for source in sources}
    for target in targets.values():
        if target.exists():
            raise FileExistsError(target)
    for source, target in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return list(targets.values())


def _shipped() -> Path:
    return _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_REPOSITORY
