"""`python -m loadtest torture --seconds 600`: the proofs of orders at a size of choice.

Also the tests that `make test` leaves out, because they take long and rarely find anything.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path


def main(argv: list[str]) -> int:
    """Run the proofs; the status of pytest."""
    parser = argparse.ArgumentParser(prog="python -m loadtest torture")
    parser.add_argument("--seconds", type=float, default=600, help="about how long (600)")
    wishes, rest = parser.parse_known_args(argv)
    tests = Path(__file__).parent.parent / "tests"
    if not (tests / "torture").is_dir():
        print("torture runs in a clone of the repository: tests/torture is not here.")
        return 2
    environment = os.environ | {"LIVEROOM_TORTURE_S": str(wishes.seconds)}
    command = [sys.executable, "-m", "pytest", "-m", "torture or grows", *rest]
    return subprocess.run(command, env=environment, check=False, cwd=tests.parent).returncode
