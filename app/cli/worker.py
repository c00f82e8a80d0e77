"""`worker`: run tasks of some queues."""

import argparse
import importlib

from celery.utils.nodenames import default_nodename, host_format

from app.core.errors import BadInput

# By name, because the command line stands below the tasks that it starts.
_APPLICATION = "tasks.celery"


def _run(arguments: argparse.Namespace) -> int:
    """Run Celery's worker without Celery's own command line, which loads 25 MB of prompts and plugins."""
    application = importlib.import_module(_APPLICATION).app
    known = set(application.amqp.queues)
    wanted = arguments.queues.split(",")
    if unknown := sorted(set(wanted) - known):
        raise BadInput(f"unknown queue {', '.join(unknown)}; there are {', '.join(sorted(known))}.")
    worker = application.Worker(
        hostname=host_format(default_nodename(arguments.name)),
        queues=wanted,
        concurrency=arguments.processes,
        pool_cls="prefork",
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("write a number from 1 on")
    return int(text)


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `worker`."""
    worker = commands.add_parser("worker", help="run the tasks of some queues")
    worker.add_argument("-n", "--name", default="worker@%h", help="its name in Flower; %%h is this machine")
    worker.add_argument("-Q", "--queues", required=True, help="the queues, with commas between")
    worker.add_argument("-c", "--processes", type=_positive, default=1, help="how many tasks run at the same time")
    worker.set_defaults(run=_run)
