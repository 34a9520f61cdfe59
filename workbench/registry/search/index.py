"""The search index on disk: a cache in the workspace that may be deleted at any time, from which candidates are drawn.

One tantivy document per document of the register: its words in the spelling names are compared in, the words of its people, how
they sound, its identifiers. One more says up to which journal entry the index has read; it is committed with the rest, so that an
index is never half right. Every word is marked with the letter of its kind, which keeps kinds apart without a filter. All words
together are documents too: a word that nobody knows is replaced by known ones one or two slips away.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import tantivy
from rapidfuzz import process
from rapidfuzz.distance import OSA

from ...core.documents import KINDS
from .spelling import LONGEST, Entry, code_key, glued, plain, sound, spelt

FORMAT = 1
"""Goes up with every change of what is indexed, or how: an index of another format is not looked at."""
SUBFOLDER = f"search-{FORMAT}"
HEAP = 200_000_000
"""Bytes the writer gathers before it writes a segment."""
CANDIDATES = 200
"""Documents drawn per kind for ranking."""
NEAR = 20
"""Known words tried for one word asked, by slips and by how it begins."""
WORDS = 12
"""Words of a question that are looked up."""
_FUZZY_LETTERS, _CODE_SIGNS, _LONG = 4, 4, 9
_HEAD = "head"
_META = "meta.json"
LOCK = ".tantivy-writer.lock"


class Head(NamedTuple):
    """A journal entry up to which something was read, by number and hash, and the book it is of."""

    seq: int
    hash: str
    epoch: str


Slice = tuple[str, Sequence[str], Sequence[Entry]]
"""Of one kind: the ids to take out, and what to take in."""
Asked = dict[str, dict[str, float]]
"""The words asked, each with the known words it is looked up by and what those are worth."""
Clauses = list[tuple[tantivy.Occur, tantivy.Query]]
Query, Occur = tantivy.Query, tantivy.Occur


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", stored=False, tokenizer_name="raw", index_option="basic")
    for name in ("name", "person", "sound"):
        builder.add_text_field(name, stored=False, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("code", stored=False, tokenizer_name="whitespace", index_option="basic")
    builder.add_text_field("word", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("data", stored=True)
    return builder.build()


class Locked(Exception):
    """Another process is writing the index, or has just written it."""


class Damaged(Exception):
    """What is on disk cannot be read, or was taken away while it was."""


class DiskIndex:
    """The last commit of the index in a folder, and the way to write the next one.

    Many processes may read; one writes at a time, which the system itself lets go of when that process dies. A commit is there
    whole or not at all. Whatever cannot be opened is thrown away: everything in it can be read again from the book.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / SUBFOLDER
        self.head: Head | None = None
        self._schema = _schema()
        self._index: tantivy.Index | None = None
        self._searcher: tantivy.Searcher | None = None
        self._seen: tuple[int, int] | None = None

    def reload(self) -> Head | None:
        """Turn to the newest commit and return the journal entry it has read up to; None when there is nothing to search."""
        try:
            stat = (self.folder / _META).stat()
        except OSError:
            self._close()
            return None
        if self._seen != (stat.st_mtime_ns, stat.st_ino):
            try:
                with _undamaged():
                    self._index = self._index or tantivy.Index.open(str(self.folder))
                    self._index.config_reader("Manual")
                    self._index.reload()
                    self._searcher = self._index.searcher()
                    self.head = self._read_head()
            except Damaged:
                self.discard()
                return None
            self._seen = (stat.st_mtime_ns, stat.st_ino)
        return self.head

    def discard(self) -> None:
        """Throw the index away; who reads it now reads on in what it has open."""
        self._close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, slices: Iterable[Slice], head: Head, *, anew: bool = False) -> None:
        """Take in slices and commit them as read up to `head`; `anew` begins with nothing.

        Raises `Locked` while another process is writing, or when it has written since `reload`, and `Damaged` when the folder was
        taken away.
        """
        before = self.head
        try:
            index = self._index or self._make()
            writer = index.writer(heap_size=HEAP, num_threads=1)
        except (ValueError, OSError) as error:
            raise (Locked if "LockBusy" in str(error) else Damaged) from error
        try:
            if self.reload() != before:
                raise Locked
            with _undamaged():
                self._fill(writer, slices, head, anew=anew)
        finally:
            writer.wait_merging_threads()  # lets go of the lock, and of what was not committed
        self._seen = None
        self.reload()

    def _fill(self, writer: tantivy.IndexWriter, slices: Iterable[Slice], head: Head, *, anew: bool) -> None:
        known: set[str] = set()
        if anew:
            writer.delete_all_documents()
        for kind, ids, entries in slices:
            for one in ids:
                writer.delete_documents_by_term("key", f"{kind}:{one}")
            for entry in entries:
                writer.add_document(_document(entry, known))
        for word in sorted(known):
            if anew or not self._has(word):
                writer.add_document(_field("word", word))
        writer.delete_documents_by_term("key", _HEAD)
        document = _field("key", _HEAD)
        document.add_bytes("data", json.dumps(head).encode())
        writer.add_document(document)
        writer.commit()

    def __len__(self) -> int:
        return self._searcher.num_docs if self._searcher else 0

    def candidates(self, kinds: Iterable[str], text: str, people: str, limit: int, *, wide: bool = False) -> list[Entry]:
        """Return the documents worth judging, at most `limit` of each kind; `wide` allows for more slips and takes longer.

        Raises `Damaged` when the index cannot be read.
        """
        if self._searcher is None:
            return []
        with _undamaged():
            return list(self._candidates(kinds, text, people, limit, wide))

    def _candidates(self, kinds: Iterable[str], text: str, people: str, limit: int, wide: bool) -> Iterator[Entry]:
        asked, persons = self._expanded(text, wide), self._expanded(people, wide)
        wanted = set(kinds)
        if text.strip():
            yield from (entry for entry in self._by_code(text, limit) if entry.kind in wanted)
        for kind in sorted(wanted):
            letter = KINDS[kind].letter
            clauses = self._clauses(letter, asked, ("name", 1.0), ("person", 0.8), ("sound", 0.3))
            if clauses:
                clauses += self._as_one(f"{letter}={glued(asked)}", wide)
            if persons:
                named = Query.boolean_query(self._clauses(letter, persons, ("person", 1.0), ("sound", 0.3)))
                clauses = [(Occur.Must, Query.boolean_query(clauses))] if clauses else []
                clauses.append((Occur.Must, named))
            if clauses:
                yield from self._entries(Query.boolean_query(clauses), limit)

    def _clauses(self, letter: str, asked: Asked, *fields: tuple[str, float]) -> Clauses:
        found = []
        for word, near in asked.items():
            for field, boost in fields:
                if field == "sound":
                    found.append(self._term(field, letter + _sound(word), boost))
                else:
                    found += [self._term(field, letter + one, boost * weight) for one, weight in near.items()]
        return found

    def _as_one(self, whole: str, wide: bool) -> Clauses:
        """Look for all words written as one: short titles among many longer ones, and words run together."""
        clauses = [self._term("name", whole, 3.0)]
        if wide:
            slips = 1 if len(whole) < _LONG else 2
            nearly = Query.fuzzy_term_query(self._schema, "name", whole, distance=slips)
            clauses.append((Occur.Should, Query.boost_query(nearly, 10.0)))
        return clauses

    def _term(self, field: str, term: str, boost: float) -> tuple[tantivy.Occur, tantivy.Query]:
        return Occur.Should, Query.boost_query(Query.term_query(self._schema, field, term, index_option="freq"), boost)

    def _expanded(self, text: str, wide: bool) -> Asked:
        """Return the words to look up: those asked, known ones a slip away, what the last may become, pairs written as one."""
        words = spelt(text[:LONGEST])[:WORDS]
        asked: Asked = {word: {word: 1.0} for word in words}
        for word, near in asked.items():
            if len(word) >= _FUZZY_LETTERS:
                for one in self._near(word, 2 if wide and len(word) > _FUZZY_LETTERS else 1):
                    near.setdefault(one, 0.6)
        for left, right in pairwise(words):
            asked[left].setdefault(left + right, 0.6)
        if words:
            for one, _ in self._search_space.terms_with_prefix("word", words[-1], limit=NEAR):
                asked[words[-1]].setdefault(one, 0.5)
            if wide and len(words[-1]) >= _FUZZY_LETTERS:
                beginning = Query.fuzzy_term_query(self._schema, "word", words[-1], prefix=True)
                for one in self._words(beginning, words[-1]):
                    asked[words[-1]].setdefault(one, 0.4)
        return asked

    def _near(self, word: str, slips: int) -> list[str]:
        return self._words(Query.fuzzy_term_query(self._schema, "word", word, distance=slips), word)

    def _words(self, query: tantivy.Query, word: str) -> list[str]:
        found = self._search_space.search(query, limit=500, count=False).hits
        words = [str(self._search_space.doc(address).get_first("word")) for _, address in found]
        return [one for one, _, _ in process.extract(word, words, scorer=OSA.normalized_similarity, limit=NEAR)]

    def _by_code(self, text: str, limit: int) -> Iterator[Entry]:
        key = code_key(text[:LONGEST])
        if not any(sign.isdigit() for sign in key):
            return
        exact = list(self._entries(Query.term_query(self._schema, "code", key, index_option="basic"), limit))
        yield from exact
        if exact or len(key) < _CODE_SIGNS:
            return
        longer = [code for code, _ in self._search_space.terms_with_prefix("code", key, limit=limit)]
        if longer:
            yield from self._entries(Query.term_set_query(self._schema, "code", longer), limit)
        elif len(key) > 2 * _CODE_SIGNS:
            yield from self._entries(Query.fuzzy_term_query(self._schema, "code", key, distance=1), limit)

    def _entries(self, query: tantivy.Query, limit: int) -> Iterator[Entry]:
        for _, address in self._search_space.search(query, limit=limit, count=False).hits:
            yield _entry(self._search_space.doc(address))

    @property
    def _search_space(self) -> tantivy.Searcher:
        if self._searcher is None:
            raise Damaged
        return self._searcher

    def _has(self, word: str) -> bool:
        return self._searcher is not None and self._searcher.doc_freq("word", word) > 0

    def _make(self) -> tantivy.Index:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            return tantivy.Index(self._schema, path=str(self.folder))
        except (ValueError, OSError):  # the remains of another one
            self.discard()
            self.folder.mkdir(parents=True, exist_ok=True)
            return tantivy.Index(self._schema, path=str(self.folder))

    def _read_head(self) -> Head | None:
        query = Query.term_query(self._schema, "key", _HEAD, index_option="basic")
        found = self._search_space.search(query, limit=1, count=False).hits
        if not found:
            return None
        return Head(*_data(self._search_space.doc(found[0][1])))

    def _close(self) -> None:
        self._index = self._searcher = self._seen = self.head = None


