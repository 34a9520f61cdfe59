"""The apps in a browser: a click, an input, and the book is as it should be; no complaint, no traceback, no request elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apps.conftest import PATIENCE, Person
from workbench.api import Workbench

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("WORKBENCH_PICTURES", "")
"""A folder for screenshots; empty: none are taken."""


def picture(page: Any, name: str) -> None:
    if PICTURES:
        if hasattr(page, "viewport_size"):
            page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def rulings(society: Path) -> list[dict[str, Any]]:
    with Workbench.open(society, user="test") as wb:
        return wb.matching.rulings().to_dict("records")


def doubt_on(page: Any) -> str:
    return str(page.inner_text(".doubt h2"))


def test_a_person_signs_in_finds_what_waits_and_signs_out(server: str, somebody: Callable[..., Person]) -> None:
    me = somebody(server)
    me.page.goto(f"{server}/match_review")
    assert me.page.title().startswith("Sign in")
    picture(me.page, "sign-in")
    me.sign_in("a.mwangi")
    me.open("/")
    assert me.page.title() == "Home · Tala Music Rights Society"
    assert me.page.get_attribute("html", "lang") == "en"
    assert "lines wait for somebody" in me.text()
    picture(me.page, "home")
    me.page.keyboard.press("Tab")
    assert me.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    me.page.click("a:has-text('Review matches')")
    me.page.wait_for_selector(".compare")
    me.page.click("text=Sign out")
    me.page.wait_for_selector("#user_name")
    me.page.goto(f"{server}/")
    assert me.page.title().startswith("Sign in")


def test_one_key_rules_on_a_doubt_and_the_next_is_there_at_once(
    server: str, society: Path, somebody: Callable[..., Person]
) -> None:
    me = somebody(server, "a.mwangi")
    page = me.open("/match_review")
    picture(page, "match-review")
    first = doubt_on(page)
    page.keyboard.press("1")
    page.wait_for_selector(".notice.good")
    assert doubt_on(page) != first
    assert page.evaluate("document.activeElement.tagName") == "H2", "a screen reader hears the next doubt"
    page.fill("#why", "it is the station's jingle <b>1</b>")
    page.keyboard.press("n")
    assert len(rulings(society)) == 1, "a key typed into a field is text"
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.wait_for_function("document.querySelector('.gauge b').textContent === '2'", timeout=PATIENCE)
    made = rulings(society)
    assert [(row["who"], bool(row["target_id"])) for row in made] == [("a.mwangi", True), ("a.mwangi", False)]
    assert made[1]["why"] == "it is the station's jingle <b>1</b>n"
    page.keyboard.press("u")
    page.wait_for_selector(".notice.info")
    assert [bool(row["withdrawn_at"]) for row in rulings(society)] == [False, True]
    page.keyboard.press("?")
    page.wait_for_selector("h2:has-text('Keys')")


def test_what_the_program_did_not_find_is_found_by_hand(server: str, society: Path, somebody: Callable[..., Person]) -> None:
    with Workbench.open(society, user="test") as wb:
        wanted = wb.works.get(wb.works.frame().iloc[0]["id"])
    me = somebody(server, "a.mwangi")
    page = me.open("/match_review")
    page.keyboard.press("/")
    page.keyboard.type(wanted.title)
    page.keyboard.press("Enter")
    page.wait_for_selector("[aria-label='Search by hand'] li")
    picture(page, "match-review-search")
    page.click(f"[aria-label$='work {wanted.id}']")
    page.wait_for_selector(".notice.good")
    assert [row["target_id"] for row in rulings(society)] == [wanted.id]


def test_names_that_look_like_markup_are_shown_as_they_are(server: str, society: Path, somebody: Callable[..., Person]) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    with Workbench.open(society, user="test") as wb:
        doubt = wb.matching.queue(limit=1)[0]
        best = doubt.candidates[0]
        desk = wb.works if best.kind == "work" else wb.recordings
        desk.change(best.id, title=nasty, why="a test of nasty names")
    me = somebody(server, "a.mwangi")
    page = me.open("/match_review")
    assert nasty in me.text()
    assert page.locator(".wb img").count() == 0


def test_two_people_on_the_same_queue_lose_no_ruling(server: str, society: Path, somebody: Callable[..., Person]) -> None:
    one, two = somebody(server, "a.mwangi"), somebody(server, "b.kamau")
    first, second = one.open("/match_review"), two.open("/match_review")
    title = doubt_on(first)
    assert doubt_on(second) == title
    second.keyboard.press("n")
    second.wait_for_selector(".notice.good")
    first.keyboard.press("1")
    first.wait_for_selector(".notice.warning")
    assert "b.kamau ruled on" in first.inner_text(".notice")
    picture(first, "match-review-meanwhile")
    assert doubt_on(first) != title
    for _ in range(4):  # both at once, as fast as they can
        for page in (first, second):
            page.keyboard.press("n")
        for person, page in ((one, first), (two, second)):
            person.settled(page)
    made = rulings(society)
    said = [first.inner_text(".gauge b >> nth=0"), second.inner_text(".gauge b >> nth=0")]
    assert [sum(row["who"] == who for row in made) for who in ("a.mwangi", "b.kamau")] == [int(text) for text in said]
    assert not [row for row in made if row["withdrawn_at"]], "no ruling was replaced by another"
    assert len({row["key"] for row in made}) == len(made)


def test_the_wrong_role_is_refused_by_the_callback_itself(server: str, society: Path, somebody: Callable[..., Person]) -> None:
    me = somebody(server, "c.auma")
    page = me.open("/match_review")
    page.keyboard.press("1")
    page.wait_for_selector(".notice.problem")
    assert "you may not do this" in me.text()
    page = me.open("/distribution_run")
    page.select_option("#period", "2025-Q2")
    me.settled()
    page.evaluate("document.querySelectorAll('button').forEach((b) => (b.disabled = false))")
    page.click("text=Prepare 2025-Q2 …")
    me.settled()
    page.click("text=Yes, prepare it")
    page.wait_for_selector(".notice.problem")
    assert "you may not do this" in me.text()
    with Workbench.open(society, user="test") as wb:
        assert len(wb.distribution.runs()) == len(wb.matching.rulings()) == 0


def test_a_run_from_money_to_statements(server: str, society: Path, somebody: Callable[..., Person]) -> None:
    one, two = somebody(server, "a.mwangi"), somebody(server, "b.kamau")
    page = one.open("/distribution_run")
    picture(page, "distribution-money")
    page.select_option("#period", "2025-Q2")
    page.click("text=Prepare 2025-Q2 …")
    page.click("text=Yes, prepare it")
    page.wait_for_selector("h2:has-text('Approve')")
    assert "You prepared this run" in one.text()
    if page.locator(".tick input").count():
        page.check(".tick input")
        one.settled()
    page.click("button:has-text('Approve')")
    page.wait_for_selector(".notice.problem")

    page = two.open("/distribution_run")
    if page.locator(".tick input").count():
        page.check(".tick input")
        two.settled()
    picture(page, "distribution-approve")
    page.click("button:has-text('Approve')")
    page.wait_for_selector("h2:has-text('Seal')")
    page.click("text=Seal …")
    page.fill("#note", "Board decision 2025/14")
    page.click("text=Seal this run")
    page.wait_for_selector("h2:has-text('Statements')")
    page.click("text=Write the audit kit")
    page.wait_for_selector(".notice.good:has-text('audit kit')")
    page.click("text=Write statements")
    page.wait_for_selector(".notice.good:has-text('statements are in')", timeout=4 * PATIENCE)
    picture(page, "distribution-sealed")
    with Workbench.open(society, user="test") as wb:
        run = wb.distribution.runs().iloc[0]
        assert (run["state"], run["prepared_by"], run["approved_by"], run["sealed_by"]) == (
            "sealed",
            "a.mwangi",
            "b.kamau",
            "b.kamau",
        )
        assert (wb.config.outbox / f"{run['id']}-audit-kit.zip").is_file()
        assert list((wb.config.outbox / run["id"]).rglob("*.pdf"))


@pytest.fixture
def central(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A central instance in its own process: its address, and a token for our society and for another one."""
    command = [sys.executable, "-m", "workbench.central", "--database", f"sqlite:///{tmp_path / 'central.sqlite'}"]
    tokens = {
        code: subprocess.run([*command, "--enrol", code], capture_output=True, text=True, check=True).stdout.strip()
        for code in ("TALA", "BETA")
    }
    process = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address
        yield address[0], tokens
    finally:
        process.terminate()
        process.wait(30)


