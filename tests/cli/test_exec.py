"""Handlers that are commands: what they get, and what their end means."""
import json
import time

import pytest
from harness import ask_until, wait_until_gone

QUICK = ["--backoff", "constant:1ms", "--jitter", "none"]
KEPT = ["--retain", "1h"]
ONCE = ["--max-attempts", "1"]


def result(mill, command, payload=None, *options):
    """What a task shows after that command has run for it."""
    task_id = mill.enqueue("t", payload, *KEPT, *options)
    mill.drain("--exec", f"t={command}")
    return mill.show(task_id)


def test_the_payload_is_its_standard_input(mill):
    assert result(mill, "cat", {"a": [1, None]})["result"] == {"a": [1, None]}


def test_a_large_payload_passes_through(mill):
    big = "[" + "1," * 500000 + "1]"

    assert result(mill, "wc -c", big)["result"] == len(big)


def test_a_command_need_not_read_its_input(mill):
    big = "[" + "1," * 500000 + "1]"

    assert result(mill, "echo 1", big)["state"] == "done"


def test_output_that_is_no_json_is_a_string(mill):
    assert result(mill, "echo hello; echo world")["result"] == "hello\nworld"


def test_output_that_is_json_is_json(mill):
    assert result(mill, """echo '{"n":9007199254740993}'""")["result"] == {
        "n": 9007199254740993
    }


def test_json_of_many_lines_is_shown_in_one(mill):
    many = mill.enqueue("many", '{\n  "a": 1.0,\r\n\t"b": 2\n}', "--retain", "1h")
    mill.drain("--exec", "many=cat")

    (line,) = mill.run("--json", "task", "show", many).out.splitlines()
    assert line.count('{   "a": 1.0,  \t"b": 2 }') == 2
    assert mill.show(many)["result"] == {"a": 1.0, "b": 2}


def test_no_output_is_no_result(mill):
    assert result(mill, "true").get("result") in (None, "")


def test_output_that_is_no_text_does_no_harm(mill):
    task = result(mill, r"printf '\377\000\001'")

    assert task["state"] in ("done", "dead", "retry")


def test_the_environment_tells_about_the_task(mill):
    names = [
        "MILLRACE_TASK_ID", "MILLRACE_TASK_TYPE", "MILLRACE_QUEUE",
        "MILLRACE_ATTEMPT", "MILLRACE_MAX_ATTEMPTS", "MILLRACE_KEY",
        "MILLRACE_FENCING_TOKEN", "TRACEPARENT",
    ]
    command = "; ".join(f'echo "${name}"' for name in names)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    task = result(
        mill, command, None, "--queue", "q.1", "--key", "a key",
        "--max-attempts", "4", "--header", f"traceparent={trace}",
    )

    values = dict(zip(names, task["result"].split("\n")))
    assert values.pop("MILLRACE_FENCING_TOKEN").isdecimal()
    assert values == {
        "MILLRACE_TASK_ID": task["id"],
        "MILLRACE_TASK_TYPE": "t",
        "MILLRACE_QUEUE": "q.1",
        "MILLRACE_ATTEMPT": "1",
        "MILLRACE_MAX_ATTEMPTS": "4",
        "MILLRACE_KEY": "a key",
        "TRACEPARENT": trace,
    }


def test_the_fencing_token_grows_with_every_lease(mill):
    journal = mill.folder / "journal"
    result(
        mill, f"echo $MILLRACE_FENCING_TOKEN >>{journal}; exit 1", None,
        "--max-attempts", "3", *QUICK,
    )

    tokens = [int(n) for n in journal.read_text(encoding="ascii").split()]

    assert len(tokens) == 3
    assert tokens == sorted(set(tokens))


@pytest.mark.parametrize("code", [1, 2, 75, 127, 255])
def test_any_other_exit_status_is_tried_again(mill, code):
    journal = mill.folder / "journal"
    task = result(
        mill,
        f"echo x >>{journal}; [ $MILLRACE_ATTEMPT = 3 ] || exit {code}",
        None,
        *QUICK,
    )

    assert task["state"] == "done"
    assert task["attempt"] == 3
    assert journal.read_text(encoding="ascii") == "x\n" * 3


def test_the_error_names_status_or_signal_when_nothing_was_said(mill):
    status = result(mill, "exit 9", None, *ONCE)
    killed = result(mill, "kill -SEGV $$", None, *ONCE)

    assert "9" in status["last_error"]
    assert "signal" in killed["last_error"].lower() or (
        "SEGV" in killed["last_error"]
    )


def test_the_tail_of_what_it_complained_is_the_error(mill):
    command = "seq -f 'line %.0f' 0 1999 >&2; exit 1"

    error = result(mill, command, None, *ONCE)["last_error"]

    assert error.endswith("line 1999")
    assert 3000 < len(error) <= 4096


def test_a_command_that_is_not_there_is_a_failure(mill):
    task = result(mill, "/no/such/command", None, *ONCE)

    assert task["reason"] == "exhausted"
    assert "/no/such/command" in task["last_error"]


