"""The page of guarantees names its tests: they must be there, and the tests
of faults must all be on it."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/guarantees.md").read_text(encoding="utf-8")
OF_OURSELVES = ("test_guarantees.py", "test_proxy.py", "test_record.py")
NAMED = sorted(set(re.findall(r"`(tests/[\w./]+)::(\w+)`", PAGE)))


@pytest.mark.parametrize("file, test", NAMED)
def test_a_test_that_is_named_exists(file, test):
    code = (ROOT / file).read_text(encoding="utf-8")

    assert re.search(rf"(def |, ){test}\b", code), f"{file} has no {test}"


@pytest.mark.parametrize("script", re.findall(r"`(script/\w+)`", PAGE))
def test_a_script_that_is_named_exists(script):
    assert (ROOT / script).is_file()


def test_every_fault_that_is_tested_is_on_the_page():
    tests = {
        (f"tests/chaos/{file.name}", test)
        for file in Path(__file__).parent.glob("test_*.py")
        if file.name not in OF_OURSELVES
        for test in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    }

    assert tests - set(NAMED) == set()
