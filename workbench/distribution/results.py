"""The declared files of a run: every input and result table with its columns, units, key and order.

A run folder holds `parameters.json`, `rulebook.yaml`, `inputs/*.csv`, `results/*.csv` and `manifest.json`. The claim
"identical" is about these files. CSV: UTF-8, LF, header, minimal quotes, rows sorted by the table's key; money in whole micros,
shares in ppm (or ppt, see `entitlements`), days as ISO text, unknown text empty. One micro's way back through the results:

    balances <- postings <- entitlements <- allocation <- usage_points <- inputs/usages     (which use earned it)
                                                       <- pool_receipts <- inputs/receipts   (who paid it)

`payee_id` is whose account is credited: the party itself, or `society:052` for a party affiliated to society 052.
A target is what a pool's money is allocated to: a work in a performing or mechanical pool, a recording in a neighbouring pool.
`as_of_on` is the day for which agreements and mandates were resolved: the newest day, not after the use, on which one of them
changed.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from ..core.canonical import csv_bytes, file_digest
from ..core.errors import WorkbenchError, unknown

Type = Literal["text", "whole"]
WHOLE_PPT = 1_000_000_000_000
"""100 % in parts per trillion: fine enough to multiply the shares of a long agreement chain without losing a micro."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name (unit last), `text` or `whole` (a whole number, empty when unknown), and what it says."""

    name: str
    type: Type = "text"
    about: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One file: `<place>/<name>.csv`, its columns, and the columns that identify and order its rows."""

    name: str
    place: Literal["inputs", "results"]
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def wholes(self) -> list[str]:
        """Names of the whole-number columns."""
        return [column.name for column in self.columns if column.type == "whole"]

    @property
    def types(self) -> dict[str, str]:
        """Type of each column, in order."""
        return {column.name: column.type for column in self.columns}

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    def path(self, run_folder: Path) -> Path:
        """Return where the table lies in a run folder."""
        return run_folder / self.place / self.file


def _columns(text: str) -> tuple[Column, ...]:
    """Read `name | about` lines; a name ending in a whole-number unit is whole, everything else text."""
    found = []
    for line in text.strip().splitlines():
        name, _, about = (part.strip() for part in line.partition("|"))
        whole = name.endswith(("_micros", "_ppm", "_ppt", "_seconds", "_milli")) or name in {"plays", "position", "lines"}
        found.append(Column(name, "whole" if whole else "text", about))
    return tuple(found)


def _table(place: Literal["inputs", "results"], name: str, about: str, key: str, columns: str) -> Table:
    return Table(name, place, about, _columns(columns), tuple(key.split()))


INPUTS: tuple[Table, ...] = (
    _table(
        "inputs",
        "receipts",
        "the money of this run, each receipt with its invoice and licence",
        "receipt_id",
        """receipt_id
        invoice_id
        licence_id
        currency
        paid_micros | as it came in, with tax
        tax_micros | the part that is tax, in proportion to the invoice; it is no part of a pool
        amount_micros | paid - tax: what is distributed
        received_on""",
    ),
    _table(
        "inputs",
        "licences",
        "the licences that paid or reported",
        "licence_id",
        """licence_id
        number
        licensee_id
        licensee_name
        tariff | name in the tariff book; the rule book names tariffs by pattern""",
    ),
    _table(
        "inputs",
        "usages",
        "every accepted usage line of the period on a licence of this run; refused lines stay with their batch",
        "usage_id",
        """usage_id | like TALA-B-000001:17
        licence_id
        key | joins `matches`
        title | as reported
        artist | as reported
        used_on
        duration_seconds | empty when not reported
        plays
        use | feature, background, jingle ...""",
    ),
    _table(
        "inputs",
        "matches",
        "what each key was matched to",
        "key",
        """key
        state | matched, doubtful, unmatched, not_in_repertoire (ruled so)
        target_kind | recording, work or empty
        target_id""",
    ),
    _table(
        "inputs",
        "recordings",
        "recordings that matches name",
        "recording_id",
        """recording_id
        title
        main_artist
        isrc
        duration_seconds | empty when unknown""",
    ),
    _table(
        "inputs",
        "recording_works",
        "the works a recording embodies",
        "recording_id work_id",
        """recording_id
        work_id""",
    ),
    _table(
        "inputs",
        "recording_contributors",
        "performers and producers of recordings",
        "recording_id position",
        """recording_id
        position
        party_id
        role | featured, non_featured, conductor, producer
        share_ppm | a producer's part of the producers' share; 0 for performers""",
    ),
    _table(
        "inputs",
        "works",
        "works that matches or recordings name",
        "work_id",
        """work_id
        title
        iswc
        duration_seconds | empty when unknown""",
    ),
    _table(
        "inputs",
        "work_shares",
        "ownership shares of works",
        "work_id position",
        """work_id
        position
        party_id
        role | CWR role code
        performing_ppm
        mechanical_ppm
        represents_party_id""",
    ),
    _table(
        "inputs",
        "agreements",
        "agreements the chains of the period may follow",
        "agreement_id",
        """agreement_id
        kind
        number
        assignor_party_id
        acquirer_party_id
        starts_on
        ends_on
        scope | specific, implied or general; empty: as its works say
        retention_ends_on | works covered before the end stay until then""",
    ),
    _table(
        "inputs",
        "agreement_shares",
        "the part of the assignor's share an agreement collects, per right",
        "agreement_id right",
        """agreement_id
        right
        share_ppm""",
    ),
    _table(
        "inputs",
        "agreement_territories",
        "territories of an agreement, includes (I) and excludes (E) in order; none: the world",
        "agreement_id position",
        """agreement_id
        position
        indicator
        territory""",
    ),
    _table(
        "inputs",
        "agreement_works",
        "works an agreement names; only E: all works but these; none: all works",
        "agreement_id indicator work_id",
        """agreement_id
        indicator
        work_id""",
    ),
    _table(
        "inputs",
        "mandates",
        "rights entrusted to this society",
        "mandate_id right territory party_id",
        """mandate_id
        party_id
        right
        territory | TIS code; empty: the world
        starts_on
        ends_on""",
    ),
    _table(
        "inputs",
        "affiliations",
        "societies that act for a party",
        "party_id society right territory starts_on ends_on",
        """party_id
        society | CISAC code
        right | empty: every right
        territory | TIS code; empty: the world
        starts_on
        ends_on""",
    ),
    _table(
        "inputs",
        "parties",
        "every party a share, contribution, agreement or balance names",
        "party_id",
        """party_id
        kind
        name
        first_name
        ipi_name_number | the first one documented
        ipi_base_number
        ipn
        territory | of residence
        language""",
    ),
    _table(
        "inputs",
        "brought_forward",
        "what earlier sealed runs carried forward",
        "payee_id currency",
        """payee_id
        currency
        amount_micros""",
    ),
    _table(
        "inputs",
        "corrected_postings",
        "the pool postings of the run this run corrects; empty for any other run",
        "entry account payee_id currency",
        """entry
        account
        payee_id
        currency
        amount_micros""",
    ),
)

RESULTS: tuple[Table, ...] = (
    _table(
        "results",
        "pools",
        "money per licence, right and currency; received = deducted + net, net = allocated + held before entitlement",
        "pool_id",
        """pool_id | <licence>/<right>/<currency>
        licence_id
        tariff
        right | performing, mechanical or neighbouring
        currency
        received_micros
        deducted_micros
        net_micros
        allocated_micros | reached a work or recording
        held_micros | reached none: usage unmatched, doubtful ...
        lines | usage lines that hold points here
        points_milli | thousandths of a point, all lines""",
    ),
    _table(
        "results",
        "pool_receipts",
        "how each receipt was split over pools",
        "pool_id receipt_id",
        """pool_id
        receipt_id
        amount_micros""",
    ),
    _table(
        "results",
        "deductions",
        "what was taken off a pool, in order",
        "pool_id position",
        """pool_id
        position
        name | administration, social, cultural ...
        base_micros | what the rate was applied to
        rate_ppm
        amount_micros""",
    ),
    _table(
        "results",
        "usage_points",
        "what each usage line earned for its target in a pool, or under which hold; sums to the pool's net",
        "pool_id usage_id target_id",
        """pool_id
        usage_id
        target_kind | work, recording; empty when held
        target_id | empty when held
        as_of_on
        reason | why it is held; empty when it reached its target
        points_milli
        amount_micros""",
    ),
    _table(
        "results",
        "allocation",
        "the pool's money per target; sums of usage_points",
        "pool_id target_id as_of_on",
        """pool_id
        right
        target_kind
        target_id
        as_of_on
        lines
        points_milli
        amount_micros""",
    ),
    _table(
        "results",
        "entitlements",
        "a target's money per party, along its chain of agreements; what no party may have is in holds",
        "pool_id target_id as_of_on party_id role owner_party_id chain",
        """pool_id
        right
        target_kind
        target_id
        as_of_on
        party_id | who is entitled
        role | the owner's role: CWR role, or featured, producer ...
        basis | writers and publishers: share; neighbouring: the group, like producers
        owner_party_id | whose share it was before agreements
        chain | agreement ids from owner to collector, joined by ' > '; empty: the owner collects
        share_ppt | part of the target's money, in parts per trillion (10^12 is all of it)
        payee_id | party_id, or society:<code> when another society collects for it
        currency
        amount_micros""",
    ),
    _table(
        "results",
        "holds",
        "money in a pool that nobody can be paid now, and why",
        "pool_id reason target_id as_of_on party_id",
        """pool_id
        right
        reason
        target_kind
        target_id | empty when the usage reached no target
        as_of_on
        party_id | the party concerned; empty when none is known
        expires_on
        currency
        amount_micros""",
    ),
    _table(
        "results",
        "postings",
        "double entry: every entry sums to zero per currency; positive is what an account receives",
        "entry account payee_id currency",
        """entry | what belongs together: receive:<pool>, pool:<pool>, settle:<payee>; reverse:... of a corrected run
        account | receipts:<licence>, pool:<id>, deduction:<name>, hold:<reason>, payable:<payee>, carried_forward:<payee>
        payee_id | empty unless the account is a payee's
        currency
        amount_micros""",
    ),
    _table(
        "results",
        "balances",
        "brought forward + earned + corrected = payable + carried forward",
        "payee_id currency",
        """payee_id
        currency
        brought_forward_micros
        earned_micros | from this run's pools
        corrected_micros | minus what the corrected run gave; 0 for any other run
        payable_micros | a multiple of the currency's minor unit
        carried_forward_micros | below the minimum, or smaller than the minor unit, or negative""",
    ),
    _table(
        "results",
        "conservation",
        "micros in = micros out + held, at every step",
        "step currency",
        """step | 1 receipts to pools, 2 deductions, 3 usage, 4 allocation, 5 entitlement, 6 postings, 7 balances
        currency
        in_micros
        out_micros
        held_micros""",
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in (*INPUTS, *RESULTS)}
"""Every declared file by name."""


def table(name: str) -> Table:
    """Return a declared table; raises `NotFound` with the nearest names."""
    if name not in TABLES:
        raise unknown("file of a run", name, TABLES)
    return TABLES[name]


def write_rows(folder: Path, declared: Table, rows: Iterable[Sequence[Any]]) -> int:
    """Write rows that are in key order already into a folder of tables (`inputs/` or `results/`); return how many."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with (folder / declared.file).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(declared.names)
        source = iter(rows)
        while chunk := list(islice(source, 50_000)):
            writer.writerows(chunk)
            count += len(chunk)
    return count


