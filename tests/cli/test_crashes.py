"""Workers and servers that die: nothing is lost, nothing runs on unseen."""
import signal
import subprocess
from collections import Counter

import pytest
from harness import Millrace, ask_until, wait_until_gone

pytestmark = pytest.mark.threads

LEASE = ["--lease", "1s"]
KEPT = ["--retain", "1h"]


def waiting_at_a_gate(mill, name):
    """A handler that tells its pid and attempt and then waits."""
    started, gate = mill.fifo(f"{name}-started"), mill.fifo(f"{name}-gate")
    tell = f"echo $$ $MILLRACE_ATTEMPT >{started}"
    return f"t={tell}; read x <{gate}; echo {name}", started, gate


def test_another_worker_finishes_what_a_killed_one_began(mill):
    first, started, _ = waiting_at_a_gate(mill, "1")
    task_id = mill.enqueue("t", None, *KEPT)
    worker = mill.worker(*LEASE, "--exec", first)
    handler = int(started.read_line().split()[0])

    worker.kill()

    wait_until_gone(handler)
    mill.drain(*LEASE, "--exec", "t=echo 2")
    task = mill.show(task_id)
    assert (task["state"], task["result"]) == ("done", 2)
    assert (task["attempt"], task["crashes"]) == (2, 1)
    assert mill.stats()["failed"] == 1


def test_no_grandchild_outlives_a_killed_worker(mill):
    pids = mill.fifo("pids")
    mill.enqueue("t")
    worker = mill.worker(
        *LEASE, "--exec", f"t=sleep 1000 & echo $! $$ >{pids}; wait"
    )
    child, handler = (int(pid) for pid in pids.read_line().split())

    worker.kill()

    wait_until_gone(handler)
    wait_until_gone(child)


def test_a_frozen_worker_loses_its_lease_and_changes_nothing(mill):
    first, started, gate = waiting_at_a_gate(mill, "1")
    second, started_again, gate_again = waiting_at_a_gate(mill, "2")
    task_id = mill.enqueue("t", None, *KEPT)
    frozen = mill.worker(*LEASE, "--name", "frozen", "--exec", first)
    started.read_line()
    frozen.signal(signal.SIGSTOP)

    other = mill.worker(*LEASE, "--name", "other", "--exec", second)
    assert started_again.read_line().split()[1] == "2"
    gate.write_line()
    frozen.signal(signal.SIGCONT)

    frozen.log.wait_for("lease lost", task_id)
    task = mill.show(task_id)
    assert (task["state"], task["worker"]) == ("active", "other")
    gate_again.write_line()
    ask_until(lambda: mill.state(task_id) == "done", "it is done")
    assert mill.show(task_id)["result"] == 2
    assert mill.stats()["done"] == 1
    assert other.stop() == 0
    assert frozen.stop() == 0


def test_a_poison_pill_dies_and_takes_no_innocent_along(mill):
    pill = mill.enqueue(
        "demo.crash", None, "--backoff", "constant:1ms", "--jitter", "none"
    )
    innocents = mill.batch(
        [{"type": "demo.echo", "payload": n, "retain_ms": 3600000}
         for n in range(50)]
    )

    deaths = 0
    while True:
        worker = mill.worker("--demo", "--drain", "--lease", "500ms",
                             "--concurrency", 4)
        if worker.wait() == 0:
            break
        deaths += 1
        assert deaths <= 3

    task = mill.show(pill)
    assert (task["state"], task["reason"]) == ("dead", "lost")
    assert task["crashes"] == 3 == deaths
    assert all(mill.state(row["id"]) == "done" for row in innocents)
    assert mill.stats()["dead"] == 1


def test_a_crash_on_the_last_attempt_is_lost(mill):
    task_id = mill.enqueue("demo.crash", None, "--max-attempts", "1")
    worker = mill.worker("--demo", "--lease", "300ms")
    worker.wait()

    mill.drain("--demo", "--lease", "300ms")

    task = mill.show(task_id)
    assert (task["reason"], task["crashes"]) == ("lost", 1)


