"""The settings of a server: one frozen object, made once at the edge from defaults, file, environment and flags.

A later source wins: defaults < file (TOML) < environment (EVALD_*) < flags. The same name is `max_rows` in the file,
`EVALD_MAX_ROWS` in the environment and `--max-rows` as a flag. An unknown name is an error in every source. Nothing
below this file reads the environment, but for the keys of endpoints, which no setting may hold. This room must not know
what the settings are used for.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, cast

from evald.endpoints import Endpoint, read_endpoints, reasoning_marks

ENVIRONMENT_PREFIX = "EVALD_"
# Of the native extension, in every process that loads it: forces a processor path.
_OF_THE_EXTENSION = "EVALD_CPU"

# Kubernetes sets such variables in every pod of a namespace that has a Service named "evald" or "evald-...": they
# look like settings of ours and are not.
_SERVICE_LINK = re.compile(
    r"EVALD_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_ALIAS = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_SIZE = re.compile(r"(\d+)\s*(KiB|MiB|GiB)?")
_UNITS = {None: 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

_T = TypeVar("_T")


class SettingsError(ValueError):
    """A setting is unknown or has a value that it cannot have; the text is for the person who starts the server."""


def _address(value: object) -> str:
    host, colon, port = str(value).rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("must be HOST:PORT with a port between 0 and 65535")
    return str(value)


def split_address(address: str) -> tuple[str, int]:
    """Host (without the brackets of IPv6) and port of an address that settings accepted."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _size(value: object) -> int:
    match = _SIZE.fullmatch(str(value).strip()) if not isinstance(value, bool) else None
    if match is None:
        raise ValueError('must be a number of bytes, for example 1048576 or "1 MiB"')
    return int(match[1]) * _UNITS[match[2]]


def _count(value: object) -> int:
    if isinstance(value, (bool, float)) or not re.fullmatch(r"[\d_]+", str(value)):
        raise ValueError("must be a whole number")
    return int(str(value))


