"""Chromium, front ends and pages for the browser tests. Missing pieces skip with one clear line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.frontends import NEWEST, FrontendMissing, static_folder
from tests.browser.support import PATIENCE_MS, WINDOW, pictures

JS = Path(__file__).parents[2] / "js"
MODES = ("classic", "nodes2")
ASKED = os.environ.get("TRACKGO_FRONTENDS", f"1.27.10,{NEWEST}").split(",")
FRONTENDS = [  # "1.27.10" stands for both its canvases, "1.27.10-classic" for one
    f"{version}-{mode}"
    for version, _, only in (name.partition("-") for name in ASKED)
    for mode in MODES
    if only in ("", mode)
]
CHROMIUM_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # a test needs nothing from elsewhere
]


def chromium_path() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need the Python package playwright")
    pytest.importorskip("aiohttp", reason="browser tests need the Python package aiohttp")
    path = chromium_path()
    if path is None:
        pytest.skip("browser tests need Chromium: install it, or name it in CHROMIUM_PATH")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=FRONTENDS)
def open_page(request: pytest.FixtureRequest, chromium) -> Iterator:
    """One page per front end and mode, shared by a module's tests; each test opens a workflow of its own in it."""
    from tests.browser.editor_page import EditorPage
    from tests.browser.standin_server import StandinServer

    version, mode = request.param.rsplit("-", 1)
    try:
        static = static_folder(version)
    except FrontendMissing as problem:
        pytest.skip(str(problem))
    with StandinServer(static, JS, pictures()) as server:
        server.settings["Comfy.VueNodes.Enabled"] = mode == "nodes2"
        page = chromium.new_page(viewport=WINDOW)
        page.set_default_timeout(PATIENCE_MS)
        editor = EditorPage(page, server, vue=mode == "nodes2")
        editor.version = version
        editor.open()
        yield editor
        page.close()


@pytest.fixture
def editor(open_page):
    """A fresh graph with an empty editor that shows quadrants.png."""
    open_page.server.prompts.clear()
    open_page.start()
    return open_page
