"""Inputs that are too long for models of a real server: refused, cut or read in windows, and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import evald
from evald.errors import ModelNotReadyError
from evald.settings import ModelSetting

pytest.importorskip("onnxruntime")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.conftest import Server

WAYS = ("refuse", "head", "tail", "stride")
SHORT = ["where is my parcel?", "I was charged twice", "please cancel my plan"]


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], root: Path) -> Iterator[Server]:
    folder = root / "examples" / "models"
    names = {"support-tuned": WAYS, "tiny-encoder": WAYS, "tiny-lm": WAYS[:3], "tiny-seq2seq": WAYS[:3]}
    models = {
        f"{name}-{way}": ModelSetting(folder / name, too_long=way, load="on_demand")
        for name, ways in names.items()
        for way in ways
    }
    models["tiny-lm-stride"] = ModelSetting(folder / "tiny-lm", too_long="stride", load="on_demand")
    found = start_server(models=models)
    yield found
    found.close()


@pytest.fixture
def client(server: Server) -> Iterator[evald.Client]:
    with evald.Client(f"127.0.0.1:{server.app.grpc_port}") as client:
        yield client


def limit_of(client: evald.Client, alias: str) -> int:
    return client.load_model(alias).max_tokens


@pytest.mark.parametrize("name", ["support-tuned", "tiny-encoder"])
def test_rows_that_fit_are_answered_as_ever(client: evald.Client, name: str) -> None:
    rows = [*SHORT, "where is it? " * 900]
    refused = client.predict(f"{name}-refuse", rows)
    assert [error.reason for error in refused.errors] == ["INPUT_TOO_LONG"]
    assert (refused.notes, refused.provenance.too_long) == ((), None)
    for way in WAYS[1:]:
        found = client.predict(f"{name}-{way}", rows)
        assert found.class_scores[:3] == refused.class_scores[:3]
        assert found.embeddings[:3] == refused.embeddings[:3]
        assert not found.errors
        assert found.class_scores[3] or found.embeddings[3]
        assert found.provenance.too_long == way
        assert found.provenance.request_digest != refused.provenance.request_digest
        assert found.cost is not None
        assert found.cost.cut_inputs == 1
        (note,) = found.notes
        assert (note.code, note.count, tuple(note.row_ids)) == ("CUT_INPUTS", 1, ("#3",))
        short = client.predict(f"{name}-{way}", SHORT)
        assert short.notes == ()
        assert short.cost is not None
        assert short.cost.cut_inputs == 0


def test_the_end_and_the_beginning_are_what_decides(client: evald.Client) -> None:
    filler = "the the the " * 900
    first, last = f"cancel {filler}", f"{filler} cancel"
    for way, same in (("head", last), ("tail", first)):
        alias = f"support-tuned-{way}"
        scores = np.array(client.predict(alias, [same, filler, last if way == "tail" else first]).class_scores)
        assert not np.array_equal(scores[2], scores[1])
        np.testing.assert_allclose(scores[0], scores[1], atol=0.05)


@pytest.mark.parametrize("name", ["support-tuned", "tiny-encoder"])
def test_windows_give_the_mean_of_their_answers(client: evald.Client, name: str) -> None:
    alias = f"{name}-stride"
    room = limit_of(client, alias) - len(special_tokens(client, alias))
    words = ["where", "is", "my", "parcel"]
    texts = [" ".join(words[(at + part) % 4] for at in range(room)) for part in range(3)]
    whole = client.predict(alias, [" ".join(texts), *texts])
    assert whole.cost is not None
    assert whole.cost.cut_inputs == 1
    rows = np.array([whole.class_scores[at] or whole.embeddings[at] for at in range(4)])
    mean = rows[1:].mean(axis=0)
    if name == "tiny-encoder":
        mean /= np.linalg.norm(mean)
        np.testing.assert_allclose(rows[0] / np.linalg.norm(rows[0]), mean, atol=1e-3)
    else:
        np.testing.assert_allclose(rows[0], mean, atol=1e-6)


def special_tokens(client: evald.Client, alias: str) -> range:
    """As many as there are more tokens than words in a text of words that are one token each."""
    found = client.predict(alias, ["where is my parcel"])
    assert found.cost is not None
    return range(found.cost.tokens - 4)


def test_a_prompt_before_a_completion_and_one_for_an_answer(client: evald.Client) -> None:
    most = limit_of(client, "tiny-lm-tail")
    prompt = "x" * 3 * most + "Return the numb"
    options = evald.Generation(max_tokens=8)
    assert client.predict("tiny-lm-refuse", [prompt], generation=options).errors[0].reason == "INPUT_TOO_LONG"
    for way in ("head", "tail"):
        written = client.predict(f"tiny-lm-{way}", [prompt, "Return the "], generation=options)
        assert written.texts[0] is not None
        assert written.usages[0] is not None
        assert written.usages[0].input_tokens == most - 8
        assert written.texts[1] == client.predict("tiny-lm-refuse", ["Return the "], generation=options).texts[0]
        answer = client.evaluate(
            evald.Model(f"tiny-lm-{way}"), ["er of items."], inputs=[prompt], metrics="nll", ids=["long"]
        )
        (note,) = [note for note in answer.notes if note.code == "CUT_INPUTS"]
        assert (note.count, tuple(note.row_ids)) == (1, ("long",))
        assert f"their {way} was kept" in note.text
        assert answer.cost is not None
        assert answer.cost.cut_inputs == 1
    tail, short = (
        client.evaluate(evald.Model("tiny-lm-tail"), ["er of items."], inputs=[text], metrics="nll")["nll"].value
        # A token a letter; the last one of the completion is not read.
        for text in (prompt, prompt[-(most + 1 - len("er of items.")) :])
    )
    assert tail == short


def test_an_encoder_decoder_reads_as_much_as_it_can(client: evald.Client) -> None:
    most = limit_of(client, "tiny-seq2seq-tail")
    long, short, options = "3 4 " * 3 * most, "3 4", evald.Generation(max_tokens=8)
    refused = client.predict("tiny-seq2seq-refuse", [long, short], generation=options)
    assert [error.reason for error in refused.errors] == ["INPUT_TOO_LONG"]
    for way in ("head", "tail"):
        alias = f"tiny-seq2seq-{way}"
        written = client.predict(alias, [long, short], generation=options)
        assert written.usages[0] is not None
        assert (written.usages[0].input_tokens, written.texts[1]) == (most, refused.texts[1])
        assert [tuple(note.row_ids) for note in written.notes] == [("#0",)]
        scored = client.evaluate(evald.Model(alias), ["5", "5"], inputs=[long, short], metrics="nll")
        assert scored.cost is not None
        assert scored.cost.cut_inputs == 1
        assert not scored.systems[0].rows.errors


def test_a_language_model_without_a_mean_fails_with_the_reason(client: evald.Client) -> None:
    with pytest.raises(ModelNotReadyError, match="stride is for classifiers and encoders"):
        client.load_model("tiny-lm-stride")
