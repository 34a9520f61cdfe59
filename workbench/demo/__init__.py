"""An invented society with members, repertoire, licences and dirty usage files, the same for the same seed."""

from .build import Demo, build

__all__ = ["Demo", "build"]
