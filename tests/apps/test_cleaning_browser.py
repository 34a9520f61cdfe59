"""The cleaning bench in a browser: all of it by keyboard alone, 100,000 rows as easily as ten, no cell's text ever markup."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apps.conftest import PATIENCE, PEOPLE, Person, serving
from workbench.api import Workbench

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("WORKBENCH_PICTURES", "")
HOSTILE = "<img src=x onerror=alert(1)>"
HEAD = ["title", "writer", "year", "country"]
ROWS = [
    ["Taa ya Pwani", "Amina Mwangi", "1998", "KE"],
    ["Usiku", "Mwangi, Amina", "2001", "KE"],
    ["Moto", "AMINA MWANGI", "n/a", "TZ"],
    [HOSTILE, "Baraka Otieno", "2001", ""],
    ["Nyota", "أمينة محمد", "1975", "TZ"],
    ["Nyota ", "Baraka Otieno", "", "UG"],
]
MANY = 100_000
GRID = "[role=grid][aria-busy=false] tbody tr[role=row]:not(.waiting) td"


def write(file: Path, rows: list[list[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([HEAD, *rows])


@pytest.fixture
def bench_society(tmp_path: Path) -> Path:
    """A society with staff and one small file in its inbox."""
    folder = tmp_path / "society"
    with Workbench.create(folder, code="TALA", name="Tala Music Rights Society", currency="KES", user="setup") as wb:
        for name, (password, roles) in PEOPLE.items():
            wb.staff.add(name, password=password, roles=roles)
    write(folder / "inbox" / "entries.csv", ROWS)
    return folder


@pytest.fixture
def bench_server(bench_society: Path) -> Iterator[str]:
    """The address of a staff server of that society."""
    with serving(bench_society) as address:
        yield address


class AtBench(Person):
    """Somebody at the bench's page, and what they see there."""

    def __init__(self, person: Person) -> None:
        self.__dict__ = person.__dict__

    @property
    def keys(self) -> Any:
        return self.page.keyboard

    def press(self, *names: str) -> None:
        for name in names:
            self.keys.press(name)

    def put_on_bench(self, label: str = "Open entries.csv") -> None:
        self.open("/cleaning")
        self.page.click(f"[aria-label='{label}']")
        self.page.wait_for_selector(GRID)
        self.settled()
        self.page.focus("[role=grid]")

    def at(self) -> str:
        """Return the text of the cell the person is at."""
        return str(
            self.page.evaluate(
                "document.getElementById(document.querySelector('[role=grid]').getAttribute('aria-activedescendant')).textContent"
            )
        )

    def counted(self) -> str:
        return str(self.page.inner_text(".count")).replace("\u202f", "")

    def wait_count(self, text: str) -> None:
        wanted = f"document.querySelector('.count').textContent.replaceAll('\\u202f', '') === '{text}'"
        self.page.wait_for_function(wanted, timeout=PATIENCE)

    def tab_to(self, text: str) -> None:
        """Press Tab until something of that text or label has the focus."""
        said = "document.activeElement.textContent.trim() + '|' + (document.activeElement.getAttribute('aria-label') || '')"
        seen = []
        for _ in range(120):
            seen.append(self.page.evaluate(said)[:60])
            if text in seen[-1]:
                return
            self.press("Tab")
        pytest.fail(f"{text} cannot be reached by Tab, only {seen}")

    def wait_text(self, selector: str, text: str) -> None:
        self.page.wait_for_selector(f"{selector}:has-text('{text}')")


@pytest.fixture
def analyst(bench_server: str, somebody: Callable[..., Person]) -> AtBench:
    """An analyst who has signed in."""
    return AtBench(somebody(bench_server, "a.mwangi"))


def picture(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"cleaning-{name}.png")


def recipe(society: Path, name: str = "entries") -> str:
    return (society / "cleaning" / name / "recipe.yaml").read_text(encoding="utf-8")


