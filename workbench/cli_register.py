"""The register in the `workbench` command: onboard files, see what was loaded, take it back; its digest, export and import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .cli_parts import Bars, Folder, User, Why, open_society, print_findings, print_frame
from .core.errors import WorkbenchError

onboard_app = typer.Typer(no_args_is_help=True, help="Files into the register: guess, load, list, undo.")
register_app = typer.Typer(no_args_is_help=True, help="The whole register: digest, export, import.")

File = Annotated[Path, typer.Argument(help="A CSV, XLSX or JSON file.")]


@onboard_app.command("guess")
def onboard_guess(
    folder: Folder,
    file: File,
    purpose: Annotated[str, typer.Option(help="parties, works, recordings, performances, releases or agreements.")] = "",
    save: Annotated[str, typer.Option(help="Keep the guess as a layout of this name.")] = "",
    column: Annotated[list[str] | None, typer.Option(help="A correction, COLUMN=FIELD; several allowed.")] = None,
    why: Why = "guessed from a file and looked over",
    user: User = "",
) -> None:
    """Guess what each column of a file is, show it with the evidence, and keep it as a layout if asked to."""
    corrections: dict[str, str] = {}
    for text in column or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise WorkbenchError("not a correction", got=text, expected="COLUMN=FIELD, like 'Work Title=title'")
        corrections[name] = value
    with open_society(folder, user) as wb:
        guess = wb.onboarding.guess(file, purpose).with_(corrections)
        print_frame(guess.frame())
        print(guess)
        if save:
            print(f"Kept as {guess.save(save, why=why)}")


@onboard_app.command("load")
def onboard_load(
    folder: Folder,
    file: File,
    layout: Annotated[str, typer.Option(help="Its column layout, like parties-v2.")],
    existing: Annotated[
        str, typer.Option(help="What is in the register already: keep it, fill its blanks, or replace.")
    ] = "keep",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    why: Why = "loaded from the command line",
    user: User = "",
) -> None:
    """Load right holders, works, recordings, releases, performances or agreements; all of a file, or nothing of it."""
    with open_society(folder, user) as wb, Bars() as progress:
        intake = wb.onboarding.load(file, layout=layout, why=why, existing=existing, dry_run=dry_run, progress=progress)
    print_findings(intake.findings)
    print(intake.require_taken())
    if intake.import_id:
        print(f"To take it back: workbench onboard undo {folder} {intake.import_id} --why ...")


@onboard_app.command("imports")
def onboard_imports(folder: Folder) -> None:
    """List what was loaded, newest first."""
    with open_society(folder) as wb:
        columns = ["id", "at", "who", "file_name", "layout", "lines", "quarantined", "created", "changed", "state", "why"]
        print_frame(wb.onboarding.imports()[columns])


@onboard_app.command("undo")
def onboard_undo(
    folder: Folder,
    import_id: Annotated[str, typer.Argument(help="As `onboard imports` lists it; or an undo, to put all back.")],
    why: Annotated[str, typer.Option("--why", help="The reason, for the journal.")],
    partly: Annotated[bool, typer.Option("--partly", help="Leave what was worked on since, and list it.")] = False,
    user: User = "",
) -> None:
    """Take an import back whole; refused where something of it was worked on since."""
    with open_society(folder, user) as wb:
        undone = wb.onboarding.undo(import_id, why=why, partly=partly)
        print(undone)
        for one in undone.left:
            print(f"  left: {one}")


@register_app.command("digest")
def register_digest(folder: Folder) -> None:
    """Print the digest of what the register says."""
    with open_society(folder) as wb:
        print(wb.register.digest())


@register_app.command("export")
def register_export(
    folder: Folder,
    to: Annotated[Path, typer.Option(help="The zip to write.")],
    private: Annotated[bool, typer.Option("--private", help="Memberships, contacts and papers as well.")] = False,
) -> None:
    """Write the whole register into one file."""
    with open_society(folder) as wb, Bars() as progress:
        print(wb.register.export(to, private=private, progress=progress))


@register_app.command("load")
def register_load(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="A file that `workbench register export` wrote.")],
    why: Why = "a register loaded from the command line",
    user: User = "",
) -> None:
    """Load an exported register, with the same identifiers, all of it or nothing."""
    with open_society(folder, user) as wb, Bars() as progress:
        print(wb.register.load(file, why=why, progress=progress))
