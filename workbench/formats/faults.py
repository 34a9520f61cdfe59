"""Every fault that intake can find, in words: what is wrong, and what to do about it. One place, so that the texts read alike."""

from __future__ import annotations

from typing import Any

from ..core.errors import Finding

REFUSING = {"missing_column", "duplicate_column"}
"""Faults of the header for which the file is refused."""

_FILE = {
    "empty_file": ("the file is empty", "a header and at least one line", "Ask the sender for the file again."),
    "no_lines": ("the file has a header and no lines", "at least one line", "Ask the sender for the file again."),
    "file_too_large": ("the file is too large", "", "Split it by month or by station."),
    "wrong_encoding": (
        "these bytes are not in the declared encoding",
        "",
        "Ask the sender, then say encoding=... when you load it.",
    ),
    "is_utf8": (
        "the file is UTF-8, which would be misread in the declared encoding",
        "",
        "Say encoding='utf-8' when you load it.",
    ),
    "encoding_from_mark": ("the file says its own encoding by a byte order mark", "", "Nothing: it was read by that mark."),
    "missing_column": ("a column is missing", "", "Correct the header, or load it with the layout that fits."),
    "duplicate_column": ("two columns for one field", "one column per field", "Remove or rename one of them."),
    "unknown_column": (
        "a column this layout does not use",
        "",
        "Nothing, or add it to a layout of your own; its cells are kept.",
    ),
    "blank_lines": ("blank lines were passed over", "", "Nothing, unless lines are missing there."),
    "encrypted_or_old": (
        "a protected or old (.xls) Excel file",
        "an unprotected .xlsx or a CSV file",
        "Save it again without a password as .xlsx.",
    ),
    "not_a_spreadsheet": (
        "not an Excel file, whatever its name says",
        "an .xlsx file",
        "Save it again as .xlsx, or name it .csv if that is what it is.",
    ),
    "corrupt_spreadsheet": (
        "the Excel file is damaged",
        "an .xlsx file that opens",
        "Open it, save it again, or ask for it again.",
    ),
    "corrupt_archive": ("the packed file is damaged", "a whole .gz file", "Ask the sender for the file again."),
    "name_does_not_fit": (
        "the content does not fit the file's name",
        "a CSV file",
        "Name an Excel file .xlsx; unpack a zip first.",
    ),
    "no_such_sheet": ("the worksheet is missing", "", "Name the worksheet as the layout says."),
    "other_sheets": ("only one worksheet was read", "", "Nothing, or load the others from files of their own."),
    "unpacks_too_large": (
        "the archive unpacks to far more than it should",
        "at most 100 times its size",
        "Do not open it; ask the sender.",
    ),
    "too_many_members": ("the archive has too many parts", "", "Do not open it; ask the sender."),
    "too_many_cells": ("the sheet has too many cells", "", "Split it by month or by station."),
    "too_much_memory": ("the file needs too much memory", "", "Split it, or save it as CSV."),
    "cannot_be_opened": ("the file cannot be opened", "", "Check that it is there and that you may read it."),
    "not_json": ("this is not JSON", "a list of objects, or one object per line", "Ask the sender for the file again."),
    "too_deep": ("lists in lists without end", "at most 12 levels", "Do not open it; ask the sender."),
    "no_one_list": (
        "it is not clear which list holds the records",
        "a list of objects, or an object with one list of objects",
        "Ask the sender for one list, or split the file.",
    ),
    "titles_above": ("lines above the header were passed over", "", "Nothing, if they are titles."),
    "outside_the_list": ("names beside the list were passed over", "", "Nothing, unless they belong to the records."),
    "too_many_names": ("the objects have too many different names", "at most 1000", "Look whether names hold data."),
    "reader_stopped": ("reading took too long or too much and was stopped", "", "Split the file, or save it as CSV."),
    "file_changed": ("the file changed while it was read", "", "Wait until it is complete, then load it again."),
}
_LINE = {
    "unbalanced_quote": (
        "a quotation mark opens here and does not close",
        'a closing "',
        "Add the missing quotation mark, or double one that belongs to the text.",
    ),
    "malformed_quotes": (
        "quotation marks do not pair up",
        "quotes around a whole cell, doubled inside it",
        "Correct the quotation marks.",
    ),
    "line_too_long": ("the line is too long", "at most 65536 characters", "Look for a missing line end."),
    "field_too_long": ("a cell is too long", "at most 32768 characters", "Shorten it, or look for a missing quotation mark."),
    "too_many_columns": ("the line has too many cells", "at most 1000", "Look for a missing line end."),
    "too_many_cells_in_line": ("more cells than the header has", "", "Put quotes around a cell that holds the separator."),
    "too_few_cells_in_line": ("fewer cells than the header has", "", "Add the missing cells, empty ones too."),
    "not_json_line": ("this line is not JSON", "one object on each line", "Correct it and send the line again."),
    "not_an_object": ("this is not an object", "an object with names and values", "Correct it and send it again."),
    "duplicate_name": ("a name stands twice in one object", "each name once", "Say which of the two values is right."),
    "too_deep_inside": ("lists in lists without end", "at most 12 levels", "Correct it and send it again."),
    "too_many_rows_in_one": ("one object holds too many others", "at most 10000", "Look for a list in the wrong place."),
    "missing_value": ("a cell that must be filled is empty", "a value", "Fill it in and send the line again."),
    "formula": (
        "a cell begins like a formula",
        "plain text",
        "It is kept as text and never computed; check that it is what was meant.",
    ),
    "formula_result": ("a cell holds a formula", "a plain value", "Its last result is used; paste it as a value to be sure."),
    "control_character": ("control characters in the text", "", "They were left out; check the text."),
    "bidi_character": ("characters that turn the reading direction", "", "They were left out; check the text."),
    "invisible_character": ("invisible characters in the text", "", "They were left out; check the text."),
    "lost_character": ("a character was lost before this file was made", "", "Ask the sender for the right spelling."),
    "line_end_in_cell": ("a cell holds line ends", "one line per cell", "Check that no quotation mark is missing."),
    "repeated_line": ("the same line a second time", "", "Keep it if it was played twice; otherwise ask the sender."),
    "long_duration": ("longer than an hour", "seconds, or mm:ss", "Check that mm:ss was not read as hh:mm."),
    "impossible_duration": (
        "longer than four hours",
        "seconds, or mm:ss",
        "The cell is left empty here; look whether it counts milliseconds.",
    ),
    "share_below_one": ("a share below one percent", "a percentage like 33.34", "If 33.34 % is meant, write 33.34."),
    "outside_period": ("used outside the period", "", "Check the date, or load it with the period it belongs to."),
}
FILE_CODES = frozenset(_FILE)
_VALUE_STEP = "Correct the cell and send the line again."
_KEPT_STEP = "The cell is left empty here; correct it if it matters."
_VALUES_KEPT = {"not_date", "not_instant", "not_duration", "not_year", "not_choice"}


