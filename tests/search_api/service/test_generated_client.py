"""A client in Python, generated from the OpenAPI document, works against a running service.

The generator has an environment of its own, `.venv-client`, since it asks for another release of Typer than Evoke does.
`make client` makes it and runs this test.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from service_processes import serving

ROOT = Path(__file__).parents[3]
GENERATOR = ROOT / ".venv-client" / "bin"

pytestmark = pytest.mark.skipif(
    not (GENERATOR / "openapi-python-client").exists(), reason="openapi-python-client is not here: run `make client`"
)


def run(*command: object) -> str:
    """Run a command of the generator's environment and return what it printed, errors among it."""
    environment = {**os.environ, "PATH": f"{GENERATOR}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        list(map(str, command)),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_generated_client_asks_every_operation(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOKE_FEEDBACK", "on")
    with serving(home) as front, closing(front.connect()) as connection:
        connection.request("GET", "/openapi.json")
        document = connection.getresponse().read()
        (tmp_path / "openapi.json").write_bytes(document)
        check = "import json, sys; from openapi_spec_validator import validate; validate(json.load(open(sys.argv[1])))"
        run(GENERATOR / "python", "-c", check, tmp_path / "openapi.json")
        generate = ("generate", "--path", tmp_path / "openapi.json", "--meta", "none")
        printed = run(GENERATOR / "openapi-python-client", *generate, "--output-path", tmp_path / "evoke_client")
        assert "Warning" not in printed, printed
        functions = {path.stem for path in (tmp_path / "evoke_client" / "api" / "default").glob("[a-z]*.py")}
        assert len(functions) == sum(len(path) for path in json.loads(document)["paths"].values())
        script = Path(__file__).parent / "use_generated_client.py"
        run(GENERATOR / "python", script, tmp_path, f"http://127.0.0.1:{front.port}")
    assert len((home / "feedback.jsonl").read_text().splitlines()) == 2
