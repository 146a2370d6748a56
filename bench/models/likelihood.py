"""The log-likelihood of a text in one pass, against a loop that reads it token by token with a key-value cache."""

from __future__ import annotations

import itertools
import math
import sys
from functools import partial
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer

from bench.machine import ROOT
from bench.measure import interleave, rounds_of
from bench.models.service import PREDICT, both_clocks, request_of
from bench.report import Figure, Goal, main, milliseconds
from bench.server import Server
from evald.v1 import model_pb2

ALIAS = "tiny-lm"
# A byte is a token of this model, which reads 256 at once.
TEXT = "Return the number of items in the container, or zero if it is empty and nothing was added to it. " * 2
GOAL = Goal(">=", 5)


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    torch.set_num_threads(1)
    folder = str(ROOT / "examples" / "models" / ALIAS)
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True).eval()
    ids = [int(model.config.bos_token_id), *Tokenizer.from_file(f"{folder}/tokenizer.json").encode(TEXT).ids]
    request = request_of([TEXT], ALIAS)
    with Server("--model", f"{ALIAS}={folder}") as server:
        server.await_models()
        ask = partial(server.call, PREDICT, request)
        found = sum(model_pb2.PredictResponse.FromString(ask()).predictions[0].token_logprobs)
        plain = token_by_token(model, ids)
        if not math.isclose(found, plain, rel_tol=1e-5):
            raise RuntimeError(f"the service answers {found}, the loop {plain}")
        work = {"service": ask, "loop": partial(token_by_token, model, ids)}
        measured = interleave(work, rounds_of(quick), cpu_clock=both_clocks(server))
    what = f"token by token with a cache, torch / service in one pass; {len(ids) - 1} tokens"
    return [
        Figure("likelihood.one_pass", measured.ratio("loop", "service", "wall"), "x", what, GOAL),
        *(milliseconds(f"likelihood.ms.{name}", measured.seconds(name, "wall"), "a text") for name in work),
    ]


@torch.inference_mode()  # type: ignore[untyped-decorator,unused-ignore]
def token_by_token(model: Any, ids: list[int]) -> float:
    """The log-likelihood of all tokens but the first."""
    cache, total = None, 0.0
    for token, wanted in itertools.pairwise(ids):
        answer = model(input_ids=torch.tensor([[token]]), past_key_values=cache, use_cache=True)
        cache = answer.past_key_values
        total += float(answer.logits[0, -1].log_softmax(-1)[wanted])
    return total


if __name__ == "__main__":
    sys.exit(main("models_likelihood", run))
