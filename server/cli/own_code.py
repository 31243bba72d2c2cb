"""Makes the processes that this one starts run our code, whatever else has its names."""

import os
from pathlib import Path

import server


def lead_children_here() -> None:
    """Have each process that this one starts look for modules beside this `server` first.

    `python -m server` takes the folder `server` of the working folder, which a shop may have, and
    then a package `server` that somebody else installed.
    """
    here = str(Path(server.__file__).resolve().parents[1])
    others = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = here + (os.pathsep + others if others else "")
    os.environ["PYTHONSAFEPATH"] = "1"