def test_changes_are_exchanged_and_a_conflict_is_shown_and_decided(
    server: str, society: Path, tmp_path: Path, central: tuple[str, dict[str, str]], somebody: Callable[..., Person]
) -> None:
    address, tokens = central
    me = somebody(server, "d.njeri")
    page = me.open("/sync")
    page.fill("#url", address)
    page.fill("#secret", tokens["TALA"])
    page.click("button:has-text('Register')")
    page.wait_for_selector("h2:has-text('Exchange')")
    page.click("text=Send and take in")
    page.wait_for_selector(".notice.good:has-text('Sent:')")
    picture(page, "sync")
    with Workbench.open(society, user="a.mwangi") as ours:
        state = ours.sync.state()
        assert state["registered"]
        assert (state["to_push"], state["open_conflicts"]) == (0, 0)
        assert state["anchored_number"] > 0
        work = ours.works.frame().iloc[0]["id"]
        with Workbench.create(tmp_path / "beta", code="BETA", name="Beta", currency="KES", user="x.other") as theirs:
            theirs.sync.register(url=address, secret=tokens["BETA"])
            theirs.sync.exchange()
            theirs.works.change(work, title="Their title", why="heard it so")
            ours.works.change(work, title="Our title", why="the contract says so")
            theirs.sync.exchange()
    page.click("text=Send and take in")
    page.wait_for_selector("article")
    assert "Our title" in page.inner_text("article")
    assert "Their title" in page.inner_text("article")
    picture(page.locator("article"), "sync-conflict")
    page.fill("article input", "they hold the original contract")
    page.click("text=Keep theirs")
    page.wait_for_selector(".notice.good:has-text('theirs is kept')")
    with Workbench.open(society, user="test") as ours:
        settled = ours.sync.conflicts(state="settled").iloc[0]
        assert (settled["outcome"], settled["decided_by"], settled["why"]) == (
            "theirs",
            "d.njeri",
            "they hold the original contract",
        )
        assert ours.works.get(work).title == "Their title"