@contextmanager
def _undamaged() -> Iterator[None]:
    """Raise `Damaged` for whatever a broken or missing file leads to, a panic deep in the library as well."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise Damaged from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise Damaged from error
        raise


def _document(entry: Entry, known: set[str]) -> tantivy.Document:
    """Return what is indexed of an entry, and add its words to those `known`."""
    letter = KINDS[entry.kind].letter
    names = [_terms(letter, written) for written, _ in entry.names]
    persons = [_terms(letter, spelling) for _, spellings in entry.people for spelling in spellings]
    for words, _, _ in chain(names, persons):
        known.update(words)
    whole = [f"{letter}={glued(plain(written).split())}" for written, _ in entry.names]
    document = _field("key", f"{entry.kind}:{entry.id}")
    document.add_text("name", " ".join(chain(whole, (terms for _, terms, _ in names))))
    document.add_text("person", " ".join([terms for _, terms, _ in persons]))
    document.add_text("sound", " ".join([sounds for _, _, sounds in chain(names, persons)]))
    document.add_text("code", " ".join([code_key(code) for code in (entry.id, *(code for code, _ in entry.codes))]))
    data = [entry.kind, entry.id, entry.names, entry.people, entry.codes, entry.facts]
    document.add_bytes("data", _JSON.encode(data).encode())
    return document


@lru_cache(maxsize=200_000)
def _terms(letter: str, text: str) -> tuple[tuple[str, ...], str, str]:
    """Return the words of a text, and the terms it is found by as written and by sound; the same people come again and again."""
    words = tuple(spelt(text))
    return words, " ".join([letter + word for word in words]), " ".join([letter + _sound(word) for word in words])


def _entry(document: tantivy.Document) -> Entry:
    kind, key, names, people, codes, facts = _data(document)
    named = tuple((role, tuple(spellings)) for role, spellings in people)
    return Entry(kind, key, tuple(map(tuple, names)), named, tuple(map(tuple, codes)), facts)


def _data(document: tantivy.Document) -> Any:
    return json.loads(bytes(document.get_first("data") or b"null").decode())


def _field(name: str, text: str) -> tantivy.Document:
    document = tantivy.Document()
    document.add_text(name, text)
    return document


_sound = lru_cache(maxsize=200_000)(sound)
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
