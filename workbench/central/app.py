"""The central instance over HTTP: thin doors to the functions of this package, each asking first who is there."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field

from ..core.canonical import canonical_json
from ..core.errors import Conflict, NotFound, NotPermitted, WorkbenchError
from ..core.store import Book
from ..sync.changes import PROTOCOL, body_digest, is_whole_body
from . import agreeing, auth, disputes, feeding, operators, receive, repertoire
from .tables import meta, open_central

LARGEST_BODY = 8 * 2**20


class Registration(BaseModel):
    """What an instance sends once."""

    code: str = Field(max_length=12)
    token: str = Field(max_length=100)
    public_key: str = Field(max_length=100)
    proof: str = Field(max_length=200)


class Decision(BaseModel):
    """How an instance settles a conflict in favour of what is held."""

    outcome: str = Field(pattern="^(rejected|withdrawn)$")
    why: str = Field(default="", max_length=500)
    seen: str = Field(default="", max_length=64)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise WorkbenchError("a request is too large", got=f"more than {LARGEST_BODY} bytes")
    return bytes(body)


def _who(request: Request, body: Annotated[bytes, Depends(_body)]) -> str:
    heads = request.headers
    counter = heads.get("x-workbench-counter", "")
    signed = auth.Signed(
        heads.get("x-workbench-instance", ""),
        heads.get("x-workbench-challenge", ""),
        int(counter) if counter.isascii() and counter.isdigit() and len(counter) < 16 else -1,
        heads.get("x-workbench-signature", ""),
    )
    target = request.scope["raw_path"].decode("latin-1")
    if query := request.scope["query_string"].decode("latin-1"):
        target += f"?{query}"
    return auth.authenticate(_book(request), signed, request.method, target, body)


def _book(request: Request) -> Book:
    book: Book = request.app.state.book
    return book


BookHere = Annotated[Book, Depends(_book)]
Asking = Annotated[str, Depends(_who)]
Body = Annotated[bytes, Depends(_body)]


def create_app(database_url: str) -> FastAPI:
    """Return the central instance's application on a database, which is built when it is empty."""
    app = FastAPI(title="Repertoire workbench: central instance", docs_url=None, redoc_url=None)
    app.state.book = open_central(database_url)
    _handle_errors(app)
    _open_doors(app)
    _exchange_doors(app)
    _repertoire_doors(app)
    return app


def _open_doors(app: FastAPI) -> None:
    @app.get("/v1/hello")
    def hello(book: BookHere) -> Response:
        """Say who this is; open to everybody."""
        with book.read() as connection:
            return _json({"service": "repertoire-central", "protocol": PROTOCOL, "central_key": meta(connection, "public_key")})

    @app.get("/v1/challenge")
    def challenge(book: BookHere) -> Response:
        """Give a challenge to sign; open to everybody."""
        return _json({"challenge": auth.new_challenge(book)})

    @app.post("/v1/register")
    def register(book: BookHere, given: Registration) -> Response:
        """Take the key of an enrolled instance; the token opens this door once."""
        operators.register(book, given.code, given.token, given.public_key, given.proof)
        with book.read() as connection:
            return _json({"registered": given.code, "central_key": meta(connection, "public_key")})


def _exchange_doors(app: FastAPI) -> None:
    @app.get("/v1/standing")
    def standing(book: BookHere, who: Asking, epoch: Annotated[str, Query(max_length=64)] = "") -> Response:
        """Say what is known of the asking instance's journal."""
        return _json(receive.standing(book, who, epoch))

    @app.get("/v1/common")
    def common(book: BookHere, who: Asking, head: Annotated[int, Query(ge=0, le=2**62)]) -> Response:
        """Give numbers and hashes of changes received, for a restored book to find where it goes on."""
        return _json({"points": [list(point) for point in receive.common(book, who, head)]})

    @app.post("/v1/push")
    def push(request: Request, book: BookHere, who: Asking, body: Body) -> Response:
        """Take in a batch of changes."""
        return answer_push(book, who, body, request.headers.get("x-body-sha256", ""))

    @app.get("/v1/feed")
    def feed(
        book: BookHere,
        who: Asking,
        after: Annotated[int, Query(ge=0, le=2**62)] = 0,
        after_hash: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    ) -> Response:
        """Hand out what happened after a number, as far as the asking instance may see it."""
        return answer_feed(book, who, after, after_hash, limit)

    @app.post("/v1/conflicts/{number}/settle")
    def settle(book: BookHere, who: Asking, number: int, decision: Decision) -> Response:
        """Settle a conflict in favour of what is held."""
        return _json(disputes.decide(book, who, number, decision.outcome, decision.why, decision.seen))


