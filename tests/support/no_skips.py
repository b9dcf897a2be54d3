"""A check that did not run is no pass: where CI is true, a skipped test fails the session."""

import os

import pytest
from _pytest.terminal import TerminalReporter


def _skipped(config: pytest.Config) -> int:
    """How many tests were skipped, over all workers; nothing unless this is CI."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    # A worker has no terminal: only the process that gathers all reports decides.
    if os.environ.get("CI") != "true" or not isinstance(reporter, TerminalReporter):
        return 0
    return len(reporter.stats.get("skipped", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    if count := _skipped(config):
        terminalreporter.write_line(f"ERROR: {count} skipped, and CI skips nothing: install what is missing", red=True)
