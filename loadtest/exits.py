"""The exit codes of `load`, and the one by which its locust process says "failed".

Locust and Python end with 1 for troubles of their own. A verdict has a code that neither uses, so
that a crash is never taken for one.
"""

PASSED = 0
FAILED = 1
CANNOT_RUN = 2
VERDICT_FAILED = 41


def of_run(code: int) -> int:
    """The exit code of `load` for that of its locust process."""
    return {PASSED: PASSED, VERDICT_FAILED: FAILED}.get(code, CANNOT_RUN)
