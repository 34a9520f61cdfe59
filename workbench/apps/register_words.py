"""The register's fields and codes in words a person reads; what is missing here is shown as it is spelled in the book."""

from __future__ import annotations

KINDS = {
    "party": ("Right holder", "Right holders"),
    "work": ("Work", "Works"),
    "recording": ("Recording", "Recordings"),
    "release": ("Release", "Releases"),
    "performance": ("Performance", "Performances"),
    "agreement": ("Agreement", "Agreements"),
    "mandate": ("Mandate", "Mandates"),
    "membership": ("Membership", "Memberships"),
}
"""Each kind of record: one, and many."""

FIELDS = {
    "ipi_base_number": "IPI base number",
    "ipi_name_number": "IPI name number",
    "isni": "ISNI",
    "ipn": "IPN",
    "iswc": "ISWC",
    "isrc": "ISRC",
    "isan": "ISAN",
    "eidr": "EIDR",
    "isac": "ISAC",
    "gtin": "Barcode (GTIN)",
    "birth_on": "Born, or founded",
    "death_on": "Died, or dissolved",
    "territory": "Territory",
    "p_line": "P-line",
    "held_on": "Held on",
    "happened_on": "On",
    "first_name": "First name",
    "name": "Name",
    "performing_ppm": "Performing",
    "mechanical_ppm": "Mechanical",
    "synchronisation_ppm": "Synchronisation",
    "share_ppm": "Share",
    "represents_party_id": "Acts for",
    "assignor_party_id": "Assignor",
    "acquirer_party_id": "Acquirer",
    "merged_into_id": "Merged into",
    "titles": "Further titles",
    "numbers": "Other numbers",
    "archived_iswcs": "Archived ISWCs",
    "text_music": "Text and music",
    "kind": "Kind",
    "original_work_id": "Version of",
    "whole_work_id": "Excerpt of",
    "series_work_id": "Episode of",
    "original_recording_id": "Version of",
    "contributors": "Performers and producers",
    "works": "Works heard",
    "items": "Set list",
    "society_code": "Society (CISAC code)",
    "licence_id": "Licence",
}

CODES: dict[str, dict[str, str]] = {
    "party.kind": {"natural": "person", "legal": "company or body", "group": "group or band"},
    "names.kind": {"patronymic": "legal name", "pseudonym": "pseudonym", "group": "group name", "other": "other"},
    "successors.kind": {"heir": "heir", "legatee": "legatee", "legal_successor": "legal successor"},
    "shares.role": {
        "C": "C composer",
        "A": "A author",
        "CA": "CA composer and author",
        "AR": "AR arranger",
        "AD": "AD adaptor",
        "SA": "SA sub-author",
        "SR": "SR sub-arranger",
        "TR": "TR translator",
        "E": "E original publisher",
        "AM": "AM administrator",
        "SE": "SE sub-publisher",
        "AQ": "AQ acquirer",
        "ES": "ES substituted publisher",
        "PA": "PA income participant",
    },
    "contributors.role": {
        "featured": "featured",
        "non_featured": "non-featured",
        "conductor": "conductor",
        "producer": "producer",
    },
    "agreement.kind": {
        "OG": "OG original publishing, general",
        "OS": "OS original publishing, specific",
        "PG": "PG sub-publishing, general",
        "PS": "PS sub-publishing, specific",
        "AD": "AD administration",
        "AS": "AS assignment",
        "CO": "CO co-publishing",
        "RE": "RE representation between societies",
    },
    "agreement.scope": {"general": "general", "implied": "implied", "specific": "specific"},
    "territories.indicator": {"I": "in", "E": "out"},
    "agreement.works.indicator": {"I": "covered", "E": "left out"},
    "performance.kind": {"concert": "concert", "broadcast": "broadcast"},
    "release.kind": {
        "album": "album",
        "single": "single",
        "ep": "EP",
        "compilation": "compilation",
        "video": "video",
        "other": "other",
    },
    "status": {
        "incomplete": "incomplete",
        "local": "local",
        "to_validate": "to validate",
        "conflict": "conflict",
        "in_dispute": "in dispute",
        "synced": "synced",
        "deleted": "deleted",
        "merged": "merged",
        "duplicate_claim": "duplicate claim",
        "cycle": "cycle",
    },
    "work.category": {"POP": "POP popular", "SER": "SER serious", "JAZ": "JAZ jazz", "UNC": "UNC unclassified"},
    "work.text_music": {"MUS": "music only", "MTX": "music and text", "TXT": "text only", "MTN": "text added to music"},
    "work.version_type": {"ORI": "original", "MOD": "modified version"},
    "work.excerpt_type": {"MOV": "movement", "UEX": "unspecified excerpt"},
    "work.composite_type": {"MED": "medley", "POT": "potpourri", "COS": "composite of samples", "UCO": "other composite"},
    "titles.kind": {
        "AT": "AT alternative",
        "TE": "TE first line of the text",
        "FT": "FT formal",
        "IT": "IT incorrect",
        "OT": "OT original",
        "TT": "TT original, translated",
        "PT": "PT part",
        "RT": "RT restricted",
        "ET": "ET extra search",
        "OL": "OL original, national characters",
        "AL": "AL alternative, national characters",
    },
    "cues.use": {"B": "background", "V": "visual", "T": "theme", "L": "logo", "R": "rolled-up"},
    "attachment.kind": {
        "contract": "contract",
        "identity": "proof of identity",
        "proof": "proof",
        "decision": "decision",
        "declaration": "declaration",
        "other": "other",
    },
    "events.event": {
        "application": "application",
        "admission": "admission",
        "suspension": "suspension",
        "reinstatement": "reinstatement",
        "resignation": "resignation",
        "exclusion": "exclusion",
        "death": "death",
    },
}
"""What a field's codes mean, by `kind.field` or `part.field`, or `field` alone."""

HIDDEN_WHEN_NEW = frozenset({"status", "merged_into_id", "version"})
"""Fields nobody fills in by hand."""

TAGS = {
    "deleted": "problem",
    "merged": "problem",
    "conflict": "problem",
    "in_dispute": "problem",
    "duplicate_claim": "problem",
    "cycle": "problem",
    "incomplete": "warning",
    "to_validate": "warning",
    "synced": "good",
}


def field_name(name: str) -> str:
    """Return a field's name as a person reads it."""
    if name in FIELDS:
        return FIELDS[name]
    text = name.removesuffix("_ppm").removesuffix("_id").removesuffix("_on").removesuffix("_seconds").replace("_", " ")
    return text[:1].upper() + text[1:]


def codes(kind: str, part: str, name: str) -> dict[str, str]:
    """Return what a field's codes mean; empty when it takes any text."""
    for key in (f"{kind}.{part}.{name}", f"{part or kind}.{name}", "" if part else name):
        if key in CODES:
            return CODES[key]
    return {}
