"""Gives tests to the processes of pytest-xdist, and to others when one has died.

pytest-xdist 3.8.0 can wait for ever after a process died (its issues 1323, 1327 and 1378, all of
`--dist loadgroup`): what was done is given out again as nothing, and a new process that is given
one test waits for a second one. It also looks through all that was done after each test.

And it writes a test's group where pytest 9.2 no longer looks, so that no test had one: each process
began its own Chromium and Cluster, and told the story of each feature again.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling


class Queue(LoadGroupScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Keeps only what is left to do; the test that ended its process is not tried again."""

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Forget a test that is done, and give the process more."""
        self._forget(node, self.registered_collections[node][item_index])
        self._reschedule(node)

    def remove_node(self, node: Any) -> Any:
        """Give what a process has left to the others; returns the test that it died in."""
        died_in = next((test for unit in self.assigned_work[node].values() for test in unit), None)
        if died_in is not None:
            self._forget(node, died_in)
        self.workqueue.update(self.assigned_work.pop(node))
        for other in self.nodes:
            self._reschedule(other)
        return died_in

    def _forget(self, node: Any, test: str) -> None:
        units = self.assigned_work[node]
        group = self._split_scope(test)
        del units[group][test]
        if not units[group]:
            del units[group]

    def _reschedule(self, node: Any) -> None:
        """A process needs two tests, or the word that no more come, to begin with the first."""
        if node.shutting_down or node not in self.registered_collections:
            return
        while self.workqueue and self._pending_of(self.assigned_work[node]) < 2:
            self._assign_work_unit(node)
        if not self.workqueue:
            node.shutdown()

    @property
    def running(self) -> list[str]:
        """The test that each process is in."""
        return [
            next(test for unit in units.values() for test in unit)
            for units in self.assigned_work.values()
            if self._pending_of(units)
        ]


QUEUE = pytest.StashKey[Queue]()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist sends the ids
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the group of each test behind its id, where the queue reads it."""
    if not session.config.getoption("loadgroup", default=False):
        return
    for item in session.items:
        if marker := item.get_closest_marker("xdist_group"):
            end = f"@{marker.args[0]}"
            if not item.nodeid.endswith(end):
                setattr(item, "_id", type(item.id).parse(item.nodeid + end))  # noqa: B010


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a test without its group, as `--last-failed` and people write it.

    Only in the process that gives the tests out, where pytest-xdist says the `node` it comes from:
    the others' reports must keep their ids.
    """
    if hasattr(report, "node") and report.nodeid.rfind("@") > max(
        report.nodeid.rfind("]"), report.nodeid.rfind("::")
    ):
        report.nodeid = report.nodeid.rpartition("@")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Queue | None:
    """Take this queue where the Makefile asks for `--dist loadgroup`."""
    if config.getvalue("dist") != "loadgroup":
        return None
    config.stash[QUEUE] = Queue(config, log)
    return config.stash[QUEUE]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that were running when the run was ended from outside."""
    queue = terminalreporter.config.stash.get(QUEUE, None)
    if queue is not None and (running := queue.running):
        terminalreporter.section("not done when the run was ended")
        for test in running:
            terminalreporter.write_line(test)