def of_file(code: str, facts: dict[str, Any], source: str) -> Finding:
    """Return the finding for a fault of the whole file; facts may be line, byte, field, got, expected, fits, hint."""
    message, expected, step = _FILE.get(code) or (code.replace("_", " "), "", "")
    got = str(facts.get("got", ""))
    if "byte" in facts:
        got += f" at byte {facts['byte']}"
    if facts.get("fits"):
        step = f"It would fit {', '.join(facts['fits'])}. {step}"
    if facts.get("hint"):
        step = f"{facts['hint']} {step}"
    return Finding(
        scope="file",
        code=code,
        message=message,
        line=int(facts.get("line", 0)),
        field=str(facts.get("field", "")),
        got=got,
        expected=str(facts.get("expected") or expected),
        what_to_do=step,
        source=source,
    )


def of_line(code: str, line: int, field: str, got: str, expected: str = "", message: str = "", source: str = "") -> Finding:
    """Return the finding for a fault of one line or cell."""
    said, usual, step = _LINE.get(code) or (code.replace("_", " "), "", _KEPT_STEP if code in _VALUES_KEPT else _VALUE_STEP)
    return Finding(
        scope="field" if field else "record",
        code=code,
        message=message or said,
        line=line,
        field=field,
        got=got,
        expected=expected or usual,
        what_to_do=step,
        source=source,
    )
