"""What the tests of the apps share: a small invented society with doubts, people who may sign in, a staff server, a browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from workbench.api import Workbench
from workbench.demo import build

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
]
PEOPLE = {
    "a.mwangi": ("a long enough word 1", ("analyst", "distribution")),
    "b.kamau": ("a long enough word 2", ("analyst", "approver")),
    "c.auma": ("a long enough word 3", ("auditor",)),
    "d.njeri": ("a long enough word 4", ("admin", "analyst")),
}
PATIENCE = 90_000
"""Milliseconds: the machine may be busy with other tests."""


@pytest.fixture(scope="session")
def finished_society(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small society whose usage is loaded and matched; copied for each test that changes it."""
    folder = tmp_path_factory.mktemp("apps") / "society"
    demo = build(folder, seed=1, scale=0.02)
    with Workbench.open(folder, user="setup") as wb:
        for report in demo.reports:
            wb.usage.load(
                folder / report.file, layout=report.layout, licence_id=report.licence_id, period=report.period, why="post"
            )
        wb.matching.run()
        there = set(wb.staff.frame()["user_name"])
        for name, (password, roles) in PEOPLE.items():
            if name in there:
                wb.staff.set_password(name, password)
                wb.staff.set_roles(name, roles, why="as the tests need")
            else:
                wb.staff.add(name, password=password, roles=roles)
    return folder


@pytest.fixture
def society(finished_society: Path, tmp_path: Path) -> Path:
    """A fresh copy of the society."""
    return Path(shutil.copytree(finished_society, tmp_path / "society"))


@contextmanager
def serving(folder: Path, **options: Any) -> Iterator[str]:
    """Run the staff server in its own process and give its address."""
    said = ", ".join(f"{name}={value!r}" for name, value in options.items())
    call = f"serve({str(folder)!r}, port=0, say=lambda text: print(text, flush=True), {said})"
    code = f"from workbench.apps.server import serve; {call}"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield found[0]
                break
        else:
            assert process.stderr is not None
            pytest.fail(f"the server did not start: {process.stderr.read()[-2000:]}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def quiet_server(finished_society: Path) -> Iterator[str]:
    """The address of a staff server for tests that change nothing in the book."""
    with serving(finished_society) as address:
        yield address


@pytest.fixture
def server(society: Path) -> Iterator[str]:
    """The address of a staff server of the fresh society."""
    with serving(society) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Person:
    """Somebody at a browser: what they open, and everything their browser complained about or asked other hosts for."""

    def __init__(self, context: Any, address: str) -> None:
        self.context, self.address = context, address
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Any:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((self.address, "data:", "blob:")) else self.foreign.append(asked.url),
        )
        return page

    def sign_in(self, name: str, password: str = "") -> None:
        self.page.goto(f"{self.address}/login")
        self.page.fill("#user_name", name)
        self.page.fill("#password", password or PEOPLE[name][0])
        self.page.click("button[type=submit]")

    def open(self, path: str, page: Any = None) -> Any:
        page = page or self.page
        page.goto(self.address + path)
        page.wait_for_selector(".wb-frame[data-ready] .wb h1")
        return page

    def settled(self, page: Any = None) -> None:
        """Wait until the last click has been answered."""
        (page or self.page).wait_for_selector(".wb-frame[aria-busy=false]")

    def text(self, page: Any = None) -> str:
        return str((page or self.page).inner_text(".wb"))


@pytest.fixture
def somebody(chromium: Any) -> Iterator[Callable[..., Person]]:
    """Make people at browsers; at the end nobody's browser has complained, and none has asked another host for anything."""
    people: list[Person] = []
    with ExitStack() as stack:

        def make(address: str, name: str = "", **options: Any) -> Person:
            context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
            stack.callback(context.close)
            person = Person(context, address)
            people.append(person)
            if name:
                person.sign_in(name)
            return person

        yield make
        assert [text for person in people for text in person.complaints] == []
        assert [url for person in people for url in person.foreign] == []
        for person in people:
            for page in person.context.pages:
                assert "Traceback" not in page.content()
