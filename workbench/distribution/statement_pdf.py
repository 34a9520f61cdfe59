"""A statement as a paper a member would want to keep: words from a locale file, looks from a template, no number of its own.

The paper is set with typst. The same statement gives the same bytes on the same machine: no time of printing is in it. Latin,
Greek and Cyrillic letters come from the font inside typst; other scripts (Arabic, Ethiopic, Devanagari ...) need the system's
Noto fonts (on Debian: `apt-get install fonts-noto-core`), and `missing_fonts` says when they are not there.
"""

from __future__ import annotations

import hashlib
import json
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import typst
import yaml

from ..core.canonical import canonical_json
from ..core.errors import Finding
from ..core.money import MICROS, minor_digits
from ..core.periods import Period
from .results import WHOLE_PPT
from .statement_lines import Line, Source, Statement

TEMPLATES = Path(__file__).parent / "templates"
LATIN = "Libertinus Serif"
SCRIPTS = {
    "ARABIC": ("Noto Naskh Arabic", "Noto Sans Arabic"),
    "ARMENIAN": ("Noto Serif Armenian", "Noto Sans Armenian"),
    "BENGALI": ("Noto Serif Bengali", "Noto Sans Bengali"),
    "CJK": ("Noto Serif CJK SC", "Noto Sans CJK SC"),
    "DEVANAGARI": ("Noto Serif Devanagari", "Noto Sans Devanagari"),
    "ETHIOPIC": ("Noto Serif Ethiopic", "Noto Sans Ethiopic"),
    "GEORGIAN": ("Noto Serif Georgian", "Noto Sans Georgian"),
    "GUJARATI": ("Noto Serif Gujarati", "Noto Sans Gujarati"),
    "HANGUL": ("Noto Serif CJK KR", "Noto Sans CJK KR"),
    "HEBREW": ("Noto Serif Hebrew", "Noto Sans Hebrew"),
    "HIRAGANA": ("Noto Serif CJK JP", "Noto Sans CJK JP"),
    "KANNADA": ("Noto Serif Kannada", "Noto Sans Kannada"),
    "KATAKANA": ("Noto Serif CJK JP", "Noto Sans CJK JP"),
    "KHMER": ("Noto Serif Khmer", "Noto Sans Khmer"),
    "MALAYALAM": ("Noto Serif Malayalam", "Noto Sans Malayalam"),
    "NKO": ("Noto Sans NKo",),
    "SINHALA": ("Noto Serif Sinhala", "Noto Sans Sinhala"),
    "TAMIL": ("Noto Serif Tamil", "Noto Sans Tamil"),
    "TELUGU": ("Noto Serif Telugu", "Noto Sans Telugu"),
    "THAI": ("Noto Serif Thai", "Noto Sans Thai"),
    "TIFINAGH": ("Noto Sans Tifinagh",),
    "VAI": ("Noto Sans Vai",),
}
"""First word of a character's Unicode name -> families that write it, best first."""
_WRITTEN_BY_LATIN = {"LATIN", "GREEK", "CYRILLIC", "COMBINING", "MODIFIER"}
_TOP = 8
MOST_LINES = 600
"""A paper names this many lines, best earning works first, and sums up the rest: its CSV has them all."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What every statement of a run says alike; `question_days` after its date a member may still ask."""

    society: str
    run_id: str
    period: str
    dated_on: str
    digest: str
    journal_head: str
    state: str
    minimum: dict[str, int]
    contact: str = ""
    question_days: int = 90
    language: str = "en"


@cache
def locale(language: str) -> dict[str, Any]:
    """Return the words of a language; English where there is no file for it, and for each word a file leaves out."""
    english: dict[str, Any] = _read(TEMPLATES / "locales" / "en.yaml")
    code = language.split("-")[0].lower()
    file = TEMPLATES / "locales" / f"{code}.yaml"
    if code == "en" or not code.isalpha() or not file.is_file():
        return {**english, "language": "en"}
    return {**english, **_read(file), "language": code}


def languages() -> list[str]:
    """Return the codes of the languages statements can be written in."""
    return sorted(file.stem for file in (TEMPLATES / "locales").glob("*.yaml"))


def view(statement: Statement, paper: Paper) -> dict[str, Any]:
    """Return everything the template shows, as words and numbers already written out."""
    words = locale(statement.payee.language or paper.language)
    show = _Writer(words, statement.currency)
    period = Period.parse(paper.period)
    deadline = date.fromisoformat(paper.dated_on) + timedelta(days=paper.question_days)
    number = f"{paper.run_id}/{statement.name}"
    works = [list(group) for _, group in groupby(statement.lines, key=attrgetter("target_id"))]
    works.sort(key=lambda lines: (-sum(line.amount_micros for line in lines), lines[0].target_id))
    shown = _first(works)
    contact = paper.contact or words["contact_unknown"].format(society=paper.society)
    return {
        "words": {key: value for key, value in words.items() if isinstance(value, str)},
        "language": words["language"],
        "direction": words["direction"],
        "society": paper.society,
        "number": number,
        "currency": statement.currency,
        "period": words["period"].format(starts=show.day(period.starts_on), ends=show.day(period.ends_on)),
        "dated": words["dated"].format(date=show.day(date.fromisoformat(paper.dated_on))),
        "provisional": "" if paper.state == "sealed" else words["provisional"].format(state=paper.state),
        "payee": _payee(statement, words),
        "cards": [
            {"label": words["earned_card"], "amount": show.pair(statement.earned_micros, short=True)},
            {"label": words["payable_card"], "amount": show.pair(statement.payable_micros, short=True)},
            {"label": words["carried_card"], "amount": show.pair(statement.carried_forward_micros, short=True)},
        ],
        "summary": _summary(statement, paper, words, show, period, len(works)),
        "adds_up": _adds_up(statement, words, show),
        "top": _top(works, show),
        "source_heads": _heads(words["source_columns"], statement.currency, {"paid", "net", "yours"}),
        "sources": [_source(source, statement.lines, words, show) for source in statement.sources],
        "earned": show.pair(statement.earned_micros),
        "line_heads": _heads(words["line_columns"], statement.currency, {"amount"}),
        "works": [_work(lines, statement, words, show) for lines in shown],
        "more": _more(statement, shown, words, show),
        "held_heads": _heads(words["held_columns"], statement.currency, {"amount"}),
        "held": [
            {
                "reason": words["reasons"].get(held.reason, held.reason.replace("_", " ")),
                "work": held.title or held.target_id,
                "until": show.day(date.fromisoformat(held.expires_on)) if held.expires_on else "",
                "amount": show.pair(held.amount_micros),
            }
            for held in statement.held
        ],
        "questions": words["questions"].format(deadline=show.day(deadline), number=number, contact=contact),
        "check": words["check"].format(run_id=paper.run_id),
        "digest": paper.digest,
        "journal": paper.journal_head,
        "footer": words["footer"].format(society=paper.society, number=number, digest=paper.digest[:16]),
        "page": words["page"],
    }


class Printer:
    """Sets statements with typst; keeps the fonts open between papers, and may be used by several threads."""

    def __init__(self) -> None:
        self._fonts = typst.Fonts(include_system_fonts=True)
        self.families = set(self._fonts.families())
        preferred = [family for families in SCRIPTS.values() for family in families if family in self.families]
        self.chosen = [LATIN, *dict.fromkeys(preferred)]
        self._mine = threading.local()
        template = (TEMPLATES / "statement.typ").read_bytes()
        self._base = [hashlib.sha256(template).hexdigest(), version("typst"), self.chosen]

    def key(self, shown: dict[str, Any]) -> str:
        """Return the digest of everything the paper depends on: the same key, the same paper."""
        return hashlib.sha256(canonical_json([shown, self._base])).hexdigest()

    def print(self, shown: dict[str, Any]) -> bytes:
        """Return the PDF of a view."""
        if not hasattr(self._mine, "compiler"):
            self._mine.compiler = typst.Compiler(str(TEMPLATES / "statement.typ"), root=str(TEMPLATES), font_paths=self._fonts)
        data = json.dumps({**shown, "fonts": self.chosen}, ensure_ascii=False)
        return bytes(self._mine.compiler.compile(format="pdf", sys_inputs={"data": data}, timestamp=0))

    def missing_fonts(self, statements: Iterable[Statement], society: str = "") -> list[Finding]:
        """Return a finding for each script that statements need and no installed font can write."""
        seen: dict[str, str] = {}
        for text in [society, *(text for statement in statements for text in _texts(statement))]:
            for script in scripts_of(text):
                seen.setdefault(script, text)
        return [_font_finding(script, text) for script, text in sorted(seen.items()) if not self._writes(script)]

    def _writes(self, script: str) -> bool:
        return any(family in self.families for family in SCRIPTS.get(script, ()))


def scripts_of(text: str) -> set[str]:
    """Return the scripts in a text beyond those of the carried font, by the first word of the letters' Unicode names.

    >>> scripts_of("Fela أمينة")
    {'ARABIC'}
    """
    letters = {char for char in text if char > "\u024f" and unicodedata.category(char)[0] == "L"}
    return {unicodedata.name(char, "UNKNOWN").split()[0].split("-")[0] for char in letters} - _WRITTEN_BY_LATIN


