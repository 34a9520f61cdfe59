"""Licences: who uses the repertoire, under which tariff, what they were invoiced and what they paid."""

from __future__ import annotations

from ..core.documents import Kind, part_table, reference, root_table
from ..core.store import whole, words

licensee = root_table("licensee", words("name"), words("kind"), words("territory"), words("tax_number"), words("email"))
LICENSEE = Kind("licensee", "L", licensee)

licence = root_table(
    "licence",
    reference("licensee_id", licensee, index=True),
    words("number"),
    words("tariff"),  # name of a tariff in the tariff book
    words("starts_on"),
    words("ends_on"),
)
licence_parameter = part_table("licence_parameter", licence, words("name"), words("value"))
LICENCE = Kind("licence", "C", licence, {"parameters": licence_parameter})

invoice = root_table(
    "invoice",
    reference("licence_id", licence, index=True),
    words("number"),
    words("period"),
    words("currency"),
    whole("net_micros"),
    whole("tax_micros"),
    words("issued_on"),
    words("due_on"),
)
INVOICE = Kind("invoice", "I", invoice)

receipt = root_table(
    "receipt",
    reference("invoice_id", invoice, index=True),
    words("currency"),
    whole("amount_micros"),
    words("received_on"),
    words("bank_reference"),
)
RECEIPT = Kind("receipt", "T", receipt)
