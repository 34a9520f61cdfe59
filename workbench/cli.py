"""The `workbench` command: the same verbs for the shell, cron and the curious; every verb prints what it did.

Exit codes: 0 done; 1 the answer is no (a check or a verification failed); 2 it cannot be done, and the message says why.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from .cli_parts import Bars, Folder, User, Why, open_society, print_findings, print_frame
from .cli_register import onboard_app, register_app
from .core.errors import WorkbenchError

if TYPE_CHECKING:
    pass

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=(__doc__ or "").split("\n", 1)[0]
)
usage_app = typer.Typer(no_args_is_help=True, help="Usage reports: load, list, export what was quarantined.")
run_app = typer.Typer(no_args_is_help=True, help="Distribution runs: prepare, approve, seal, statements, audit kit.")
sync_app = typer.Typer(no_args_is_help=True, help="Exchange with the central instance.")
staff_app = typer.Typer(no_args_is_help=True, help="Who may sign in to the staff apps, and do what.")
roles_app = typer.Typer(no_args_is_help=True, help="What the office's database allows whom.")
_SUBS = {
    "onboard": onboard_app,
    "register": register_app,
    "usage": usage_app,
    "run": run_app,
    "sync": sync_app,
    "staff": staff_app,
    "roles": roles_app,
}
for _name, _sub in _SUBS.items():
    app.add_typer(_sub, name=_name)


@app.command()
def new(
    folder: Folder,
    code: Annotated[str, typer.Option(help="Issuer code in every identifier, like TALA.")],
    name: Annotated[str, typer.Option(help="The society's name.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code, like KES.")],
    society: Annotated[str, typer.Option(help="CISAC society code, three digits.")] = "",
    territory: Annotated[str, typer.Option(help="TIS code of the society's territory.")] = "2136",
    database: Annotated[str, typer.Option(help="postgresql://... for an office; a file in the workspace when not said.")] = "",
) -> None:
    """Make a workspace with an empty book."""
    from .api import Workbench

    with Workbench.create(
        folder, code=code, name=name, currency=currency, society=society, territory=territory, book_url=database
    ) as wb:
        print(f"Workspace of {name} made in {wb.config.folder}")


@app.command()
def demo(
    folder: Folder,
    seed: Annotated[int, typer.Option(help="Another seed, another society.")] = 1,
    scale: Annotated[float, typer.Option(help="1 is 2,000 right holders, 10,000 works and 200,000 usage lines.")] = 1.0,
) -> None:
    """Build the invented demonstration society."""
    from .demo import build

    with Bars() as progress:
        summary = build(folder, seed=seed, scale=scale, progress=progress)
    print(summary)


@app.command()
def upgrade(folder: Folder) -> None:
    """Bring a book to this program's schema; a backup is made first."""
    from .core.config import read_config
    from .core.store import BOOK, Book, require_current
    from .core.store import upgrade as to_newest

    config = read_config(folder)
    book = Book(config.book_url)
    try:
        require_current(book.engine, BOOK)
        print("The book is at this program's schema already.")
    except WorkbenchError:
        from .core.backup import backup as make_backup

        print(f"Backup before the change: {make_backup(book, config.backups, workspace=config)}")
        to_newest(book.engine, BOOK)
        require_current(book.engine, BOOK)
        print("The book is now at this program's schema.")


@app.command()
def backup(
    folder: Folder, to: Annotated[Path | None, typer.Option(help="A file or folder; backups/ when not said.")] = None
) -> None:
    """Write one verified file with the whole book, the runs, the rules and the society's settings."""
    with open_society(folder) as wb, Bars() as progress:
        print(f"Backup written and verified: {wb.backup(to, progress=progress)}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `workbench backup` wrote.")],
    folder: Annotated[Path, typer.Argument(help="The new workspace.")],
    database: Annotated[str, typer.Option(help="postgresql://... to restore into an office database.")] = "",
    user: User = "",
) -> None:
    """Put a backup into a new workspace, after checking every digest in it."""
    from .api import Workbench

    with Bars() as progress, Workbench.restore(file, folder, book_url=database, user=user, progress=progress) as wb:
        print(f"Restored into {wb.config.folder}. The book has a new epoch, so that synchronisation knows.")


@app.command()
def check(folder: Folder) -> None:
    """Check the whole book: files, journal chain, documents, ledger."""
    with open_society(folder) as wb:
        findings = wb.check()
    print_findings(findings)
    if findings:
        raise typer.Exit(1)
    print("The book is sound: database, journal chain, documents and ledger agree.")


