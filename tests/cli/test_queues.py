"""Queues: order, weights, pausing, purging, counting."""
import pytest


def order(mill, *options):
    """Runs all tasks one after the other; their payloads as they came."""
    journal = mill.folder / "journal"
    mill.drain(
        "--concurrency", 1, *options,
        "--exec", f"*=cat >>{journal}; echo >>{journal}",
    )
    return [int(n) for n in journal.read_text(encoding="ascii").split()]


def test_priority_comes_before_age(mill):
    for payload, priority in enumerate(["low", "normal", "high"] * 2):
        mill.enqueue("t", payload, "--priority", priority)

    assert order(mill) == [2, 5, 1, 4, 0, 3]


def test_age_counts_from_becoming_ready(mill):
    late = mill.enqueue("t", 1, "--in", "1h")
    mill.enqueue("t", 2)
    mill.run("task", "run", late)
    mill.enqueue("t", 3)

    assert order(mill) == [2, 1, 3]


def test_strict_empties_one_queue_before_the_next(mill):
    mill.batch(
        [{"type": "t", "payload": n, "queue": "cab"[n % 3]} for n in range(9)]
    )

    assert order(mill, "--strict", "a,b,c") == [1, 4, 7, 2, 5, 8, 0, 3, 6]


def test_weights_share_out_the_turns(mill):
    mill.batch(
        [{"type": "t", "payload": n, "queue": "ab"[n % 2]} for n in range(80)]
    )

    first = order(mill, "--queues", "a=3,b=1")[:40]

    assert sum(n % 2 == 0 for n in first) == pytest.approx(30, abs=3)


def test_a_worker_keeps_to_its_queues(mill):
    mill.enqueue("t", 1, "--queue", "a")
    mill.enqueue("t", 2, "--queue", "b")

    assert order(mill, "--queues", "a") == [1]
    assert mill.stats("b")["ready"] == 1


def test_the_environment_chooses_queues_as_well(mill):
    mill.enqueue("demo.echo", 1, "--queue", "a")
    mill.enqueue("demo.echo", 2, "--queue", "b")

    mill.drain("--demo", env={"MILLRACE_QUEUES": "b"})

    assert mill.stats("a")["ready"] == 1
    assert mill.stats("b")["ready"] == 0


def test_a_new_queue_is_noticed(mill):
    came = mill.fifo("came")
    mill.enqueue("t", 1)
    mill.worker("--exec", f"t=cat >{came}; echo >{came}")
    assert came.read_line() == "1"

    mill.enqueue("t", 2, "--queue", "brand.new")

    assert came.read_line() == "2"


def test_a_waiting_worker_takes_what_is_enqueued_later(mill):
    came = mill.fifo("came")
    mill.worker("--exec", f"t=cat >{came}; echo >{came}")

    for n in range(5):
        mill.enqueue("t", n)
        assert came.read_line() == str(n)


def test_a_delayed_task_runs_when_it_is_due(mill):
    task_id = mill.enqueue("demo.echo", 1, "--in", "400ms", "--retain", "1h")

    mill.drain("--demo")

    task = mill.show(task_id)
    assert task["started_at"] >= task["run_at"]


def test_a_paused_queue_takes_tasks_and_gives_none(mill):
    mill.run("queue", "pause", "a")
    held = mill.enqueue("demo.echo", 1, "--queue", "a")
    mill.enqueue("demo.echo", 2, "--queue", "b")
    mill.drain("--demo", "--queues", "b")
    assert mill.state(held) == "ready"
    assert mill.stats("a")["paused"] is True

    mill.run("queue", "resume", "a")
    mill.drain("--demo")

    assert mill.is_gone(held)
    assert mill.stats("a")["paused"] is False


def test_a_queue_is_paused_under_a_running_worker(mill):
    came = mill.fifo("came")
    mill.worker("--exec", f"t=cat >{came}; echo >{came}")
    mill.enqueue("t", 1, "--queue", "a")
    assert came.read_line() == "1"
    mill.run("queue", "pause", "a")

    mill.enqueue("t", 2, "--queue", "a")
    mill.enqueue("t", 3, "--queue", "b")

    assert came.read_line() == "3"
    mill.run("queue", "resume", "a")
    assert came.read_line() == "2"


def test_a_queue_that_is_not_there_is_exit_4(mill):
    for verb in ("resume", "purge"):
        done = mill.run("queue", verb, "nosuch", code=4)
        assert "nosuch" in done.err


def test_queue_list_names_the_queues(mill):
    mill.enqueue("t", None, "--queue", "b")
    mill.enqueue("t", None, "--queue", "a")

    assert [row["queue"] for row in mill.rows("queue", "list")] == ["a", "b"]


def test_purge_keeps_the_dead(mill):
    mill.enqueue("demo.dead", None, "--max-attempts", "1")
    mill.drain("--demo")
    mill.enqueue("t")
    mill.enqueue("t", None, "--in", "1h")

    done = mill.run("queue", "purge", "default")

    assert "2" in done.out
    stats = mill.stats()
    assert (stats["ready"], stats["scheduled"], stats["dead"]) == (0, 0, 1)


def test_purge_of_a_state_keeps_the_others(mill):
    mill.enqueue("t")
    mill.enqueue("t", None, "--in", "1h")

    mill.run("queue", "purge", "default", "--state", "scheduled")

    stats = mill.stats()
    assert (stats["ready"], stats["scheduled"]) == (1, 0)


def test_purge_takes_thousands(mill):
    mill.batch([{"type": "t"}] * 2500)

    assert "2500" in mill.run("queue", "purge", "default").out
    assert mill.stats()["ready"] == 0


def test_no_line_of_a_table_ends_with_a_blank(mill):
    mill.enqueue("t", None, "--queue", "a-long-name")
    mill.enqueue("t", None, "--queue", "b")
    mill.run("queue", "pause", "b")

    for table in (("stats",), ("task", "list"), ("workers",)):
        lines = mill.run(*table).out.splitlines()
        assert lines and lines == [line.rstrip() for line in lines]


def test_stats_count_what_was_and_what_is(mill):
    quick = ["--backoff", "constant:1ms", "--jitter", "none"]
    mill.enqueue("demo.echo")
    mill.enqueue("demo.fail", None, *quick)
    mill.enqueue("demo.dead", None, "--max-attempts", "2", *quick)
    mill.drain("--demo")
    mill.enqueue("t")
    mill.enqueue("t", None, "--in", "1h")

    stats = mill.stats()

    assert stats.pop("oldest_ready_ms") >= 0
    assert stats == {
        "queue": "default",
        "ready": 1,
        "active": 0,
        "scheduled": 1,
        "retry": 0,
        "dead": 1,
        "done": 2,
        "failed": 4,
        "paused": False,
    }


def test_stats_for_people_have_a_row_a_queue(mill):
    mill.enqueue("t", None, "--queue", "one")
    mill.enqueue("t", None, "--queue", "two")

    lines = mill.run("stats").out.splitlines()

    assert len(lines) == 3
    assert "ready" in lines[0].lower()
    assert lines[1].split()[0] == "one" and lines[2].split()[0] == "two"


def test_hundreds_of_queues_are_all_listed_and_served(mill):
    names = [f"q{n:03}" for n in range(300)]
    mill.batch([{"type": "demo.echo", "queue": name} for name in names])

    assert [row["queue"] for row in mill.rows("stats")] == names
    mill.drain("--demo")
    assert sum(row["done"] for row in mill.rows("stats")) == 300