def test_the_star_catches_the_rest(mill):
    ids = [mill.enqueue(kind, None, *KEPT) for kind in ("a", "b")]
    mill.drain("--exec", "a=echo '\"first\"'", "--exec", "*=echo '\"rest\"'")

    assert [mill.show(i)["result"] for i in ids] == ["first", "rest"]


def test_a_command_may_hold_an_equals_sign(mill):
    assert result(mill, "X=5; echo $X")["result"] == 5


def test_too_much_output_is_cut_or_refused_but_never_fatal(mill):
    task = result(mill, "head -c 1000000 /dev/zero | tr '\\0' x", None, *ONCE)

    assert task["state"] in ("done", "dead")
    if task["state"] == "done":
        assert len(task["result"]) == 65536


def test_at_its_timeout_the_whole_group_ends(mill):
    pids = mill.fifo("pids")
    task_id = mill.enqueue("t", None, "--timeout", "2s", *ONCE)
    mill.drain("--exec", f"t=sleep 1000 & echo $! $$ >{pids}; wait")

    for pid in pids.read_line().split():
        wait_until_gone(int(pid))
    assert "timed out after 2s" in mill.show(task_id)["last_error"]


def test_one_that_ignores_the_first_signal_is_killed(mill):
    pids = mill.fifo("pids")
    task_id = mill.enqueue("t", None, "--timeout", "2s", *ONCE)
    began = time.monotonic()
    mill.drain(
        "--exec",
        f"t=trap '' TERM; echo $$ >{pids}; while :; do sleep 0.1; done",
    )

    wait_until_gone(int(pids.read_line()))
    assert time.monotonic() - began >= 2 + 5
    assert "timed out" in mill.show(task_id)["last_error"]


def test_a_timeout_may_clean_up(mill):
    task = result(
        mill,
        "trap 'echo bye >&2; exit 1' TERM; sleep 1000 & wait",
        None, "--timeout", "200ms", *ONCE,
    )

    assert "timed out after 200ms" in task["last_error"]


def test_handlers_run_side_by_side(mill):
    met = mill.fifo("met")
    gate = mill.fifo("gate")
    mill.batch([{"type": "t"}] * 4)
    worker = mill.worker(
        "--concurrency", 4, "--exec", f"t=echo in >{met}; read x <{gate}"
    )

    for _ in range(4):
        met.read_line()
    for _ in range(4):
        gate.write_line()

    assert worker.stop() == 0


def test_concurrency_is_a_limit(mill):
    journal = mill.folder / "journal"
    mill.batch([{"type": "t"}] * 12)
    mill.drain(
        "--concurrency", 2,
        "--exec", f"t=echo + >>{journal}; sleep 0.02; echo - >>{journal}",
    )

    running = most = 0
    for line in journal.read_text(encoding="ascii").split():
        running += 1 if line == "+" else -1
        most = max(most, running)
    assert most == 2


def test_a_low_limit_of_open_files_is_the_handlers_alone(mill):
    gate, say = mill.fifo("gate"), mill.fifo("say")
    mill.batch([{"type": "wait"} for _ in range(40)])
    command = f"wait=ulimit -Sn > {say}; read _ < {gate}"
    worker = mill.worker("--concurrency", 40, "--exec", command, files=64)

    assert [say.read_line() for _ in range(40)] == ["64"] * 40
    for _ in range(40):
        gate.write_line()
    ask_until(lambda: mill.stats()["done"] == 40, "all are done")
    assert worker.stop() == 0
    assert not worker.log.find("task failed")


def test_handlers_hold_nothing_of_the_worker_open(mill):
    listing = result(mill, "ls /proc/self/fd | tr '\\n' ' '")["result"]

    assert set(str(listing).split()) <= {"0", "1", "2", "3"}


def test_demo_handlers_do_as_they_say(mill):
    echo = mill.enqueue("demo.echo", {"x": 1}, *KEPT)
    fail = mill.enqueue("demo.fail", None, *KEPT, *QUICK)
    sleep = mill.enqueue("demo.sleep", {"ms": 20}, *KEPT)
    dead = mill.enqueue("demo.dead", None, "--max-attempts", "2", *QUICK)
    mill.drain("--demo")

    assert mill.show(echo)["result"] == {"x": 1}
    assert mill.show(fail)["attempt"] == 3
    assert mill.state(sleep) == "done"
    assert mill.show(dead)["reason"] == "exhausted"


def test_demo_and_exec_go_together(mill):
    mine = mill.enqueue("t", None, *KEPT)
    demo = mill.enqueue("demo.echo", 1, *KEPT)
    mill.drain("--demo", "--exec", "t=echo 2")

    assert [mill.show(i)["result"] for i in (mine, demo)] == [2, 1]


def test_a_worker_says_what_it_did(mill):
    task_id = mill.enqueue("demo.echo", 1)

    worker = mill.worker("--demo", "--drain")
    assert worker.wait() == 0

    lines = [json.loads(line) for line in worker.log.lines]
    assert any(task_id in json.dumps(line) for line in lines)