class _Writer:
    """Writes numbers and days as a language does, out of whole numbers only."""

    def __init__(self, words: dict[str, Any], currency: str) -> None:
        self.words, self.currency, self.digits = words, currency, minor_digits(currency)

    def count(self, number: int) -> str:
        return f"{number:,}".replace(",", self.words["thousands"])

    def pair(self, micros: int, *, short: bool = False) -> tuple[str, str]:
        """Return the amount down to the minor unit, and the digits beyond it (none when `short` and they are zeros)."""
        whole, part = divmod(abs(micros), MICROS)
        digits = f"{part:06d}"
        minor, rest = digits[: self.digits], digits[self.digits :]
        point = self.words["decimal_point"]
        first = f"{'−' if micros < 0 else ''}{self.count(whole)}{point + minor if minor else ''}"
        if short and not rest.strip("0"):
            rest = ""
        return first, (point if rest and not minor else "") + rest

    def amount(self, micros: int) -> str:
        """Return an amount in a sentence, every digit that is not zero beyond the minor unit."""
        return f"{self.figure(micros)} {self.currency}"

    def figure(self, micros: int) -> str:
        """Return an amount without its currency."""
        first, rest = self.pair(micros, short=True)
        return first + rest.rstrip("0")

    def share(self, ppt: int) -> str:
        whole, part = divmod(ppt * 100, WHOLE_PPT)
        digits = f"{part:012d}"[:4]
        return f"{whole}{self.words['decimal_point']}{digits[:2]}{digits[2:].rstrip('0')} %"

    def rate(self, ppm: int) -> str:
        whole, part = divmod(ppm, 10_000)
        digits = f"{part:04d}".rstrip("0")
        return f"{whole}{self.words['decimal_point'] + digits if digits else ''}"

    def day(self, day: date) -> str:
        return str(self.words["date"].format(day=day.day, month=self.words["months"][day.month - 1], year=day.year))

    def time(self, seconds: int) -> str:
        minutes, second = divmod(seconds, 60)
        hours, minute = divmod(minutes, 60)
        return f"{self.count(hours)}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"

    def listed(self, items: Sequence[str]) -> str:
        return f"{', '.join(items[:-1])}{self.words['list_and']}{items[-1]}" if len(items) > 1 else "".join(items)

    def plural(self, entry: dict[str, str], number: int, **facts: str) -> str:
        return entry["one" if number == 1 else "other"].format(count=self.count(number), **facts)


def _payee(statement: Statement, words: dict[str, Any]) -> dict[str, Any]:
    payee = statement.payee
    society = statement.payee_id.partition(":")[2]
    name = payee.name or (words["society_payee"].format(code=society) if society else statement.payee_id)
    ids = [(words["member_number"], statement.payee_id), (words["ipi"], payee.ipi_name_number), (words["ipn"], payee.ipn)]
    return {"name": name, "ids": [pair for pair in ids if pair[1] and not society]}


def _summary(statement: Statement, paper: Paper, words: dict[str, Any], show: _Writer, period: Period, works: int) -> list[str]:
    said = [words["summary_nothing"]]
    if statement.lines:
        uses = sum(line.uses for line in _once(statement.lines))
        users = list(dict.fromkeys(source.licensee for source in statement.sources))
        named = show.listed(users)
        if len(users) > 4:
            named = words["sources_many"].format(names=", ".join(users[:3]), count=show.count(len(users) - 3))
        facts = {
            "works": show.count(works),
            "uses": show.plural(words["uses"], uses),
            "starts": show.day(period.starts_on),
            "ends": show.day(period.ends_on),
            "sources": named,
            "amount": show.amount(statement.earned_micros),
        }
        said = [show.plural(words["summary_earned"], works, **facts)]
        rates = {(d.name, d.rate_ppm): d for source in statement.sources for d in source.deductions}
        items = [
            words["deduction_item"].format(rate=show.rate(rate), name=words["deductions"].get(name, name)) for name, rate in rates
        ]
        said.append(
            words["summary_deductions"].format(deductions=show.listed(items)) if items else words["summary_no_deductions"]
        )
    paid = statement.payable_micros
    said.append(words["summary_paid"].format(amount=show.amount(paid)) if paid else words["summary_not_paid"])
    if reason := statement.carried_reason:
        minimum = paper.minimum.get(statement.currency, paper.minimum.get("*"))
        if reason == "below_minimum" and minimum is None:
            reason = "below_minimum_unknown"
        carried = show.amount(statement.carried_forward_micros)
        said.append(words["carried"][reason].format(amount=carried, minimum=show.amount(minimum or 0)))
    return said


