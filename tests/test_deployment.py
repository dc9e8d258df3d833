"""Images, compose and templates for clouds name files, targets, settings and mounts that exist."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
import yaml

import evoke
from crawler.settings import describe_variables

ROOT = Path(__file__).parent.parent
DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "docker-compose.yml"
DEPLOY = ROOT / "deploy"
MONITORING = "deploy/monitoring/"
"""Its files are written beside this page: a mount of one that is missing fails only where the folder is there."""
ADDED_RIGHTS = {"alloy": ["DAC_OVERRIDE"]}
"""Alloy runs as root, and its folder /var/lib/alloy belongs to the user 473 with mode 770."""
ONE_SHOT = ("prepare", "index", "full")


def read_instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, each with its arguments on one line."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines) if word.isupper()]


def stages() -> list[str]:
    return [rest.partition(" AS ")[2] for word, rest in read_instructions() if word == "FROM"]


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return services


def known_variables() -> set[str]:
    classes = [resolve_name(name) for name in evoke.STAGES.settings]
    return {variable.name for variable in describe_variables(classes)}


def deployment_files() -> Iterator[Path]:
    yield from (DOCKERFILE, COMPOSE)
    yield from (path for path in DEPLOY.rglob("*") if path.is_file())


def test_what_the_dockerfile_copies_exists() -> None:
    arguments = dict(rest.split("=", 1) for word, rest in read_instructions() if word == "ARG")
    copied = [rest.split() for word, rest in read_instructions() if word == "COPY"]
    sources = [
        re.sub(r"\$\{(\w+)\}", lambda match: arguments[match[1]], source)
        for words in copied
        if not any(word.startswith("--from=") for word in words)
        for source in [word for word in words if not word.startswith("--")][:-1]
    ]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_what_the_dockerfile_copies_is_sent_to_the_builder() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    copied = [rest.split()[0].partition("/")[0] for word, rest in read_instructions() if word == "COPY"]
    assert set(copied) & set(ignored) == set()
    assert {".git", "**/__pycache__"} <= set(ignored)


def test_a_stage_comes_from_a_stage_before_it() -> None:
    seen: set[str] = set()
    for word, rest in read_instructions():
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            assert base in seen or ":" in base, base
            seen.add(name)
        elif word == "COPY" and (source := re.search(r"--from=(\S+)", rest)):
            assert source[1] in seen, rest


def test_the_server_has_the_converted_model_and_no_torch() -> None:
    """It is made from the server's requirements and from the folder of converted models."""
    by_stage: dict[str, list[str]] = {}
    for word, rest in read_instructions():
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            by_stage[name] = list(by_stage.get(base, []))
        else:
            by_stage[name].append(f"{word} {rest}")
    server = by_stage["server"]
    assert "COPY --from=models /opt/models /opt/models" in server
    assert "COPY --from=build-server /opt/evoke /opt/evoke" in server
    assert not any("build-full" in line for line in server)
    assert any("EVOKE_CONVERTED_MODELS=/opt/models" in line for line in server)
    assert any(line.startswith("HEALTHCHECK") for line in server)
    assert any(line.startswith("USER 10001") for line in server)
    assert any("/opt/evoke/sbom.cdx.json" in line for line in by_stage["build-server"])


def test_the_server_is_the_default_image() -> None:
    assert stages()[-1] == "server"


def test_compose_builds_stages_of_the_dockerfile(services: dict[str, Any]) -> None:
    targets = {service["build"]["target"] for service in services.values() if "build" in service}
    assert targets == {"server", "full"}
    assert targets <= set(stages())


def test_a_plain_up_starts_what_answers_and_no_more(services: dict[str, Any]) -> None:
    profiles = {name: tuple(service.get("profiles", ())) for name, service in services.items()}
    assert profiles == {
        "prepare": (),
        "api": (),
        "index": ("tools",),
        "full": ("tools",),
        "qdrant": ("server",),
        **dict.fromkeys(("prometheus", "grafana", "loki", "alloy"), ("monitoring",)),
    }


