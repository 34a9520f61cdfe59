"""The central instance of the tests of both sides."""

from tests.central.conftest import central, save  # noqa: F401  fixtures
