"""How hard the proofs try: seconds in the test suite, as long as asked for in `make torture`.

`LIVEROOM_TORTURE_S=600` gives them about ten minutes together; without it they take a small size.
"""

import os

# Read once, before the fixture that takes LIVEROOM_* away from tests.
SECONDS = float(os.environ.get("LIVEROOM_TORTURE_S", "0"))

_EXAMPLES_PER_S = 3.5
_ROUND_S = 5


def examples(small: int) -> int:
    """Hypothesis examples for half of SECONDS."""
    return max(small, int(SECONDS / 2 * _EXAMPLES_PER_S)) if SECONDS else small


def more(few: int, many: int) -> int:
    """`few` examples in the test suite, `many` in `make torture`; mark the test `grows`."""
    return many if SECONDS else few


def rounds(small: int) -> int:
    """Rounds, of about five seconds each, for a third of SECONDS."""
    return max(small, int(SECONDS / 3 / _ROUND_S)) if SECONDS else small
