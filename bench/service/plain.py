"""What a team would write in an afternoon: grpcio decodes with protobuf, sacrebleu and rouge-score-rs score.

`python -m bench.service.plain`; prints its address like `evald serve`.
"""

from __future__ import annotations

import statistics

import grpc
from rouge_score_rs.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from bench.service.peer import serve
from evald.v1 import evaluation_pb2, metric_pb2, statistics_pb2

_ROUGE = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}


def main() -> None:
    """Serves until it is ended."""
    bleu = BLEU()
    rouge = RougeScorer(list(_ROUGE.values()), use_stemmer=False)

    def evaluate(
        request: evaluation_pb2.EvaluateRequest, _context: grpc.ServicerContext
    ) -> evaluation_pb2.EvaluateResponse:
        predictions = [row.predictions[0].text for row in request.instances]
        references = [row.references[0] for row in request.instances]
        values = {"bleu": bleu.corpus_score(predictions, [references]).score}
        rows = rouge.score_batch(references, predictions)
        for name, kind in _ROUGE.items():
            values[name] = statistics.fmean(row[kind].fmeasure for row in rows)
        results = [
            metric_pb2.MetricResult(metric=name, estimate=statistics_pb2.Estimate(value=value))
            for name, value in values.items()
        ]
        return evaluation_pb2.EvaluateResponse(systems=[evaluation_pb2.SystemResult(metrics=results)])

    serve(
        grpc.unary_unary_rpc_method_handler(
            evaluate,
            request_deserializer=evaluation_pb2.EvaluateRequest.FromString,
            response_serializer=evaluation_pb2.EvaluateResponse.SerializeToString,
        )
    )


if __name__ == "__main__":
    main()
