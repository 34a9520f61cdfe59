"""The open back office of a collective management organisation: register, match, distribute, and let anyone check it.

Everything an analyst may import is here:

    from workbench import Workbench
    wb = Workbench.open("society")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.api import Workbench
    from workbench.core.errors import Conflict, DamagedBook, Finding, NotFound, NotPermitted, WorkbenchError
    from workbench.core.money import Money
    from workbench.core.periods import Period
    from workbench.notebooks import progress_bar, validate

__all__ = [
    "Conflict",
    "DamagedBook",
    "Finding",
    "Money",
    "NotFound",
    "NotPermitted",
    "Period",
    "Workbench",
    "WorkbenchError",
    "progress_bar",
    "validate",
]

_WHERE = {
    "Money": "core.money",
    "Period": "core.periods",
    "Workbench": "api",
    "progress_bar": "notebooks",
    "validate": "notebooks",
}


def __getattr__(name: str) -> Any:
    # Looked up when asked for: the file reader and the central instance start without pandas and papermill.
    if name not in __all__:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    return getattr(import_module(f".{_WHERE.get(name, 'core.errors')}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
