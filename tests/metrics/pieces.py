"""Small SentencePiece models, trained by Google's package when they are asked for."""

from __future__ import annotations

import io
import random
from functools import cache
from typing import Any

import sentencepiece

WORDS = "the cat sat on a mat and saw 12 small dogs running naïve café 東京 に 行く straße ok end. 1,5 don't"

# How models are trained, by name.
KINDS: dict[str, dict[str, Any]] = {
    "unigram": {"model_type": "unigram"},
    "unigram with bytes": {"model_type": "unigram", "byte_fallback": True, "vocab_size": 330},
    "unigram as it is": {"model_type": "unigram", "normalization_rule_name": "identity"},
    "unigram with suffixes": {"model_type": "unigram", "treat_whitespace_as_suffix": True},
    "unigram with all spaces": {
        "model_type": "unigram",
        "remove_extra_whitespaces": False,
        "add_dummy_prefix": False,
        "normalization_rule_name": "nmt_nfkc_cf",
    },
    "unigram with symbols": {
        "model_type": "unigram",
        "user_defined_symbols": ["<sep>", "the cat", "é", "\u2581\u2581"],
    },
    "bpe": {"model_type": "bpe"},
    "bpe with bytes": {
        "model_type": "bpe",
        "byte_fallback": True,
        "normalization_rule_name": "identity",
        "vocab_size": 330,
    },
    "bpe with symbols": {
        "model_type": "bpe",
        "user_defined_symbols": ["<sep>", "ing", "the"],
        "normalization_rule_name": "nfkc",
    },
    "word": {"model_type": "word"},
    "char": {"model_type": "char", "user_defined_symbols": ["th"]},
}


@cache
def model_file(kind: str) -> bytes:
    """A small model of made-up sentences."""
    shuffled = random.Random(20)
    sentences = [" ".join(shuffled.choices(WORDS.split(), k=9)) for _ in range(200)]
    options = {"vocab_size": 90, "hard_vocab_limit": False, "num_threads": 1, "minloglevel": 2} | KINDS[kind]
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(sentences), model_writer=written, **options)
    return written.getvalue()


@cache
def processor(kind: str) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_proto=model_file(kind))