def test_a_file_is_cleaned_from_opening_to_export_by_keyboard_alone(analyst: AtBench, bench_society: Path) -> None:
    me = analyst
    page = me.open("/cleaning")
    picture(page, "start")
    me.tab_to("Open entries.csv")
    me.press("Enter")
    page.wait_for_selector(GRID)
    me.settled()

    me.press("g", "ArrowRight", "ArrowRight", "ArrowRight", "f")  # to the country, and its facet
    page.wait_for_selector(".facet")
    me.settled()
    me.press("v", "Space")
    me.wait_count("2 of 6 rows")
    assert page.locator(".chip").count() == 1
    picture(page, "facet")
    me.press("Space")
    me.wait_count("6 of 6 rows")

    me.press("g", "Home", "ArrowRight", "c")  # cluster the writers
    page.wait_for_selector("[role=dialog]")
    me.settled()
    picture(page, "clusters")
    me.tab_to("Tick all")
    me.press("Enter")
    me.settled()
    me.tab_to("Merge what is ticked")
    me.press("Enter")
    me.wait_text("[role=dialog]", "1 clusters merged")
    me.press("Escape")
    page.wait_for_selector("[role=dialog]", state="detached")
    me.settled()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "grid", "the focus is back where it was"
    me.press("ArrowDown")
    assert me.at() == "Amina Mwangi"

    me.press("Home", "Enter")
    me.keys.type("Usiku mwema")
    me.press("Enter")
    me.wait_text(".recipe", "Usiku mwema")
    assert me.at() == "Moto", "Enter keeps the cell and goes down"
    me.press("Control+z")
    page.wait_for_selector(".recipe li.undone")
    me.settled()
    me.press("Control+y")
    page.wait_for_selector(".recipe li.undone", state="detached")
    me.settled()

    me.press("m", "t", "Enter")  # the menu's first entry with t: trim
    page.wait_for_selector("[role=dialog] .preview")
    me.settled()
    picture(page, "preview")
    me.press("Enter")
    me.wait_text(".notice.good", "1 row changed")

    me.tab_to("Finish")
    me.press("Enter")
    page.wait_for_selector("[role=dialog]")
    me.settled()
    me.tab_to("Write CSV")
    me.press("Enter")
    me.wait_text(".notice.good", "outbox/entries-cleaned.csv")
    lines = (bench_society / "outbox" / "entries-cleaned.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[2].startswith("Usiku mwema,Amina Mwangi,2001,KE")
    assert recipe(bench_society).count("\n# ") + recipe(bench_society).startswith("# ") == 3


def test_the_text_of_a_cell_is_never_markup(analyst: AtBench) -> None:
    me = analyst
    me.put_on_bench()
    page = me.page
    assert HOSTILE in page.inner_text("tbody")
    assert page.locator(".wb img").count() == 0
    me.press("f")
    page.wait_for_selector(".facet")
    me.settled()
    me.press("ArrowDown", "ArrowDown", "ArrowDown", "Enter")
    me.keys.type("<script>alert(2)</script>")
    me.press("Enter")
    me.wait_text(".recipe", "alert(2)")
    me.press("ArrowUp", "m")
    page.wait_for_selector("[role=menu]")
    me.press("Escape")
    me.press("t")
    page.wait_for_selector("[role=dialog]")
    assert "<script>alert(2)</script>" in page.inner_text(".recipe")
    assert page.locator(".wb img, .wb script").count() == 0
    assert HOSTILE in page.inner_text(".recipe")


def test_right_to_left_text_reads_from_the_right_and_stays_in_its_cell(analyst: AtBench) -> None:
    me = analyst
    me.put_on_bench()
    told = me.page.evaluate(
        """() => [...document.querySelectorAll('tbody td')].filter((cell) => ['أمينة محمد', 'Moto'].includes(cell.textContent))
            .map((cell) => [cell.textContent, getComputedStyle(cell).direction])"""
    )
    assert dict(told) == {"أمينة محمد": "rtl", "Moto": "ltr"}


def test_changed_cells_and_faults_are_marked_and_said(analyst: AtBench) -> None:
    me = analyst
    me.put_on_bench()
    page = me.page
    assert page.inner_text("td.error").startswith("Nyota")
    assert page.get_attribute("td.error", "aria-invalid") == "true"
    me.press("Enter")
    me.keys.type("Taa")
    me.press("Tab")
    page.wait_for_selector("td.changed")
    me.settled()
    me.press("ArrowLeft")
    me.wait_text(".wb-grid-foot", "was: Taa ya Pwani")


def test_escape_leaves_a_cell_as_it_was(analyst: AtBench, bench_society: Path) -> None:
    me = analyst
    me.put_on_bench()
    me.press("F2")
    me.keys.type("something else")
    me.press("Escape")
    assert me.at() == "Taa ya Pwani"
    assert not (bench_society / "cleaning").exists()


def test_rows_are_selected_compared_and_merged(analyst: AtBench) -> None:
    me = analyst
    me.put_on_bench()
    page = me.page
    me.press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "Shift+ArrowDown")
    page.wait_for_selector("text=2 selected")
    page.click("text=Compare and merge")
    page.wait_for_selector(".merge-table")
    me.settled()
    picture(page, "compare")
    page.check("[aria-label='writer: row 7']")
    page.click("button:has-text('Merge into row 6')")
    me.wait_count("5 of 5 rows")
    me.wait_text("tbody tr[aria-rowindex='6']", "Baraka Otieno")
    merged = page.inner_text("tbody tr[aria-rowindex='6']").split("\t")
    assert merged[:4] == ["6", "Nyota", "Baraka Otieno", "1975"]


def test_a_search_and_a_range_leave_only_what_they_mean(analyst: AtBench) -> None:
    me = analyst
    me.put_on_bench()
    page = me.page
    me.press("/")
    me.keys.type("nyota", delay=30)
    me.wait_count("2 of 6 rows")
    assert page.input_value("#find") == "nyota"
    page.click("[aria-label^='Take back']")
    me.wait_count("6 of 6 rows")
    page.click("text=Add …")
    page.select_option("#facet-column", "year")
    page.select_option("#facet-kind", "number")
    page.click("[role=dialog] button:has-text('Add')")
    page.wait_for_selector(".bars")
    me.settled()
    page.fill("[name=low]", "1990")
    page.press("[name=low]", "Enter")
    me.wait_count("3 of 6 rows")


