"""The arrows hold, and the check would say so if they did not.

MILLRACE_BUILD names the build folder whose libraries are looked at.
"""
import os
import shutil
import subprocess
from pathlib import Path

import layers
import pytest

ROOT = Path(__file__).resolve().parents[2]

# What they build first is built once.
pytestmark = pytest.mark.xdist_group("layers")


def test_no_file_includes_what_its_ring_must_not_know():
    assert layers.include_violations(ROOT) == []


def test_the_inner_rings_call_nothing_impure():
    build = Path(os.environ["MILLRACE_BUILD"])

    assert layers.check(ROOT, build) == []


@pytest.mark.parametrize(
    "file, line",
    [
        ("domain/task.c", '#include "usecase/queue_port.h"'),
        ("domain/task.c", "#include <stdlib.h>"),
        ("domain/task.c", "#include <time.h>"),
        ("usecase/enqueue.c", '#include "adapters/system/system_clock.h"'),
        ("usecase/enqueue.c", '#  include  "cmd/backends.h"'),
        ("usecase/enqueue.c", "#include <hiredis/hiredis.h>"),
        ("usecase/enqueue.c", '#include "../cmd/backends.h"'),
        ("adapters/memory/a.c", '#include "adapters/sqlite/a.h"'),
        ("adapters/memory/a.c", '#include "cmd/backends.h"'),
        ("adapters/memory/a.c", "#include <sqlite3.h>"),
    ],
)
def test_a_planted_include_is_found(tmp_path, file, line):
    given_rings(tmp_path)
    planted = tmp_path / file
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(f"/* planted */\n{line}\n", encoding="utf-8")

    found = layers.include_violations(tmp_path)

    assert len(found) == 1
    assert found[0].startswith(f"{file}:2: ")


@pytest.mark.parametrize(
    "call, symbol",
    [
        ("void *malloc(unsigned long); void *p(void) { return malloc(8); }",
         "malloc"),
        ("long time(long *); long p(void) { return time(0); }", "time"),
        ("int puts(const char *); int p(void) { return puts(0); }", "puts"),
        ("int backend_open(void); int p(void) { return backend_open(); }",
         "backend_open"),
    ],
    ids=["memory", "clock", "output", "outer ring"],
)
@pytest.mark.parametrize("ring", ["domain", "usecase"])
def test_a_planted_call_is_found(tmp_path, rings, ring, call, symbol):
    for name in ("domain", "usecase"):
        shutil.copy(rings / f"lib{name}.a", tmp_path)
    (tmp_path / "planted.c").write_text(call + "\n", encoding="utf-8")
    archive(tmp_path / f"lib{ring}.a", [tmp_path / "planted.c"])

    found = layers.symbol_violations(tmp_path / "libdomain.a")
    found += layers.symbol_violations(
        tmp_path / "libusecase.a", [tmp_path / "libdomain.a"]
    )

    assert found == [f"lib{ring}.a: must not use {symbol}"]


def test_a_library_that_is_not_there_does_not_pass(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        layers.symbol_violations(tmp_path / "libdomain.a")


def given_rings(folder):
    for ring in ("domain", "usecase"):
        shutil.copytree(ROOT / ring, folder / ring)


@pytest.fixture(scope="module")
def rings(tmp_path_factory):
    """A folder with the inner rings as they stand, compiled."""
    folder = tmp_path_factory.mktemp("rings")
    for ring in ("domain", "usecase"):
        archive(folder / f"lib{ring}.a", sorted((ROOT / ring).glob("*.c")))
    return folder


def archive(library, sources):
    """Compiles sources and adds them to library."""
    objects = []
    for source in sources:
        objects.append(str(library.parent / f"{library.stem}-{source.stem}.o"))
        subprocess.run(
            ["cc", "-std=c11", "-D_GNU_SOURCE", "-I", str(ROOT), "-c",
             str(source), "-o", objects[-1]],
            check=True,
        )
    subprocess.run(["ar", "rcs", str(library), *objects], check=True)
