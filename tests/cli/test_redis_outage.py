"""A Redis server that goes away and comes back."""
import signal
from collections import Counter

import pytest
from harness import Millrace, ask_until
from metrics_page import start_worker


@pytest.fixture
def durable(own_redis):
    return own_redis("--appendonly", "yes", "--appendfsync", "always")


@pytest.fixture
def mill(binary, durable, tmp_path):
    program = Millrace(binary, durable.url(), tmp_path)
    yield program
    program.close()


def test_a_restart_under_running_workers_loses_nothing(mill, durable):
    journal = mill.folder / "journal"
    done = mill.fifo("done")
    mill.batch([{"type": "t", "payload": n} for n in range(300)])
    workers = [
        mill.worker(
            "--concurrency", 2, "--lease", "5s",
            "--exec", f"t=read x; echo $x >>{journal}; echo x >{done}",
        )
        for _ in range(2)
    ]
    for _ in range(50):
        done.read_line()

    durable.kill()
    for worker in workers:
        worker.log.wait_for("backend failed")
    durable.start()

    ask_until(lambda: mill.stats()["done"] == 300, "all are done")
    assert [worker.stop() for worker in workers] == [0, 0]
    runs = Counter(journal.read_text(encoding="ascii").split())
    assert set(runs) == {str(n) for n in range(300)}
    stats = mill.stats()
    assert (stats["ready"], stats["active"], stats["dead"]) == (0, 0, 0)


def test_what_finishes_during_the_outage_is_settled_after_it(mill, durable):
    started, gate = mill.fifo("started"), mill.fifo("gate")
    task_id = mill.enqueue("t", None, "--retain", "1h")
    worker = start_worker(
        mill, "--lease", "30s",
        "--exec", f"t=echo x >{started}; read x <{gate}; echo 5",
    )
    started.read_line()

    durable.kill()
    gate.write_line()
    ask_until(
        lambda: worker.page().value(
            "millrace_backend_errors_total", op="settle"
        ),
        "it could not be settled",
    )
    durable.start()

    ask_until(lambda: mill.state(task_id) == "done", "it is settled")
    task = mill.show(task_id)
    assert (task["result"], task["attempt"]) == (5, 1)
    assert worker.process.stop() == 0


def test_a_worker_started_while_the_server_is_down_says_so(mill, durable):
    durable.kill()

    done = mill.run("worker", "--drain", code=3)

    assert str(durable.socket) in done.err
    durable.start()


def test_told_twice_a_worker_waits_for_no_answer(mill, durable):
    gate = mill.fifo("gate")
    task_id = mill.enqueue("t")
    worker = mill.worker("--exec", f"t=read _ < {gate}")
    ask_until(lambda: mill.state(task_id) == "active", "it runs")
    durable.process.signal(signal.SIGSTOP)

    worker.signal(signal.SIGTERM)
    worker.signal(signal.SIGINT)

    assert worker.wait() in (0, 3)  # 0: it did not need the server any more
    durable.process.signal(signal.SIGCONT)
    assert mill.state(task_id) in ("active", "ready")


def test_a_full_server_refuses_new_tasks_and_finishes_old_ones(
    mill, durable
):
    mill.enqueue("demo.echo")
    mill.drain("--demo")
    mill.batch([{"type": "demo.echo"}] * 10)
    durable.ask("CONFIG", "SET", "maxmemory", "1")

    done = mill.run("enqueue", "t", code=3)

    assert "memory" in done.err.lower()
    mill.drain("--demo")
    assert mill.stats()["done"] == 11
