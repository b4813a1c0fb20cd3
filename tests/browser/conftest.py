"""A real browser and real Jupyter servers for the browser tests."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

# A machine without graphics or a way out: no sandbox (tests run as root), no calls home.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def page():
    """A page of a headless Chromium; what the page logs as errors is collected in ``.errors``."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        opened = browser.new_page(viewport={"width": 1360, "height": 900})
        opened.set_default_timeout(60_000)
        yield opened
        browser.close()


@pytest.fixture
def server(tmp_path):
    """Start a command that serves Jupyter: ``server(argv, cwd, **environment) -> base URL``."""
    running = []
    settings = tmp_path / "jupyter-for-tests"
    settings.mkdir()
    exposed = {"LabApp": {"expose_app_in_browser": True}}
    (settings / "jupyter_lab_config.json").write_text(json.dumps(exposed))

    def start(argv, cwd, **environment):
        log = tmp_path / f"server-{len(running)}.log"
        process = subprocess.Popen(
            [sys.executable, *argv],
            cwd=cwd,
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
            env={**os.environ, "JUPYTER_CONFIG_PATH": str(settings), **environment},
            start_new_session=True,
        )
        running.append(process)
        return _wait_until_up(process, log)

    yield start
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    for process in running:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_until_up(process, log, limit_s=60):
    """The address that the server printed, once it answers."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        assert process.poll() is None, f"the server ended: {log.read_text()}"
        found = re.search(r"http://localhost:\d+/\S*token=\w+", log.read_text())
        if found:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(found.group(), timeout=5)
                return found.group()
        time.sleep(0.2)
    pytest.fail(f"no server within {limit_s} s: {log.read_text()}")