def test_when_nobody_answers_the_page_says_so_and_nothing_is_lost(
    server: str, society: Path, somebody: Callable[..., Person]
) -> None:
    me = somebody(server, "d.njeri")
    page = me.open("/sync")
    page.fill("#url", "http://127.0.0.1:9")
    page.fill("#secret", "a token")
    page.click("button:has-text('Register')")
    page.wait_for_selector(".notice.warning:has-text('does not answer')")


def test_a_record_is_found_looked_through_changed_and_undone_by_keyboard_alone(
    server: str, society: Path, somebody: Callable[..., Person]
) -> None:
    with Workbench.open(society) as wb:
        work = wb.works.get_many()[0]
    me = somebody(server, "a.mwangi")
    page = me.open("/register")
    page.keyboard.press("/")
    page.keyboard.type(work.id)
    page.wait_for_selector(f"ul.plain code:has-text('{work.id}')")
    page.keyboard.press("Escape")
    page.focus("ul.plain button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tabs >> text=Who collects")
    page.focus(".tabs button:has-text('Who collects')")
    page.keyboard.press("Enter")
    page.wait_for_selector("img.picture")
    assert page.evaluate("document.querySelector('img.picture').naturalWidth") > 100
    picture(page, "register-chain")
    page.keyboard.press("e")
    page.wait_for_selector("form.record-form")
    page.fill("[name=title]", "<b>Another</b> name")
    page.fill("[name=why]", "a letter")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice.good:has-text('Saved')")
    assert page.inner_text("h2.name") == "<b>Another</b> name"
    page.keyboard.press("h")
    page.wait_for_selector("ol.history >> text=a letter")
    page.focus("ol.history button:has-text('Undo')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice.good:has-text('Undone')")
    with Workbench.open(society) as wb:
        assert wb.works.get(work.id).title == work.title


def test_every_page_fits_a_narrow_screen_and_names_all_it_has(quiet_server: str, somebody: Callable[..., Person]) -> None:
    me = somebody(quiet_server, "d.njeri", viewport={"width": 390, "height": 844})
    for path in ("/", "/register", "/cleaning", "/match_review", "/distribution_run", "/sync"):
        page = me.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')].filter((each) =>
                !(each.textContent.trim() || each.getAttribute('aria-label') || (each.labels && each.labels.length)))
                .map((each) => each.outerHTML)"""
        )
        assert nameless == []
        assert page.evaluate("document.querySelectorAll('h1').length") == 1
        picture(page, f"narrow{path.replace('/', '-').rstrip('-')}")


def test_a_closed_tab_ends_its_kernel_and_a_dead_one_says_reload(quiet_server: str, somebody: Callable[..., Person]) -> None:
    server = quiet_server
    me = somebody(server, "a.mwangi")
    page = me.open("/")
    asked = "JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"
    kernel = page.evaluate(asked)
    other = me.open("/sync", me.new_page())
    other_kernel = other.evaluate(asked)
    other.close()
    gone = f"fetch('/api/kernels/{other_kernel}').then((answer) => answer.status)"
    page.wait_for_function(f"async () => (await {gone}) === 404", timeout=PATIENCE)
    me.complaints.clear()  # the browser notes our own question about a kernel that is gone
    token = page.evaluate("document.querySelector('.wb-person input').value")
    page.request.post(f"{server}/voila/api/shutdown/{kernel}", form={"_xsrf": token})
    page.wait_for_selector("#wb-asleep:not([hidden])", timeout=PATIENCE)
    assert "went to sleep" in page.inner_text("#wb-asleep")
    me.complaints.clear()


def test_a_fault_of_ours_is_an_apology_with_a_reference(server: str, society: Path, somebody: Callable[..., Person]) -> None:
    me = somebody(server, "a.mwangi")
    page = me.open("/match_review")
    with Workbench.open(society, user="test") as wb, wb.office.change("break it for a test") as change:
        change.connection.exec_driver_sql("ALTER TABLE ruling RENAME TO gone")
    page.keyboard.press("1")
    page.wait_for_selector(".notice.problem")
    said = page.inner_text(".notice.problem")
    reference = said.split("(reference ")[1].split(")")[0]
    log = (society / "logs" / "apps.log").read_text(encoding="utf-8")
    assert reference in log
    assert "Traceback" in log
    assert "ruling" not in said
