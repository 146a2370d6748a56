"""LoRA adapters of PEFT on a model of transformers: unmerged, without a second copy of the weights below them.

An adapter gets a model of its own that is built around the tensors of its base. The base stays as it was to the last
bit, both answer in their own queues, and nothing is switched between two batches. So what would change tensors of the
base is refused. Weights are safetensors only, and `base_model_name_or_path` is not read.
"""

from __future__ import annotations

import copy
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import peft
import safetensors.torch
import transformers

from evald.backends.folder import ADAPTER_CONFIG, LoadError, ModelFolder, digest
from evald.backends.pytorch import CLASSES, TorchBackend, load_part
from evald.backends.weights import safetensors_header

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from evald.backends.folder import ModelConfig

_log = logging.getLogger(__name__)

_PREFIX = "base_model.model."
# Other ways to begin change the weights of the base when an adapter is put on it.
_BEGINNINGS = (True, False, None, "gaussian", "orthogonal", "eva")


class Adapted(NamedTuple):
    """A PeftModel, and what the transformers model in it is."""

    model: Any
    config: ModelConfig


def open_adapter(alias: str, path: Path, base: TorchBackend) -> TorchBackend:
    """The adapter of a folder on a model that is in memory. Raises LoadError."""
    folder = ModelFolder(path)
    weights = folder.adapter_weights()
    adapted = put_on(base.loaded.model, base.loaded.random, base.config, folder)
    return base.with_model(alias, adapted.model.get_base_model(), adapted.config, digest(weights))


def put_on(base: Any, random: Collection[str], config: ModelConfig, folder: ModelFolder) -> Adapted:
    """The adapter of a folder on a model of transformers, which shares its tensors. Raises LoadError.

    `random` are parameters of the base that no file had. A config.json in the folder says which model the adapter
    makes of its base, for example a classifier of an encoder; else it is one of the kind of the base.
    """
    weights = folder.adapter_weights()
    folder.check_links()
    settings = _settings(folder)
    own = folder.existing("config.json")
    classifies = settings.task_type == "SEQ_CLS"
    # The config of a classifier that was not saved with its weights has the architecture of its base.
    made = folder.model_config(classifies) if own else config
    if classifies and made.task != "text-classification":
        raise LoadError(
            f"the adapter is one of a classifier, its base is one for {made.task}: save the config.json of the model "
            "that was trained, which names the classes, into the folder of the adapter"
        )
    model, missing = _around(base, random, made, load_part(transformers.AutoConfig, folder, "config") if own else None)
    try:
        wrapped = peft.get_peft_model(model, settings).eval()
    except Exception as error:  # whatever PEFT raises
        _log.warning("PEFT cannot put an adapter on its base: %s", error)
        what = "PEFT cannot put the adapter on its base, which may be another model than it was trained on"
        raise LoadError(f"{what} ({type(error).__name__}); see the log") from error
    wanted = peft.get_peft_model_state_dict(wrapped, save_embedding_layers=False)
    _check_tensors(wanted, safetensors_header(weights))
    if lacking := sorted(name for name in missing if _PREFIX + name not in wanted):
        raise LoadError(f"neither the base nor the adapter has {lacking[0]} ({len(lacking)} such parameters)")
    peft.set_peft_model_state_dict(wrapped, safetensors.torch.load_file(weights))
    limit = min(config.max_tokens, made.max_tokens)
    return Adapted(wrapped.to(base.device), replace(made, max_tokens=limit))


def _settings(folder: ModelFolder) -> Any:
    """What adapter_config.json says, if an adapter of this kind can be put on a base that others use."""
    said = folder.read_json(ADAPTER_CONFIG)
    if said.get("peft_type") != "LORA":
        raise LoadError(f"{ADAPTER_CONFIG}: peft_type {said.get('peft_type')} is not supported; known is LORA")
    if said.get("bias", "none") != "none":
        raise LoadError(
            f"{ADAPTER_CONFIG}: bias must be none: biases of the base would change; merge the adapter instead"
        )
    if said.get("init_lora_weights") not in _BEGINNINGS:
        way = said["init_lora_weights"]
        raise LoadError(
            f"{ADAPTER_CONFIG}: init_lora_weights {way} changes the weights of the base; convert the adapter when it "
            "is saved (path_initial_model_for_weight_conversion)"
        )
    if said.get("alora_invocation_tokens"):
        raise LoadError(f"{ADAPTER_CONFIG}: alora_invocation_tokens is not supported")
    try:
        settings = peft.PeftConfig.from_pretrained(str(folder.root))
    except Exception as error:  # whatever PEFT raises
        raise LoadError(f"PEFT cannot read {ADAPTER_CONFIG} ({type(error).__name__})") from error
    # Not looked at: which model an adapter is put on, the settings say.
    settings.base_model_name_or_path = None
    settings.inference_mode = True
    return settings


def _around(base: Any, random: Collection[str], config: ModelConfig, own: Any) -> tuple[Any, list[str]]:
    """A model of its own around the tensors of the base, and the names of its parameters that the base lacks."""
    settings = copy.deepcopy(base.config) if own is None else own
    kind = CLASSES[config.task]._model_mapping.get(type(settings), None)
    if kind is None or settings.model_type != base.config.model_type:
        raise LoadError(
            f"config.json: a {settings.model_type} model cannot be made of a {base.config.model_type} model"
        )
    given = {name: tensor for name, tensor in base.state_dict().items() if name not in random}
    where = {} if base.device.type == "cpu" else {"device_map": {"": base.device}}
    try:
        model, report = kind.from_pretrained(
            None, config=settings, state_dict=given, dtype=base.dtype, output_loading_info=True, **where
        )
    except Exception as error:  # whatever transformers raises
        _log.warning("transformers cannot build a model around its base: %s", error)
        raise LoadError(f"the base is not the model of the adapter's config.json ({type(error).__name__})") from error
    missing = sorted(map(str, report["missing_keys"]))
    shared = {tensor.data_ptr() for tensor in given.values()}
    for name, tensor in model.named_parameters():
        if name not in missing and tensor.data_ptr() not in shared:
            raise LoadError(f"the tensor {name} of the base cannot be shared; merge the adapter instead")
    return model.eval(), missing


def _check_tensors(wanted: dict[str, Any], given: dict[str, Any]) -> None:
    """Each tensor of an adapter has its place, and each place its tensor: nothing else is written or left random."""
    for name, tensor in sorted(wanted.items()):
        if name not in given:
            raise LoadError(f"adapter_model.safetensors: {name} is missing; is it an adapter of another model?")
        shape = list(given[name].get("shape", ()))
        if shape != list(tensor.shape):
            raise LoadError(
                f"adapter_model.safetensors: {name} is {shape}, its base needs {list(tensor.shape)}: "
                "it is an adapter of another model"
            )
    if others := sorted(given.keys() - wanted.keys()):
        raise LoadError(f"adapter_model.safetensors: there is no place for {others[0]} in the base")