def test_three_workers_share_a_thousand_tasks_and_run_each_once(mill):
    journal, is_open = mill.folder / "journal", mill.folder / "open"
    began, gate = mill.fifo("began"), mill.fifo("gate")
    mill.batch([{"type": "t", "payload": n} for n in range(1000)])
    workers = [
        mill.worker(
            "--drain", "--name", f"w{n}", "--concurrency", 4,
            "--exec", f'*=read x; echo "w{n} $x" >>{journal}; '
                      f"echo w{n} >{began}; [ -e {is_open} ] || read y <{gate}",
        )
        for n in range(3)
    ]
    # However slowly one comes up, the others leave it something.
    waiting = {began.read_line()}
    while len(waiting) < 3:
        waiting.add(began.read_line())
    is_open.touch()
    for _ in range(3 * 4):
        gate.write_line()

    assert [worker.wait() for worker in workers] == [0, 0, 0]

    runs = [line.split() for line in journal.read_text().splitlines()]
    assert Counter(n for _, n in runs) == Counter(str(n) for n in range(1000))
    assert {name for name, _ in runs} == {"w0", "w1", "w2"}
    assert mill.stats()["done"] == 1000


def test_workers_that_keep_dying_lose_nothing(mill):
    journal = mill.folder / "journal"
    mill.batch(
        [{"type": "t", "payload": n, "max_attempts": 100, "max_crashes": 100,
          "backoff": {"base_ms": 1, "jitter": "none"}}
         for n in range(200)]
    )
    done = mill.fifo("done")
    handler = f"t=read x; echo $x >>{journal}; echo x >{done}"

    for _ in range(5):
        worker = mill.worker(
            *LEASE, "--concurrency", 4, "--exec", handler
        )
        for _ in range(20):
            done.read_line()
        worker.kill()
    mill.drain(*LEASE, "--concurrency", 4, "--exec", handler)

    runs = Counter(journal.read_text(encoding="ascii").split())
    assert set(runs) == {str(n) for n in range(200)}
    stats = mill.stats()
    assert (stats["done"], stats["dead"]) == (200, 0)
    # A task runs again only where a lease was lost: the crashes say how many.
    assert sum(runs.values()) - 200 <= stats["failed"]


def test_a_producer_that_dies_half_way_leaves_whole_tasks(mill):
    lines = b'{"type":"t","payload":1}\n' * 1500
    producer = subprocess.Popen(
        [mill.binary, "enqueue", "--batch"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=mill.env,
    )
    producer.stdin.write(lines)
    producer.stdin.flush()
    answered = [producer.stdout.readline() for _ in range(10)]
    producer.kill()
    rest = producer.stdout.read()
    producer.wait()
    producer.stdin.close()
    producer.stdout.close()

    ids = (b"".join(answered) + rest).decode().splitlines()[:-1]
    stored = mill.stats()["ready"]
    assert stored >= len(ids)
    assert all(mill.state(i) == "ready" for i in (ids[0], ids[-1]))


@pytest.fixture
def redis_mill(binary, own_redis, tmp_path):
    server = own_redis()
    mill = Millrace(binary, server.url(), tmp_path)
    yield mill, server
    mill.close()


def test_an_entry_of_foreign_hands_keeps_no_task_from_its_next_worker(
    redis_mill,
):
    mill, server = redis_mill
    first, started, _ = waiting_at_a_gate(mill, "1")
    mill.enqueue("t")
    mill.drain("--exec", "t=true")
    server.ask("XADD", "{millrace:default}:ready:normal", "*", "no", "task")
    task_id = mill.enqueue("t", None, *KEPT)
    worker = mill.worker(*LEASE, "--exec", first)
    started.read_line()

    worker.kill()

    successor = mill.worker(*LEASE, "--exec", "t=echo 2")
    successor.log.wait_for("task done", task_id)
    assert mill.show(task_id)["result"] == 2
    assert not successor.log.find("backend failed", "take expired")
    assert successor.stop() == 0


def test_an_entry_of_foreign_hands_keeps_no_worker_from_draining(redis_mill):
    mill, server = redis_mill
    task_id = mill.enqueue("t", None, *KEPT)
    server.ask("XADD", "{millrace:default}:ready:high", "*", "no", "task")

    mill.drain("--exec", "t=true", "--concurrency", "1")

    assert mill.state(task_id) == "done"
    letter = mill.row("dlq", "list")
    assert (letter["type"], letter["reason"]) == ("unreadable", "rejected")
    assert letter["payload"] == ["no", "task"]