def read_rows(folder: Path, declared: Table) -> Iterator[list[str]]:
    """Yield the rows as text from a folder of tables; raises `WorkbenchError` where a file or its columns are not as declared."""
    path = folder / declared.file
    if not path.is_file():
        raise WorkbenchError("a file of the run is missing", got=f"no {declared.place}/{declared.file}", where=folder)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        if header != declared.names:
            raise WorkbenchError("columns are not the declared ones", got=header, expected=declared.names, where=path)
        yield from reader


def read_dicts(folder: Path, declared: Table) -> Iterator[dict[str, Any]]:
    """Yield the rows with whole-number columns as int (None when empty)."""
    for row in read_rows(folder, declared):
        yield {
            column.name: (int(text) if text else None) if column.type == "whole" else text
            for column, text in zip(declared.columns, row, strict=True)
        }


def table_digest(folder: Path, declared: Table, said: str = "") -> str:
    """Return the SHA-256 of a table: a result's bytes, an input's sorted rows (so that their order does not count).

    A file whose bytes have the digest `said` is as it was written, in canonical order, so its rows are not sorted again.
    """
    if declared.place == "inputs":
        if said and (folder / declared.file).is_file() and file_digest(folder / declared.file) == said:
            return said
        return hashlib.sha256(csv_bytes(declared.names, sorted(read_rows(folder, declared)))).hexdigest()
    path = folder / declared.file
    if not path.is_file():
        raise WorkbenchError("a file of the run is missing", got=f"no results/{declared.file}", where=folder)
    return file_digest(path)


def digests(run_folder: Path, declared: Iterable[Table], said: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the digest of each table of a run folder, by `<place>/<name>`; `said` as in `table_digest`."""
    known = said or {}
    names = {f"{table.place}/{table.name}": table for table in declared}
    return {name: table_digest(run_folder / table.place, table, known.get(name, "")) for name, table in names.items()}
