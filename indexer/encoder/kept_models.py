"""Find converted models in the folder that keeps them, with all files that a machine without torch needs."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from crawler.extras import install_command
from crawler.folders import make_private_folder
from indexer.errors import ModelUnavailable

RECORD = "conversion.json"
MODEL = "model.xml"
COMPILED = "compiled"
"""The folder beside a converted model that keeps what OpenVINO has compiled for this processor."""
MOST_COMPILED = 4
"""The compiled graphs that are kept, 20 MB each: OpenVINO adds one for each network and never removes one. A graph that
is used, but older than these, is compiled again in half a second."""


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
    name: str,
    kept: Path | None,
    digests: tuple[str, ...] | None = None,
    adaptation: str | None = None,
    shipped: Path | None = None,
) -> Path:
    """Return the folder of a converted model that was made elsewhere, or here by an earlier installation.

    If there are several, a model made by the installed version of OpenVINO is preferred, then a shipped one, then the
    newest. A damaged one is passed over.

    Args:
        name: The model's name in the settings.
        kept: The folder of converted models; None where the settings ask for torch.
        digests: `ModelFiles.digests` of the model that was converted; None accepts any.
        adaptation: The digest of the adaptation that was added, empty for none; None accepts any.
        shipped: A further folder of converted models, which is only read.

    Raises:
        ModelUnavailable: There is no such model, or it is damaged.
    """
    if kept is None:
        raise ModelUnavailable(f"EVOKE_RUNTIME=torch needs torch: {install_command('train')}")
    candidates = [
        (record.openvino == version("openvino"), place == shipped, path.stat().st_mtime, path.parent)
        for place in filter(None, (shipped, kept))
        for path, record in _records(place)
        if record.name == name and digests in (None, record.digests) and adaptation in (None, record.adaptation)
    ]
    if not candidates:
        raise ModelUnavailable(
            f"{kept} has no converted model {name!r}, and torch, which converts it, is not installed: copy this "
            f"folder from the machine where `evoke index` ran, or {install_command('train')}"
        )
    damages = []
    for *_, folder in sorted(candidates, reverse=True):
        damage = damage_of(folder)
        if damage is None:
            return folder
        damages.append(damage)
    raise ModelUnavailable(
        f"{damages[0]}; torch, which converts the model again, is not installed: copy {kept} again from the machine "
        f"where `evoke index` ran, or {install_command('train')}"
    )


def is_sound(folder: Path) -> bool:
    """Return whether a folder has a converted model that is not damaged."""
    return (folder / MODEL).is_file() and not damage_of(folder)


def damage_of(folder: Path) -> str | None:
    """Return what is damaged of a converted model; None for a sound one, and for one of an earlier version."""
    from indexer.engine.manifest import MANIFEST, first_damage

    if not (folder / MANIFEST).exists():
        return None
    damage = first_damage(folder, ignored=(COMPILED,))
    return str(damage) if damage else None


@contextmanager
def kept_compiled(compiled: Path) -> Iterator[None]:
    """Guard what OpenVINO compiles of a converted model, and keeps in a folder, against damage.

    A manifest is written after the block. If the folder differs from it, its content is removed before the block, which
    compiles it again. A lock is held meanwhile: what another process is writing differs from its manifest too. A folder
    that cannot be written is left as it is.
    """
    from indexer.engine.manifest import MANIFEST, first_damage, write_manifest

    with ExitStack() as locked:
        with suppress(OSError, NotImplementedError):  # a folder that is read only, a file system without locks
            make_private_folder(compiled.parent)
            locked.enter_context(FileLock(compiled.parent.parent / "compiling.lock"))
        with suppress(OSError):
            if compiled.is_dir() and first_damage(compiled):
                shutil.rmtree(compiled)
            make_private_folder(compiled)
        yield
        with suppress(OSError):
            if not (compiled / MANIFEST).exists() or first_damage(compiled):
                newest_first = sorted(compiled.glob("*.blob"), key=lambda path: -path.stat().st_mtime)
                for old in newest_first[MOST_COMPILED:]:
                    old.unlink()
                write_manifest(compiled)


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