def _repertoire_doors(app: FastAPI) -> None:
    @app.post("/v1/works/{work_id}/agree")
    def agree(book: BookHere, who: Asking, work_id: str) -> Response:
        """Agree to a work's shares in the name of the asking society; once all have, the work gets its number."""
        return _json(agreeing.agree(book, who, work_id))

    @app.get("/v1/repertoire")
    def foreign_view(
        book: BookHere,
        who: Asking,
        society: Annotated[str, Query(pattern="^[0-9]{3}$")],
        since: Annotated[str, Query(max_length=40)] = "",
        after: Annotated[int, Query(ge=0, le=2**62)] = 0,
        limit: Annotated[int, Query(ge=1, le=5_000)] = 1_000,
        form: Annotated[str, Query(alias="format", pattern="^(ndjson|csv)$")] = "ndjson",
    ) -> Response:
        """Hand out the works in which members of a society hold shares, without personal data."""
        page = repertoire.foreign_view(book, who, society, since=since, after=after, limit=limit)
        if form == "csv":
            answer = _bytes(repertoire.as_csv(page), "text/csv; charset=utf-8")
        else:
            answer = _bytes(b"".join(canonical_json(work) + b"\n" for work in page.works), "application/x-ndjson")
        answer.headers["x-next-after"] = str(page.next_after) if page.more else ""
        return answer


def answer_push(book: Book, who: str, body: bytes, sha256: str) -> Response:
    """Return the answer to a batch of changes; one that was damaged on its way is refused whole, and sent again."""
    if not is_whole_body(body, sha256):
        return _json({"error": "the batch did not arrive as it was sent"}, 503)
    return _json(receive.receive(book, who, body))


def answer_feed(book: Book, who: str, after: int, after_hash: str, limit: int) -> Response:
    """Return a batch of the feed, or status 409 when the feed is not the one the asking instance saw before."""
    batch = feeding.serve(book, who, after, after_hash, limit)
    if batch is None:
        with book.read() as connection:
            newest = feeding.head(connection)[0]
        return _json({"error": "the feed is not the one you saw before", "code": "feed_changed", "head": newest}, 409)
    return _bytes(batch, "application/zstd")


def error_answer(error: WorkbenchError) -> Response:
    """Return the answer to a caller's mistake: 403, 404, 409 or 400, and 401 when a new challenge is needed."""
    status = 409 if isinstance(error, Conflict) else 404 if isinstance(error, NotFound) else 400
    code = "fork" if isinstance(error, receive.Fork) else ""
    if isinstance(error, NotPermitted):
        status, code = (401, "challenge") if error.what == "challenge" else (403, "")
    return _json({"error": str(error), "what": error.what, "next_step": error.next_step, "code": code}, status)


def _handle_errors(app: FastAPI) -> None:
    def refuse(_request: Request, error: Exception) -> Response:
        assert isinstance(error, WorkbenchError)  # noqa: S101  registered for nothing else
        return error_answer(error)

    app.add_exception_handler(WorkbenchError, refuse)
    app.add_exception_handler(
        Exception, lambda _request, _error: PlainTextResponse("the central instance failed; try again", status_code=500)
    )


def _json(facts: dict[str, Any], status: int = 200) -> Response:
    body = JSONResponse(facts).body
    return Response(bytes(body), status, {"x-body-sha256": body_digest(bytes(body))}, "application/json")


def _bytes(body: bytes, media_type: str) -> Response:
    return Response(body, 200, {"x-body-sha256": body_digest(body)}, media_type)
