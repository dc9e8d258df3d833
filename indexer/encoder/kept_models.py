"""Find converted models in the folder that keeps them, with all files that a machine without torch needs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from crawler.extras import install_command
from indexer.errors import ModelUnavailable

RECORD = "conversion.json"
MODEL = "model.xml"


class ConversionRecord(BaseModel):
    """What a converted model was made from; the file lies beside the model."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    """The model's name in the settings."""
    digests: tuple[str, ...]
    """`ModelFiles.digests` of the model, which a copy without weights cannot compute."""
    conversion_version: str
    openvino: str
    nncf: str
    adaptation: str = ""
    """The digest of the adaptation that was added to the weights; empty for the weights as they are."""

    @property
    def folder_name(self) -> str:
        """The name of the folder, different for each conversion."""
        return f"openvino-{hashlib.sha256(self.model_dump_json(exclude_defaults=True).encode()).hexdigest()[:16]}"


def can_load_weights() -> bool:
    """Return whether torch is installed, which loads a model's weights to run or convert them."""
    return all(find_spec(module) is not None for module in ("torch", "sentence_transformers"))


def find_converted(
    name: str, kept: Path | None, digests: tuple[str, ...] | None = None, adaptation: str | None = None
) -> Path:
    """Return the folder of a converted model that was made elsewhere, or here by an earlier installation.

    If there are several, a model made by the installed version of OpenVINO is preferred, then the newest.

    Args:
        name: The model's name in the settings.
        kept: The folder of converted models; None where the settings ask for torch.
        digests: `ModelFiles.digests` of the model that was converted; None accepts any.
        adaptation: The digest of the adaptation that was added, empty for none; None accepts any.

    Raises:
        ModelUnavailable: There is no such model.
    """
    if kept is None:
        raise ModelUnavailable(f"EVOKE_RUNTIME=torch needs torch: {install_command('train')}")
    candidates = [
        (record.openvino == version("openvino"), path.stat().st_mtime, path.parent)
        for path, record in _records(kept)
        if record.name == name and digests in (None, record.digests) and adaptation in (None, record.adaptation)
    ]
    if not candidates:
        raise ModelUnavailable(
            f"{kept} has no converted model {name!r}, and torch, which converts it, is not installed: copy this "
            f"folder from the machine where `evoke index` ran, or {install_command('train')}"
        )
    return max(candidates)[-1]


def read_record(folder: Path) -> ConversionRecord | None:
    """Return what a folder's model was converted from; None where the folder holds no converted model."""
    try:
        return ConversionRecord.model_validate_json((folder / RECORD).read_bytes())
    except (OSError, ValidationError):
        return None


def _records(kept: Path) -> Iterator[tuple[Path, ConversionRecord]]:
    for path in sorted(kept.glob(f"*/{RECORD}")):
        if (record := read_record(path.parent)) and (path.parent / MODEL).is_file():
            yield path, record
