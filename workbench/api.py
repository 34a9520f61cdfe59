"""`Workbench.open(folder_or_url)`: the only place where the parts are wired together."""

from __future__ import annotations

from .registry import agreements, licences, mandates, parties, performances, recordings, works  # noqa: F401