@app.command()
def history(
    folder: Folder,
    entity: Annotated[
        str, typer.Argument(help="An identifier, like TALA-W-000017; the newest changes of all when not said.")
    ] = "",
) -> None:
    """Show who changed what, when and why, from the journal."""
    with open_society(folder) as wb:
        print_frame(wb.journal(entity_id=entity, last=30)[["seq", "at", "who", "why", "kind", "entity_id", "op"]])


@app.command()
def template(
    folder: Folder, layout: Annotated[str, typer.Option(help="Like works-v1.")], to: Annotated[Path, typer.Option()]
) -> None:
    """Write an empty spreadsheet with the columns of a layout."""
    with open_society(folder) as wb:
        print(f"Template written: {wb.onboarding.template(layout, to=to)}")


@app.command()
def layouts(folder: Folder) -> None:
    """List the column layouts this workspace knows."""
    with open_society(folder) as wb:
        print_frame(wb.usage.layouts())


@usage_app.command("load")
def usage_load(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="A usage report, CSV or XLSX.")],
    layout: Annotated[str, typer.Option(help="Its column layout, like radio-playlist-v1.")],
    licence: Annotated[str, typer.Option(help="The licence it reports under.")],
    period: Annotated[str, typer.Option(help="Like 2025-Q3.")],
    replace: Annotated[str, typer.Option(help="The batch this file takes the place of, like TALA-B-000004.")] = "",
    why: Why = "usage report received",
    user: User = "",
) -> None:
    """Load a usage report; every line is accounted for."""
    with open_society(folder, user) as wb, Bars() as progress:
        batch = wb.usage.load(
            file, layout=layout, licence_id=licence, period=period, replace=replace, why=why, progress=progress
        )  # fmt: skip
    print_findings(batch.findings)
    print(f"{batch.require_taken().id}: {batch.counts}")


@usage_app.command("list")
def usage_list(folder: Folder) -> None:
    """List the usage batches."""
    with open_society(folder) as wb:
        counts = ["lines", "accepted", "accepted_with_findings", "quarantined"]
        print_frame(wb.usage.batches()[["id", "licence_id", "period", "file_name", *counts]])


@usage_app.command("explain")
def usage_explain(folder: Folder, usage: Annotated[str, typer.Argument(help="A usage line, like TALA-B-000004:2.")]) -> None:
    """Say what a usage line was matched to, and why: the evidence, field by field, and the rejected alternatives."""
    with open_society(folder) as wb:
        why = wb.matching.explain(usage)
        percent = f"{why.probability_ppm / 10_000:.2f} %"
        found = f"{why.target_kind} {why.target_id}, by {why.method}, {percent}" if why.state == "matched" else f"best {percent}"
        print(f"{usage} is {why.state} ({found})")
        if why.reasons:
            print("  " + "; ".join(why.reasons))
        evidence = why.frame()
        best = evidence["candidate"].drop_duplicates().head(3)
        print_frame(evidence[evidence["candidate"].isin(best)])


@usage_app.command("quarantined")
def usage_quarantined(
    folder: Folder,
    batch: Annotated[str, typer.Argument(help="A usage batch, like TALA-B-000004.")],
    to: Annotated[Path, typer.Option(help="The file to write, in the sender's own columns.")],
) -> None:
    """Write the lines that were set aside, so that the sender can correct and send them again."""
    with open_society(folder) as wb:
        print(f"{wb.usage.batch(batch).export_quarantined(to)} lines written to {to}")


@app.command()
def search(
    folder: Folder,
    text: Annotated[str, typer.Argument(help="A title, name or identifier; accents and small errors are forgiven.")],
    kind: Annotated[str, typer.Option(help="Only one kind: work, recording, release, party, performance, agreement, ...")] = "",
) -> None:
    """Search the whole register, in any script."""
    with open_society(folder) as wb:
        print_frame(wb.search(text, kinds=(kind,) if kind else (), limit=10))


@app.command()
def match(folder: Folder, user: User = "") -> None:
    """Match every usage line to a recording or work, or say that it cannot be."""
    with open_society(folder, user) as wb, Bars() as progress:
        done = wb.matching.run(progress=progress)
        print_frame(done.summary())


@run_app.command("prepare")
def run_prepare(
    folder: Folder,
    period: Annotated[str, typer.Option(help="Like 2025-Q3.")],
    rulebook: Annotated[str, typer.Option(help="A rule book of the workspace or of this program.")] = "default",
    user: User = "",
) -> None:
    """Compute a distribution; nothing is owed yet."""
    with open_society(folder, user) as wb, Bars() as progress:
        run = wb.distribution.prepare(period=period, rulebook=rulebook, progress=progress)
        findings = run.findings[["amount", "currency", "code", "source", "got", "what_to_do"]]
        print_frame(findings.head(15))
        if len(findings) > 15:
            print(f"... and {len(findings) - 15} more, with less money (in the run's manifest.json)")
        print_frame(run.summary())
        print(f"{run.id} is {run.state}; digest {run.digest}")


