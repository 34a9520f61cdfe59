"""One source of dependencies is pyproject.toml: lock and environment agree with it, and no file names a host or a machine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.version import Version
from rattler import MatchSpec

from tools.lock import CONDA_NAMES, environment_text

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NEEDS = [Requirement(line) for line in [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]]
FLOORS = {"voila": "0.5.6", "jupyter-server": "2.20.0", "nbconvert": "7.17.1", "jupyterlab": "4.5.7", "tornado": "6.6"}
"""Versions below these have known holes."""


def pinned() -> dict[str, list[str]]:
    """Return the versions the lock names, by package; a package may have one per Python."""
    found: dict[str, list[str]] = {}
    for name, number in re.findall(
        r"^([a-z0-9.\-]+)==([^ \\;]+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE
    ):
        found.setdefault(name, []).append(number)
    return found


def test_environment_yml_says_what_pyproject_says() -> None:
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == environment_text()


def test_environment_yml_is_readable_by_conda_and_names_every_dependency() -> None:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    names = {str(MatchSpec(entry).name.normalized) for entry in entries if isinstance(entry, str)}
    assert [need.name for need in NEEDS if (CONDA_NAMES.get(need.name, need.name) or "pip") not in names] == []
    assert [entry for entry in entries if not isinstance(entry, str)] == [{"pip": ["-e ."]}]


def test_the_lock_satisfies_every_dependency_with_hashes() -> None:
    versions = pinned()
    assert [str(need) for need in NEEDS if not any(Version(v) in need.specifier for v in versions.get(need.name, []))] == []
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8").strip())
    assert [block.split("\n")[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_what_is_installed_is_what_the_lock_says() -> None:
    assert [need.name for need in NEEDS if version(need.name) not in pinned()[need.name]] == []


def test_no_version_below_a_known_hole_is_pinned() -> None:
    assert [name for name, floor in FLOORS.items() if min(map(Version, pinned()[name])) < Version(floor)] == []


def test_no_file_names_a_package_host_or_a_path_of_one_machine() -> None:
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    hosts = re.compile(
        rb"py" + rb"pi\.(org|python)|files\.python" + rb"hosted|registry\.npm" + rb"js|deb\.deb" + rb"ian|/(root|home|work)/[a-z]"
    )
    wrong = []
    for name in filter(None, files):
        path = ROOT / name
        if path.suffix != ".png" and path.is_file() and hosts.search(path.read_bytes()):
            wrong.append(name)
    assert wrong == []


def test_the_supported_python_is_running() -> None:
    assert sys.version_info[:2] >= (3, 11)
