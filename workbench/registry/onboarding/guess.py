"""Guess a file's layout, with the evidence for every column, so that a person can look, correct, and keep it as a layout.

Work Title   -> title              95 %  called so                                  Sina; Malaika
Writer IPI   -> ipi_name_number    98 %  called so; 100 % have right check digits    99000001714
Share        -> performing_share   98 %  called so; 96 % of the works come to 100 %  50; 33.34
Remark       ->                          (kept in the file, not used)
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from rapidfuzz import fuzz

from ...core import journal
from ...core.canonical import digest
from ...core.errors import WorkbenchError, unknown
from ...core.office import Office
from ...formats import sheets
from ...formats.evidence import MOST, Evidence, totals, weigh
from ...formats.probe import Probe, probe
from ...formats.sheets import Field, Layout, People, find_layout, parse_layout
from ...formats.unfold import CREDIT, PERSON, Unfold
from ..search.spelling import plain
from .clerk import territory_code
from .works import NO_ROLE

BASES = {
    "parties": "parties-v2",
    "works": "works-v2",
    "recordings": "recordings-v2",
    "performances": "performances-v1",
    "releases": "releases-v1",
    "agreements": "agreements-v2",
}
"""Purpose -> the layout whose fields a guess maps to."""
LEAST = 0.5
"""A field is proposed from here on."""
JOURNAL_KIND = "layout"
_TELLING = {"iswc": 2, "isrc": 2, "role": 2, "party": 1, "performing_share": 2, "assignor": 3, "acquirer": 3, "held_on": 2,
            "venue": 2,
            "birth_on": 3, "first_name": 1, "track_title": 1, "gtin": 3, "released_on": 1, "ipi_name_number": 1}  # fmt: skip
"""Fields that tell what a file is about, more than others."""
_NUMBERED = re.compile(r"(.*?)[\W_]*([0-9]{1,2})(?:[\W_]+(.*))?", re.DOTALL)
_SAMPLES = 3


@dataclass(frozen=True)
class GuessedColumn:
    """One column: the field it seems to be (empty: none), how sure that is (0 to 100), why, and some of its cells."""

    header: str
    field: str = ""
    confidence: int = 0
    evidence: str = ""
    samples: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Guess:
    """What a file seems to be. Nothing is loaded or kept until `save`."""

    office: Office
    path: Path
    purpose: str
    encoding: str
    delimiter: str
    decimal: str
    header_row: int
    columns: tuple[GuessedColumn, ...]
    repeat: tuple[str, ...] = ()
    gather: tuple[str, ...] = ()
    people: tuple[People, ...] = ()
    short_lines: bool = False
    notes: tuple[str, ...] = ()

    @property
    def unmapped(self) -> list[str]:
        """The columns that no field takes: they stay in the file, and in the layout as known and unused."""
        return [one.header for one in self.columns if not one.field]

    @property
    def missing(self) -> list[str]:
        """The fields without which no line can be taken in, and that no column gives."""
        base, there = find_layout(BASES[self.purpose]), {one.field for one in self.columns}
        return [one.name for one in base.fields if one.required and one.name not in there]

    def frame(self) -> pd.DataFrame:
        """Return one row per column: column, field, confidence (0 to 100), evidence, samples."""
        rows = [(one.header, one.field, one.confidence, one.evidence, "; ".join(one.samples)) for one in self.columns]
        return pd.DataFrame(rows, columns=["column", "field", "confidence", "evidence", "samples"])

    def with_(self, corrections: Mapping[str, str] | None = None, /, **columns: str) -> Guess:
        """Return the guess with columns put right: column=field, an empty field for a column of no use.

        Columns whose names are no words of Python go into a mapping: `guess.with_({"Work Title": "title"})`. Raises `NotFound`
        for an unknown column or field. A field that another column had is taken from it.
        """
        wanted = {**(corrections or {}), **columns}
        base = find_layout(BASES[self.purpose])
        headers = {sheets.header_key(one.header): one.header for one in self.columns}
        fields = {one.name for one in base.fields}
        chosen: dict[str, str] = {}
        for header, name in wanted.items():
            if sheets.header_key(header) not in headers:
                raise unknown("column", header, headers.values(), where=self.path.name)
            if name and name not in fields:
                raise unknown(f"field of {self.purpose}", name, fields)
            chosen[headers[sheets.header_key(header)]] = name
        taken = {name for name in chosen.values() if name}
        columns_now = []
        for one in self.columns:
            if one.header in chosen:
                one = replace(one, field=chosen[one.header], confidence=100, evidence="said by a person")
            elif one.field in taken:
                one = replace(one, field="", confidence=0, evidence=f"{one.field} is another column")
            columns_now.append(one)
        return replace(self, columns=tuple(columns_now))

    def layout(self, name: str) -> dict[str, Any]:
        """Return the layout the guess stands for, as its file will say it."""
        base = {one.name: one for one in find_layout(BASES[self.purpose]).fields}
        made: dict[str, Any] = {
            "name": name,
            "purpose": self.purpose,
            "about": f"As guessed from {self.path.name} and looked over.",
        }
        plain_facts = {
            "encoding": (self.encoding, "utf-8"),
            "delimiter": (self.delimiter, ","),
            "decimal": (self.decimal, "."),
            "header_row": (self.header_row, 0),
            "short_lines": (self.short_lines, False),
            "repeat": (list(self.repeat), []),
            "gather": (list(self.gather), []),
            "people": ([_people_entry(one) for one in self.people], []),
            "ignore": (self.unmapped, []),
        }
        made.update({key: value for key, (value, usual) in plain_facts.items() if value != usual})
        made["fields"] = {one.field: _field_entry(base[one.field], one) for one in self.columns if one.field}
        return made

    def save(self, name: str, *, why: str, by: str = "") -> str:
        """Write the guess as a layout of this workspace, `NAME-v1` or the next version, and return the layout's full name.

        A version is never written over: it may have been used. Raises `WorkbenchError` for a name that is none, and when a field
        without which nothing can be taken in has no column.
        """
        if self.missing:
            step = "Say which column it is: guess.with_({'COLUMN': 'FIELD'})."
            raise WorkbenchError(
                "a field that is needed has no column", got=", ".join(self.missing), where=self.path.name, next_step=step
            )
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) or re.search(r"-v[0-9]+$", name):
            raise WorkbenchError(
                "not a name for a layout", got=name, expected="small letters, digits and hyphens, like our-catalogue"
            )
        folder = self.office.config.rules / "layouts"
        folder.mkdir(parents=True, exist_ok=True)
        known = [path.stem for path in (*folder.glob(f"{name}-v*.yaml"), *sheets.BUILT_IN.glob(f"{name}-v*.yaml"))]
        versions = [int(found[1]) for stem in known if (found := re.fullmatch(rf"{re.escape(name)}-v([0-9]+)", stem))]
        full = f"{name}-v{max(versions, default=0) + 1}"
        data = self.layout(full)
        parse_layout(data, full)
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
        with self.office.change(why, by) as change:
            journal.record(change, JOURNAL_KIND, full, "save", None, {"sha256": digest(text), "layout": text})
            with (folder / f"{full}.yaml").open("x", encoding="utf-8") as file:
                file.write(text)
        return full

    def __repr__(self) -> str:
        mapped = len(self.columns) - len(self.unmapped)
        said = f"{self.path.name} seems to be {self.purpose}: {mapped} of {len(self.columns)} columns are known"
        return (
            said + "".join(f"; {note}" for note in self.notes) + (f"; missing: {', '.join(self.missing)}" if self.missing else "")
        )


def require_unchanged(connection: Any, layout: Layout, folder: Path) -> None:
    """Raise `WorkbenchError` when a layout that was saved from a guess is no longer as it was saved."""
    file = folder / f"{layout.name}.yaml"
    entry = next(journal.entries(connection, kind=JOURNAL_KIND, entity_id=layout.name), None)
    if entry is not None and file.is_file() and digest(file.read_text(encoding="utf-8")) != (entry.after or {}).get("sha256"):
        raise WorkbenchError(
            "this layout was changed after it was saved",
            got=layout.name,
            where=file,
            next_step="Put the file back, and keep the change as the next version.",
        )


def guess_file(office: Office, path: Path, purpose: str = "") -> Guess:
    """Return the guess for a file; see `Onboarding.guess`."""
    if purpose and purpose not in BASES:
        raise unknown("purpose", purpose, BASES)
    seen = probe(path)
    guesses = [_guess(office, path, seen, one) for one in ([purpose] if purpose else BASES)]
    return max(guesses, key=_worth)


def _worth(guess: Guess) -> float:
    sure = sum(one.confidence / 100 * (1 + _TELLING.get(one.field, 0)) for one in guess.columns if one.field)
    return sure - 2 * len(guess.missing) + len(guess.people)


def _guess(office: Office, path: Path, seen: Probe, purpose: str) -> Guess:
    base = find_layout(BASES[purpose])
    notes = list(seen.notes)
    if seen.above:
        notes.append(f"the header is on line {seen.header_row}, under {len(seen.above)} lines of titles")
    repeat, gather = _numbered_columns(seen.header, base, purpose)
    first = Unfold(replace(base, repeat=repeat, gather=gather), pads=True)
    header = [name.strip() or f"(column {place})" for place, name in enumerate(first.header(seen.header), start=1)]
    short = seen.kind == "text" and sum(len(cells) < len(seen.header) for cells in seen.rows) * 5 > len(seen.rows)
    if short:
        notes.append("many lines are shorter than the header: their last cells are taken to be empty")
    rows = [row[2] for cells in seen.rows for row in first.rows([0, 1, cells, []])]
    rows = [row for row in rows if row is not None]
    people = _people(header, rows) if purpose == "works" and not repeat else ()
    if people:
        second = Unfold(replace(base, people=people), pads=True)
        unfolded = second.header(header)
        rows = [row[2] for cells in rows for row in second.rows([0, 1, cells, []])]
        header = unfolded
    columns = {place: [row[place] if place < len(row) else "" for row in rows] for place in range(len(header))}
    found = _Mapping(base, purpose, header, columns).run()
    decimal = "," if any(one.decimal == "," for _, one in found.weights if one.types.get("share", 0) >= MOST) else "."
    return Guess(
        office,
        path,
        purpose,
        seen.encoding,
        seen.delimiter,
        decimal,
        seen.header_row,
        found.columns,
        repeat,
        gather,
        people,
        short,
        tuple(notes),
    )


def _numbered_columns(header: Sequence[str], base: Layout, purpose: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words of numbered columns that become lines, and of those that are read as one."""
    numbers: dict[str, set[int]] = {}
    rests: dict[str, set[str]] = {}
    for name in header:
        if match := _NUMBERED.fullmatch(name.strip()):
            numbers.setdefault(match[1].strip(), set()).add(int(match[2]))
            rests.setdefault(match[1].strip(), set()).add((match[3] or "").strip())
    several = [word for word, found in numbers.items() if word and len(found) > 1 and {1, 2} <= found]
    lines = {"works": "party", "recordings": "party", "performances": "title", "releases": "track_title"}.get(purpose, "")
    words = [word for word in several if lines and _header_score(word, lines, purpose, base) >= LEAST and rests[word] != {""}]
    lists = ("alternative_titles", "performers", "pseudonyms", "members")
    joined = [
        word for word in several if "" in rests[word] and any(_header_score(word, name, purpose, base) >= LEAST for name in lists)
    ]
    return tuple(words[:1]), tuple(joined)


