"""The metrics of worker and serve, as whoever scrapes them sees them."""
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess

import pytest
from harness import PATIENCE, Millrace, ask_until
from metrics_page import start_serve, start_worker

# INTERFACE: names, and the labels that they come with.
COUNTED = {
    "millrace_tasks_processed_total": {"queue", "type", "outcome"},
    "millrace_task_duration_seconds_bucket": {"queue", "type", "le"},
    "millrace_task_wait_seconds_bucket": {"queue", "type", "le"},
    "millrace_schedule_lateness_seconds_bucket": {"queue", "le"},
    "millrace_dead_letters_total": {"queue", "reason"},
    "millrace_backend_errors_total": {"op"},
    "millrace_queue_tasks": {"queue", "state"},
    "millrace_queue_oldest_ready_seconds": {"queue"},
    "millrace_workers": set(),
    "millrace_worker_busy": set(),
    "millrace_build_info": {"version"},
}


def processed(page, outcome, kind):
    return page.value(
        "millrace_tasks_processed_total",
        queue="default", type=kind, outcome=outcome,
    )


def has_processed(target, outcome, kind, count):
    return lambda: processed(target.page(), outcome, kind) == count


def check_metrics(page):
    if not shutil.which("promtool"):
        if os.environ.get("CI") == "true":
            pytest.fail("no promtool, which is needed in CI")
        pytest.skip("no promtool")
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=page.text, text=True,
        capture_output=True, timeout=PATIENCE, check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_worker_counts_what_becomes_of_its_tasks(mill):
    worker = start_worker(mill)
    mill.batch([{"type": "demo.echo"}] * 7)
    mill.enqueue("demo.echo", 1, "--in", "10ms")
    mill.enqueue("demo.dead", None, "--max-attempts", 1)
    ask_until(has_processed(worker, "done", "demo.echo", 8), "all are done")
    ask_until(has_processed(worker, "dead", "demo.dead", 1), "one is dead")

    page = worker.page()

    for name, labels in COUNTED.items():
        assert page.labels(name) == {frozenset(labels)}, name
    assert processed(page, "retry", "demo.echo") == 0
    for histogram in ("task_duration", "task_wait"):
        count = f"millrace_{histogram}_seconds_count"
        assert page.value(count, type="demo.echo") == 8
    late = "millrace_schedule_lateness_seconds_count"
    assert page.value(late, queue="default") == 1
    dead = "millrace_dead_letters_total"
    assert page.value(dead, reason="exhausted") == 1
    assert page.value(dead, reason="rejected") == 0
    assert worker.process.stop() == 0


def test_worker_page_passes_promtool(mill):
    worker = start_worker(mill)
    mill.enqueue("demo.echo", 1, "--in", "10ms")
    mill.enqueue("demo.dead", None, "--max-attempts", 1)
    ask_until(has_processed(worker, "dead", "demo.dead", 1), "one is dead")
    ask_until(has_processed(worker, "done", "demo.echo", 1), "one is done")

    check_metrics(worker.page())


def test_gauges_tell_what_the_backend_holds(mill):
    mill.batch([{"type": "x", "queue": "mail"}] * 3)
    mill.enqueue("x", None, "--queue", "later", "--in", "1h")
    mill.run("queue", "pause", "mail")
    worker = start_worker(mill, "--concurrency", "3", "--queues", "elsewhere")

    page = ask_until(
        lambda: worker.page().value("millrace_workers") == 1 and worker.page(),
        "the worker has been seen",
    )

    tasks = "millrace_queue_tasks"
    assert page.value(tasks, queue="mail", state="ready") == 3
    assert page.value(tasks, queue="mail", state="dead") == 0
    assert page.value(tasks, queue="later", state="scheduled") == 1
    assert page.value("millrace_queue_oldest_ready_seconds", queue="mail") > 0
    assert (
        page.value("millrace_queue_oldest_ready_seconds", queue="later") == 0
    )
    assert page.value("millrace_queue_paused", queue="mail") == 1
    assert page.value("millrace_queue_paused", queue="later") == 0
    assert page.value("millrace_worker_busy") == 0
    assert page.value("millrace_worker_concurrency") == 3
    assert page.value("millrace_backend_up") == 1


def test_serve_counts_what_it_adds_and_no_duplicate(mill):
    serve = start_serve(mill)
    serve.enqueue([{"type": "a", "queue": "q"}] * 4)
    serve.enqueue({"type": "b", "queue": "q", "key": "k"})
    serve.enqueue({"type": "b", "queue": "q", "key": "k"})

    page = serve.page()

    added = "millrace_tasks_enqueued_total"
    assert page.labels(added) == {frozenset({"queue", "type"})}
    assert page.value(added, queue="q", type="a") == 4
    assert page.value(added, queue="q", type="b") == 1
    check_metrics(page)
    assert serve.process.stop() == 0


def test_serve_counts_what_pull_workers_settle(mill):
    serve = start_serve(mill)
    serve.enqueue({"type": "t", "queue": "q", "max_attempts": 1})
    (task,) = post(serve, "/api/v1/lease", {
        "queues": ["q"], "max": 1, "worker": "puller", "lease_ms": 60000,
    })["tasks"]
    post(serve, "/api/v1/settle", [
        {"id": task["id"], "lease": task["lease"], "outcome": "retry",
         "error": "no"},
    ])

    page = serve.page()

    counted = "millrace_tasks_processed_total"
    assert page.value(counted, queue="q", type="t", outcome="dead") == 1
    assert page.value("millrace_task_duration_seconds_count", queue="q") == 1
    dead = "millrace_dead_letters_total"
    assert page.value(dead, queue="q", reason="exhausted") == 1


