"""Each guild with many vectors of a model has a graph of its own over them; of any other all vectors are compared.

One graph over all guilds would be walked through everybody else's vectors until enough of one guild's were met: slow
for a guild of middling size, and not sure to find. A graph of one guild holds nothing else, and a small guild's new
vectors need no graph at all. The planner uses a graph where its condition is part of the search's.
"""

import hashlib
import logging
from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.core.db import engine

log = logging.getLogger(__name__)

# Up to so many of a guild, comparing all of them takes a few milliseconds and misses nothing.
WORTH_ROWS = 5_000
# The second is what graphs of one model for all guilds were called.
_PREFIXES = ("ix_message_vectors_near_", "ix_message_vectors_model_")
# A vector in a graph takes what it has in numbers and this much for its neighbours. What does not fit into memory is
# built several times slower.
_BYTES_A_VECTOR, _MEMORY_MIN, _MEMORY_MAX = 600, 64 << 20, 512 << 20

# What has shrunk a little keeps its graph, so that none comes and goes.
_LARGE = """
SELECT guild_id, model, max(dims) AS dims, count(*) AS rows FROM message_vectors
GROUP BY guild_id, model HAVING count(*) > CAST(:worth AS bigint) / 2 ORDER BY count(*) DESC, guild_id, model
"""
_GRAPHS = """
SELECT c.relname AS name, i.indisvalid AS is_valid
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
WHERE i.indrelid = CAST('message_vectors' AS regclass) AND a.amname = 'hnsw' ORDER BY 1
"""


@dataclass(frozen=True)
class _Wanted:
    guild_id: int
    model: str
    dims: int
    rows: int

    @property
    def name(self) -> str:
        """What its graph is called."""
        return f"{_PREFIXES[0]}{self.guild_id}_{hashlib.sha256(self.model.encode()).hexdigest()[:12]}"


def tend(worth: int = WORTH_ROWS) -> dict[str, int]:
    """Make the graphs that are missing, and drop those that are broken or not needed any more; how many of each.

    Built beside the running work, so that nobody waits for it. Twice is safe: what is there is left alone, and one
    that was interrupted is dropped and made anew.
    """
    with engine().connect() as opened:
        connection = opened.execution_options(isolation_level="AUTOCOMMIT")
        found = [_Wanted(*row) for row in connection.execute(text(_LARGE), {"worth": worth})]
        large = {one.name: one for one in found}
        valid: dict[str, bool] = dict(connection.execute(text(_GRAPHS)).all())
        gone = [name for name in valid if name.startswith(_PREFIXES) and not (valid[name] and name in large)]
        for name in gone:
            connection.exec_driver_sql(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')
        there = valid.keys() - set(gone)
        missing = [one for one in large.values() if one.rows > worth and one.name not in there]
        for one in missing:
            log.info("a graph of a guild's vectors is built", extra={"guild": one.guild_id, "model": one.model})
            _build(connection, one)
    return {"built": len(missing), "dropped": len(gone)}


def _build(connection: Connection, wanted: _Wanted) -> None:
    memory = min(max(wanted.rows * (2 * wanted.dims + _BYTES_A_VECTOR), _MEMORY_MIN), _MEMORY_MAX)
    connection.exec_driver_sql(f"SET maintenance_work_mem = '{memory >> 10}kB'")
    try:
        connection.exec_driver_sql(_create(wanted))
    finally:
        connection.exec_driver_sql("RESET maintenance_work_mem")


def _create(wanted: _Wanted) -> str:
    # The driver takes a percent sign for a parameter unless there are two.
    model = wanted.model.replace("'", "''").replace("%", "%%")
    return (
        f'CREATE INDEX CONCURRENTLY "{wanted.name}" ON message_vectors'
        f" USING hnsw ((embedding::halfvec({wanted.dims})) halfvec_cosine_ops) WITH (m = 16, ef_construction = 64)"
        f" WHERE model = '{model}' AND guild_id = {wanted.guild_id}"
    )