def _people(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[People, ...]:
    """Return the columns of people in a file of works that has no column for the role: each person becomes a line."""
    roles = {place for place, name in enumerate(header) if plain(name) in _words("role", "works")}
    if roles:
        return ()
    found = []
    for place, name in enumerate(header):
        role = next((role for role, words in _people_words().items() if plain(name) in words), None)
        if role is None:
            continue
        column = [row[place] for row in rows if place < len(row)]
        separator = weigh(column).separator
        credited = sum("[" in text for text in column) > len(column) // 20
        found.append(People(name, separator or ";", role or ("" if credited else "CA")))
    return tuple(found)


class _Mapping:
    """Gives each field of a layout to the column that claims it best."""

    def __init__(self, base: Layout, purpose: str, header: Sequence[str], cells: Mapping[int, Sequence[str]]) -> None:
        self.base, self.purpose, self.header, self.cells = base, purpose, header, cells
        self.weights: list[tuple[str, Evidence]] = [(name, weigh(cells[place])) for place, name in enumerate(header)]
        self.columns: tuple[GuessedColumn, ...] = ()

    def run(self) -> _Mapping:
        """Fill in `columns`."""
        claims = []
        for place in range(len(self.header)):
            for one in self.base.fields:
                sure, why, formats, choices = self._claim(place, one)
                if sure >= LEAST:
                    claims.append((sure, -place, one.name, why, formats, choices))
        taken_fields, chosen = set[str](), dict[int, Any]()
        for claim in sorted(claims, key=lambda claim: (-claim[0], -claim[1], claim[2])):
            if claim[2] not in taken_fields and -claim[1] not in chosen:
                taken_fields.add(claim[2])
                chosen[-claim[1]] = claim
        made = []
        for place, (name, weight) in enumerate(self.weights):
            samples = tuple(dict.fromkeys(text.strip()[:40] for text in self.cells[place] if text.strip()))[:_SAMPLES]
            if place in chosen:
                sure, _, field_name, why, formats, choices = chosen[place]
                why = self._with_totals(place, field_name, why, formats, weight)
                made.append(GuessedColumn(name, field_name, round(sure * 100), why, samples, formats, choices))
            else:
                said = _telling(weight)
                made.append(GuessedColumn(name, evidence=said or "no field is called so", samples=samples))
        self.columns = tuple(made)
        return self

    def _claim(self, place: int, one: Field) -> tuple[float, str, tuple[str, ...], Mapping[str, str]]:
        """Return how sure it is that a column is a field, why, and how it is to be read."""
        name, weight = self.weights[place]
        called = _header_score(name, one.name, self.purpose, self.base)
        why = ["called so" if called > 0.9 else "called nearly so"] if called >= LEAST else []
        if name in (PERSON, CREDIT):
            called = 0.95 if one.name == ("party" if name == PERSON else "role") else 0.0
            why = ["the people of a cell, one by one"]
        if one.type == "choice":
            return self._choice(place, one, called, why, weight)
        fits = weight.types.get(one.type, 0.0)
        if one.name in ("territory", "nationality"):
            fits = _territories(self.cells[place]) if called >= LEAST else 0.0
            if called >= LEAST and weight.filled:
                why.append(f"{fits:.0%} are territories")
                return (called if fits >= 0.5 else called * 0.4), "; ".join(why), (), {}
        if one.type == "text" or not weight.filled:
            wrong = any(weight.types.get(kind, 0) >= MOST for kind in ("iswc", "isrc", "ipi_base_number")) and one.name != "work"
            return (called * (0.3 if wrong else 1.0)), "; ".join(why), (), {}
        formats = weight.formats if one.type in ("date", "share") else ()
        if fits:
            why.append(f"{fits:.0%} {_FITS.get(one.type, 'can be read so')}")
        if called >= LEAST:
            why += list(weight.notes) if formats and fits >= MOST else []
            return min(0.99, called * (0.4 + 0.6 * fits) + (0.03 if fits >= MOST else 0)), "; ".join(why), formats, {}
        if one.type in ("iswc", "isrc", "isni", "ipi_base_number") and fits >= MOST:
            return 0.6 + 0.2 * fits, "; ".join(why), formats, {}
        return 0.0, "", (), {}

    def _choice(
        self, place: int, one: Field, called: float, why: list[str], weight: Evidence
    ) -> tuple[float, str, tuple[str, ...], Mapping[str, str]]:
        told = Counter(text.strip() for text in self.cells[place] if text.strip())
        read = _roles_of if self.purpose == "works" and one.name == "role" else lambda text: one.choices.get(text.casefold(), "")
        choices = {text.casefold(): code for text in told if (code := read(text))}
        known = sum(count for text, count in told.items() if text.casefold() in choices)
        fits = known / sum(told.values()) if told else 0.0
        if called < LEAST or (weight.filled and fits < 0.3):
            return 0.0, "", (), {}
        left = [text for text in told if text.casefold() not in choices]
        if one.name == "role" and self.purpose == "works":
            choices |= {text.casefold(): NO_ROLE for text in left} | {"*": NO_ROLE}
        why.append(f"{fits:.0%} are roles known here" if one.name == "role" else f"{fits:.0%} are known")
        return called * (0.5 + 0.5 * fits), "; ".join(why), (), choices

    def _with_totals(self, place: int, field_name: str, why: str, formats: tuple[str, ...], weight: Evidence) -> str:
        if not field_name.endswith("_share"):
            return why
        keys = next(
            (at for at, name in enumerate(self.header) if _header_score(name, "title", self.purpose, self.base) > 0.9), None
        )
        if keys is None:
            return why
        good = totals(self.cells[keys], self.cells[place], formats, weight.decimal)
        return f"{why}; of {good:.0%} of the titles the shares come to 100 %" if good else why


_FITS = {
    "ipi_name_number": "have right check digits",
    "ipi_base_number": "have a right check digit",
    "iswc": "have a right check digit",
    "isni": "have a right check character",
    "isrc": "are written as ISRCs",
    "ipn": "are written as IPNs",
    "date": "are dates",
    "duration": "are durations",
    "share": "are percentages",
    "year": "are years",
}


_SAYING = ("iswc", "isrc", "isni", "ipi_base_number", "date", "duration", "year")
"""Types that a column of anything else hardly ever looks like."""


def _telling(weight: Evidence) -> str:
    """Say what the cells of a column look like that no field takes."""
    found = [f"{weight.types[kind]:.0%} {_FITS[kind]}" for kind in _SAYING if weight.types.get(kind, 0) >= MOST]
    return "; ".join(found[:2]) if weight.filled else "empty in the sample"


def _header_score(header: str, name: str, purpose: str, base: Layout) -> float:
    """Return how much a header says that a column is a field: 0.95 for a known name of it, less for one that is nearly so."""
    asked, words = plain(header), _words(name, purpose)
    if not asked:
        return 0.0
    if asked in words:
        return 0.95
    like = max((fuzz.ratio(asked, word) for word in words), default=0.0)
    del base
    return 0.8 if like >= 90 and len(asked) >= 5 else 0.0


@cache
def _known_headers() -> dict[str, Any]:
    text = (sheets.BUILT_IN.parent / "data" / "headers.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@cache
def _words(name: str, purpose: str) -> frozenset[str]:
    """Return every header known for a field, in all languages, plainly spelled."""
    known = _known_headers()
    entries = known.get(f"{purpose}.{name}") or known.get(name) or {}
    base = next((one for one in find_layout(BASES[purpose]).fields if one.name == name), None)
    own = [name.replace("_", " "), *(base.headers if base else ())]
    return frozenset(plain(word) for word in (*own, *(word for words in entries.values() for word in words)))


@cache
def _people_words() -> dict[str, frozenset[str]]:
    return {
        role: frozenset(plain(word) for words in said.values() for word in words)
        for role, said in _known_headers()["people"].items()
    }


def _roles_of(text: str) -> str:
    """Return the role a credit speaks of: a code in front, or words; music and lyrics together are CA; nothing when it is
    none."""
    code = re.match(r"([A-Z]{1,2})\b\s*[-–—:.]?\s", f"{text} ")
    known: dict[str, list[str]] = _known_headers()["roles"]
    if code and code[1] in known:
        return code[1]
    found = set()
    for part in (text, *re.split(r"[,;/&+\[\]]", text)):
        said = plain(part)
        found |= {role for role, words in known.items() if said and said in {plain(word) for word in words}}
    if "CA" in found or {"C", "A"} <= found:
        return "CA"
    return next((role for role in ("C", "A", "AR", "AD", "TR", "E", "SE", "AM", "PA") if role in found), "")


def _territories(column: Sequence[str]) -> float:
    told = list(dict.fromkeys(text.strip() for text in column if text.strip()))[:40]
    good = 0
    for text in told:
        try:
            good += bool(territory_code(text))
        except WorkbenchError:
            continue
    return good / len(told) if told else 0.0


def _people_entry(one: People) -> dict[str, str]:
    return {"column": one.column, "separator": one.separator, **({"credit": one.credit} if one.credit else {})}


def _field_entry(base: Field, one: GuessedColumn) -> dict[str, Any]:
    made: dict[str, Any] = {} if base.type == "text" else {"type": base.type}
    made["headers"] = [one.header]
    if base.required:
        made["required"] = True
    if formats := one.formats or (base.formats if base.type in ("date", "instant") else ()):
        made["formats"] = list(formats)
    if base.type == "choice":
        made["choices"] = {**dict(base.choices), **dict(one.choices)}
    made["note"] = f"{one.confidence} %: {one.evidence}"[:200]
    return made
