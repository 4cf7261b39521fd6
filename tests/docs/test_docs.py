"""The documents are true: what they name exists, what they show works,
what they draw is so.

In the documents of docs/ and in the READMEs
  ```sh         is run, over an SQLite file of its own; with `redis` behind it,
                over a server of its own; all blocks of a document are one run
  ```c          is compiled against millrace.h
  ```c quote    stands so in a source, but for lines that are left out (...)
The README's own `sh` block, which needs a service, is run by test_serve_readme.
"""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import references
from harness import PATIENCE, RedisServer

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))


@pytest.fixture(scope="module")
def program():
    return os.environ["MILLRACE_BIN"]


def blocks(document, info):
    text = document.read_text(encoding="utf-8")
    return [code for what, code in references.FENCE.findall(text)
            if what.strip() == info]


def documents_with(info):
    return [pytest.param(document, id=document.name)
            for document in DOCUMENTS if blocks(document, info)]


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
        ("`no/such/folder/task.c`", "no/such/folder/task.c"),
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


def test_the_readme_leads_to_every_folder_and_page():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    folders = {f"`{top}/`" for top in references.Tree(ROOT).tops
               if (ROOT / top).is_dir()}
    pages = {f"](docs/{page.name})" for page in DOCUMENTS}

    missing = {name for name in folders | pages if name not in readme}

    assert missing == set()


def run_blocks(code, folder, program, url):
    (folder / "home").mkdir()
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", code],
        cwd=folder, capture_output=True, text=True, timeout=2 * PATIENCE,
        check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder / "home"), "MILLRACE_URL": url,
             "PATH": f"{Path(program).parent}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("document", documents_with("sh"))
def test_its_commands_work(program, tmp_path, document):
    run_blocks("\n".join(blocks(document, "sh")), tmp_path, program,
               f"sqlite:{tmp_path}/tasks.db")


@pytest.mark.parametrize("document", documents_with("sh redis"))
def test_its_commands_for_redis_work(program, tmp_path_factory, document):
    if not shutil.which("redis-server"):
        pytest.skip("no redis-server")
    folder = tmp_path_factory.mktemp("r")  # a socket's path must be short
    server = RedisServer(folder, "--appendonly", "yes")
    try:
        run_blocks("\n".join(blocks(document, "sh redis")), folder, program,
                   server.url())
    finally:
        server.kill()


@pytest.mark.parametrize("document", documents_with("c"))
def test_its_code_compiles(tmp_path, document):
    for number, code in enumerate(blocks(document, "c")):
        source = tmp_path / f"block{number}.c"
        source.write_text(code, encoding="utf-8")
        done = subprocess.run(
            ["cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
             "-Wno-unused-function", "-fsyntax-only",
             f"-I{ROOT}/cmd/library", source],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )
        assert done.returncode == 0, code + done.stderr


@pytest.mark.parametrize("document", documents_with("c quote"))
def test_it_quotes_what_is_there(document):
    sources = [
        stripped(f.read_text(encoding="utf-8"))
        for ring in ("domain", "usecase", "adapters", "cmd")
        for f in (ROOT / ring).rglob("*.[ch]")
    ]
    for code in blocks(document, "c quote"):
        for part in re.split(r"^\s*\.\.\.$", code, flags=re.M):
            assert any(stripped(part) in source for source in sources), part


def stripped(text):
    """Its lines without their indentation, and without empty ones."""
    return "\n".join(line.strip() for line in text.splitlines()
                     if line.strip())
