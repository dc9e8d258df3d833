"""Read and write taste files: safetensors with the factors as float16, and one JSON text of everything else."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crawler.whole_files import replacing
from indexer.errors import TasteInvalid
from indexer.ratings.records import KINDS
from indexer.taste.content import ContentMap, Words
from indexer.taste.taste import KindTaste, Taste

Arrays = Mapping[str, NDArray[Any]]

_FORMAT = "1"
_PARTS = ("text", "values", "words", "creators")


def load_taste(path: Path) -> Taste:
    """Return what a taste file has.

    Raises:
        TasteInvalid: The file cannot be read, is damaged, or has a format of another version.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import load

    try:
        content = path.read_bytes()
        arrays = load(content)
        with safe_open(str(path), framework="numpy") as opened:
            metadata = json.loads(opened.metadata()["evoke"])
        if metadata["format"] != _FORMAT:
            raise TasteInvalid(
                f"{path}: has format {metadata['format']}, this version reads {_FORMAT}; "
                "train it again with `evoke train-taste`"
            )
        return _read(metadata, arrays, hashlib.sha256(content).hexdigest())
    except OSError as error:
        raise TasteInvalid(f"{path}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise TasteInvalid(f"{path}: is not a file of `evoke train-taste`: {error}") from error


def save_taste(taste: Taste, path: Path) -> None:
    """Write a taste file, whole or not at all. Its fingerprint is that of its bytes, not `taste.fingerprint`."""
    from safetensors.numpy import save_file

    arrays = {
        f"{name}.{part}": array for name, kind in taste.kinds.items() for part, array in _kind_arrays(kind).items()
    }
    metadata = {**_metadata(taste), "digest": _digest(arrays)}
    with replacing(path) as unfinished:
        save_file(arrays, unfinished, metadata={"evoke": json.dumps(metadata)})


def _digest(arrays: Arrays) -> str:
    """Return the SHA-256 of all arrays, by name, with their types and shapes."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _metadata(taste: Taste) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "encoder_fingerprint": taste.encoder_fingerprint,
        "analyser_version": taste.analyser_version,
        "licences": list(taste.licences),
        "figures": dict(taste.figures),
        "seed": taste.seed,
        "kinds": {
            name: {
                "keys": kind.keys,
                "alpha": kind.alpha,
                "regularisation": kind.regularisation,
                "n_users": kind.n_users,
                "value_ids": kind.content_map.value_ids,
            }
            for name, kind in taste.kinds.items()
        },
    }


def _kind_arrays(kind: KindTaste) -> dict[str, NDArray[Any]]:
    mapping = kind.content_map
    return {
        "factors": kind.factors.astype(np.float16),
        "likers": kind.likers.astype(np.int64),
        "gram": kind.gram.astype(np.float32),
        "map.bias": mapping.bias.astype(np.float32),
        "map.value_means": mapping.value_means.astype(np.float32),
        "map.word_ids": mapping.words.ids,
        "map.word_idf": mapping.words.idf.astype(np.float32),
        "map.creator_ids": mapping.creators.ids,
        "map.creator_idf": mapping.creators.idf.astype(np.float32),
        **{f"map.{part}": np.ascontiguousarray(mapping.weights[part].astype(np.float16)) for part in _PARTS},
    }


def _read(metadata: Mapping[str, Any], arrays: Arrays, fingerprint: str) -> Taste:
    for key in ("encoder_fingerprint", "analyser_version"):
        if not isinstance(metadata[key], str):
            raise TypeError(f"{key} is not text")
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has a number that is not finite")
    if not metadata["kinds"]:
        raise ValueError("it has no kind of work")
    if unknown := sorted(set(metadata["kinds"]) - set(KINDS)):
        raise ValueError(f"{unknown[0]!r} is no kind of work: expected {' or '.join(KINDS)}")
    kinds = {
        name: _read_kind(own, {key.removeprefix(f"{name}."): array for key, array in arrays.items()
                               if key.startswith(f"{name}.")})
        for name, own in metadata["kinds"].items()
    }  # fmt: skip
    written = metadata.get("digest")  # files of earlier versions have none
    if written is not None and written != _digest(arrays):
        raise ValueError("its numbers are not those that were written: the file is damaged")
    return Taste(
        kinds=kinds,
        encoder_fingerprint=metadata["encoder_fingerprint"],
        analyser_version=metadata["analyser_version"],
        fingerprint=fingerprint,
        licences=tuple(metadata["licences"]),
        figures=metadata["figures"],
        seed=metadata["seed"],
    )


def _read_kind(metadata: Mapping[str, Any], arrays: Arrays) -> KindTaste:
    mapping = ContentMap(
        value_ids=tuple(metadata["value_ids"]),
        value_means=arrays["map.value_means"],
        words=Words(arrays["map.word_ids"], arrays["map.word_idf"]),
        creators=Words(arrays["map.creator_ids"], arrays["map.creator_idf"]),
        bias=arrays["map.bias"],
        weights={part: arrays[f"map.{part}"].astype(np.float32) for part in _PARTS},
    )
    kind = KindTaste(
        keys=tuple(map(tuple, metadata["keys"])),
        factors=arrays["factors"].astype(np.float32),
        likers=arrays["likers"],
        gram=arrays["gram"],
        content_map=mapping,
        alpha=float(metadata["alpha"]),
        regularisation=float(metadata["regularisation"]),
        n_users=int(metadata["n_users"]),
    )
    _check_shapes(kind)
    _check_numbers(kind)
    return kind


def _check_shapes(kind: KindTaste) -> None:
    """Check shapes, since numpy would broadcast some wrong ones in silence.

    Raises:
        ValueError: The message names the array.
    """
    mapping, (n_works, dim) = kind.content_map, kind.factors.shape
    shapes: list[tuple[str, NDArray[Any], tuple[int, ...]]] = [
        ("likers", kind.likers, (n_works,)),
        ("gram", kind.gram, (dim, dim)),
        ("map.bias", mapping.bias, (dim,)),
        ("map.value_means", mapping.value_means, (len(mapping.value_ids),)),
        ("map.word_idf", mapping.words.idf, mapping.words.ids.shape),
        ("map.creator_idf", mapping.creators.idf, mapping.creators.ids.shape),
        ("map.text", mapping.weights["text"], (mapping.weights["text"].shape[0], dim)),
        ("map.values", mapping.weights["values"], (len(mapping.value_ids), dim)),
        ("map.words", mapping.weights["words"], (*mapping.words.ids.shape, dim)),
        ("map.creators", mapping.weights["creators"], (*mapping.creators.ids.shape, dim)),
    ]
    if len(kind.keys) != n_works:
        raise ValueError(f"keys has {len(kind.keys):,} works, factors {n_works:,}")
    for name, array, shape in shapes:
        if array.shape != shape:
            raise ValueError(f"{name} has the shape {array.shape}, expected {shape}")


def _check_numbers(kind: KindTaste) -> None:
    """Check types and ranges, since wrong ones would give wrong vectors in silence.

    Raises:
        TypeError, ValueError: The message names the field or array.
    """
    mapping = kind.content_map
    for name, number in (("alpha", kind.alpha), ("regularisation", kind.regularisation), ("n_users", kind.n_users)):
        if not (math.isfinite(number) and number > 0):
            raise ValueError(f"{name} is {number}, expected a number above 0")
    for name, texts in (("value_ids", mapping.value_ids), ("keys", [key for own in kind.keys for key in own])):
        if not all(isinstance(text, str) and text for text in texts):
            raise TypeError(f"{name} has an entry that is not text")
        if len(set(texts)) != len(texts):
            raise ValueError(f"{name} has an entry twice")
    types: list[tuple[str, NDArray[Any], type[np.generic]]] = [
        ("likers", kind.likers, np.int64),
        ("gram", kind.gram, np.float32),
        ("map.bias", mapping.bias, np.float32),
        ("map.value_means", mapping.value_means, np.float32),
        ("map.word_ids", mapping.words.ids, np.uint64),
        ("map.word_idf", mapping.words.idf, np.float32),
        ("map.creator_ids", mapping.creators.ids, np.uint64),
        ("map.creator_idf", mapping.creators.idf, np.float32),
    ]
    for name, array, expected in types:
        if array.dtype != expected:
            raise TypeError(f"{name} is of {array.dtype}, expected {np.dtype(expected)}")
    if (kind.likers < 0).any():
        raise ValueError("likers has a number below 0")
    for name, ids in (("map.word_ids", mapping.words.ids), ("map.creator_ids", mapping.creators.ids)):
        if (ids[1:] <= ids[:-1]).any():
            raise ValueError(f"{name} is not ascending")
