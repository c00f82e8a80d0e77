"""What the documents promise, exists."""

import re
import tomllib

import pytest

from app.cli.main import parser
from app.core.settings import PROJECT, Settings

DOCUMENTS = [
    PROJECT / "README.md",
    PROJECT / "CONTRIBUTING.md",
    PROJECT / "CHANGELOG.md",
    *sorted((PROJECT / "docs").glob("*.md")),
]
# Read by docker-compose.yml, not by the code.
OF_COMPOSE = {"VALKEY_PASSWORD"}


def names(paths) -> list[str]:
    return [str(path.relative_to(PROJECT)) for path in paths]


def settings() -> set[str]:
    return {name.upper() for name in Settings.__struct_fields__}


def choices(command: str) -> dict[str, list[str]]:
    """The words that may follow a command of the CLI."""
    subparsers = next(action for action in parser()._actions if action.dest == "command")
    found = subparsers.choices[command]._actions
    return {action.dest: list(action.choices) for action in found if action.choices}


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_make_target_exists(document):
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", document.read_text()))
    named |= set(re.findall(r"^make ([a-z-]+)", document.read_text(), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_command_of_the_cli_exists(document):
    text = re.sub(r"\s+", " ", document.read_text())
    subparsers = next(action for action in parser()._actions if action.dest == "command")
    for command, argument in re.findall(r"python -m app ([a-z]+)(?: ([a-z]+))?", text):
        assert command in subparsers.choices, f"python -m app {command}"
        allowed = choices(command)
        if argument and "action" in allowed:
            assert argument in allowed["action"], f"python -m app {command} {argument}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_link_leads_to_a_file_of_the_project(document):
    text = document.read_text()
    links = re.findall(r"\]\(([^)#]+?)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for link in links:
        if not link.startswith("http"):
            assert (document.parent / link).resolve().is_relative_to(PROJECT), link
            assert (document.parent / link).exists(), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_path_in_the_text_exists(document):
    for path in re.findall(r"`((?:app|tasks|schema|tests|deploy|scripts|docs)/[\w./-]+?)/?`", document.read_text()):
        assert (PROJECT / path).exists(), path


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_nothing_is_left_to_be_filled_in(document):
    assert not re.search(
        r"\b(TBD|lorem|to be measured|coming soon)\b|<[a-z-]+ here>", document.read_text(), re.IGNORECASE
    )


def test_every_setting_is_in_the_readmes_table():
    table = (PROJECT / "README.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([A-Z][A-Z0-9_]{3,})`", table.replace("` `", "``"))) >= settings() - {"REDIS_URL"}
    assert "`REDIS_URL`" in table


def test_the_readmes_table_names_no_setting_that_does_not_exist():
    table = (PROJECT / "README.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)}
    assert named == settings()


def test_the_example_file_names_every_setting_with_its_default():
    lines = (PROJECT / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    assert set(given) - OF_COMPOSE == settings()
    defaults = Settings()
    for name, value in given.items():
        if value and name not in OF_COMPOSE:
            assert str(getattr(defaults, name.lower())).lower() == value.lower(), name


def test_every_dependency_has_a_reason():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    text = (PROJECT / "docs" / "dependencies.md").read_text()
    rows = " ".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    explained = {name.lower() for name in re.findall(r"`([^`\[]+)(?:\[[a-z]+\])?`", rows)}
    needed = {re.match(r"[A-Za-z0-9._-]+", line)[0].lower() for line in wanted}
    assert explained == needed


def test_the_celery_settings_that_matter_are_explained():
    text = (PROJECT / "docs" / "architecture.md").read_text()
    for name in ("task_acks_late", "task_reject_on_worker_lost", "worker_prefetch_multiplier", "task_ignore_result"):
        assert name in text


def test_fields_of_health_are_explained():
    text = (PROJECT / "docs" / "operations.md").read_text()
    for name in ("status", "database", "queues", "ledger", "spool", "deadletters", "jobs", "uptime", "timestamp"):
        assert f"`{name}`" in text
    for path in ("/alive", "/ready", "/health", "/metrics"):
        assert f"`{path}`" in text


def test_metrics_that_the_documents_name_exist_in_the_code():
    sources = "".join(path.read_text() for path in (PROJECT / "app").rglob("*.py"))
    sources += "".join(path.read_text() for path in (PROJECT / "tasks").rglob("*.py"))
    for document in DOCUMENTS:
        for name in re.findall(r"\bheorot_[a-z_]+", document.read_text()):
            bare = re.sub(r"_(total|bucket|sum|count)$", "", name).removeprefix("heorot_")
            assert f'"heorot_{bare}' in sources or f'"{bare}"' in sources, name
