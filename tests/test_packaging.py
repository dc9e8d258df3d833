"""What is built and installed: files of the wheels and the sdist, dependencies, versions of Python, types."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.message import Message
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, requires, version
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from crawler.extras import EXTRAS, missing_library

ROOT = Path(__file__).parent.parent
STAGES = ("crawler", "indexer", "search_api", "evaluation")
PYTHONS = ("3.11", "3.12", "3.13")
OPTIONAL = {"crawl": ("crawl",), "train": ("train", "report"), "report": ("report",)}
"""The files of requirements/ that each extra installs, of those that the distribution installs without it too."""
MORE = ("embeddings", "traces", "sentry", "mcp", "track", "stress", "tables", "distributed")
"""The extras that install what is optional everywhere, each a file of requirements/."""
MODULES = {
    "mlflow-skinny": "mlflow",
    "opentelemetry-exporter-otlp-proto-http": "opentelemetry.exporter",
    "opentelemetry-sdk": "opentelemetry.sdk",
}
"""The modules of libraries that are not called like them."""
NOT_SOURCES = shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info")
BUILD = "import sys; from {backend} import {function} as build; print(build(sys.argv[1]))"


def read_requirements(purpose: str) -> list[Requirement]:
    lines = (ROOT / "requirements" / f"{purpose}.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def read_pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): pinned for name, pinned in pins}


def build(folder: Path, sources: Path, backend: str, function: str) -> Path:
    """Build a distribution in an environment that has the build's own requirements, and so without a network."""
    command = [sys.executable, "-c", BUILD.format(backend=backend, function=function), str(folder)]
    done = subprocess.run(command, cwd=sources, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files: a build leaves files of its own among its sources."""
    folder = tmp_path_factory.mktemp("sources") / "evoke"
    shutil.copytree(ROOT, folder, ignore=NOT_SOURCES)
    return folder


@pytest.fixture(scope="module")
def wheels(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, ZipFile]:
    """The wheel of each distribution, by its name."""
    folder = tmp_path_factory.mktemp("wheels")
    return {
        "evoke-search": ZipFile(build(folder, sources, "setuptools.build_meta", "build_wheel")),
        "evoke-search-server": ZipFile(build(folder, sources / "packages/server", "hatchling.build", "build_wheel")),
    }


def read_metadata(wheel: ZipFile) -> Message:
    (path,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(path))


def read_required(wheel: ZipFile, extra: str = "") -> set[str]:
    """Return the names of the distributions that a wheel requires, in one of its extras."""
    required = map(Requirement, read_metadata(wheel).get_all("Requires-Dist", []))
    return {
        canonicalize_name(each.name)
        for each in required
        if (each.marker is None and not extra) or (each.marker and extra and each.marker.evaluate({"extra": extra}))
    }


def names(purpose: str) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in read_requirements(purpose)}


@pytest.mark.parametrize("name", ["evoke-search", "evoke-search-server"])
def test_a_wheel_holds_every_file_of_the_packages(name: str, wheels: Mapping[str, ZipFile]) -> None:
    ours = {"evoke.py", "evoke-stubs/__init__.pyi"}
    for stage in STAGES:
        paths = (path for path in (ROOT / stage).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        ours |= {path.relative_to(ROOT).as_posix() for path in paths}
    assert {
        "indexer/values/values.toml", "indexer/encoder/encoder.safetensors", "search_api/web/index.html",
        "evaluation/starter/queries.jsonl",
    } <= ours  # fmt: skip
    assert ours == {path for path in wheels[name].namelist() if ".dist-info/" not in path}


def test_the_sdist_holds_documents_tests_and_constraints(sources: Path, tmp_path: Path) -> None:
    with tarfile.open(build(tmp_path, sources, "setuptools.build_meta", "build_sdist")) as sdist:
        held = {path.partition("/")[2] for path in sdist.getnames()}
    folders = (*STAGES, "docs", "tests", "benchmarks", "requirements", "packages")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
    files = [path.relative_to(ROOT).as_posix() for path in paths if path.is_file()]
    top = ["constraints.txt", "pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "LICENSE", "evoke.py"]
    assert {*files, *top} - held == set()


def test_the_whole_distribution_requires_everything_and_names_its_parts(wheels: Mapping[str, ZipFile]) -> None:
    wheel = wheels["evoke-search"]
    assert read_required(wheel) == names("server").union(*map(names, OPTIONAL))
    for extra, purposes in OPTIONAL.items():
        assert read_required(wheel, extra) == set().union(*map(names, purposes))


def test_the_server_requires_no_library_of_an_extra(wheels: Mapping[str, ZipFile]) -> None:
    wheel = wheels["evoke-search-server"]
    assert read_required(wheel) == names("server")
    for extra, purposes in OPTIONAL.items():
        assert read_required(wheel, extra) == set().union(*map(names, purposes))
    heavy = {"scrapy", "torch", "nncf", "matplotlib", "pandas", "sentence-transformers"}
    assert not heavy & set(required_versions(read_requirements("server"), "3.11"))


def test_both_distributions_have_one_version(wheels: Mapping[str, ZipFile]) -> None:
    assert len({read_metadata(wheel)["Version"] for wheel in wheels.values()}) == 1


def test_the_versions_of_python_that_are_named_are_admitted(wheels: Mapping[str, ZipFile]) -> None:
    metadata = read_metadata(wheels["evoke-search"])
    admitted = SpecifierSet(metadata["Requires-Python"])
    classifiers = metadata.get_all("Classifier", [])
    named = [each.rpartition(" ")[2] for each in classifiers if re.fullmatch(r".*:: Python :: 3\.\d+", each)]
    assert named == list(PYTHONS)
    assert [python for python in ("3.10", *PYTHONS) if python in admitted] == list(PYTHONS)


def test_classifiers_are_those_of_the_package_index(wheels: Mapping[str, ZipFile]) -> None:
    from trove_classifiers import classifiers

    assert set(read_metadata(wheels["evoke-search"]).get_all("Classifier", [])) <= classifiers


def required_versions(roots: list[Requirement], python: str) -> dict[str, list[SpecifierSet]]:
    """Return every distribution that the roots require directly or through others, with the versions they admit.

    The requirements are those of the releases that are installed here, for another Python. A release that only that
    Python needs is not installed here, so what it requires in turn is not seen.
    """
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    asked: dict[str, list[SpecifierSet]] = {}
    waiting, seen = list(roots), set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        asked.setdefault(name, []).append(requirement.specifier)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                further = [Requirement(line) for line in requires(name) or ()]
            except PackageNotFoundError:
                continue
            waiting += [
                each for each in further if each.marker is None or each.marker.evaluate({**environment, "extra": extra})
            ]
    return asked


@pytest.mark.parametrize("python", PYTHONS)
def test_the_constraints_satisfy_every_requirement(python: str) -> None:
    purposes = ("server", *OPTIONAL, *MORE, "test")
    asked = required_versions([each for purpose in purposes for each in read_requirements(purpose)], python)
    pins = read_pins()
    assert asked.keys() - pins.keys() == set()
    for name, specifiers in asked.items():
        assert all(each.contains(pins[name], prereleases=True) for each in specifiers), (name, pins[name], specifiers)


@pytest.mark.parametrize("python", PYTHONS)
def test_every_pinned_release_admits_the_python(python: str) -> None:
    refusing = []
    for name, pinned in read_pins().items():
        try:
            metadata = distribution(name).metadata
        except PackageNotFoundError:  # another platform's
            continue
        if version(name).partition("+")[0] == pinned and f"{python}.0" not in SpecifierSet(
            metadata.get("Requires-Python", "")
        ):
            refusing.append(f"{name} {pinned}")
    assert refusing == []


def test_one_release_of_torch_is_installed_first() -> None:
    pinned = read_pins()["torch"]
    for name in ("Makefile", "Dockerfile"):
        assert set(re.findall(r"torch==([\d.]+)", (ROOT / name).read_text(encoding="utf-8"))) == {pinned}


def read_imports() -> Iterator[tuple[Path, str]]:
    """Yield the top-level name of each import of a library."""
    for path in [ROOT / "evoke.py", *(path for stage in STAGES for path in (ROOT / stage).rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            else:
                modules = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            own = {*STAGES, "evoke", *sys.stdlib_module_names, "_typeshed"}  # the last is known to type checkers alone
            for module in {name.partition(".")[0] for name in modules} - own:
                yield path, module


def test_every_imported_library_is_declared() -> None:
    """A library may also be required by a declared one, as starlette is by fastapi."""
    declared = {each for purpose in ("server", *OPTIONAL, *MORE) for each in names(purpose)}
    providers = packages_distributions()
    installed = declared & {canonicalize_name(name) for names_of in providers.values() for name in names_of}
    theirs = {canonicalize_name(Requirement(line).name) for name in installed for line in requires(name) or ()}
    undeclared = {
        module
        for _, module in read_imports()
        if not (declared | theirs) & {canonicalize_name(name) for name in providers.get(module, ())}
    }
    assert undeclared == set()


def test_each_library_of_an_extra_is_known_by_its_module() -> None:
    modules = {
        MODULES.get(name, name.replace("-", "_")): purpose
        for purpose in (*OPTIONAL, *MORE)
        for name in sorted(names(purpose))
    }
    assert dict(EXTRAS) == modules


def test_a_server_starts_without_the_libraries_of_the_extras() -> None:
    without = f"import sys; sys.modules.update(dict.fromkeys({list(EXTRAS)}))"
    code = f"{without}; import search_api.service.app, search_api.search, indexer.pipeline"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("scrapy", "needs scrapy: pip install 'evoke-search[crawl]'"),
        ("matplotlib.figure", "needs matplotlib: pip install 'evoke-search[report]'"),
        ("sentence_transformers", "needs sentence-transformers: pip install 'evoke-search[train]'"),
        ("ray.data", "needs ray: pip install 'evoke-search[distributed]'"),
        ("opentelemetry.sdk.trace", "needs opentelemetry.sdk: pip install 'evoke-search[traces]'"),
        ("indexer.no_such_module", None),
    ],
)
def test_a_missing_library_names_the_extra_that_installs_it(module: str, line: str | None) -> None:
    assert missing_library(ModuleNotFoundError(f"No module named {module!r}", name=module)) == line


def read_functions(path: Path) -> dict[str, str]:
    """Return the public functions of a module, with their signatures as they are written."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return {
        node.name: f"({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}" for node in functions if node.returns
    }


def test_the_types_of_evoke_are_those_of_its_functions() -> None:
    assert read_functions(ROOT / "evoke-stubs" / "__init__.pyi") == read_functions(ROOT / "evoke.py")


def test_the_project_has_addresses() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"Homepage", "Source", "Documentation", "Issues", "Changelog"} <= project["urls"].keys()
    assert all(url.startswith("https://github.com/evoke-search/evoke") for url in project["urls"].values())