@run_app.command("list")
def run_list(folder: Folder) -> None:
    """List the runs and their states."""
    with open_society(folder) as wb:
        print_frame(
            wb.distribution.runs()[["id", "period", "currency", "state", "prepared_by", "approved_by", "sealed_by", "digest"]]
        )


@run_app.command("approve")
def run_approve(folder: Folder, run_id: str, user: User = "") -> None:
    """Approve a prepared run, as a second person."""
    with open_society(folder, user) as wb:
        wb.distribution.get(run_id).approve(by=wb.office.user)
        print(f"{run_id} is approved by {wb.office.user}.")


@run_app.command("seal")
def run_seal(
    folder: Folder, run_id: str, note: Annotated[str, typer.Option(help="The decision it rests on.")], user: User = ""
) -> None:
    """Make an approved run final; later corrections are further runs."""
    with open_society(folder, user) as wb:
        run = wb.distribution.get(run_id)
        run.seal(by=wb.office.user, note=note)
        print(f"{run_id} is sealed; digest {run.digest}")


@run_app.command("explain")
def run_explain(folder: Folder, run_id: str, party: Annotated[str, typer.Option(help="Identifier or IPI of the party.")]) -> None:
    """Show every cent of one party, back to its usage lines."""
    with open_society(folder) as wb:
        print_frame(wb.distribution.get(run_id).explain(party=party))


@run_app.command("trace")
def run_trace(
    folder: Folder, run_id: str, usage: Annotated[str, typer.Argument(help="A usage line, like TALA-B-000004:11.")]
) -> None:
    """Show what one usage line earned, and who shares it."""
    with open_society(folder) as wb:
        print_frame(wb.distribution.get(run_id).trace(usage))


@run_app.command("statements")
def run_statements(
    folder: Folder,
    run_id: str,
    to: Annotated[Path | None, typer.Option(help="outbox/ of the workspace when not said.")] = None,
    party: Annotated[list[str] | None, typer.Option(help="Only these parties, with PDF.")] = None,
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="PDFs as well as CSVs.")] = True,
    user: User = "",
) -> None:
    """Write a statement for each party."""
    with open_society(folder, user) as wb, Bars() as progress:
        written = wb.statements.write(
            run_id,
            to=to or wb.config.outbox / run_id,
            formats=("csv", "pdf") if pdf else ("csv",),
            parties=party,
            progress=progress,
        )
    print(written)


@run_app.command("kit")
def run_kit(folder: Folder, run_id: str, to: Annotated[Path | None, typer.Option(help="The zip to write.")] = None) -> None:
    """Write the audit kit of a run: one zip that anyone can verify anywhere."""
    with open_society(folder) as wb:
        print(f"Audit kit: {wb.statements.audit_kit(run_id, to=to or wb.config.outbox / f'{run_id}-audit-kit.zip')}")


@app.command()
def verify(
    kit: Annotated[Path, typer.Argument(help="An audit kit.")],
    database: Annotated[str, typer.Option(help="Recompute from this empty PostgreSQL or SQLite database.")] = "",
    digest: Annotated[str, typer.Option(help="The digest printed on a statement: the kit must be of that run.")] = "",
) -> None:
    """Recompute a run from its audit kit and say whether it is identical, or what differs."""
    from .distribution.verification import verify as verify_kit

    answer = verify_kit(kit, database_url=database, digest=digest)
    print(answer)
    if not answer.identical:
        raise typer.Exit(1)


@sync_app.command("register")
def sync_register(
    folder: Folder,
    url: Annotated[str, typer.Option(help="Where the central instance answers.")],
    secret: Annotated[str, typer.Option(help="The one-time token its operator gave.", envvar="WORKBENCH_TOKEN")],
    user: User = "",
) -> None:
    """Introduce this instance to a central one."""
    with open_society(folder, user) as wb:
        wb.sync.register(url, secret=secret)
        print(f"Registered with {url}.")


@sync_app.command("exchange")
def sync_exchange(folder: Folder, user: User = "") -> None:
    """Push what is new here and pull what is new elsewhere; resumes where a cut left it."""
    with open_society(folder, user) as wb, Bars() as progress:
        print(wb.sync.exchange(progress=progress))


@sync_app.command("state")
def sync_state(folder: Folder) -> None:
    """Say what there is to push, and when the last exchange was."""
    with open_society(folder) as wb:
        for name, value in dict(wb.sync.state()).items():
            print(f"{name:22} {value}")


