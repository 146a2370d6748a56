"""What is measured: 1,000 mixed texts of 4 to 128 tokens, and a classifier of MiniLM's size with seeded weights.

Random weights cost what trained ones do. The words are those of XSum's references, joined and cut to lengths as
requests have them: half of the texts have at most 22 tokens, a few come near 128.
"""

# torch is not installed where the project is type-checked, so its Module is of no known type there.
# mypy: allow-subclassing-any

from __future__ import annotations

import itertools
import random
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers

from bench import corpora
from evald.backends.export import export

TEXTS = 1000
SHORTEST, LONGEST = 4, 128
CLASSES = 77
_SPECIALS = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
# [CLS] and [SEP].
_ADDED = 2


transformers.utils.logging.disable_progress_bar()


def texts(rows: int = TEXTS) -> tuple[str, list[str]]:
    """The name of the source, and texts; the first rows of fewer are the same."""
    source = corpora.summaries(11_334)
    words = itertools.cycle(word for text in source.references for word in text.split())
    random_ = random.Random(5)
    found = []
    for _ in range(rows):
        length = round(random_.lognormvariate(3, 0.75))
        found.append(" ".join(itertools.islice(words, min(max(length, SHORTEST - _ADDED), LONGEST - _ADDED))))
    return source.name.partition(",")[0], found


def make_classifier(folder: Path) -> None:
    """A BERT of 6 layers and 384 dimensions with a head, as safetensors and as `evald models export` makes of them."""
    tokenizer = _word_tokenizer(texts()[1])
    labels = [f"class {label}" for label in range(CLASSES)]
    config = transformers.BertConfig(
        vocab_size=30_522,
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
        id2label=dict(enumerate(labels)),
        label2id={label: at for at, label in enumerate(labels)},
        pad_token_id=0,
    )
    torch.manual_seed(11)
    model = transformers.BertForSequenceClassification(config).eval()
    model.save_pretrained(folder)
    names = ["input_ids", "attention_mask"]
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=names, **_SPECIALS)
    fast.save_pretrained(folder)
    with tempfile.TemporaryDirectory() as scratch:
        exported = Path(scratch) / "exported"
        export(folder, exported)
        shutil.move(exported / "onnx", folder / "onnx")


def export_usual(folder: Path, path: Path) -> None:
    """Its graph as torch's exporter leaves it, where every layer computes padding."""

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model: Any = transformers.BertForSequenceClassification.from_pretrained(folder).eval()

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits

    names, axes = ["input_ids", "attention_mask"], {0: "batch", 1: "sequence"}
    ids = torch.ones((2, 5), dtype=torch.int64)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Logits(),
            (ids, torch.ones_like(ids)),
            str(path),
            input_names=names,
            output_names=["logits"],
            dynamic_axes=dict.fromkeys(names, axes) | {"logits": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )


def _word_tokenizer(sample: list[str]) -> Any:
    """A token a word, so that the lengths above are exact."""
    words = dict.fromkeys(word for text in sample for word in text.split())
    vocabulary = {word: at for at, word in enumerate((*_SPECIALS.values(), *words))}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer
