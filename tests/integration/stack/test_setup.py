"""`make` on a bare machine: the interpreter, the environment, and when it is made anew."""

import importlib.util
import os
import shutil
import subprocess
import sys

import pytest

from app.core.settings import PROJECT


def load_setup():
    spec = importlib.util.spec_from_file_location("setup_script", PROJECT / "scripts" / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path):
    """A project in a path with spaces whose locks name nothing, so that nothing is fetched."""
    folder = tmp_path / "a project"
    shutil.copytree(PROJECT / "scripts", folder / "scripts")
    shutil.copy(PROJECT / "Makefile", folder)
    (folder / "requirements").mkdir()
    for kind in ("run", "dev"):
        (folder / "requirements" / f"{kind}.lock").write_text("# nothing\n")
    return folder


def make(project, target, **environ):
    env = {name: value for name, value in os.environ.items() if name not in {"PYTHON", "MAKEFLAGS", "MAKELEVEL"}}
    env |= {"PIP_NO_INDEX": "1", **environ}
    return subprocess.run(
        ["make", "-C", str(project), "-s", target], check=False, capture_output=True, text=True, env=env
    )


def test_the_environment_is_made_once_and_followed_by_its_lock(project):
    first = make(project, "setup", PYTHON=sys.executable)
    assert first.returncode == 0, first.stderr
    assert "Making .venv" in first.stdout
    assert "requirements/run.lock" in first.stdout
    made = (project / ".venv" / "pyvenv.cfg").stat().st_ino

    again = make(project, "setup")
    assert (again.returncode, again.stdout) == (0, "")

    (project / "requirements" / "run.lock").write_text("# still nothing\n")
    changed = make(project, "setup")
    assert "Making .venv" not in changed.stdout
    assert "requirements/run.lock" in changed.stdout
    assert (project / ".venv" / "pyvenv.cfg").stat().st_ino == made

    development = make(project, "setup-dev")
    assert "requirements/dev.lock" in development.stdout
    assert make(project, "setup").stdout == ""

    (project / ".venv" / "bin" / "python").unlink()
    mended = make(project, "setup")
    assert "Making .venv" in mended.stdout
    assert mended.returncode == 0


def test_a_package_with_another_hash_is_refused(project, tmp_path):
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "six-1.17.0-py2.py3-none-any.whl").write_bytes(b"not what was locked")
    (project / "requirements" / "run.lock").write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    refused = make(project, "setup", PYTHON=sys.executable, PIP_FIND_LINKS=shelf.as_uri())
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert "requirements/run.lock could not be installed" in refused.stderr
    assert not (project / ".venv" / "installed.json").exists()


def test_a_machine_without_a_fitting_python_is_told_which_it_needs(project, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "make", "awk"):
        (tools / name).symlink_to(shutil.which(name))
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    refused = make(project, "setup", PATH=str(tools))
    assert refused.returncode != 0
    assert "Heorot needs Python 3.11, 3.12, 3.13 or 3.14" in refused.stderr


def test_where_ensurepip_is_missing_the_package_is_named(monkeypatch):
    setup = load_setup()
    monkeypatch.setattr(setup, "find_spec", lambda name: None if name == "ensurepip" else object())
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    with pytest.raises(SystemExit, match=f"Install the package python{version}-venv"):
        setup.require_ensurepip()


def test_skipped_contracts_are_reported(tmp_path):
    results = tmp_path / "tests.xml"
    results.write_text(
        '<testsuites><testsuite><testcase classname="tests.unit.x" name="a"><skipped message="no"/></testcase>'
        '<testcase classname="tests.contract.x" name="b"><skipped message="missing"/></testcase>'
        '<testcase classname="tests.contract.x" name="c"/></testsuite></testsuites>'
    )
    command = [sys.executable, PROJECT / "scripts" / "skipped.py", results]
    found = subprocess.run([*command, "tests.contract"], check=False, capture_output=True, text=True)
    assert found.returncode == 1
    assert "tests.contract.x.b: missing" in found.stderr
    assert "tests.unit" not in found.stderr
    assert subprocess.run([*command, "tests.acceptance"], check=False).returncode == 0