@sync_app.command("conflicts")
def sync_conflicts(folder: Folder) -> None:
    """List what two societies changed at once."""
    with open_society(folder) as wb:
        print_frame(wb.sync.conflicts())


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def central(context: typer.Context) -> None:
    """Start the central instance, or do its operator's tasks (workbench central --help)."""
    from .central.__main__ import main as run_central

    raise typer.Exit(run_central(context.args))


@staff_app.command("add")
def staff_add(
    folder: Folder,
    name: str,
    role: Annotated[
        list[str], typer.Option(help="analyst, licensing, distribution, approver, auditor or admin; several allowed.")
    ],
    password: Annotated[str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True)],
    database: Annotated[
        bool, typer.Option("--database", help="A login of the office's database as well, for notebooks; the same password.")
    ] = False,
    user: User = "",
) -> None:
    """Let a person sign in to the staff apps."""
    with open_society(folder, user) as wb:
        wb.staff.add(name, password=password, roles=role, database=database, why="added from the command line")
        print(f"{name} may sign in as {', '.join(role)}{', and log in to the database' if database else ''}.")


@roles_app.command("apply")
def roles_apply(
    folder: Folder,
    owner: Annotated[
        str, typer.Option(help="postgresql://OWNER@... when the workspace names no owner.", envvar="WORKBENCH_OWNER_URL")
    ] = "",
    service: Annotated[str, typer.Option(help="The staff server's login of the database; made when it is not there.")] = "",
) -> None:
    """Let the office's database hold everybody to their roles; run by its owner, again after every upgrade."""
    from .core.config import read_config
    from .core.roles_postgres import apply
    from .core.store import open_book

    book = open_book(owner or read_config(folder).book_url)
    try:
        for sentence in apply(book, service=service):
            print(sentence)
    finally:
        book.close()


@roles_app.command("show")
def roles_show(folder: Folder) -> None:
    """Show what each role may do, and who has it."""
    from .core.roles_postgres import rows

    with open_society(folder) as wb:
        for row in rows(wb.book):
            print(f"{row['role']}: {row['may']}")
            print(f"    writes {row['writes']}; sees contacts: {row['private']}; {row['people'] or 'nobody'}")


@roles_app.command("check")
def roles_check(folder: Folder) -> None:
    """Compare what the office's database allows with what it should."""
    from .core.roles_postgres import check as check_roles

    with open_society(folder) as wb:
        findings = check_roles(wb.book)
    print_findings(findings)
    if findings:
        raise typer.Exit(1)
    print("The database allows each role what it should, and nothing else.")


@app.command()
def notebook(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="A notebook, like notebooks/distribution/2_run.ipynb.")],
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="name=value, as its first cell names them.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Where the executed notebook goes; notebooks/ of the workspace when not said.")
    ] = None,
    user: User = "",
) -> None:
    """Run a notebook on a society, with checked parameters, and keep it as it was executed."""
    from .core.config import read_config
    from .notebooks import run

    config = read_config(folder)
    given = {"workspace": str(config.folder), **({"user": user} if user else {})}
    for text in parameter or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise WorkbenchError("not a parameter", got=text, expected="name=value, like period=2025-Q3")
        given[name] = value
    output = to or config.folder / "notebooks" / f"{file.parent.name}-{file.name}"
    manifest = run(file, output, given)
    print(f"{file.name} is {manifest['state']}: {output}")


@app.command()
def serve(
    folder: Folder,
    port: Annotated[int, typer.Option(help="Port of the staff apps.")] = 8866,
    lab: Annotated[bool, typer.Option("--lab", help="JupyterLab with the notebooks as well, one port further.")] = False,
) -> None:
    """Start the staff apps on this machine; Ctrl-C ends them."""
    from .apps.server import serve as serve_apps

    serve_apps(folder, port=port, lab=lab)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb; a problem becomes one readable sentence and exit code 2."""
    try:
        app(args=list(arguments) if arguments is not None else None)
    except (WorkbenchError, OSError) as error:
        _give_up(_os_words(error) if isinstance(error, OSError) else str(error))
    except Exception as error:
        from sqlalchemy.exc import DatabaseError

        if not isinstance(error, DatabaseError):
            raise
        told = " ".join(str(error.orig).split())
        _give_up(f"the database does not answer as it should: got {told[:300]}. Is it running, and its address right?")


def _give_up(sentence: str) -> NoReturn:
    print(f"workbench: {sentence}", file=sys.stderr)
    sys.exit(2)


def _os_words(error: OSError) -> str:
    place = f" ({error.filename})" if error.filename else ""
    return f"the system refused: got {error.strerror or error}{place}. Check the path, the room on the disk and who may write."