def test_a_hundred_thousand_rows_are_walked_and_edited_with_few_elements(analyst: AtBench, bench_society: Path) -> None:
    write(
        bench_society / "inbox" / "large.csv",
        [[f"Song {at}", f"Writer {at % 5000}", str(1950 + at % 70), "KE"] for at in range(MANY)],
    )
    me = analyst
    me.put_on_bench("Open large.csv")
    page = me.page
    assert me.counted() == f"{MANY} of {MANY} rows"
    assert page.get_attribute("[role=grid]", "aria-rowcount") == str(MANY + 1)
    me.press("Control+End")
    page.wait_for_function(f"document.querySelector('tbody').textContent.includes('Song {MANY - 1}')", timeout=PATIENCE)
    me.press("PageUp", "Home")
    page.evaluate("document.querySelector('.wb-grid-scroll').scrollTop = 50000 * 30")
    page.wait_for_selector("tr[aria-rowindex='50010']:not(.waiting)")
    page.click("tr[aria-rowindex='50010'] td >> nth=0")
    assert me.at() == "Song 50008"
    me.press("Enter")
    me.keys.type("edited in the middle")
    me.press("Enter")
    me.wait_text(".recipe", "edited in the middle")
    me.settled()
    page.wait_for_selector("tr[aria-rowindex='50010'] td.changed")
    assert me.at() == "Song 50009", "nothing jumped away"
    assert page.locator("tbody tr").count() < 120
    me.press("m", "s", "s", "Enter")  # the second entry with s: sort upwards
    page.wait_for_selector("[aria-sort=ascending]")
    me.settled()
    me.wait_text("tbody tr[aria-rowindex='2']", "edited in the middle")
    picture(page, "large")


def test_an_edit_that_is_refused_is_put_back_with_a_message(analyst: AtBench, bench_society: Path) -> None:
    me = analyst
    me.put_on_bench()
    with Workbench.open(bench_society, user="d.njeri") as wb:
        wb.staff.set_roles("a.mwangi", ("auditor",), why="moved to audit")
    me.press("Enter")
    me.keys.type("too late")
    me.press("Tab")
    me.page.wait_for_selector(".notice.problem:has-text('you may not do this')")
    me.press("ArrowLeft")
    assert me.at() == "Taa ya Pwani"
    assert not (bench_society / "cleaning").exists()


def test_an_auditor_looks_at_a_project_and_has_nothing_to_change_it_with(
    analyst: AtBench, bench_server: str, bench_society: Path, somebody: Callable[..., Person]
) -> None:
    analyst.put_on_bench()
    analyst.press("Enter")
    analyst.keys.type("Taa")
    analyst.press("Enter")
    analyst.wait_text(".recipe", "Taa")
    before = recipe(bench_society)
    auditor = AtBench(somebody(bench_server, "c.auma"))
    page = auditor.open("/cleaning")
    assert page.is_disabled("[aria-label='Open entries.csv']")
    auditor.put_on_bench("Go on with entries")
    auditor.press("Enter")
    auditor.wait_text(".wb-grid-foot", "Your role looks")
    assert page.locator("textarea").count() == 0
    auditor.press("Control+z")
    page.wait_for_selector(".notice.problem:has-text('you may not do this')")
    assert recipe(bench_society) == before


def test_a_file_is_sent_from_the_browser(analyst: AtBench, bench_society: Path, tmp_path: Path) -> None:
    file = tmp_path / "from my computer.csv"
    write(file, [[f"Song {at}", "x" * 200, "", ""] for at in range(6000)])  # more than one piece
    me = analyst
    page = me.open("/cleaning")
    page.set_input_files("#upload", str(file))
    page.wait_for_selector(GRID)
    me.wait_count("6000 of 6000 rows")
    assert (bench_society / "inbox" / file.name).read_bytes() == file.read_bytes()


def test_the_bench_fits_a_narrow_screen_and_names_all_it_has(bench_server: str, somebody: Callable[..., Person]) -> None:
    me = AtBench(somebody(bench_server, "a.mwangi", viewport={"width": 390, "height": 844}))
    page = me.open("/cleaning")
    for step in ("start", "bench", "facet", "clusters", "help"):
        if step == "bench":
            me.put_on_bench()
        elif step != "start":
            me.press({"facet": "f", "clusters": "c", "help": "?"}[step])
            page.wait_for_selector({"facet": ".facet"}.get(step, "[role=dialog]"))
            me.settled()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, step
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a, [role=grid]')].filter(
                (each) => !(each.textContent.trim() || each.getAttribute('aria-label') || (each.labels && each.labels.length)))
                .map((each) => each.outerHTML)"""
        )
        assert nameless == [], step
        assert page.evaluate("document.querySelectorAll('h1').length") == 1
        picture(page, f"narrow-{step}")
        if step in ("clusters", "help"):
            me.press("Escape")
            page.wait_for_selector("[role=dialog]", state="detached")
            me.settled()