def post(target, path, body):
    status, _, text = target.request(
        "POST", path, json.dumps(body), {"Content-Type": "application/json"}
    )
    assert status == 200, text
    return json.loads(text)


def test_serve_patrols_through_the_store(mill):
    mill.enqueue("x")
    serve = start_serve(mill)

    page = ask_until(
        lambda: serve.page().value("millrace_scrub_walks_total") == 1
        and serve.page(),
        "it went round once",
    )

    flaws = page.samples["millrace_scrub_flaws_total"]
    assert len(flaws) > 3
    assert all(value == 0 for _, value in flaws)


def test_patrol_counts_what_doctor_would_find(binary, tmp_path):
    mill = Millrace(binary, f"sqlite:{tmp_path}/tasks.db", tmp_path)
    mill.enqueue("x")
    with sqlite3.connect(tmp_path / "tasks.db") as file:
        file.execute("UPDATE millrace_queues SET ready = 7")
    file.close()
    serve = start_serve(mill)
    try:
        serve.process.log.wait_for("store has flaws", "counters")
        ask_until(
            lambda: serve.page().value(
                "millrace_scrub_flaws_total", check="counters"
            ) == 1,
            "it is counted",
        )
        assert mill.rows("doctor", code=1)  # it has repaired nothing
    finally:
        mill.close()


def test_types_without_end_do_not_grow_the_page_without_end(mill):
    worker = start_worker(mill)
    mill.batch([{"type": f"t{n}", "max_attempts": 1} for n in range(400)])

    def all_are_counted():
        page = worker.page()
        total = sum(
            value
            for labels, value in page.samples.get(
                "millrace_tasks_processed_total", []
            )
            if labels["outcome"] == "dead"
        )
        return total == 400 and page

    page = ask_until(all_are_counted, "each is counted somewhere")

    kinds = {
        labels["type"]
        for labels, _ in page.samples["millrace_tasks_processed_total"]
    }
    assert len(kinds) == 257
    assert page.value(
        "millrace_tasks_processed_total",
        queue="_other", type="_other", outcome="dead",
    ) == 400 - 256


def test_page_is_there_while_the_backend_is_not(binary, own_redis, tmp_path):
    redis = own_redis()
    mill = Millrace(binary, redis.url(), tmp_path)
    worker = start_worker(mill)
    try:
        mill.enqueue("demo.echo")
        ask_until(has_processed(worker, "done", "demo.echo", 1), "it is done")

        redis.kill()
        worker.process.log.wait_for("backend failed")
        page = ask_until(
            lambda: worker.page().value("millrace_backend_up") == 0
            and worker.page(),
            "it says so",
        )

        assert processed(page, "done", "demo.echo") == 1
        assert page.value("millrace_backend_errors_total", op="stats") > 0
        assert "millrace_queue_tasks" not in page.samples
        assert worker.request("GET", "/healthz")[0] == 200
        redis.start()
        ask_until(
            lambda: worker.page().value("millrace_backend_up") == 1,
            "it is back",
        )
    finally:
        mill.close()


def test_token_guards_the_page_and_not_the_health(mill):
    worker = start_worker(mill, env={"MILLRACE_TOKEN": "secret"})

    assert worker.request("GET", "/metrics")[0] == 401
    wrong = {"Authorization": "Bearer secre"}
    assert worker.request("GET", "/metrics", headers=wrong)[0] == 401
    right = {"Authorization": "Bearer secret"}
    assert worker.request("GET", "/metrics", headers=right)[0] == 200
    assert worker.request("GET", "/healthz")[0] == 200
    assert not worker.process.log.find("secret")


def test_worker_serves_nothing_else(mill):
    worker = start_worker(mill)

    assert worker.request("GET", "/api/v1/tasks")[0] == 404
    assert worker.request("POST", "/metrics")[0] == 405
    assert worker.request(
        "GET", "/metrics", headers={"Host": "evil.example"}
    )[0] == 403


@pytest.mark.parametrize(
    "value", ["", "nonsense", "127.0.0.1", "127.0.0.1:", ":9464",
              "127.0.0.1:65536", "127.0.0.1:-1", "[::1:9464"],
)
def test_bad_address_is_wrong_usage(homeless, value):
    done = homeless.run("worker", "--demo", "--metrics", value, code=2)

    assert done.err.count("\n") == 1
    assert "--metrics" in done.err
    assert not list(homeless.folder.iterdir())  # it has not begun


def test_without_a_token_only_this_machine_is_served(homeless):
    done = homeless.run("worker", "--demo", "--metrics", "0.0.0.0:0", code=2)

    assert done.err.count("\n") == 1
    assert "MILLRACE_TOKEN" in done.err


def test_port_in_use_is_one_line(mill):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        done = mill.run("worker", "--demo", "--metrics", address, code=1)

    assert done.err.count("\n") == 1
    assert address in done.err


def test_page_is_there_until_the_last_handler_has_ended(mill):
    started, gate = mill.fifo("started"), mill.fifo("gate")
    worker = start_worker(
        mill, "--exec", f"t=echo x >{started}; read x <{gate}"
    )
    mill.enqueue("t")
    started.read_line()

    worker.process.signal(signal.SIGTERM)
    worker.process.log.wait_for("worker stopping")
    assert worker.page().value("millrace_backend_up") == 1

    gate.write_line()
    assert worker.process.wait() == 0
