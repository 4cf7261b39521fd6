"""Looking at tasks, cancelling them and running them early."""
import subprocess

import pytest
from harness import PATIENCE, ask_until

UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.mark.parametrize("verb", ["show", "cancel", "run"])
def test_an_unknown_id_is_exit_4(mill, verb):
    done = mill.run("task", verb, UNKNOWN, code=4)

    assert UNKNOWN in done.err
    assert done.out == ""


def test_an_id_may_be_written_small(mill):
    task_id = mill.enqueue("t")

    assert mill.show(task_id.lower())["id"] == task_id


def test_show_for_people_names_what_matters(mill):
    task_id = mill.enqueue("email.send", {"to": "me"}, "--in", "1h")

    text = mill.run("task", "show", task_id).out

    for word in (task_id, "email.send", "scheduled", '{"to":"me"}'):
        assert word in text.replace('": "', '":"')


def test_cancel_removes_a_waiting_task(mill):
    for options in ([], ["--in", "1h"]):
        task_id = mill.enqueue("t", None, *options)

        mill.run("task", "cancel", task_id)

        assert mill.is_gone(task_id)


def test_cancel_leaves_an_active_task_alone(mill):
    started, gate = mill.fifo("started"), mill.fifo("gate")
    task_id = mill.enqueue("t")
    worker = mill.worker("--exec", f"t=echo go >{started}; read x <{gate}")
    started.read_line()

    done = mill.run("task", "cancel", task_id, code=1)

    assert "active" in done.err
    gate.write_line()
    assert worker.stop() == 0


def test_run_makes_a_scheduled_task_ready(mill):
    task_id = mill.enqueue("demo.echo", 7, "--in", "1h", "--retain", "1h")

    mill.run("task", "run", task_id)

    assert mill.state(task_id) == "ready"
    mill.drain("--demo")
    assert mill.show(task_id)["result"] == 7


def test_run_of_a_task_that_does_not_wait_says_so(mill):
    done = mill.run("task", "run", mill.enqueue("t"), code=1)

    assert "ready" in done.err


def test_a_retrying_task_shows_why_and_runs_early(mill):
    failed = mill.fifo("failed")
    task_id = mill.enqueue("t", None, "--backoff", "constant:1h")
    worker = mill.worker(
        "--exec", f"t=echo $MILLRACE_ATTEMPT >{failed}; echo no >&2; exit 1"
    )
    assert failed.read_line() == "1"
    worker.log.wait_for(task_id, "retry")

    task = mill.show(task_id)
    assert task["state"] == "retry"
    assert task["attempt"] == 1
    assert task["last_error"] == "no"
    mill.run("task", "run", task_id)

    assert failed.read_line() == "2"


def test_an_active_task_shows_its_worker(mill):
    started, gate = mill.fifo("started"), mill.fifo("gate")
    task_id = mill.enqueue("t")
    mill.worker(
        "--name", "anna", "--lease", "1m",
        "--exec", f"t=echo go >{started}; read x <{gate}",
    )
    started.read_line()

    task = mill.show(task_id)

    assert task["state"] == "active"
    assert task["worker"] == "anna"
    assert task["attempt"] == 1
    assert task["lease_until"] > task["created_at"]


def listed(mill, *options):
    rows = mill.rows("task", "list", "--limit", 1000, *options)
    return [row["payload"] for row in rows if "id" in row]


def test_list_goes_state_by_state_oldest_first(mill):
    mill.enqueue("t", 3, "--in", "2h")
    mill.enqueue("t", 2, "--in", "1h")
    mill.enqueue("t", 4)
    mill.enqueue("t", 5)

    assert listed(mill) == [2, 3, 4, 5]


def test_list_keeps_what_the_filters_say(mill):
    mill.enqueue("t", 1)
    mill.enqueue("u", 2)
    mill.enqueue("t", 3, "--queue", "q")
    mill.enqueue("t", 4, "--in", "1h")

    assert listed(mill, "--type", "u") == [2]
    assert listed(mill, "--queue", "q") == [3]
    assert listed(mill, "--state", "scheduled") == [4]
    assert listed(mill, "--state", "ready", "--type", "t") == [1, 3]
    assert listed(mill, "--queue", "nosuch") == []


def test_a_list_goes_on_at_its_cursor(mill):
    sent = [row["id"] for row in mill.batch([{"type": "t"}] * 25)]
    seen, pages, options = [], 0, []

    while options is not None:
        rows = mill.rows("task", "list", "--limit", 10, *options)
        pages += 1
        seen += [row["id"] for row in rows if "id" in row]
        cursors = [row["cursor"] for row in rows if "id" not in row]
        assert not cursors or "id" not in rows[-1]
        options = ["--cursor", cursors[0]] if cursors else None

    assert seen == sent
    assert pages >= 3


def test_a_cursor_does_not_skip_when_tasks_go(mill):
    sent = [row["id"] for row in mill.batch([{"type": "t"}] * 20)]
    rows = mill.rows("task", "list", "--limit", 10)
    cursor = rows[-1]["cursor"]
    for task_id in sent[5:12]:
        mill.run("task", "cancel", task_id)

    rest = mill.rows("task", "list", "--limit", 100, "--cursor", cursor)

    assert [row["id"] for row in rest if "id" in row] == sent[12:]


def test_a_list_for_people_has_a_heading_and_a_row_a_task(mill):
    ids = [mill.enqueue("t"), mill.enqueue("u")]

    lines = mill.run("task", "list").out.splitlines()

    assert len(lines) == 3
    assert ids[0] in lines[1] and ids[1] in lines[2]


def test_a_list_that_goes_on_says_so_behind_its_last_row(mill):
    mill.batch([{"type": "t"}] * 110)

    both = subprocess.run(
        [mill.binary, "task", "list", "--limit", "100"], env=mill.env,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=PATIENCE, check=True,
    ).stdout.splitlines()

    assert len(both) == 102 and both[-1].startswith("more: ")


def test_a_done_task_is_kept_as_long_as_retain_says(mill):
    kept = mill.enqueue("demo.echo", {"a": 1}, "--retain", "1h")
    gone = mill.enqueue("demo.echo", {"a": 1})
    mill.drain("--demo")

    task = mill.show(kept)

    assert task["state"] == "done"
    assert task["result"] == {"a": 1}
    assert task["finished_at"] >= task["started_at"] >= task["created_at"]
    assert mill.is_gone(gone)
    assert listed(mill, "--state", "done") == [{"a": 1}]


def test_a_done_task_is_forgotten_after_its_retention(mill):
    gone = mill.enqueue("demo.echo", None, "--retain", "1ms")
    mill.drain("--demo")

    def is_forgotten():
        mill.enqueue("demo.echo", None, "--in", "50ms")
        mill.drain("--demo")  # one that waits for a task also forgets
        return not mill.rows("task", "list", "--state", "done")

    ask_until(is_forgotten, "the task is forgotten")
    assert mill.is_gone(gone)


def test_a_payload_of_many_lines_is_shown_on_one(mill):
    task_id = mill.run("enqueue", "t", "-", stdin='{\n\t"a": 1\n}').out.strip()

    assert '{  "a": 1 }' in mill.run("task", "show", task_id).out
    assert mill.show(task_id)["payload"] == {"a": 1}
