"""Where the service listens, how it starts and how it stops."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from pydantic import SecretStr

import evoke
from search_api.service.binding import BindingRefused, address, check_binding, check_port


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    check_binding(host, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", "", "127.0.0.1.example.org"])  # noqa: S104
@pytest.mark.parametrize("key", [None, SecretStr("")])
def test_elsewhere_needs_a_key(host: str, key: SecretStr | None) -> None:
    with pytest.raises(BindingRefused, match="without an API key"):
        check_binding(host, key)
    check_binding(host, SecretStr("k"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(home: Path, host: str, port: int, workers: int = 1) -> subprocess.Popen[str]:
    environment = {**os.environ, "EVOKE_HOME": str(home)}
    environment.pop("EVOKE_API_KEY", None)
    command = [sys.executable, "-m", "evoke", "serve", "--host", host, "--port", str(port), "--workers", str(workers)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def test_serving_to_others_without_a_key_is_one_line_and_code_2(tmp_path: Path) -> None:
    process = _serve(tmp_path, "0.0.0.0", _free_port())  # noqa: S104
    _, message = process.communicate(timeout=60)
    assert process.returncode == 2
    assert message.count("\n") == 1
    assert "EVOKE_API_KEY" in message


def test_a_port_in_use_is_one_line_and_code_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = _serve(tmp_path, "127.0.0.1", taken.getsockname()[1])
        _, message = process.communicate(timeout=60)
    assert process.returncode == 2
    assert message.count("\n") == 1
    assert "another process listens there" in message


def test_an_index_that_is_damaged_is_one_line_and_code_2(
    small_home: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(small_home, home)
    (home / "index" / "aliases.json").write_text("{")
    assert evoke.main(["serve", "--port", "0"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("evoke serve: ")
    assert "aliases.json is damaged" in message
    assert message.count("\n") == 1


@pytest.mark.parametrize("key", [" ", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_one_line_and_code_2(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVOKE_API_KEY", key)
    assert evoke.main(["serve", "--port", "0"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("evoke serve: EVOKE_API_KEY: the key must")
    assert message.count("\n") == 1


def test_a_limit_for_keys_without_a_key_is_one_line_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVOKE_KEY_REQUESTS_PER_MINUTE", "60")
    assert evoke.main(["serve", "--port", "0"]) == 2
    assert "set EVOKE_API_KEY" in capsys.readouterr().err


@pytest.mark.parametrize("workers", [1, 2])
def test_it_prints_addresses_that_answer_and_stops_on_sigterm(tmp_path: Path, workers: int) -> None:
    process = _serve(tmp_path, "127.0.0.1", 0, workers)
    try:
        assert process.stderr
        line = next(line for line in process.stderr if line.startswith("Evoke answers"))
        addresses = re.findall(r"http://\S+", line)
        assert len(addresses) == 2
        for address in addresses:  # asked once, at once: the line comes when the service answers, and not before
            with urllib.request.urlopen(address, timeout=60) as answer:
                assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError) as refused:  # there is no index
            urllib.request.urlopen(f"{addresses[0]}readyz", timeout=60)
        assert refused.value.code == 503
        refused.value.close()
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in rest
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_the_address_shown_is_one_that_answers_on_this_machine(host: str, shown: str) -> None:
    assert address(host, 8000) == shown


@pytest.mark.parametrize("host", ["films..example", f"{'a' * 64}.example", "\u2603" * 64], ids=len)
def test_a_host_that_cannot_be_a_name_is_refused(host: str) -> None:
    with pytest.raises(BindingRefused, match="not a host name or an IP address"):
        check_port(host, 0)
