"""Another process with a cache: it does what it is told on its standard input, and answers on its standard output.

python -m tests.integration.cache.process NAMESPACE
"""

import json
import subprocess
import sys
import time

from app.core.cache.namespace import forget_guild, forget_tags, member
from app.core.cache.runtime import forget_all_here
from app.core.settings import PROJECT
from tests.factories.caches import Source, listening, namespace


class Neighbour:
    """Such a process, from the other side."""

    def __init__(self, name):
        command = [sys.executable, "-m", "tests.integration.cache.process", name]
        self._child = subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._answer() == "listening"

    def tell(self, do, **arguments):
        """Have it do something, without waiting for the answer."""
        self._child.stdin.write(json.dumps({"do": do, **arguments}) + "\n")

    def _answer(self):
        return json.loads(self._child.stdout.readline())

    def ask(self, do, **arguments):
        self.tell(do, **arguments)
        return self._answer()

    def answer(self):
        """What it says to what it was told."""
        return self._answer()

    def stop(self):
        self._child.stdin.close()
        self._child.wait(20)
        self._child.stdout.close()


class Orders:
    """What a neighbour can be told."""

    def __init__(self, names, source):
        self._names = names
        self._source = source

    def get(self):
        return self._names.get(1, 7)

    def set(self, value):
        self._source.values[1, 7] = value

    def forget(self):
        self._names.forget(1, 7)

    def forget_all(self):
        self._names.forget_all(1)

    def forget_tag(self):
        forget_tags(1, member(7))

    def forget_guild(self):
        forget_guild(1)

    def forget_here(self):
        forget_all_here()

    def load_slowly(self, seconds):
        self._source.before_load = lambda: time.sleep(seconds)

    def get_at(self, moment):
        time.sleep(max(0.0, moment - time.time()))
        return self.get()

    def loads(self):
        return self._source.loads.total()

    def watch(self, value):
        """When this process first saw the value, by the clock that all processes of a machine share."""
        ends = time.monotonic() + 5
        while time.monotonic() < ends:
            if self._names.get(1, 7) == value:
                return time.time()
            time.sleep(0.001)
        return None


def main():
    source = Source()
    listening()
    with namespace(str, source, name=sys.argv[1], tags=lambda *key: (member(key[-1]),)) as names:
        orders = Orders(names, source)
        _say("listening")
        for line in sys.stdin:
            order = json.loads(line)
            _say(getattr(orders, order.pop("do"))(**order))


def _say(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
