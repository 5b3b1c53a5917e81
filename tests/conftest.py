"""What every test shares: no deadline for examples, CI has two busy cores.

CI tries the same examples every time; new ones are looked for elsewhere.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(
    "vozduxan", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("vozduxan")


A_WORKER_DIED = pytest.StashKey[bool]()


def pytest_addoption(parser):
    parser.addoption(
        "--screenshots",
        type=Path,
        metavar="DIR",
        help="keep what clients show: pictures in DIR, texts in docs/clients.rst",
    )


@pytest.fixture(scope="session")
def screenshots(request):
    """Where pictures of clients go; None when nobody asked for them."""
    folder = request.config.getoption("--screenshots")
    return folder and folder.absolute()


#: A real player takes part in these. GStreamer 1.22 and 1.26 sometimes hang after a
#: seek, with local files too (1 to 3 of 24 on a busy machine).
WITH_A_PLAYER = ("tests/e2e/", "tests/test_rig.py", "tests/test_demo.py")
#: How a wait fails that has taken too long: ours, a browser's, pytest-timeout's.
TOO_LONG = "Timeout"
#: What the run ends with when a test failed that gets no second try (scripts/test).
A_FAULT = 7


def pytest_collection_modifyitems(config, items):
    """Give tests with a real player a second try when they waited too long.

    The summary counts and shows them. They are the longest, and begin first where
    others run beside them.
    """
    for item in items:
        if item.nodeid.startswith(WITH_A_PLAYER):
            item.add_marker(pytest.mark.flaky(reruns=2, only_rerun=[TOO_LONG]))
    if hasattr(config, "workerinput"):  # pytest-xdist
        items.sort(key=lambda item: not item.nodeid.startswith(WITH_A_PLAYER))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Tell faults from what a busy machine may have done."""
    report = yield
    if report.failed:
        timed = item.get_closest_marker("alone") or TOO_LONG in call.excinfo.exconly()
        report.is_fault = not (timed or item.nodeid.startswith(WITH_A_PLAYER))
    return report


@pytest.hookimpl(optionalhook=True)  # pytest-xdist
def pytest_testnodedown(node, error):
    """Take note of a worker that died: libtorrent or GStreamer may have crashed."""
    if error:
        node.config.stash[A_WORKER_DIED] = True


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """End otherwise than usual, so that no second try hides a crash or a fault."""
    if session.config.stash.get(A_WORKER_DIED, False):
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
    elif session.exitstatus == pytest.ExitCode.TESTS_FAILED:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        failed = [*reporter.stats.get("failed", ()), *reporter.stats.get("error", ())]
        if any(getattr(report, "is_fault", False) for report in failed):
            session.exitstatus = A_FAULT


def pytest_terminal_summary(terminalreporter):
    """Show why a test ran again, so that the second try hides no fault."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"why {report.nodeid} ran again ({report.when})")
        terminalreporter.write_line(report.longreprtext[-4000:])
