"""The names under which the code registers tasks, read from its text."""

import ast

from app.core.settings import PROJECT


def registered_names() -> list[str]:
    """Every literal name given to `app.task(name=...)` or to `awaited(...)`."""
    found = []
    for path in sorted((PROJECT / "tasks").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                found += _name(node)
    return found


def _name(call: ast.Call) -> list[str]:
    function = ast.unparse(call.func)
    if function == "app.task":
        values = [keyword.value for keyword in call.keywords if keyword.arg == "name"]
    elif function == "awaited":
        values = call.args[:1]
    else:
        return []
    return [value.value for value in values if isinstance(value, ast.Constant)]
