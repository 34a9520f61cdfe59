"""A record that is in the register already, and a file that says more or something else: what becomes of each field.

    keep      nothing is changed                                       (a finding says that it is there)
    fill      what is blank is filled; where both say something, the register's word stands   (a finding with both values)
    replace   what the file says replaces what is there                (a finding with both values)

Lists that only ever grow (names, titles, numbers, affiliations) gain the rows they lack, under `fill` and `replace` alike.
Lists that are a whole (shares, contributors, territories) are filled when they are empty, and replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ...core.canonical import canonical_json
from ...core.documents import Document, Kind
from .clerk import REPLACE, Bundle, Clerk

GROWING = {"names", "affiliations", "titles", "archived_iswcs", "numbers", "performers", "instruments", "members", "successors"}
"""Parts in which a further row says nothing against the others."""


def merged(clerk: Clerk, bundle: Bundle, kind: Kind, there: Document, given: Document, only: Collection[str] = ()) -> Document:
    """Return what is there with what the file says, as `clerk.existing` has it; a finding for each difference.

    `only` names the fields and parts that may be replaced; when empty, all that the file fills. `there` and `given` are complete.
    """
    result = dict(there)
    for field in kind.fields:
        new, old = given[field], there[field]
        if new in (None, "", 0) or new == old or field == "status":
            continue
        if old in (None, ""):
            result[field] = new
            _tell(clerk, bundle, field, "was blank and is filled", "filled", new, "nothing")
        elif clerk.existing == REPLACE and (not only or field in only):
            result[field] = new
            _tell(clerk, bundle, field, "replaced by what the file says", "replaced", new, old)
        else:
            _tell(clerk, bundle, field, "the register says something else", "differs", new, old)
    for part in kind.parts:
        _merge_part(clerk, bundle, part, result, given[part], only)
    return result


def _merge_part(clerk: Clerk, bundle: Bundle, part: str, result: Document, new: list[Any], only: Collection[str]) -> None:
    old = result[part]
    if not new or new == old:
        return
    if not old:
        result[part] = new
        _tell(clerk, bundle, part, "was blank and is filled", "filled", new, "nothing")
    elif part in GROWING:
        further = [row for row in new if not any(_says_no_more(row, one) for one in old)]
        if further:
            result[part] = [*old, *further]
            _tell(clerk, bundle, part, "rows were added", "filled", further, old)
    elif clerk.existing == REPLACE and (not only or part in only):
        result[part] = new
        _tell(clerk, bundle, part, "replaced by what the file says", "replaced", new, old)
    else:
        _tell(clerk, bundle, part, "the register says something else", "differs", new, old)


def _says_no_more(row: Document, than: Document) -> bool:
    """Tell whether a row says nothing that another does not say as well."""
    return all(value in (None, "", 0) or value == than.get(name) for name, value in row.items())


def _tell(clerk: Clerk, bundle: Bundle, field: str, message: str, code: str, new: Any, old: Any) -> None:
    steps = {
        "differs": "Compare the two; load it with existing='replace' where the file is right.",
        "replaced": "Nothing if the file is right; the history has the old value.",
        "filled": "Nothing.",
    }
    clerk.note(bundle.first, code, field, message, _shown(new), _shown(old), steps[code])


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else canonical_json(value).decode()
