"""all-MiniLM-L6-v2 on this machine: 384 dimensions, one thread, no network, no telemetry.

The model is loaded at the first text, in the process that needs it, and costs that process about 100 MB. It knows
English vocabulary; other languages are cut into pieces that it understands less well.
"""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from app.clients import minilm_build
from app.core.settings import settings

# onnxruntime sends usage data from its import on unless the environment forbids it beforehand.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# The tokenizer's own threads do not survive a fork, and one core is all that embedding may take.
os.environ["TOKENIZERS_PARALLELISM"] = "false"

MODEL = "all-minilm-l6-v2/int8"
DIMENSIONS = 384
_FILE = "all-minilm-l6-v2-int8-1.onnx"

# What the model was trained to read at once; a longer text is read in windows that overlap a little.
_WINDOW = 256
_OVERLAP = 32
_WINDOWS_MAX = 8
# Enough characters to fill every window in any script; what lies behind would not be read anyway.
_CHARACTERS_MAX = 16_000
# Padded tokens a run: 2,048 were slower (485 against 600 texts a second) and took 30 MB more.
_RUN_TOKENS = 512

_loading = Lock()


class _Model:
    """The tokenizer and the graph."""

    def __init__(self, path: Path) -> None:
        import onnxruntime  # noqa: PLC0415 - only a process that embeds pays for it.
        from tokenizers import Tokenizer  # noqa: PLC0415 - see above.

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        packaged = minilm_build.packaged("tokenizer.json", minilm_build.TOKENIZER_SHA256)
        self.tokenizer = Tokenizer.from_file(str(packaged))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(_WINDOW, stride=_OVERLAP)

    def windows(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """The token ids of each window, and the text that each belongs to."""
        ids: list[list[int]] = []
        owners: list[int] = []
        for owner, encoding in enumerate(self.tokenizer.encode_batch([text[:_CHARACTERS_MAX] for text in texts])):
            for window in [encoding, *encoding.overflowing][:_WINDOWS_MAX]:
                ids.append(window.ids)
                owners.append(owner)
        return ids, owners

    def run(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The unit vectors of these windows."""
        tokens = np.zeros((len(ids), max(map(len, ids))), np.int64)
        mask = np.zeros_like(tokens)
        for row, window in enumerate(ids):
            tokens[row, : len(window)] = window
            mask[row, : len(window)] = 1
        vectors: NDArray[np.float32] = self.session.run(None, {"input_ids": tokens, "attention_mask": mask})[0]
        return vectors


@cache
def _model() -> _Model:
    path = settings().data_path / "models" / _FILE
    minilm_build.ensure(path)
    return _Model(path)


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """The unit vectors of these texts, in their order; a long text has the mean of its windows' vectors.

    Blocks, so the event loop must call it in a thread. Raises Unavailable when the model cannot be prepared.
    """
    if not texts:
        return np.empty((0, DIMENSIONS), np.float32)
    with _loading:
        model = _model()
    ids, owners = model.windows(texts)
    sums = np.zeros((len(texts), DIMENSIONS), np.float32)
    for run in _runs([len(window) for window in ids]):
        np.add.at(sums, [owners[index] for index in run], model.run([ids[index] for index in run]))
    lengths: NDArray[np.float32] = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / lengths


def _runs(lengths: Sequence[int]) -> list[list[int]]:
    """Indexes gathered by length, so that little is padding, each run within its budget of tokens."""
    runs: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not runs or (len(runs[-1]) + 1) * lengths[index] > _RUN_TOKENS:
            runs.append([])
        runs[-1].append(index)
    return runs


def forget() -> None:
    """Free the model's memory; the next text loads it again."""
    _model.cache_clear()
