"""The documents are true: what they name exists, what they draw is so."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import references
from harness import PATIENCE

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


def drawing(root, folder):
    subprocess.run([ROOT / "script" / "draw-architecture", root,
                    folder / "drawn.svg"], check=True, timeout=PATIENCE)
    return (folder / "drawn.svg").read_text(encoding="utf-8")


def test_the_picture_shows_the_includes_as_they_are(tmp_path):
    committed = (ROOT / "docs" / "architecture.svg").read_text("utf-8")

    assert drawing(ROOT, tmp_path) == committed, "run script/draw-architecture"


@pytest.mark.parametrize(
    "file, header, is_red",
    [
        ("adapters/memory/lane.c", "adapters/json/json_value.h", False),
        ("domain/task.c", "usecase/queue_port.h", True),
    ],
)
def test_an_arrow_more_changes_the_picture(tmp_path, file, header, is_red):
    for ring in ("domain", "usecase", "adapters", "cmd"):
        shutil.copytree(ROOT / ring, tmp_path / ring)
    before = drawing(tmp_path, tmp_path)
    with open(tmp_path / file, "a", encoding="utf-8") as source:
        source.write(f'#include "{header}"\n')

    after = drawing(tmp_path, tmp_path)

    assert after.count("<path") == before.count("<path") + 1
    assert ("#c00" in after) == is_red
