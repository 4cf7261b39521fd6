"""The solutions of the exercises in docs/tour.md, on the tree as it stands.

A patch must apply by itself. All of them together are applied to a copy of the
tree, which is built once; so is the handler, as the plugin that it is.
"""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import PATIENCE, Millrace, ask_until
from metrics_page import start_worker

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "exercises"
PATCHES = sorted(HERE.glob("*.patch"))
BUILD_PATIENCE = 20 * PATIENCE
TARGETS = ["cmd/millrace", "tests/domain/backoff_test",
           "tests/domain/task_test", "tests/contract/contract"]

# What they build first is built once.
pytestmark = pytest.mark.xdist_group("exercises")


def run(*command, patience=PATIENCE, **more):
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=patience, check=False, **more,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def apply(patch, tree, *options):
    return run("patch", "--batch", "--forward", "-p1", *options, "-d", tree,
               "-i", patch)


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_its_patch_applies_to_the_tree(patch):
    apply(patch, ROOT, "--dry-run")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the tree with all patches, built."""
    tree = tmp_path_factory.mktemp("exercises") / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(
        "build*", ".git", ".cache", "node_modules", "__pycache__"))
    for patch in PATCHES:
        apply(patch, tree)
    run("meson", "setup", "b", "-Dwerror=true", "-Dtests=enabled",
        "-Doptimization=0", cwd=tree, patience=BUILD_PATIENCE)
    run("ninja", "-C", "b", *TARGETS, cwd=tree, patience=BUILD_PATIENCE)
    return tree


@pytest.fixture
def solved(tree, tmp_path):
    """The program with all patches, over an empty backend."""
    program = Millrace(tree / "b" / "cmd" / "millrace",
                       f"sqlite:{tmp_path}/tasks.db", tmp_path)
    yield program
    program.close()


@pytest.mark.slow
def test_a_backoff_kind_waits_by_its_table(tree):
    env = {**os.environ, "FIXTURES": str(tree / "fixtures")}

    run(tree / "b/tests/domain/backoff_test", env=env)
    run(tree / "b/tests/domain/task_test", env=env)


@pytest.mark.slow
def test_a_backoff_kind_is_stored_and_used(solved):
    task = solved.enqueue("demo.dead", None, "--backoff", "square:7ms",
                          "--jitter", "none", "--max-attempts", "4")

    log = solved.drain("--demo").err

    waits = [int(ms) for ms in re.findall(r"retry_in_ms=(\d+)", log)]
    assert len(waits) == 3
    # Counted from the end of the handler, so that a slow machine adds to it.
    assert all(wait >= ms for wait, ms in zip(waits, (7, 28, 63))), waits
    assert solved.show(task)["backoff"]["kind"] == "square"


@pytest.fixture
def mill(tmp_path):
    """The program as it is, over an empty backend."""
    program = Millrace(os.environ["MILLRACE_BIN"],
                       f"sqlite:{tmp_path}/tasks.db", tmp_path)
    yield program
    program.close()


def test_a_handler_counts_what_is_text(mill, tmp_path):
    plugin = tmp_path / "handler.so"
    run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
        f"-I{ROOT}/cmd/library", HERE / "handler.c", "-o", plugin)
    text = mill.enqueue("text.count", '"four"', "--retain", "1h")
    number = mill.enqueue("text.count", 4)

    mill.drain("--plugin", plugin)

    assert mill.show(text)["result"] == 4
    assert mill.show(number)["reason"] == "rejected"


@pytest.mark.slow
def test_a_backend_is_chosen_by_url_and_keeps_the_contract(tree, tmp_path):
    # All of the suite is run over the same store by test_examples.
    run(tree / "b/tests/contract/contract", "--filter", "settle/*",
        env={**os.environ, "BACKEND": "dir"})
    program = Millrace(tree / "b/cmd/millrace", f"dir:{tmp_path}", tmp_path)
    task = program.enqueue("demo.echo", 1, "--retain", "1h")

    program.drain("--demo")

    assert program.show(task)["state"] == "done"
    program.close()


@pytest.mark.slow
def test_a_metric_counts_what_was_taken_from_the_dead(solved):
    task = solved.enqueue("demo.sleep", {"ms": 3600000})
    first = solved.worker("--demo", "--lease", "200ms")
    ask_until(lambda: solved.state(task) == "active", "it runs")
    first.kill()

    second = start_worker(solved)

    ask_until(
        lambda: second.page().value("millrace_leases_reaped_total",
                                    queue="default", type="demo.sleep") == 1,
        "it was taken back",
    )


@pytest.mark.slow
def test_a_command_asks_the_backend(solved):
    assert solved.run("ping").out.startswith("answers in ")
    assert json.loads(solved.run("--json", "ping").out)["took_ms"] >= 0
    dead = solved.run("--url", "redis://127.0.0.1:1", "ping", code=3)
    assert len(dead.err.splitlines()) == 1
