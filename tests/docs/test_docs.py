"""The documents are true: what they name exists."""
import os
from pathlib import Path

import pytest
import references

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def program():
    return os.environ["MILLRACE_BIN"]


def test_every_reference_leads_somewhere(program):
    assert references.check(ROOT, program) == []


@pytest.mark.parametrize(
    "text, culprit",
    [
        ("see [there](gone.md)", "gone.md"),
        ("see [there](#no-such-part)", "#no-such-part"),
        ("`domain/gone.c`", "domain/gone.c"),
        ("`domain/task.c::gone`", "domain/task.c::gone"),
        ("`gone.c`", "gone.c"),
        ("`gone_for_good()`", "gone_for_good()"),
        ("`struct gone_for_good`", "struct gone_for_good"),
        ("`gone_for_good_too`", "gone_for_good_too"),
        ("`MILLRACE_GONE_FOR_GOOD`", "MILLRACE_GONE_FOR_GOOD"),
        ("`millrace gone`", "millrace gone"),
        ("`millrace task gone 1`", "millrace task gone 1"),
        ("`millrace dlq list --gone`", "millrace dlq list --gone"),
        ("```\nA=1 millrace gone\n```\n", "millrace gone"),
        ("```sh\nx=$(millrace enqueue t \\\n  --gone 1)\n```\n",
         "millrace enqueue t --gone 1"),
        ("<!-- not ours: unused_name -->", "unused_name"),
    ],
)
def test_a_planted_reference_is_found(program, tmp_path, text, culprit):
    document = tmp_path / "planted.md"
    document.write_text(f"# Planted\n\n{text}\n", encoding="utf-8")

    found = [
        reference
        for reference, why in references.check_document(
            references.Tree(ROOT), references.Program(program), document
        )
        if why
    ]

    assert found == [culprit]
