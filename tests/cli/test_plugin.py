"""worker --plugin: handlers out of a shared object."""
import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("MILLRACE_BUILD", ".")) / "tests" / "library"
PLUGIN = FOLDER / "plugin.so"


def test_its_handlers_run_tasks(mill):
    shout = mill.enqueue("plugin.shout", None, "--retain", "1h")
    fail = mill.enqueue("plugin.fail", ["why"])

    log = mill.drain("--plugin", PLUGIN).err

    assert mill.show(shout)["result"] == "LOUD"
    assert mill.show(fail)["reason"] == "rejected"
    assert mill.show(fail)["last_error"] == '["why"]'
    assert "task progress" in log
    assert "taking a breath" in log


def test_a_handler_may_use_the_library_itself(mill):
    mill.enqueue("plugin.spread")

    mill.drain("--plugin", PLUGIN)

    (task,) = mill.rows("task", "list", "--state", "done")
    assert task["type"] == "plugin.shout"


def test_it_goes_with_other_handlers(mill):
    shout = mill.enqueue("plugin.shout", None, "--retain", "1h")
    other = mill.enqueue("other", None, "--retain", "1h")

    mill.drain("--plugin", PLUGIN, "--exec", "*=echo 1", "--demo")

    assert mill.show(shout)["result"] == "LOUD"
    assert mill.show(other)["result"] == 1


@pytest.mark.parametrize(
    "name, words",
    [
        ("plugin_wrong_abi.so", ["ABI 2", "has 1", "build it anew"]),
        ("plugin_wrong_name.so", ["no plugin", "mr_plugin_register"]),
        ("plugin_wrong_nothing.so", ["no plugin"]),
        ("plugin_wrong_reserve.so", ["reserved"]),
        ("plugin_wrong_type.so", ['"not a type"']),
        ("nowhere.so", ["No such file"]),
        ("text.so", ["invalid ELF header"]),
    ],
)
def test_a_wrong_one_is_refused(mill, name, words):
    file = FOLDER / name
    if name == "text.so":
        file = mill.folder / name
        file.write_text("This is no shared object.\n" * 10, encoding="utf-8")
    task = mill.enqueue("plugin.shout")

    done = mill.run("worker", "--drain", "--plugin", file, code=2)

    assert len(done.err.splitlines()) == 1
    assert file.name in done.err
    for word in words:
        assert word in done.err
    assert mill.state(task) == "ready"


def test_a_type_that_has_a_handler_is_refused(mill):
    twice = mill.run(
        "worker", "--plugin", PLUGIN, "--plugin", PLUGIN, code=2
    )
    beside = mill.run(
        "worker", "--plugin", PLUGIN, "--exec", "plugin.shout=cat", code=2
    )

    assert "plugin.shout" in twice.err
    assert "plugin.shout" in beside.err


def test_a_name_is_needed(mill):
    assert "--plugin" in mill.run("worker", "--plugin", "", code=2).err
