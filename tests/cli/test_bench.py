"""The benchmark as users run it. What it measures is not judged here: only
that it measures at all, by the right shapes, and leaves nothing behind."""
import os
import signal
from pathlib import Path

import pytest
from harness import PATIENCE, Process, ask_until, is_alive
from installed import sanitizers_of

PHASES = ["enqueue", "drain", "e2e", "latency", "delayed"]
NUMBERS = {
    "tasks", "seconds", "tasks_per_s", "p50_ms", "p99_ms", "max_ms",
    "client_cpu_us", "server_cpu_us", "commands_per_task", "bytes_per_task",
    "rss_kb",
}
SMALL = ["--tasks", "30", "--batch", "7"]


def place(request, tmp_path):
    """A backend's name, its URL, and what is left in it, as a question."""
    if request.param == "memory":
        return "memory", "memory:", lambda: []
    if request.param == "sqlite":
        folder = tmp_path / "files"
        folder.mkdir()
        return "sqlite", f"sqlite:{folder}/t.db", lambda: os.listdir(folder)
    server = request.getfixturevalue("own_redis")()
    return "redis", server.url(), lambda: server.ask("KEYS", "*").split()


@pytest.fixture(params=["memory", "sqlite", "redis"])
def backend(request, tmp_path):
    return place(request, tmp_path)


@pytest.fixture(params=["sqlite", "redis"])
def outside(request, tmp_path):
    """One outside of the process, so that workers are processes."""
    return place(request, tmp_path)


def children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [int(child) for child in listed.split()]


def can_weigh(name):
    """Whether bytes are known: a sanitizer's allocator can't be asked."""
    build = Path(os.environ["MILLRACE_BUILD"])
    return name != "memory" or sanitizers_of(build) == "none"


def test_every_phase_is_one_object_with_all_figures(homeless, backend):
    name, url, left = backend

    rows = homeless.rows("bench", "--url", url, *SMALL)

    assert [row["phase"] for row in rows] == PHASES
    for row in rows:
        assert set(row) == NUMBERS | {"phase", "backend"}
        assert row["backend"] == name and row["tasks"] == 30
        assert row["seconds"] > 0 and row["tasks_per_s"] > 0
        assert row["client_cpu_us"] > 0 and row["rss_kb"] > 0
    assert left() == []


def test_what_does_not_apply_is_null(homeless, backend):
    name, url, _ = backend

    rows = homeless.rows("bench", "--url", url, *SMALL)

    for row in rows:
        is_timed = row["phase"] in ("latency", "delayed")
        for figure in ("p50_ms", "p99_ms", "max_ms"):
            assert (row[figure] is not None) == is_timed
        for figure in ("server_cpu_us", "commands_per_task"):
            assert (row[figure] is not None) == (name == "redis")
        is_weighed = row["phase"] == "enqueue" and can_weigh(name)
        assert (row["bytes_per_task"] is not None) == is_weighed
        if is_timed:
            assert 0 <= row["p50_ms"] <= row["p99_ms"] <= row["max_ms"]


def test_an_enqueue_of_a_batch_costs_little_more_than_its_tasks(
    homeless, own_redis
):
    server = own_redis()

    row = homeless.row("bench", "--url", server.url(), "--phase", "enqueue",
                       "--tasks", "10000")

    assert 1 <= row["commands_per_task"] < 1.2
    assert row["bytes_per_task"] > 100


def test_a_waiting_task_takes_its_payload_and_little_more(homeless, backend):
    name, url, _ = backend

    row = homeless.row("bench", "--url", url, "--phase", "enqueue", "--tasks",
                       "20", "--payload", "100000", "--backlog", "100")

    if can_weigh(name):
        assert 100_000 < row["bytes_per_task"] < 200_000


def test_many_producers_and_workers_share_the_work(homeless, backend):
    _, url, left = backend

    rows = homeless.rows("bench", "--url", url, "--tasks", "200",
                         "--producers", "3", "--workers", "3", "--backlog",
                         "50", "--phase", "e2e", "--phase", "drain")

    assert [row["phase"] for row in rows] == ["drain", "e2e"]
    assert left() == []


