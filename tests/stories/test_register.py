"""Tell every story of `register/` to a workbench on each database: a clerk's day in plain words, and what the book must say then.

story: What happens, in one sentence.
source: the rule it rests on (may be left out)
society: {society: "399", territory: "404"}      (may be left out)
steps:
  - register a person: Amina Otieno
  - expect findings: {of: Amina Otieno, codes: []}
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stories.telling import all_verbs, perform, tell
from workbench.api import Workbench

STORIES = sorted((Path(__file__).parent / "register").glob("*.yaml"))
SOCIETY = {"code": "TALE", "name": "The society of the story", "currency": "KES", "society": "399", "territory": "404"}


def read(file: Path) -> dict[str, Any]:
    text: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  texts only, exactly as written
    strange = set(text) - {"story", "source", "society", "steps"}
    assert not strange, f"{file.name}: a story has no {', '.join(sorted(strange))}"
    assert text.get("story"), f"{file.name}: say in `story:` what happens"
    assert text.get("steps"), f"{file.name}: a story has steps"
    return text


@pytest.mark.parametrize("file", STORIES, ids=lambda file: file.stem)
def test_the_story_goes_as_it_is_told(file: Path, tmp_path: Path, book_url: str) -> None:
    text = read(file)
    with Workbench.create(tmp_path / "society", **{**SOCIETY, **text.get("society", {})}, book_url=book_url, user="teller") as wb:
        tell(wb, text["steps"])
        assert wb.check() == []


@pytest.fixture
def wb(tmp_path: Path) -> Workbench:
    return Workbench.create(tmp_path / "society", **SOCIETY, user="teller")


def test_a_verb_nobody_knows_is_answered_with_the_nearest(wb: Workbench) -> None:
    with pytest.raises(AssertionError, match=r"(?s)step 1:.*no such verb.*Did you mean 'register a person'"):
        tell(wb, [{"register a persom": "Amina Otieno"}])


def test_a_story_that_goes_otherwise_says_the_step_the_sentence_what_was_got_and_what_was_expected(wb: Workbench) -> None:
    steps = [{"register a person": "Amina Otieno"}, {"expect": {"of": "Amina Otieno", "name": "Otiena"}}]
    with pytest.raises(AssertionError) as raised:
        tell(wb, steps)
    assert str(raised.value).splitlines() == [
        "step 2:",
        "    expect:",
        "      of: Amina Otieno",
        "      name: Otiena",
        "got:      {'name': 'Otieno'}",
        "expected: {'name': 'Otiena'}",
    ]


def test_a_name_nobody_introduced_is_answered_with_the_nearest(wb: Workbench) -> None:
    with pytest.raises(AssertionError, match=r"(?s)step 2:.*Did you mean Amina Otieno"):
        tell(wb, [{"register a person": "Amina Otieno"}, {"expect findings": {"of": "Amina Otienoh", "codes": []}}])


def test_a_refusal_that_does_not_come_is_said(wb: Workbench) -> None:
    with pytest.raises(AssertionError, match="it went through"):
        tell(wb, [{"expect a refusal": {"saying": "name is empty", "when": {"register a person": "Amina Otieno"}}}])


def test_verbs_that_hand_the_story_on_change_who_is_at_the_desk(wb: Workbench) -> None:
    other = perform(wb, tell(wb, []), {"as": "b.kamau"})
    assert other.office.user == "b.kamau"
    assert all_verbs()
