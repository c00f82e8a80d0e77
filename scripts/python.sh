#!/bin/sh
# Print the first Python from 3.11 to 3.14 of this machine; PYTHON names another choice.
set -eu
for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
    found=$(command -v "$candidate" 2>/dev/null) || continue
    if "$found" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
        printf '%s\n' "$found"
        exit 0
    fi
done
echo "Heorot needs Python 3.11, 3.12, 3.13 or 3.14: install one, or name it with PYTHON=/path/to/python3." >&2
exit 1