def _seconds(value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = -1.0
    if isinstance(value, bool) or not 0 <= seconds <= 86_400:
        raise ValueError("must be a number of seconds between 0 and 86400")
    return seconds


@dataclasses.dataclass(frozen=True)
class ModelSetting:
    """A model: its folder, and how it is run where that is not as the settings for all models say.

    With `base`, the alias of another model, the folder is that of an adapter on it.
    """

    folder: Path
    backend: str = ""
    device: str = ""
    precision: str = ""
    chat_template: str = "auto"
    system: str = ""
    system_as_user: bool = False
    reasoning: str = "auto"
    # Of an encoder.
    pooling: str = "auto"
    file: str = ""
    base: str = ""
    too_long: str = "refuse"
    # Of a folder that has several; None is the highest.
    version: int | None = None
    pinned: bool = False
    load: str = ""


def _models(value: object) -> dict[str, ModelSetting]:
    tables = value if isinstance(value, Mapping) else {}
    own = {alias: table for alias, table in tables.items() if isinstance(table, Mapping)}
    for alias, table in own.items():
        if ("adapter" in table) != ("base" in table) or {"adapter", "folder"} <= table.keys():
            raise ValueError(f"model {alias!r}: give it a folder, or an adapter and the alias of its base")
    if own:
        value = {
            alias: folder if alias not in own else own[alias].get("folder", own[alias].get("adapter", ""))
            for alias, folder in tables.items()
        }
    folders = _named_paths(value, "model", "FOLDER")
    return {alias: _model(alias, folder, own.get(alias, {})) for alias, folder in folders.items()}


def _model(alias: str, folder: Path, table: Mapping[str, object]) -> ModelSetting:
    unknown = sorted(table.keys() - _MODEL_FIELDS.keys() - {"folder", "adapter"})
    if unknown:
        known = ", ".join(("folder", *_MODEL_FIELDS, "adapter"))
        raise ValueError(f"model {alias!r}: there is no {unknown[0]!r}; known are {known}")
    if "base" in table and (fixed := sorted(table.keys() & _OF_THE_BASE)):
        raise ValueError(f"model {alias!r}: {fixed[0]} is that of the base; leave it out")
    values: dict[str, Any] = {}
    for name, parse in _MODEL_FIELDS.items():
        if name not in table:
            continue
        try:
            values[name] = parse(table[name])
        except ValueError as error:
            raise ValueError(f"model {alias!r}: {name}: {error}") from error
    return ModelSetting(folder, **values)


def _resources(value: object) -> dict[str, Path]:
    return _named_paths(value, "resource", "PATH")


def _endpoints(value: object) -> dict[str, Endpoint]:
    return read_endpoints(value, _ALIAS)


def _named_paths(value: object, what: str, path: str) -> dict[str, Path]:
    """Paths by alias from a table of the file, or from "alias=path,alias=path"."""
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        value = {alias.strip(): found.strip() for alias, _, found in pairs}
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a table of alias = {path.lower()}")
    for alias, found in value.items():
        if not _ALIAS.fullmatch(str(alias)):
            raise ValueError(f"{str(alias)!r} is no alias: use lower-case letters, digits, '.', '_' and '-'")
        if not str(found):
            raise ValueError(f"{what} {alias!r} needs a {path.lower()}: {alias}={path}")
    return {str(alias): Path(str(found)) for alias, found in value.items()}


def _one_of(*choices: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if str(value) not in choices:
            raise ValueError(f"must be {', '.join(choices[:-1])} or {choices[-1]}")
        return str(value)

    return parse


_backend = _one_of("auto", "onnx", "torch")
_device = _one_of("cpu", "cuda")
_precision = _one_of("auto", "fp32", "bf16", "fp16")
_pooling = _one_of("auto", "mean", "cls", "max")
_load = _one_of("start", "on_demand")
_too_long = _one_of("refuse", "head", "tail", "stride")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text that is not empty")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _relative_path(value: object) -> str:
    path = PurePosixPath(str(value))
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise ValueError("must be the path of a file within the folder of the model")
    return str(path)


_MODEL_FIELDS: dict[str, Callable[[object], object]] = {
    "backend": _backend,
    "device": _device,
    "precision": _precision,
    "pooling": _pooling,
    "file": _relative_path,
    "base": _text,
    "too_long": _too_long,
    "version": _count,
    "pinned": _flag,
    "load": _load,
    "chat_template": _text,
    "system": _text,
    "system_as_user": _flag,
    "reasoning": reasoning_marks,
}


# How the weights are loaded, which an adapter shares with its base.
_OF_THE_BASE = frozenset({"backend", "device", "precision", "pooling", "file"})


def _level(value: object) -> str:
    if str(value) not in ("debug", "info", "warning", "error"):
        raise ValueError("must be debug, info, warning or error")
    return str(value)


def _path(value: object) -> Path:
    return Path(str(value))


def _setting(default: _T, parse: Callable[[object], _T], text: str, low: float = 0) -> _T:
    """A field of `Settings`; `low` is the smallest value of a number."""
    metadata = {"parse": parse, "help": text, "low": low}
    if isinstance(default, dict):
        field: Any = dataclasses.field(default_factory=default.copy, metadata=metadata)
    else:
        field = dataclasses.field(default=default, metadata=metadata)
    return cast("_T", field)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set. A size of 1 MiB is 1,048,576 bytes; a limit is named in the error that it causes."""

    # Loopback, because there is no authentication yet. The image's command says otherwise, because probes, scrapes and
    # calls reach a container from outside.
    grpc_address: str = _setting("127.0.0.1:50051", _address, "HOST:PORT of the gRPC API; port 0 picks a free port")
    http_address: str = _setting(
        "127.0.0.1:9090", _address, "HOST:PORT of /livez /readyz /startupz /metrics; port 0 picks a free port"
    )
    models_dir: Path | None = _setting(  # noqa: RUF009 (a field specifier, as dataclasses.field is)
        None, _path, "folder whose subfolders are models; their names are the aliases"
    )
    models: Mapping[str, ModelSetting] = _setting(
        {}, _models, "models by alias; in the environment alias=FOLDER,alias=FOLDER"
    )

    endpoints: Mapping[str, Endpoint] = _setting(
        {}, _endpoints, "remote endpoints by alias: tables of the file, or the TOML file that holds them"
    )

    resources: Mapping[str, Path] = _setting(
        {}, _resources, "files or folders that metrics name (word lists); in the environment alias=PATH,alias=PATH"
    )

    templates_dir: Path | None = _setting(  # noqa: RUF009 (a field specifier, as dataclasses.field is)
        None, _path, "folder of templates beside those of evald: one file NAME.yaml each"
    )
    max_template_bytes: int = _setting(64 << 10, _size, "largest template in bytes", 1)
    max_rendered_bytes: int = _setting(
        64 << 20, _size, "most bytes of the prompts that a template makes of the rows of a call", 1
    )

    # 200,000 rows of 25 tokens with a reference are about 64 MB; a call in progress holds 1.5 to 3 times its message.
    max_request_bytes: int = _setting(64 << 20, _size, "largest request message in bytes", 1)
    # What a client of any language accepts unless told otherwise.
    max_response_bytes: int = _setting(4 << 20, _size, "largest answer in bytes", 1)
    max_rows: int = _setting(200_000, _count, "most rows of a call", 1)
    max_row_bytes: int = _setting(1 << 20, _size, "most bytes of one row: texts, and 8 bytes a number", 1)
    max_systems: int = _setting(16, _count, "most systems of a call", 1)
    max_metrics: int = _setting(64, _count, "most metrics of a call", 1)
    max_classes: int = _setting(1000, _count, "most classes of a classification metric", 1)
    max_resampling_cost: int = _setting(
        20_000_000_000, _count, "most replicates x resampled columns x slots of a call", 1
    )
    # 160 MB; a rank metric keeps six numbers a row and system.
    max_collected_numbers: int = _setting(
        20_000_000, _count, "most numbers that metrics which are no sums (ranks, thresholds) keep in a call", 1
    )
    # Sums of 512 slots a slice and system: 100 slices of 2 systems by 10 text metrics are about 150 MB.
    max_slices: int = _setting(100, _count, "most slices of a call", 1)
    # Small calls take milliseconds and share one scoring pool, so dozens may be in progress on few cores; what bounds
    # memory are the bytes.
    max_concurrent_calls: int = _setting(64, _count, "most calls that compute at once; more are refused", 1)
    max_bytes_in_progress: int = _setting(256 << 20, _size, "most bytes of requests that compute at once", 1)
    # The outer fuse: a thread each, with probes, watches and half-sent calls among them.
    max_rpcs: int = _setting(512, _count, "most RPCs of any kind at once (a thread each)", 8)

    stream_idle_seconds: float = _setting(
        300.0, _seconds, "seconds that a stream of predictions may wait for its client's next message", 0.001
    )

    scoring_threads: int = _setting(0, _count, "threads that score rows; 0 means one a core")
    model_backend: str = _setting(
        "auto", _backend, "library that runs models: onnx, torch, or auto for ONNX where the folder has such a file"
    )
    model_device: str = _setting("cpu", _device, "device of models: cpu or cuda")
    model_precision: str = _setting(
        "auto", _precision, "number format of models: fp32, bf16, fp16, or auto for that of the weights"
    )
    model_load: str = _setting(
        "start", _load, "when models are loaded: start, or on_demand for at the first request that names one"
    )
    # The weights alone: what runs them and the requests need memory, too.
    model_memory: int = _setting(
        0, _size, "most bytes of the weights of models that are loaded at once; 0 for no limit"
    )
    model_threads: int = _setting(1, _count, "threads inside one run of a model", 1)
    model_workers: int = _setting(1, _count, "batches of one model that run at once", 1)
    batch_tokens: int = _setting(
        0, _count, "most tokens of a batch with what padding costs; 0 measures what is fastest when a model is loaded"
    )
    queue_tokens: int = _setting(1 << 18, _count, "most padded tokens that wait for one model", 1)

    # A baseline that learns from texts: minutes of one core, and up to a gigabyte in a process of its own.
    max_training_rows: int = _setting(50_000, _count, "most rows that a baseline learns texts from", 1)
    max_training_seconds: float = _setting(120.0, _seconds, "most seconds of training a baseline", 1)
    max_concurrent_trainings: int = _setting(1, _count, "baselines that are trained at once; more are refused", 1)

    pre_stop_seconds: float = _setting(5.0, _seconds, "seconds of serving on after SIGTERM, while not ready")
    grace_seconds: float = _setting(30.0, _seconds, "seconds that calls in progress have to finish after that")
    max_connection_age_seconds: float = _setting(
        300.0, _seconds, "seconds after which a client is asked to connect anew, for load balancing", 1
    )
    max_connection_age_grace_seconds: float = _setting(
        3600.0, _seconds, "seconds that calls may go on over such a connection; must exceed the longest call"
    )
    log_level: str = _setting("info", _level, "debug, info, warning or error")

    def __post_init__(self) -> None:
        """Refuses values that cannot work."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, (int, float)) and value < field.metadata["low"]:
                raise SettingsError(f"{field.name}: must be at least {field.metadata['low']}, not {value}")
        if self.max_bytes_in_progress < self.max_request_bytes:
            raise SettingsError("max_bytes_in_progress: must be at least max_request_bytes, or no such call could run")

    def all_models(self) -> dict[str, ModelSetting]:
        """Models by alias: the subfolders of `models_dir`, then `models`, which win; nothing of them left open."""
        models: dict[str, ModelSetting] = {}
        if self.models_dir is not None:
            if not self.models_dir.is_dir():
                raise SettingsError(f"models_dir: {self.models_dir} is no folder")
            paths = [path for path in sorted(self.models_dir.iterdir()) if _is_model_folder(path)]
            models = {path.name: ModelSetting(path) for path in paths}
        models.update(self.models)
        if both := sorted(models.keys() & self.endpoints.keys()):
            raise SettingsError(f"endpoints: {both[0]} is the alias of a model, too: give one of them another")
        for alias, model in models.items():
            if model.base and (model.base not in models or models[model.base].base):
                raise SettingsError(f"models: {alias}: base must be the alias of a model that is no adapter")
        return {alias: self._filled(model) for alias, model in models.items()}

    def _filled(self, model: ModelSetting) -> ModelSetting:
        return dataclasses.replace(
            model,
            backend=model.backend or self.model_backend,
            device=model.device or self.model_device,
            precision=model.precision or self.model_precision,
            load=model.load or self.model_load,
        )


def _is_model_folder(path: Path) -> bool:
    return path.is_dir() and _ALIAS.fullmatch(path.name) is not None


FIELDS: Mapping[str, dataclasses.Field[object]] = {field.name: field for field in dataclasses.fields(Settings)}


def load(
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    config: Path | None = None,
) -> Settings:
    """Settings from all sources. `flags` holds only the flags that were given; `config` wins over EVALD_CONFIG."""
    variables = _from_environment(os.environ if environ is None else environ)
    named = variables.pop("config", None)
    file = config or (_path(named) if named is not None else None)
    values: dict[str, Any] = {}
    for source, given in (
        (str(file), _from_file(file) if file is not None else {}),
        ("environment", variables),
        ("flags", dict(flags or {})),
    ):
        values.update({name: _parsed(source, name, value) for name, value in given.items()})
    return dataclasses.replace(Settings(), **values)


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    return {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(ENVIRONMENT_PREFIX) and name != _OF_THE_EXTENSION and not _SERVICE_LINK.fullmatch(name)
    }


def _from_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _parsed(source: str, name: str, value: object) -> object:
    field = FIELDS.get(name)
    if field is None:
        near = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0)
        raise SettingsError(f"{source}: there is no setting {name!r}; the nearest is {near[0]!r}")
    try:
        return field.metadata["parse"](value)
    except ValueError as error:
        raise SettingsError(f"{source}: {name}: {error}") from error
