"""What `meson install` puts down works from there.

That programs can be built with it, test_examples.py shows.
"""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from harness import Millrace

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(prefix):
    """The prefix within the folder that everything was installed below."""
    options = json.loads(
        (prefix.build / "meson-info" / "intro-buildoptions.json").read_text()
    )
    (path,) = [row["value"] for row in options if row["name"] == "prefix"]
    return prefix.folder / path.lstrip("/")


@pytest.fixture
def installed(home, url, tmp_path):
    """The program that was installed, over an empty backend."""
    program = Millrace(str(home / "bin" / "millrace"), url, tmp_path)
    yield program
    program.close()


def test_the_program_runs_from_there(installed):
    task = installed.enqueue("demo.echo", {"n": 1}, "--retain", "1h")

    installed.drain("--demo")

    assert installed.show(task)["result"] == {"n": 1}


def test_nothing_there_needs_the_folder_it_was_built_in(home, prefix):
    seen = 0
    for path in home.rglob("*"):
        if not path.is_file() or path.is_symlink():
            continue
        with open(path, "rb") as file:
            start = file.read(4)
        if start == b"\x7fELF":
            dynamic = subprocess.run(
                ["readelf", "-d", path], check=True, capture_output=True,
                text=True,
            ).stdout
            assert not re.search(r"RPATH|RUNPATH", dynamic), path
            seen += 1
        elif start != b"!<ar":
            text = path.read_bytes()
            assert os.fsencode(prefix.build) not in text, path
            assert os.fsencode(prefix.folder) not in text, path
    assert seen >= 2


def test_every_page_is_there_and_can_be_shown(home):
    for source in (ROOT / "man").glob("*.[13]"):
        name, section = source.stem, source.suffix[1:]
        page = home / "share" / "man" / f"man{section}" / source.name
        assert page.read_bytes() == source.read_bytes()

        shown = subprocess.run(
            ["mandoc", "-T", "ascii", page], check=True, capture_output=True,
        ).stdout
        assert name.upper().encode() in shown


def test_the_shells_find_their_completions(home):
    bash = home / "share" / "bash-completion" / "completions" / "millrace"
    zsh = home / "share" / "zsh" / "site-functions" / "_millrace"

    done = subprocess.run(
        ["bash", "-c", f"source {bash}; complete -p millrace"], check=True,
        capture_output=True, text=True,
    ).stdout
    assert "_millrace" in done
    assert zsh.read_text(encoding="utf-8").startswith("#compdef millrace\n")


def test_the_units_start_the_program_of_the_prefix(home, prefix):
    path = "/" + str((home / "bin" / "millrace").relative_to(prefix.folder))

    units = list((home / "lib" / "systemd" / "system").glob("*.service"))

    assert {unit.name for unit in units} == {
        "millrace-serve.service", "millrace-worker@.service"
    }
    for unit in units:
        assert f"\nExecStart={path} " in unit.read_text(encoding="utf-8")
