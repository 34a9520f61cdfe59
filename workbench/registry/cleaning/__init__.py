"""The cleaning bench: facets, clusters, bulk edits and a recipe that replays on the next file; `wb.cleaning` is its desk."""

from . import editing, splitting  # noqa: F401  they declare their operations
from .bench import Bench
from .clusters import METHODS, Cluster
from .desk import Cleaning
from .facets import KINDS as FACETS
from .facets import OWN_FILTER, Facet, FacetValue
from .filters import KINDS as FILTERS
from .merging import RULES, Comparison, Field
from .recipe import Recipe
from .register import Saved
from .steps import Argument, Operation, operations, sentence
from .views import Accounts, Applied, ColumnInfo, Page, Preview
from .wording import TRANSFORMS

__all__ = [
    "FACETS", "FILTERS", "METHODS", "OWN_FILTER", "RULES", "TRANSFORMS",
    "Accounts", "Applied", "Argument", "Bench", "Cleaning", "Cluster", "ColumnInfo", "Comparison", "Facet", "FacetValue", "Field",
    "Operation", "Page", "Preview", "Recipe", "Saved", "operations", "sentence",
]  # fmt: skip
