"""Workers with many handlers at once: each task comes out as it should.

Built with TSan, these also fail where two threads touch the same thing with
nothing between them.
"""
import pytest

pytestmark = pytest.mark.threads

WIDE = ["--demo", "--concurrency", 8]
QUICK = {"backoff": {"base_ms": 1, "jitter": "none"}, "retain_ms": 3600000}


def given_a_mixture(mill):
    kinds = ["demo.echo", "demo.sleep", "demo.fail", "demo.dead", "cat", "fail"]
    tasks = [
        {"type": kinds[n % 6], "payload": {"ms": n % 3}, "max_attempts": 3,
         "queue": f"q{n % 4}", **QUICK}
        for n in range(120)
    ]
    return [(row["id"], tasks[n]) for n, row in enumerate(mill.batch(tasks))]


def state_of(task):
    return "dead" if task["type"] in ("demo.dead", "fail") else "done"


def test_all_kinds_of_handlers_run_side_by_side(mill):
    tasks = given_a_mixture(mill)

    workers = [
        mill.worker(*WIDE, "--drain", "--exec", "cat=cat",
                    "--exec", "fail=echo no >&2; exit 1")
        for _ in range(2)
    ]

    assert [worker.wait() for worker in workers] == [0, 0]
    stats = [mill.stats(f"q{n}") for n in range(4)]
    assert sum(row["done"] for row in stats) == 80
    assert sum(row["dead"] for row in stats) == 40
    for task_id, task in tasks[:12]:
        assert mill.state(task_id) == state_of(task)


def test_a_worker_stops_with_handlers_of_every_kind_at_work(mill):
    started = mill.fifo("started")
    mill.batch(
        [{"type": kind, "payload": {"ms": 600000}, "timeout_ms": 0}
         for kind in ["demo.sleep", "wait"] * 3]
    )
    worker = mill.worker(
        *WIDE, "--exec", f"wait=echo x >{started}; exec sleep 1000",
        env={"MILLRACE_SHUTDOWN_TIMEOUT": "10ms"},
    )
    for _ in range(3):
        started.read_line()

    assert worker.stop() == 0
    assert mill.stats()["ready"] == 6
