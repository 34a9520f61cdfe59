"""A record as a form: its own fields, then each part as rows, with a few empty ones at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.documents import Document, Kind
from .page import Node, h
from .register_fields import SPARE_ROWS, Field, written
from .register_reading import new_fields
from .register_words import field_name


def form(
    kind: Kind,
    values: Mapping[str, str],
    *,
    on: str,
    title: str,
    action: str,
    version: int = 0,
    sure: str = "",
    names: Mapping[str, str] | None = None,
) -> Node:
    """Return the form of a record; `values` as `document_of` takes them, `names` of what it points to, by id.

    `sure` asks for one more reason, by this label.
    """
    own = [_field(one, one.name, values.get(one.name, ""), names or {}) for one in new_fields(kind)]
    parts = [_part(kind, part, values, names or {}) for part in kind.parts]
    return h(
        "form",
        h("h2", title, tabindex=-1, data_focus=f"{on} {title}"),
        h("div", own, class_="fields"),
        parts,
        h("input", type="hidden", name="version", value=version) if version else None,
        _needed("sure", sure) if sure else None,
        h("div",
          _needed("why", "Why", "what the change rests on: a contract, a letter, a call"),
          h("div", h("button", action, type="submit", class_="primary"), h("button", "Cancel", type="button", on="cancel"),
            class_="row"),
          class_="actions"),
        on=on,
        class_="card record-form",
        autocomplete="off",
    )  # fmt: skip


def values_of(kind: Kind, document: Document) -> dict[str, str]:
    """Return a record as the values of its form."""
    values = {one.name: written(one, document.get(one.name)) for one in new_fields(kind)}
    for part in kind.parts:
        for number, row in enumerate(document.get(part) or []):
            values |= {f"{part}.{number}.{one.name}": written(one, row.get(one.name)) for one in new_fields(kind, part)}
    return values


def _part(kind: Kind, part: str, values: Mapping[str, str], names: Mapping[str, str]) -> Node:
    fields = new_fields(kind, part)
    rows = 1 + max((int(name.split(".")[1]) for name in values if name.startswith(f"{part}.")), default=-1)
    filled = any(values.get(f"{part}.{row}.{one.name}") for row in range(rows) for one in fields)
    spare = 0 if filled and _last_is_empty(part, rows, fields, values) else SPARE_ROWS
    head = h("thead", h("tr", [h("th", one.label, scope="col") for one in fields]))
    body = [
        h("tr", [
            h("td", _input(one, f"{part}.{row}.{one.name}", values.get(f"{part}.{row}.{one.name}", ""),
                           f"{field_name(part)} {row + 1}: {one.label}"),
              _called(one, values.get(f"{part}.{row}.{one.name}", ""), names), data_label=one.label,
              class_="wide" if one.refers_to or one.codes else None)
            for one in fields
        ])
        for row in range(rows + spare)
    ]  # fmt: skip
    return h(
        "details",
        h("summary", field_name(part), h("small", f" {rows}") if rows else None),
        h("div", h("table", head, h("tbody", body), class_="stack rows"), class_="scroll"),
        open=filled,
        key=part,
    )


def _last_is_empty(part: str, rows: int, fields: list[Field], values: Mapping[str, str]) -> bool:
    return rows > 0 and not any(values.get(f"{part}.{rows - 1}.{one.name}") for one in fields)


def _field(one: Field, name: str, value: str, names: Mapping[str, str]) -> Node:
    return h(
        "div", h("label", one.label, for_=f"f-{name}"), _input(one, name, value, ""), _called(one, value, names), class_="field"
    )


def _called(one: Field, value: str, names: Mapping[str, str]) -> Node | None:
    """What a reference points to, by name."""
    return h("small", h("bdi", names[value])) if one.refers_to and value in names else None


def _input(one: Field, name: str, value: str, label: str) -> Node:
    named: dict[str, Any] = {"name": name, "aria_label": label} if label else {"name": name, "id": f"f-{name}"}
    if one.codes:
        options = [h("option", "", value="", selected=not value)]
        options += [h("option", says, value=code, selected=code == value) for code, says in one.codes.items()]
        if value and value not in one.codes:
            options.append(h("option", value, value=value, selected=True))
        return h("select", options, **named)
    hints = {
        "day": "YYYY-MM-DD",
        "percent": "%",
        "duration": "m:ss",
        "reference": "id, number or exact name",
        "flag": "1 for yes",
    }
    return h("input", **named, value=value, placeholder=hints.get(one.shown_as), dir="auto", autocomplete="off", maxlength=500)


def _needed(name: str, label: str, hint: str = "") -> Node:
    return h(
        "div",
        h("label", label, for_=f"f-{name}"),
        h("input", id=f"f-{name}", name=name, required=True, maxlength=300, placeholder=hint or None, autocomplete="off"),
        class_="field",
    )
