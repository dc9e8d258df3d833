"""The alias file: names that readers resolve, replaced as a whole by one atomic rename."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qdrant_client import models

from indexer.engine.errors import BadRequest, CollectionExists, EngineDamaged, no_collection, refusing
from indexer.engine.folder import Stamp, file_stamp, replace_file
from indexer.engine.sealed import seal, unseal

ALIASES = "aliases.json"


class AliasFile:
    """Alias to collection, as the file has it at the moment.

    Every read costs one `stat`, so the next call of a long-lived reader sees a swap by another process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._cached: tuple[Stamp | None, dict[str, str]] = (None, {})

    def read(self) -> Mapping[str, str]:
        """Return the current aliases.

        Raises:
            EngineDamaged: The file is damaged.
        """
        stamp = file_stamp(self.path)
        cached_stamp, aliases = self._cached
        if stamp != cached_stamp:
            aliases = _read(self.path) if stamp is not None else {}
            # The stamp was taken before the read: a swap in between is read now, and once more by the next call.
            self._cached = (stamp, aliases)
        return aliases

    def write(self, aliases: Mapping[str, str]) -> None:
        """Replace all aliases at once, on disk before it returns."""
        replace_file(self.path, seal({"aliases": dict(aliases)}))


def _read(path: Path) -> dict[str, str]:
    """Return the aliases in a file. Earlier versions wrote them as the whole object, without a seal."""
    try:
        content, is_sealed = unseal(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise EngineDamaged(f"{path} is damaged: {error}") from error
    aliases = content.get("aliases") if is_sealed else content
    if not isinstance(aliases, dict) or not all(isinstance(name, str) for name in aliases.values()):
        raise EngineDamaged(f"{path} is damaged: it does not hold aliases")
    return aliases


@refusing
def as_alias_operation(given: Any) -> Any:
    """Return an operation that was given as a dict as a model; anything else as it is."""
    return models.ChangeAliasesOperation(actions=[given]).actions[0] if isinstance(given, dict) else given


def change_aliases(
    aliases: Mapping[str, str], operations: Sequence[models.AliasOperations], collections: set[str]
) -> dict[str, str]:
    """Return the aliases after all operations, in order; if one is refused, none takes effect."""
    changed = dict(aliases)
    for operation in operations:
        match operation:
            case models.CreateAliasOperation(create_alias=create):
                if create.collection_name not in collections:
                    raise no_collection(create.collection_name)
                _refuse_taken(create.alias_name, collections)
                changed[create.alias_name] = create.collection_name
            case models.DeleteAliasOperation(delete_alias=delete):
                changed.pop(delete.alias_name, None)
            case models.RenameAliasOperation(rename_alias=rename):
                _refuse_taken(rename.new_alias_name, collections)
                if rename.old_alias_name not in changed:
                    raise BadRequest(f"Alias {rename.old_alias_name} does not exist")
                changed[rename.new_alias_name] = changed.pop(rename.old_alias_name)
            case _:
                raise BadRequest(f"Unknown alias operation: {operation!r}")
    return changed


def _refuse_taken(alias_name: str, collections: set[str]) -> None:
    if alias_name in collections:
        raise CollectionExists(f"Collection {alias_name} already exists")
