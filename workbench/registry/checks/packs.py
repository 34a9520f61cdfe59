"""Rule packs: what the register is checked by, as data. One rule:

    - code: publisher_share_over
      kind: work                              # work, recording, performance or release
      title: publishers own more than half of the performing right
      distributable: partly                   # what the thing still is while the rule finds something: fully, partly, not
      field: performing_ppm                   # where to look, unless a row says its own
      expected: at most 50 %
      what_to_do: Give the writers their half.
      source: CWR 2.2, record validation of SPU
      sql: SELECT work_id AS id, percent(publishers_ppm) || ' %' AS got, territory, starts_on FROM picture WHERE ...

The SQL names `id`; it may name `message`, `field`, `got`, `expected`, `of_right`, `territory`, `starts_on`, `distributable` and
`what_to_do`, which else are the rule's. A society switches packs off and adds its own in `rules/packs/` of its workspace; there
`off.yaml` may say `off: [pack or rule code, ...]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ...core.config import Config
from ...core.errors import WorkbenchError, unknown

PACKAGED = Path(__file__).parent.parent / "data" / "rule_packs"
KINDS = ("work", "recording", "performance", "release")
STATES = ("fully", "partly", "not")
"""How far a thing is distributable; the later, the less."""
COLUMNS = ("id", "message", "field", "got", "expected", "of_right", "territory", "starts_on", "distributable", "what_to_do")
"""What a rule's rows may say."""
_REQUIRED = {"code", "kind", "title", "distributable", "what_to_do", "source", "sql"}
_OPTIONAL = {"field", "expected"}
_CODE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_COMMENT = re.compile(r"--[^\n]*")
_WRITES = re.compile(
    r"\b(insert|update|delete|drop|create|alter|attach|copy|export|import|install|load|pragma|set|call|checkpoint|vacuum|"
    r"read_\w+|glob|getenv|parquet_\w+|sniff_csv|query|query_table)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a pack; see the module's example."""

    pack: str
    code: str
    kind: str
    title: str
    distributable: str
    what_to_do: str
    source: str
    sql: str
    field: str = ""
    expected: str = ""

    @property
    def words(self) -> frozenset[str]:
        """Every word of the SQL: which tables and columns it may name."""
        return words_of(self.sql)


@dataclass(frozen=True, slots=True)
class Pack:
    """Rules that are switched on and off together."""

    code: str
    title: str
    rules: tuple[Rule, ...]


def packs_of(config: Config) -> list[Pack]:
    """Return the packs in force for a workspace: the packaged ones and its own, without what it switched off.

    Raises `WorkbenchError` naming the file and the rule that cannot stand.
    """
    folder = config.rules / "packs"
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    return _in_force(tuple((file, file.stat().st_mtime_ns) for file in files))


@cache
def packaged() -> tuple[Pack, ...]:
    """Return the packs the workbench comes with."""
    return tuple(read_pack(file) for file in sorted(PACKAGED.glob("*.yaml")))


def read_pack(file: Path) -> Pack:
    """Return the pack of a file; raises `WorkbenchError` naming the rule and what cannot stand."""
    data = _read(file)
    if set(data) != {"pack", "title", "rules"} or not isinstance(data["rules"], list):
        raise WorkbenchError("not a rule pack", got=sorted(data), expected="pack, title, rules", where=file.name)
    rules = tuple(_rule(data["pack"], row, file.name) for row in data["rules"])
    _all_different((rule.kind + " " + rule.code for rule in rules), file.name)
    return Pack(data["pack"], data["title"], rules)


def words_of(sql: str) -> frozenset[str]:
    """Return the words of a piece of SQL, small, without its comments."""
    return frozenset(re.findall(r"[a-z_][a-z0-9_]*", _COMMENT.sub("", sql).lower()))


def worst(states: Iterable[str]) -> str:
    """Return the least of some states; nothing found leaves a thing fully distributable."""
    return max(states, key=STATES.index, default="fully")


@cache
def _in_force(files: Sequence[tuple[Path, int]]) -> list[Pack]:
    own = [file for file, _ in files if file.name != "off.yaml"]
    packs = [*packaged(), *(read_pack(file) for file in own)]
    _all_different((pack.code for pack in packs), "rule packs")
    _all_different((f"{rule.kind} {rule.code}" for pack in packs for rule in pack.rules), "rule packs")
    off: list[str] = []
    for file, _ in files:
        if file.name == "off.yaml":
            off = list(_read(file).get("off") or [])
    known = {pack.code for pack in packs} | {rule.code for pack in packs for rule in pack.rules}
    for one in off:
        if one not in known:
            raise unknown("pack or rule", one, known, where="off.yaml")
    kept = [
        Pack(pack.code, pack.title, tuple(r for r in pack.rules if r.code not in off)) for pack in packs if pack.code not in off
    ]
    return [pack for pack in kept if pack.rules]


def _read(file: Path) -> dict[str, Any]:
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  every value stays text
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise WorkbenchError("the rule pack cannot be read", got=error, where=file.name) from error
    if not isinstance(data, dict):
        raise WorkbenchError("not a rule pack", got=type(data).__name__, expected="pack, title, rules", where=file.name)
    return data


def _rule(pack: str, row: Mapping[str, Any], file: str) -> Rule:
    where = f"{file}, rule {row.get('code', '?')}" if isinstance(row, Mapping) else file
    if not isinstance(row, Mapping) or not _REQUIRED <= set(row) <= _REQUIRED | _OPTIONAL:
        raise WorkbenchError("keys of the rule differ", got=sorted(row), expected=sorted(_REQUIRED), where=where)
    for key in sorted(_REQUIRED):
        if not str(row[key]).strip():
            raise WorkbenchError(f"{key} is empty", expected="a text", where=where)
    if not _CODE.fullmatch(row["code"]):
        raise WorkbenchError("not a rule code", got=row["code"], expected="small letters, digits and _", where=where)
    for key, known in (("kind", KINDS), ("distributable", STATES)):
        if row[key] not in known:
            raise unknown(key, row[key], known, where=where)
    sql = row["sql"].strip().rstrip(";")
    bare = _COMMENT.sub("", re.sub(r"'[^']*'", "''", sql)).strip()
    odd = (
        _WRITES.search(bare)
        or re.search(";", bare)
        or (None if re.match(r"(?i)(select|with)\b", bare) else re.search(r"\S*", bare))
    )
    if odd:
        raise WorkbenchError("a rule only selects from the staged tables", got=odd[0], expected="one SELECT", where=where)
    return Rule(pack, **{**row, "sql": sql})


def _all_different(names: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise WorkbenchError("twice in the rule packs", got=name, expected="once", where=where)
        seen.add(name)
