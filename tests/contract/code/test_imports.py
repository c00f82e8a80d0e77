"""The contracts of pyproject.toml hold, and would notice a breach."""

import shutil
import subprocess
import sys
import tomllib

from app.core.settings import PROJECT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def test_imports_keep_their_contracts():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LINT], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_order_of_the_areas_is_exhaustive():
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (inside,) = [contract for contract in contracts if contract.get("containers") == ["app"]]
    assert inside["exhaustive"] is True
    named = {name.strip(" ()") for layer in inside["layers"] for name in layer.split("|")}
    there = {path.name for path in (PROJECT / "app").iterdir() if (path / "__init__.py").exists()}
    assert there <= named


def test_a_new_folder_and_a_wrong_import_are_noticed(tmp_path):
    """The contracts are tried on a copy with faults, so that a change that makes them toothless is seen."""
    text = (PROJECT / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(text[text.index("[tool.importlinter]") :])
    for package in ("app", "tasks", "schema"):
        shutil.copytree(PROJECT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.js", "__pycache__"))
    (tmp_path / "app" / "nowhere").mkdir()
    (tmp_path / "app" / "nowhere" / "__init__.py").touch()
    (tmp_path / "app" / "core" / "wrong.py").write_text("import app.upkeep.jobs.rules\n")
    (tmp_path / "tasks" / "heavy.py").write_text("import discord\n")
    with (tmp_path / "app" / "upkeep" / "health" / "cog.py").open("a") as cog:
        cog.write("\nimport app.upkeep.health.service\n")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LINT], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "app.core is not allowed to import app.upkeep" in done.stdout
    assert "tasks is not allowed to import discord" in done.stdout
    assert "app.upkeep.health.cog is not allowed to import app.upkeep.health.service" in done.stdout
    assert "nowhere" in done.stdout
