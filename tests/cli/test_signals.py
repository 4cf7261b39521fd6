"""Telling a worker to stop, to be quiet and to go on."""
import signal
import time

import pytest
from harness import ask_until, wait_until_gone

pytestmark = pytest.mark.threads


def given_a_busy_worker(mill, *options, trap="", env=None):
    """A worker whose one handler waits at a gate."""
    started, gate = mill.fifo("started"), mill.fifo("gate")
    task_id = mill.enqueue("t", None, "--retain", "1h")
    worker = mill.worker(
        "--concurrency", 1, *options,
        "--exec", f"t={trap} echo $$ >{started}; read x <{gate}; echo 1",
        env=env,
    )
    return task_id, worker, int(started.read_line()), gate


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopping_worker_lets_its_handlers_finish(mill, number):
    task_id, worker, _, gate = given_a_busy_worker(mill)
    waiting = mill.enqueue("t")

    worker.signal(number)
    worker.log.wait_for("worker stopping")
    gate.write_line()

    assert worker.wait() == 0
    assert mill.state(task_id) == "done"
    assert mill.state(waiting) == "ready"
    assert mill.show(waiting)["attempt"] == 0


def test_after_the_shutdown_timeout_tasks_are_released(mill):
    task_id, worker, handler, _ = given_a_busy_worker(
        mill, env={"MILLRACE_SHUTDOWN_TIMEOUT": "100ms"}
    )

    assert worker.stop() == 0

    task = mill.show(task_id)
    assert (task["state"], task["attempt"], task["crashes"]) == ("ready", 0, 0)
    assert mill.stats()["failed"] == 0
    wait_until_gone(handler)


def test_a_second_signal_stops_at_once(mill):
    task_id, worker, handler, _ = given_a_busy_worker(mill)
    began = time.monotonic()

    worker.signal(signal.SIGTERM)
    worker.log.wait_for("worker stopping")
    worker.signal(signal.SIGTERM)

    assert worker.wait() == 0
    assert time.monotonic() - began < 20
    assert mill.show(task_id)["state"] == "ready"
    assert mill.show(task_id)["attempt"] == 0
    wait_until_gone(handler)


def test_what_was_only_fetched_goes_back(mill):
    _, worker, _, gate = given_a_busy_worker(mill)
    ids = [row["id"] for row in mill.batch([{"type": "t"}] * 20)]

    worker.signal(signal.SIGTERM)
    worker.log.wait_for("worker stopping")
    gate.write_line()

    assert worker.wait() == 0
    stats = mill.stats()
    assert (stats["ready"], stats["active"]) == (20, 0)
    assert all(mill.show(i)["attempt"] == 0 for i in ids)


def test_an_idle_worker_stops_promptly(mill):
    def is_prompt():
        worker = mill.worker("--demo")
        worker.log.wait_for("worker started")
        began = time.monotonic()
        assert worker.stop() == 0
        return time.monotonic() - began < 1.5

    # Below the 2 s of a heartbeat, for which one would sleep that was not
    # woken; the machine may take as long now and then, but not always.
    ask_until(is_prompt, "it stops before its next heartbeat")


def test_a_quiet_worker_finishes_and_takes_nothing(mill):
    task_id, worker, _, gate = given_a_busy_worker(mill)
    worker.signal(signal.SIGTSTP)
    worker.log.wait_for("worker quiet")

    other = mill.enqueue("t")
    gate.write_line()
    ask_until(lambda: mill.state(task_id) == "done", "the first is done")
    mill.enqueue("demo.echo", None, "--queue", "elsewhere")
    mill.drain("--demo", "--queues", "elsewhere")
    assert mill.state(other) == "ready"

    worker.signal(signal.SIGCONT)
    gate.write_line()
    ask_until(lambda: mill.stats()["done"] == 2, "the second is done")
    assert worker.stop() == 0


def test_workers_are_listed_while_they_live(mill):
    worker = mill.worker("--demo", "--name", "anna", "--concurrency", 3,
                         "--queues", "a=2,b=1")
    (row,) = ask_until(lambda: mill.rows("workers"), "the worker is listed")

    assert row["name"] == "anna"
    assert row["pid"] == worker.pid
    assert (row["busy"], row["concurrency"]) == (0, 3)
    assert row["queues"] == "a=2,b=1"
    assert "anna" in mill.run("workers").out

    assert worker.stop() == 0
    assert mill.rows("workers") == []
