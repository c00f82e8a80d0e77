"""What chance decides is drawn from the system's own source, never from one that can be foretold."""

import ast

from app.core.settings import PROJECT

# The type of a source of chance, as rules take it for an argument; tests give them one with a seed.
TYPE = {"Random"}


def taken_from(tree: ast.Module, module: str) -> set[str]:
    """The names that a file takes from a module; the module itself counts as `*`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            found |= {"*" for alias in node.names if alias.name == module}
    return found


def test_the_community_knows_chance_as_a_type_alone_and_takes_it_from_secrets():
    drawing = set()
    for path in sorted((PROJECT / "app" / "community").rglob("*.py")):
        tree = ast.parse(path.read_text())
        assert taken_from(tree, "random") <= TYPE, path
        made = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Random"]
        assert made == [], path
        if taken_from(tree, "secrets"):
            drawing.add(path.parent.name)
    assert drawing == {"games", "giveaways", "inventory", "lottery"}
