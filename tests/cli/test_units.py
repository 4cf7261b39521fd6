"""The units of systemd: sound, tight, and in step with the program."""
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "deploy" / "systemd"
NAMES = {
    "millrace-worker@.service": "millrace-worker@mail.service",
    "millrace-serve.service": "millrace-serve.service",
}
EXPOSURE_MAX = 2.0  # of 10; handlers need the net and programs of others


@pytest.fixture(params=sorted(NAMES))
def unit(request):
    return request.param


@pytest.fixture
def installed(unit, binary, tmp_path):
    """The unit as an instance of it, with the program that is tested."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze")
    text = (UNITS / unit).read_text(encoding="utf-8")
    path = tmp_path / NAMES[unit]
    path.write_text(
        text.replace("/usr/bin/millrace", str(Path(binary).resolve())),
        encoding="utf-8",
    )
    return path


def analyze(*words):
    done = subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def settings(unit):
    """{name: [value]} of a unit."""
    found = {}
    for line in (UNITS / unit).read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def environment(unit):
    return dict(value.split("=", 1) for value in settings(unit)["Environment"])


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


def test_systemd_finds_nothing_wrong(installed):
    code, said = analyze("verify", "--man=no", installed)

    assert (code, said) == (0, "")


def test_the_cage_is_tight(installed):
    code, said = analyze(
        "security", "--offline=true", f"--threshold={int(EXPOSURE_MAX * 10)}",
        installed,
    )

    assert code == 0, said


def test_systemd_waits_longer_than_a_worker_takes_to_stop(homeless, unit):
    engine = (ROOT / "cmd/library/engine.h").read_text(encoding="utf-8")
    cancelling = int(re.search(r"ENGINE_CANCEL_MS (\d+)", engine)[1]) / 1000
    timeout = environment(unit)["MILLRACE_SHUTDOWN_TIMEOUT"]

    (stop,) = settings(unit)["TimeoutStopSec"]

    assert seconds(stop) > seconds(timeout) + cancelling
    command = "worker" if "worker" in unit else "serve"
    assert f"({timeout})" in homeless.run("help", command).out


def test_only_the_worker_is_told_to_stop(unit):
    assert settings(unit)["KillMode"] == ["mixed"]
    assert settings(unit)["KillSignal"] == ["SIGTERM"]


def command_line(unit, environment):
    """What systemd runs: a word that is a variable is split as a shell would
    split it."""
    (line,) = settings(unit)["ExecStart"]
    words = []
    for word in line.split():
        if word.startswith("$"):
            words += shlex.split(environment.get(word[1:], ""))
        else:
            words.append(word)
    return words


def test_the_example_settings_run_tasks(mill, tmp_path):
    """With programs of ours in place of those that it names."""
    for name in ("mail/send", "jobs/run"):
        program = tmp_path / name
        program.parent.mkdir()
        program.write_text('#!/bin/sh\necho "${0##*/} $*"\n')
        program.chmod(0o755)
    text = (UNITS / "worker.conf").read_text(encoding="utf-8")
    text = text.replace("/opt/", f"{tmp_path}/")
    given = dict(
        word.split("=", 1) for word in shlex.split(text, comments=True)
    )
    words = command_line("millrace-worker@.service", given)
    mail = mill.enqueue("email.send", None, "--retain", "1h")
    other = mill.enqueue("report", None, "--retain", "1h")

    assert words[0] == "/usr/bin/millrace"
    mill.run(*words[1:], "--drain", env=given)

    assert mill.show(mail)["result"] == "send --quiet"
    assert mill.show(other)["result"] == "run "


def test_every_setting_of_the_example_is_a_variable_of_the_program(homeless):
    text = (UNITS / "worker.conf").read_text(encoding="utf-8")
    told = homeless.run("help", "worker").out + "MILLRACE_URL"

    for name in re.findall(r"^#?([A-Z_]+)=", text, re.M):
        assert name in told or name == "MILLRACE_WORKER_OPTIONS"