def _once(lines: Iterable[Line]) -> list[Line]:
    """Return one line per pool and target and day: a use counts once, however many shares of it a payee has.

    Performing and mechanical pools of one licence see the same uses, so of these the first pool counts.
    """
    found: dict[tuple[str, str, str, str], Line] = {}
    for line in lines:
        licence = line.pool_id.split("/")[0]
        found.setdefault((licence, line.target_id, line.used_from, line.used_to), line)
    return list(found.values())


def _adds_up(statement: Statement, words: dict[str, Any], show: _Writer) -> list[dict[str, Any]]:
    rows = [
        ("brought_forward", statement.brought_forward_micros),
        ("earned", statement.earned_micros),
        ("corrected", statement.corrected_micros),
        ("payable", statement.payable_micros),
        ("carried_forward", statement.carried_forward_micros),
    ]
    return [
        {"label": words[name], "amount": show.pair(micros), "strong": name == "payable"}
        for name, micros in rows
        if micros or name != "corrected"
    ]


def _top(works: list[list[Line]], show: _Writer) -> list[dict[str, Any]]:
    totals = [(lines[0].title or lines[0].target_id, sum(line.amount_micros for line in lines)) for lines in works[:_TOP]]
    most = max((micros for _, micros in totals), default=0)
    if most <= 0:
        return []
    return [
        {"title": _shortened(title, 44), "amount": show.pair(micros)[0], "permille": max(micros, 0) * 1_000 // most}
        for title, micros in totals
    ]


def _source(source: Source, lines: Iterable[Line], words: dict[str, Any], show: _Writer) -> dict[str, Any]:
    return {
        "user": source.licensee,
        "right": words["rights"].get(source.right, source.right),
        "paid": show.pair(source.received_micros),
        "deductions": [
            (
                f"{words['deductions'].get(d.name, d.name)} {show.rate(d.rate_ppm)} %",
                show.amount(d.amount_micros).rsplit(" ", 1)[0],
            )
            for d in source.deductions
        ],
        "net": show.pair(source.net_micros),
        "yours": show.pair(sum(line.amount_micros for line in lines if line.pool_id == source.pool_id)),
    }


def _work(lines: list[Line], statement: Statement, words: dict[str, Any], show: _Writer) -> dict[str, Any]:
    first = lines[0]
    code = f"ISWC {first.iswc}" if first.iswc else f"ISRC {first.isrc}" if first.isrc else first.target_id
    return {
        "title": first.title or first.target_id,
        "artist": first.artist,
        "code": code,
        "rows": [
            {
                "user": line.licensee,
                "right": words["rights"].get(line.right, line.right),
                "role": words["roles"].get(line.role, line.role),
                "notes": _notes(line, statement, words),
                "share": show.share(line.share_ppt),
                "uses": show.count(line.uses),
                "time": show.time(line.seconds) if line.seconds else "",
                "amount": show.pair(line.amount_micros),
            }
            for line in lines
        ],
    }


def _first(works: list[list[Line]]) -> list[list[Line]]:
    """Return the works whose lines the paper names: all, or those that fit."""
    lines = 0
    for number, work in enumerate(works):
        lines += len(work)
        if lines > MOST_LINES:
            return works[: max(number, 1)]
    return works


def _more(statement: Statement, shown: list[list[Line]], words: dict[str, Any], show: _Writer) -> dict[str, Any]:
    count = len(statement.lines) - sum(len(lines) for lines in shown)
    if not count:
        return {}
    micros = statement.earned_micros - sum(line.amount_micros for lines in shown for line in lines)
    text = show.plural(words["more_lines"], count, file=f"{statement.name}.csv")
    return {"text": text, "amount": show.pair(micros)}


def _notes(line: Line, statement: Statement, words: dict[str, Any]) -> list[str]:
    notes = []
    if line.party_id != statement.payee_id:
        notes.append(words["for_party"].format(name=line.party or line.party_id))
    if line.owner_party_id != line.party_id:
        notes.append(words["via_owner"].format(name=line.owner or line.owner_party_id))
    return notes


def _heads(names: dict[str, str], currency: str, amounts: set[str]) -> list[str]:
    return [f"{name}, {currency}" if key in amounts and key == "amount" else name for key, name in names.items()]


def _texts(statement: Statement) -> Iterable[str]:
    yield statement.payee.name
    for line in statement.lines:
        yield from (line.title, line.artist, line.licensee, line.party, line.owner)


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _font_finding(script: str, text: str) -> Finding:
    wanted = SCRIPTS.get(script, (f"Noto Sans {script.title()}",))
    return Finding(
        "batch",
        "font_missing",
        f"no font on this machine writes {script.title()} letters: they print as boxes",
        got=_shortened(text, 60),
        expected=wanted[0],
        what_to_do="Install the Noto fonts (Debian: fonts-noto-core, fonts-noto-cjk), then write the statements again.",
    )


def _read(file: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))