def test_what_is_published_is_published_to_this_machine(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    published = {name for name, service in services.items() if "ports" in service}
    front = {name for name, service in services.items() if "front" in service["networks"]}
    assert front == {*published, "full"}  # crawling needs the network


@pytest.mark.parametrize(
    "name", ["prepare", "api", "index", "full", "qdrant", "prometheus", "grafana", "loki", "alloy"]
)
def test_a_service_has_limits_and_no_rights(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()
    assert service.get("cap_add", []) == ADDED_RIGHTS.get(name, [])
    if name not in ONE_SHOT:
        from_image = service.get("build", {}).get("target") == "server"
        assert from_image or service["healthcheck"]["test"][0] == "CMD"


def test_every_evoke_service_has_the_home_folder(services: dict[str, Any]) -> None:
    """Without it, an index and what OpenVINO compiles would be made anew at each start."""
    for name in ("prepare", "api", "index", "full"):
        assert "evoke:/data" in services[name]["volumes"], name
        assert services[name]["environment"]["EVOKE_HOME"] == "/data"


def test_mounts_exist(services: dict[str, Any]) -> None:
    volumes = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["volumes"].keys()
    for name, service in services.items():
        for mount in service.get("volumes", ()):
            source = mount.partition(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists() or not (ROOT / MONITORING).exists(), (name, source)
                assert mount.endswith(":ro"), mount
            elif not source.startswith("/"):
                assert source in volumes, (name, source)


def test_qdrant_sends_no_telemetry(services: dict[str, Any]) -> None:
    assert services["qdrant"]["environment"]["QDRANT__TELEMETRY_DISABLED"] == "true"


def test_prometheus_asks_the_port_that_the_service_listens_on(services: dict[str, Any]) -> None:
    file = ROOT / MONITORING / "prometheus.yml"
    if not file.exists():
        pytest.skip(f"{file} is missing")
    targets = [
        target
        for job in yaml.safe_load(file.read_text(encoding="utf-8"))["scrape_configs"]
        for config in job["static_configs"]
        for target in config["targets"]
    ]
    assert f"api:{services['api']['environment']['EVOKE_METRICS_PORT']}" in targets


def test_every_variable_of_deployment_is_a_setting() -> None:
    known = known_variables()
    for path in deployment_files():
        named = set(re.findall(r"\bEVOKE_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")))
        assert named - known == set(), path


def test_compose_can_be_read_by_docker() -> None:
    if not shutil.which("docker"):
        pytest.skip("docker is not installed")
    version = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if version.returncode:
        pytest.skip("docker has no compose")
    environment = {**os.environ, "EVOKE_API_KEY": "k"}
    command = ["docker", "compose", "--file", str(COMPOSE), "--profile", "*", "config", "--quiet"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def write_fake_evoke(folder: Path) -> Path:
    """Write an `evoke` that prints its arguments."""
    folder.mkdir()
    fake = folder / "evoke"
    fake.write_text('#!/bin/sh\necho "evoke $*"\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.mark.parametrize("has_store", [False, True])
def test_an_index_is_restored_before_it_is_served(tmp_path: Path, has_store: bool) -> None:
    home = tmp_path / "home"
    home.mkdir()
    if has_store:
        (home / "store.sqlite3").touch()
    environment = {
        "PATH": f"{write_fake_evoke(tmp_path / 'bin')}:{os.environ['PATH']}",
        "EVOKE_HOME": str(home),
        "PORT": "9000",
    }
    done = subprocess.run(
        ["sh", str(DEPLOY / "restore-and-serve.sh"), "evoke.backup", "--workers", "2"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        f"evoke restore evoke.backup{' --replace' if has_store else ''}",
        "evoke serve --host 0.0.0.0 --port 9000 --workers 2",
    ]


def test_prepare_indexes_a_new_home_only(tmp_path: Path, services: dict[str, Any]) -> None:
    shell, option, script = services["prepare"]["entrypoint"]
    environment = {"PATH": f"{write_fake_evoke(tmp_path / 'bin')}:{os.environ['PATH']}"}
    run = [shell, option, script.replace("/data", str(tmp_path))]
    assert subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout == "evoke index\n"
    (tmp_path / "store.sqlite3").touch()
    assert subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout == ""


def test_the_encoder_is_converted_by_a_script_of_the_image(tmp_path: Path) -> None:
    """It runs as in the image, up to the refusal of a folder that cannot be made."""
    done = subprocess.run(
        [sys.executable, str(DEPLOY / "convert.py"), "/proc/models"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert "/proc/models" in done.stderr.splitlines()[-1]


def test_slimming_keeps_what_a_server_loads(tmp_path: Path) -> None:
    """Only names that the script gives are removed, and each names a part of OpenVINO that is installed here."""
    import openvino

    libraries = Path(openvino.__file__).parent / "libs"
    script = (DEPLOY / "slim.sh").read_text(encoding="utf-8")
    loops = re.search(r"for format in ([\w ]+);", script)
    assert loops
    for format_ in loops[1].split():
        assert list(libraries.glob(f"libopenvino_{format_}_frontend.so*")), format_
    plugins = re.findall(r"libs/(libopenvino_\w+_plugin\.so)", script)
    assert plugins
    assert [plugin for plugin in plugins if not (libraries / plugin).exists()] == []
    assert not {"libopenvino_intel_cpu_plugin.so"} & set(plugins)
    assert not {"ir"} & set(loops[1].split())


def lint(tools: Path) -> subprocess.CompletedProcess[str]:
    """Run the linters that a folder has."""
    (tools / "dirname").symlink_to(str(shutil.which("dirname")))
    command = [str(shutil.which("sh")), str(DEPLOY / "lint.sh")]
    return subprocess.run(command, env={"PATH": str(tools)}, capture_output=True, text=True, check=False)


def test_a_linter_that_is_missing_is_named(tmp_path: Path) -> None:
    done = lint(tmp_path)
    assert done.returncode == 0
    assert "skipped, since shellcheck is not installed: shellcheck deploy/lint.sh" in done.stdout


def test_what_a_linter_finds_fails_the_check(tmp_path: Path) -> None:
    (tmp_path / "shellcheck").write_text("#!/bin/sh\necho 'In deploy/lint.sh line 1'\nexit 1\n")
    (tmp_path / "shellcheck").chmod(0o755)
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "In deploy/lint.sh line 1\nfailed: shellcheck deploy/lint.sh" in done.stdout
