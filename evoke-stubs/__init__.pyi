# The types of `evoke`, which is one module and so cannot carry a `py.typed` (PEP 561).
from collections.abc import Sequence
from typing import Any

from search_api.search import Search

def main(arguments: Sequence[str] | None = None) -> int: ...
def open_search(**settings: Any) -> Search: ...
