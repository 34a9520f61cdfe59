"""Two real catalogues through cleaning and onboarding by papermill alone: every row is somewhere, the recipes replay exactly."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from workbench import Workbench
from workbench.notebooks import run as run_notebook
from workbench.registry.cleaning import Accounts, Recipe

ROOT = Path(__file__).resolve().parents[2]
RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Catalogue:
    """A file, the recipe that makes it fit a layout, and the notebook that takes it in."""

    recipe: str
    file: str
    layout: str
    notebook: str
    parameter: str


CATALOGUES = (
    Catalogue("mirovision-works", "mirovision/contestants_nolyrics.csv", "works-v1", "2_works", "works_file"),
    Catalogue("discogs-works", "discogs/discogs_tracks_writers.csv.gz", "works-v1", "2_works", "works_file"),
    Catalogue("discogs-recordings", "discogs/discogs_tracks_writers.csv.gz", "recordings-v1", "3_recordings", "recordings_file"),
)


def taken_in(data: Path, folder: Path) -> Path:
    """Make a society and take all catalogues in, by notebooks alone."""
    Workbench.create(folder, code="REAL", name="Real catalogues", currency="EUR", user="a.mwangi").close()
    shutil.copytree(RECIPES, folder / "rules" / "cleaning")
    for one in CATALOGUES:
        shutil.copyfile(data / one.file, folder / "inbox" / Path(one.file).name)
        cleaned = f"inbox/{one.recipe}.xlsx"
        cleaning = {
            "file": f"inbox/{Path(one.file).name}",
            "recipe": f"rules/cleaning/{one.recipe}.yaml",
            "layout": one.layout,
            "to": cleaned,
        }
        loading = {one.parameter: cleaned, "layout": one.layout, "why": f"catalogue, by {one.recipe}"}
        for notebook, given in (("5_clean", cleaning), (one.notebook, loading)):
            source = ROOT / "notebooks" / "onboarding" / f"{notebook}.ipynb"
            output = folder / "notebooks" / f"{one.recipe}-{notebook}.ipynb"
            done = run_notebook(source, output, {"workspace": str(folder), "user": "a.mwangi", **given}, show=False)
            assert done["state"] == "done"
    return folder


@pytest.fixture(scope="module")
def data(shared_folder: Path) -> Path:
    return shared_folder / "data"


@pytest.fixture(scope="module")
def first(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taken_in(data, tmp_path_factory.mktemp("first") / "society")


def accounts(folder: Path, data: Path, one: Catalogue) -> Accounts:
    with Workbench.open(folder, user="a.mwangi") as wb:
        bench = wb.cleaning.open(data / one.file, keep=False)
        bench.replay(Recipe.read(RECIPES / f"{one.recipe}.yaml"))
        return bench.accounts


@pytest.mark.parametrize("one", CATALOGUES, ids=lambda one: one.recipe)
def test_rows_in_and_split_are_rows_out_and_removed(
    one: Catalogue, first: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = accounts(first, data, one)
    assert said.rows_in == {"mirovision-works": 1_719}.get(one.recipe, 8_932)
    assert said.rows_in + said.added == said.rows_out + said.removed
    with Workbench.open(first, user="a.mwangi") as wb:
        cleaned = wb.cleaning.open(first / "inbox" / f"{one.recipe}.xlsx", keep=False)
        gone = first / "inbox" / f"{one.recipe}-removed.xlsx"
        assert cleaned.total == said.rows_out
        assert (wb.cleaning.open(gone, keep=False).total if gone.exists() else 0) == said.removed
    with capsys.disabled():
        sys.stdout.write(
            f"\n{one.recipe}: {said.rows_in:,} rows in + {said.added:,} made by splitting"
            f" = {said.rows_out:,} rows out + {said.removed:,} removed\n"
        )


def test_every_cleaned_line_is_taken_in(first: Path, data: Path) -> None:
    with Workbench.open(first, user="a.mwangi") as wb:
        shares = wb.works.part_frame("shares")
        works = sum(accounts(first, data, one).rows_out for one in CATALOGUES if one.layout == "works-v1")
        assert len(shares) == works
        assert len(wb.recordings.frame()) == 8_932
        assert wb.check() == []


def test_works_have_their_writers_in_every_alphabet(first: Path) -> None:
    with Workbench.open(first, user="a.mwangi") as wb:
        assert set(wb.works.part_frame("shares")["role"]) == {"A", "AR", "C", "CA"}
        names = "".join(wb.parties.frame()["name"])
        assert any("а" <= letter <= "я" for letter in names)  # Cyrillic
        assert not any(letter < " " for letter in names)


def test_the_same_recipes_in_a_second_society_give_the_same_register(
    first: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = taken_in(data, tmp_path / "society")
    with Workbench.open(first, user="a.mwangi") as one, Workbench.open(second, user="b.kamau") as other:
        assert one.register.digest() == other.register.digest()
        with capsys.disabled():
            sys.stdout.write(f"\nregister digest {one.register.digest()}\n")
