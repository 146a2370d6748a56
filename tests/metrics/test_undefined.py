"""Values that are not defined say why, in words of the metric."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.properties.build import Question, Row, result_of

from evald.v1.evaluation_pb2 import CompareResponse
from evald.v1.instance_pb2 import Prediction, Tokens

CLASSES = ["0", "1"]

TEXT = Row(predictions=[Prediction(text="a")], references=[""])
LABEL = Row(predictions=[Prediction(labels=["1"], class_scores=[0.25, 0.75])], labels=["1"])
NUMBER = Row(predictions=[Prediction(value=1.0)], value=2.0)
SAMPLE = Row(id="task", predictions=[Prediction(scores={"pass": 1.0})])
RATED = Row(predictions=[Prediction(labels=["1"])], human_labels=["1", "1"])
UNRATED = Row(predictions=[Prediction(labels=["1"])], human_labels=["1"])
TAGGED = Row(predictions=[Prediction(tokens=["O"])], reference_tokens=[Tokens(tokens=["O"])])


@pytest.mark.parametrize(
    ("metric", "rows", "why"),
    [
        ("balanced_accuracy(adjusted=true)", [LABEL], "only one class is gold"),
        ("cohen_kappa", [LABEL], "the same single label"),
        ("distinct_n", [TEXT], "as many words as an n-gram"),
        ("entity_f1(average=macro)", [TAGGED], "an entity to average over"),
        ("fleiss_kappa", [RATED, UNRATED], "different numbers of ratings"),
        ("kendall", [NUMBER, NUMBER], "all the same"),
        ("krippendorff_alpha", [UNRATED], "no two ratings that can be compared differ"),
        ("length_ratio", [TEXT], "the references have no words"),
        ("pass_at_k(k=2,of=pass)", [SAMPLE], "fewer samples than k"),
        ("pearson", [NUMBER, NUMBER], "all the same"),
        ("r2", [NUMBER], "the gold numbers are all the same"),
        ("repetition", [TEXT], "as many words as an n-gram"),
        ("roc_auc", [LABEL], "compares rows of a class with others"),
        ("self_bleu", [TEXT], "only one text"),
        ("spearman", [NUMBER], "all the same"),
        (
            "precision(zero_division=nan)",
            [Row(predictions=[Prediction(labels=["0"])], labels=["0"])],
            "a denominator is",
        ),
        ("score(of=fluency)", [SAMPLE], 'the number "fluency"'),
        ("rouge_1", [Row(predictions=[Prediction()], references=["a"])], "usable prediction"),
    ],
)
def test_why(metric: str, rows: Sequence[Row], why: str) -> None:
    estimate = result_of(Question([metric], classes=CLASSES).answer(rows), metric).estimate
    assert not estimate.HasField("value")
    assert why in estimate.undefined_reason


def test_a_difference_is_undefined_for_the_same_reason() -> None:
    both = Row(predictions=[Prediction(value=1.0), Prediction(value=1.0)], value=2.0)
    question = Question(["pearson"], systems=["a", "b"], kind="compare")
    answer = question.answer([both, both])
    assert isinstance(answer, CompareResponse)
    assert "all the same" in answer.comparisons[0].difference.undefined_reason
