"""Rules about files: sizes, names, and which programs may load which libraries."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.settings import PROJECT

MODULE_LINES, FUNCTION_LINES = 400, 60
PACKAGES = ("app", "tasks", "schema")
AREAS = ("activity", "knowledge", "community", "assistant", "moderation", "org", "upkeep")
# The same names in every feature, so that the tree is the index; what else a feature needs carries a reason here.
NAMES = {"__init__", "cog", "views", "messages", "rules", "service", "queries"}
MORE = {
    "upkeep/health": {
        "monitor": "asks every part of the system, which is neither a read of rows nor a rule",
        "server": "speaks HTTP",
        "exposition": "speaks Prometheus",
    },
    "upkeep/privacy": {
        "mentions": "names inside what was written for others, which no rule of a table finds",
    },
    "upkeep/retention": {
        "policies": "what is kept how long, as data",
        "texts": "blanks text, which is its own rule for each guild",
        "purge": "forgets a guild that was left, which no age decides",
    },
    "community/games": {
        "rows": "a game under its lock, which every write begins with",
        "settlement": "pays and refunds, which is the same for every game",
        "due": "what the clock and an erasure do, in which nobody clicks",
        "limits": "what members forbid themselves, which is no game",
        "listening": "hears words in the bot's event path, which is neither a command nor a view",
    },
    "community/invites": {
        "rewards": "pays and takes back by the clock, which explaining arrivals has no part in",
    },
    "community/leaderboards": {
        "card": "a drawing, which no worker loads before it draws",
    },
    "community/leveling": {
        "earning": "what new messages and reactions bring, inside the transaction of ingest",
        "card": "a drawing, which only the bot's threads make",
        "admin": "what admins change, each change with its record",
        "files": "reading what other bots export, and writing our own",
        "imports": "taking over levels from other bots, and taking it back",
        "voice": "time in voice, which is counted by the clock",
        "multipliers": "what experience is worth where and to whom, for every source of it",
        "roles": "what Discord is asked to change for a level, one row for each member and role",
    },
    "knowledge/vectors": {
        "archive": "vectors in a file, and their way back",
        "archive_documents": "the same of documents, which are made anew to be compared",
        "graphs": "the index of each model's vectors, which no migration can know",
        "managed": "the store of documents at OpenAI",
        "pgvector": "the store of documents in PostgreSQL",
        "removals": "what is to go from a store elsewhere",
        "registry": "everything that can be embedded, of this folder and of others",
        "rows": "short transactions between requests",
        "stores": "what a store of documents can do",
        "uploads": "the steps from a document to a file elsewhere",
    },
    "knowledge/search": {
        "candidates": "what both legs bring up, at the same time",
        "rows": "messages as columns, which reading fills and ranking counts with",
        "dates": "reads dates as people write them",
        "filters": "what a search is limited to, as a condition of its statements",
        "frequencies": "how common words are, counted or estimated",
        "legs": "the statements of a search",
        "pages": "signs where a page ends",
        "people": "whom a question names",
        "ranking": "features and weights, measured apart from the rest",
        "records": "passages of channels' days, asked of the store that is used",
        "results": "rankings of a moment ago",
        "tags": "reads the tags that forums offer",
    },
    "knowledge/documents": {
        "days": "what a message does to the documents of its day",
        "kinds": "what a kind of document says of itself",
        "registry": "every kind of document",
    },
    "knowledge/embeddings": {
        "cache": "vectors of texts that came before",
        "generations": "says that an index has changed, for results that are kept",
        "index": "the statements of the search index",
        "languages": "reads a text's language, which is data more than rules",
        "pipeline": "the steps from a stale message to its vector",
        "limits": "how much a provider may be asked, which all processes share",
        "models": "whose vectors a guild searches, and its way to another model's",
        "providers": "the choice between the local model and OpenAI",
        "sources": "what a kind of text must offer to be embedded",
    },
}


def sources(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (PROJECT / package).rglob("*.py"))


def test_modules_are_short_enough_to_read():
    long = {
        str(path.relative_to(PROJECT)): lines
        for path in sources(*PACKAGES)
        if (lines := len(path.read_text().splitlines())) > MODULE_LINES
    }
    assert long == {}


def test_functions_are_short_enough_to_read():
    long = {
        f"{path.relative_to(PROJECT)}:{node.name}": length
        for path in sources("app", "tasks")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_package_files_are_empty():
    """Code in one would run in every process that imports anything beside it; so would discord be loaded in workers."""
    filled = [
        str(path.relative_to(PROJECT)) for path in sources(*PACKAGES) if path.name == "__init__.py" and path.read_text()
    ]
    assert filled == []


def test_every_feature_uses_the_same_file_names():
    unknown = {
        str(path.relative_to(PROJECT))
        for area in AREAS
        for path in (PROJECT / "app" / area).glob("*/*.py")
        if path.stem not in NAMES | set(MORE.get(f"{area}/{path.parent.name}", {}))
    }
    assert unknown == set()


def test_exceptions_to_the_file_names_are_still_needed():
    missing = [
        f"{feature}/{name}"
        for feature, names in MORE.items()
        for name in names
        if not (PROJECT / "app" / feature / f"{name}.py").exists()
    ]
    assert missing == []


@pytest.mark.parametrize("library", ["discord", "onnxruntime", "openai", "numpy", "aiohttp", "PIL"])
def test_a_worker_loads_no_library_that_it_may_never_need(library):
    """Each costs every worker process its memory; the one that embeds loads its own at the first text."""
    code = (
        "import sys, tasks.celery\n"
        "tasks.celery.app.loader.import_default_modules()\n"
        f"sys.exit({library!r} in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=PROJECT, check=False)
    assert done.returncode == 0, f"{library} is loaded by tasks"


def test_nothing_is_left_for_later():
    mark = "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"])
    done = subprocess.run(
        ["git", "grep", "-nE", rf"\b({mark})\b", "--", "*.py", "*.md", "*.js", "*.html", "Makefile"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
