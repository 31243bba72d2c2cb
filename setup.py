"""Lays out the wheel; all else about the package stands in pyproject.toml.

The wheel has one package, `liveroom`: server/launch, with our folders under `code/`. Otherwise they
would stand as `server`, `client_sim` and `loadtest` beside all packages of whoever installs it
(docs/decisions/0099-one-package-in-the-wheel.md).

Scripts of third parties that the pages import are fetched by `make setup`, and lie in the wheel
with their licences (`server.web.third_party`). A wheel built where there is no npm has none.

config/ is the folder that an owner looks into, at the top of the repository. A wheel has no top,
so a copy lies in each package that reads or prints its files, under `shipped/`. In a checkout, and
in an editable install, they look into config/ itself.
"""

from pathlib import Path
from shutil import copy, copytree, move, rmtree

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

CONFIG = Path(__file__).parent / "config"
HLS = Path(__file__).parent / "node_modules" / "hls.js"
VENDOR = Path("server", "web", "vendor")
SHIPPED = ("server/shipped", "loadtest/shipped")
OURS = ("server", "client_sim", "loadtest")


class BuildOnePackage(build_py):
    """Builds the packages as ever, adds config/ to those that read it, and moves all into one."""

    def run(self) -> None:
        """See above."""
        super().run()
        if self.editable_mode:
            return
        built = Path(self.build_lib)
        for folder in SHIPPED:
            copytree(CONFIG, built / folder, dirs_exist_ok=True)
        if HLS.is_dir():
            (built / VENDOR).mkdir(exist_ok=True)
            copy(HLS / "dist" / "hls.min.mjs", built / VENDOR / "hls.js")
            copy(HLS / "LICENSE", built / VENDOR / "hls.js.LICENSE")
        code = built / "liveroom" / "code"
        rmtree(code, ignore_errors=True)
        code.mkdir()
        for name in OURS:
            move(built / name, code / name)


setup(
    packages=[
        *find_packages(include=[f"{name}*" for name in OURS], exclude=["server.launch*"]),
        "liveroom",
    ],
    package_dir={"liveroom": "server/launch"},
    cmdclass={"build_py": BuildOnePackage},
)
