"""The container's health check: succeed if this process's `/alive`, or the URL given, answers with status 200."""

import os
import sys
import urllib.error
import urllib.request


def is_alive(url: str) -> bool:
    """Whether the URL answers with status 200 within four seconds."""
    try:
        with urllib.request.urlopen(url, timeout=4) as answer:  # noqa: S310 - a URL of our own.
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK.
    except OSError:
        return False


if __name__ == "__main__":
    port = os.environ.get("HEALTH_CHECK_PORT") or "3000"
    sys.exit(0 if is_alive(sys.argv[1] if len(sys.argv) > 1 else f"http://127.0.0.1:{port}/alive") else 1)
