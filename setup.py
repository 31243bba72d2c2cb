"""Puts files of config/ into the wheel; all else about the package stands in pyproject.toml.

config/ is the folder that an owner looks into, at the top of the repository. A wheel has no top,
so a copy lies in each package that reads or prints its files, under `shipped/`. In a checkout, and
in an editable install, they look into config/ itself.
"""

from pathlib import Path
from shutil import copytree

from setuptools import setup
from setuptools.command.build_py import build_py

CONFIG = Path(__file__).parent / "config"
SHIPPED = ("server/shipped", "loadtest/shipped")


class BuildWithConfig(build_py):
    """Builds the packages as ever, then adds config/ to those that read it."""

    def run(self) -> None:
        """See above."""
        super().run()
        if not self.editable_mode:
            for folder in SHIPPED:
                copytree(CONFIG, Path(self.build_lib) / folder, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithConfig})
