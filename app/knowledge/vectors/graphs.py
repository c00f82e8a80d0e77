"""Each model's vectors have a graph of their own, once some guild has more of them than are compared one by one.

Those of the models that are usual come with the migrations; another model, or another length, gets its graph here.
"""

import hashlib
import logging
from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.core.db import engine

log = logging.getLogger(__name__)

# Up to so many in a guild, reading all of them costs less than the graph and misses nothing.
WORTH_ROWS = 10_000
_PREFIX = "ix_message_vectors_model_"

_LARGE = """
SELECT model, max(dims) AS dims FROM (
    SELECT guild_id, model, max(dims) AS dims FROM message_vectors GROUP BY guild_id, model HAVING count(*) > :worth
) AS large GROUP BY model ORDER BY model
"""
_GRAPHS = """
SELECT c.relname AS name, i.indisvalid AS is_valid, pg_get_expr(i.indpred, i.indrelid) AS condition
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
WHERE i.indrelid = CAST('message_vectors' AS regclass) AND a.amname = 'hnsw' ORDER BY 1
"""
_HAS_ROWS = "SELECT EXISTS (SELECT FROM message_vectors WHERE model = :model)"


@dataclass(frozen=True)
class _Graph:
    name: str
    is_valid: bool
    condition: str


def tend(worth: int = WORTH_ROWS) -> dict[str, int]:
    """Make the graphs that are missing, and drop those that are broken or empty; how many of each.

    Built beside the running work, so that nobody waits for it. Twice is safe: what is there is left alone, and one
    that was interrupted is dropped and made anew.
    """
    with engine().connect() as opened:
        connection = opened.execution_options(isolation_level="AUTOCOMMIT")
        wanted = {row.model: row.dims for row in connection.execute(text(_LARGE), {"worth": worth})}
        dropped = sum(_dropped(connection, graph, wanted) for graph in _graphs(connection))
        conditions = {graph.condition for graph in _graphs(connection)}
        missing = [model for model in wanted if _condition(model) not in conditions]
        for model in missing:
            log.info("a graph for the vectors of a model is built", extra={"model": model})
            connection.exec_driver_sql(_create(model, wanted[model]))
    return {"built": len(missing), "dropped": dropped}


def _graphs(connection: Connection) -> list[_Graph]:
    return [_Graph(*row) for row in connection.execute(text(_GRAPHS))]


def _dropped(connection: Connection, graph: _Graph, wanted: dict[str, int]) -> bool:
    """Drop a graph of ours that was never finished, or whose model is not used any more."""
    if not graph.name.startswith(_PREFIX):
        return False
    is_used = any(graph.condition == _condition(model) for model in wanted)
    if graph.is_valid and (is_used or _has_rows(connection, graph.condition)):
        return False
    connection.exec_driver_sql(f'DROP INDEX CONCURRENTLY IF EXISTS "{graph.name}"')
    return True


def _has_rows(connection: Connection, condition: str) -> bool:
    model = condition.removeprefix("(model = '").removesuffix("'::text)").replace("''", "'")
    return bool(connection.scalar(text(_HAS_ROWS), {"model": model}))


def _condition(model: str) -> str:
    """The graph's condition as PostgreSQL repeats it."""
    return f"(model = {_quoted(model)}::text)"


def _quoted(model: str) -> str:
    doubled = model.replace("'", "''")
    return f"'{doubled}'"


def _create(model: str, dims: int) -> str:
    name = _PREFIX + hashlib.sha256(model.encode()).hexdigest()[:12]
    # The driver takes a percent sign for a parameter unless there are two.
    condition = _quoted(model).replace("%", "%%")
    return (
        f'CREATE INDEX CONCURRENTLY "{name}" ON message_vectors'
        f" USING hnsw ((embedding::halfvec({dims})) halfvec_cosine_ops) WITH (m = 16, ef_construction = 64)"
        f" WHERE model = {condition}"
    )
