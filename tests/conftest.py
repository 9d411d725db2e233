"""What every test needs: no trace of the developer's own set-up, and nothing skipped in CI."""

import os
import signal
import sys
from collections.abc import Generator

import pytest
from hypothesis import settings

NOTHING_SKIPS = os.environ.get("PLG_CI") == "1"
"""Set by `.ci/run`, where every binary and right is present: a skip there would hide a promise that nobody checked."""

KEPT_VARIABLES = {"PLG_CI", "PLG_EXAMPLES", "PLG_FUZZ_INPUTS", "PLG_SCHEDULES"}
"""Settings of the tests themselves."""

# On two shared cores a single example may wait for its turn longer than hypothesis's deadline of 200 ms.
settings.register_profile("plg", deadline=None)
settings.load_profile("plg")


def pytest_configure() -> None:
    """Tests see neither the developer's server, token and config directory nor the keyring of the desktop."""
    for name in [name for name in os.environ if name.startswith("PLG_") and name not in KEPT_VARIABLES]:
        del os.environ[name]
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    # A shell starts what it puts in the background with Ctrl-C ignored, nohup with SIGHUP ignored, and every process below
    # inherits that: tests that send them would wait for ever.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    expected_to_fail = hasattr(report, "wasxfail")
    if NOTHING_SKIPS and report.skipped and not expected_to_fail:
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI forbids: {item.nodeid}: {skip_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if NOTHING_SKIPS and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI forbids: {collector.nodeid}: {skip_reason(report)}"
    return report


def skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The text given to pytest.skip; pytest keeps (path, line, text) there."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return str(report.longrepr)
