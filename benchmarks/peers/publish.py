"""Enqueue peer (a)'s messages, each as a task of its own."""

import sys

from benchmarks.peers.per_message import store


def main() -> None:
    """Publish as many messages as the command line says, from that number on."""
    count, first = int(sys.argv[1]), int(sys.argv[2])
    for number in range(first, first + count):
        store.delay(
            {
                "id": number,
                "guild": 1,
                "channel": number % 5,
                "author": number % 50,
                "content": f"message number {number}",
            }
        )


if __name__ == "__main__":
    main()
