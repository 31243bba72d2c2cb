"""The last problems that operators are shown."""

import logging

from server.web.ops import ERRORS_MAX, RecentProblems


def test_the_last_warnings_are_kept_without_their_secrets() -> None:
    problems = RecentProblems("w1")
    log = logging.getLogger("tests.problems")
    log.addHandler(problems)
    log.setLevel(logging.INFO)
    log.info("nothing to see")
    for n in range(ERRORS_MAX + 5):
        log.warning("%d: lost redis://user:hush-hush@host", n)

    assert len(problems.kept) == ERRORS_MAX
    assert [problem.msg for problem in problems.kept][-1] == (
        f"{ERRORS_MAX + 4}: lost redis://user:***@host"
    )
    assert {problem.worker for problem in problems.kept} == {"w1"}


def test_what_browsers_report_does_not_push_out_the_servers_own_problems() -> None:
    problems = RecentProblems("w1")
    log = logging.getLogger("server.web.page_errors")
    log.addHandler(problems)
    try:
        log.warning("Browsers report a failure.")
    finally:
        log.removeHandler(problems)

    assert not problems.kept