def test_tasks_can_fall_due_one_by_one(homeless, backend):
    _, url, left = backend

    row = homeless.row("bench", "--url", url, "--tasks", "100", "--batch", "1",
                       "--phase", "delayed")

    # The last is due 990 ms after the first, by clocks that agree roughly.
    assert row["seconds"] >= 0.5
    assert left() == []


def test_people_get_a_table(homeless):
    out = homeless.run("bench", "--url", "memory:", *SMALL,
                       "--phase", "drain").out.splitlines()

    assert out[0].split()[:3] == ["PHASE", "BACKEND", "TASKS"]
    assert out[1].split()[:3] == ["drain", "memory", "30"]
    assert len(out) == 2


@pytest.mark.parametrize("words", [
    ["--phase", "sideways"], ["--tasks", "0"], ["--tasks", "many"],
    ["--payload", "9"], ["--payload", "1048577"], ["--producers", "65"],
    ["--workers", "0"], ["--concurrency", "1025"], ["--batch", "1001"],
    ["--backlog", "-1"], ["--nonsense"], ["word"],
])
def test_bad_options_are_named_and_nothing_is_run(homeless, words):
    done = homeless.run("bench", "--url", "memory:", *words, code=2)

    assert words[0] in done.err and done.err.count("\n") == 1
    assert done.out == ""


def test_a_backend_out_of_reach_is_one_line(homeless, tmp_path):
    for url in (f"redis+unix://{tmp_path}/none", f"sqlite:{tmp_path}/no/t.db"):
        for phase in PHASES:
            done = homeless.run("bench", "--url", url, "--phase", phase, code=3)
            assert done.err.count("\n") == 1 and done.out == ""


def test_somebodys_tasks_are_left_alone(mill):
    task = mill.enqueue("mine", {}, "--queue", "bench")

    mill.run("bench", *SMALL)

    assert mill.state(task) == "ready"
    assert [row["queue"] for row in mill.rows("stats")] == ["bench"]


def complaints(process):
    """All it has said, once it has ended."""
    log = process.log
    with log.changed:
        assert log.changed.wait_for(lambda: log.is_at_end, PATIENCE)
        return log.lines


def start_long_one(mill, backend, *words):
    """A benchmark that would go on for minutes, once it has begun."""
    _, url, left = backend
    process = Process(
        [mill.binary, "bench", "--url", url, "--phase", "latency",
         "--tasks", "100000", *words],
        env=mill.env,
    )
    mill.processes.append(process)
    ask_until(left, "the benchmark has begun")
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_that_is_interrupted_cleans_up(homeless, outside, number):
    _, _, left = outside
    process = start_long_one(homeless, outside)
    workers = children(process.pid)

    process.signal(number)

    assert process.wait() == 1
    assert complaints(process) == ["millrace: bench: stopped"]
    assert left() == []
    assert workers and not any(is_alive(pid) for pid in workers)


def test_a_signal_to_all_as_from_a_terminal_is_one_to_the_first(
    homeless, outside
):
    _, _, left = outside
    process = start_long_one(homeless, outside, "--workers", "2")
    workers = children(process.pid)

    for pid in [*workers, process.pid]:
        os.kill(pid, signal.SIGINT)

    assert process.wait() == 1
    assert len(complaints(process)) == 1
    assert left() == []


def test_a_worker_that_dies_ends_it(homeless, outside):
    _, _, left = outside
    process = start_long_one(homeless, outside, "--workers", "2")

    os.kill(children(process.pid)[0], signal.SIGKILL)

    assert process.wait() == 3
    (line,) = complaints(process)
    assert "a worker has ended" in line
    assert left() == []


def test_no_worker_outlives_a_killed_one(homeless, outside):
    process = start_long_one(homeless, outside)
    workers = children(process.pid)

    process.kill()

    ask_until(lambda: not any(is_alive(pid) for pid in workers),
              "the workers have ended")


def test_a_server_that_goes_away_ends_it(homeless, own_redis):
    server = own_redis()
    process = start_long_one(
        homeless,
        ("redis", server.url(), lambda: server.ask("KEYS", "*").split()),
    )

    server.kill()

    assert process.wait() == 3
    assert len(complaints(process)) == 1
