"""Onboarding: a society's own spreadsheets become its register, all of a file in one transaction or nothing of it.

wb.onboarding.guess("works.xlsx").save("our-works", why="the publisher's list")             # what is in it; kept as a layout
wb.onboarding.load("works.xlsx", layout="our-works-v1", why="first catalogue", dry_run=True)    # what would happen
intake = wb.onboarding.load("works.xlsx", layout="our-works-v1", why="first catalogue")
intake.findings_frame()                                                    # every odd line: what, where, what to do
wb.onboarding.undo(intake.import_id, why="the wrong list")                 # as if it had not been loaded
"""

from .clerk import NOT_CREATED
from .desk import JOURNAL_KIND, Onboarding
from .result import Intake
from .undoing import Undone

__all__ = ["JOURNAL_KIND", "NOT_CREATED", "Intake", "Onboarding", "Undone"]
