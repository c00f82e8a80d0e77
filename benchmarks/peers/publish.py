"""Enqueue peer (a)'s messages, each as a task of its own."""

import sys
import time

from benchmarks.peers.per_message import store


def main() -> None:
    """Publish as many messages as the command line says."""
    base = time.time_ns()
    for number in range(int(sys.argv[1])):
        store.delay(
            {
                "id": base + number,
                "guild": 1,
                "channel": number % 5,
                "author": number % 50,
                "content": f"message number {number}",
            }
        )


if __name__ == "__main__":
    main()
