"""A line to the server that is cut at any byte, slow, or silent.

The proxy is ours (proxy.py); the server behind it never fails.
"""
import json
import signal
import subprocess

import pytest
from proxy import TO_CLIENT, TO_SERVER
from record import wait_until
from scene import LONG_LEASE

CUTS = 14  # a direction


def offsets(size, count):
    """So many of the places where an exchange of that size can be cut, its
    first and last bytes among them."""
    return sorted({n * (size - 1) // (count - 1) for n in range(count)})


class Sender:
    """One producer process that is asked task by task."""

    def __init__(self, mill):
        self.process = subprocess.Popen(
            [mill.binary, "--json", "enqueue", "--batch"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=mill.env,
        )

    def send(self, task):
        self.process.stdin.write(json.dumps(task).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()


@pytest.mark.parametrize(
    "more", [{}, {"key": "k"}, {"delay_ms": 3600000}],
    ids=["plain", "with a key", "delayed"],
)
def test_an_enqueue_cut_after_any_byte_is_stored_once(scene, proxied, more):
    server, proxy = proxied
    stage = scene(proxy.url(), direct=server.url(), lease=LONG_LEASE)
    sender = Sender(stage.mill)
    sender.send({"type": "t", "queue": "first", **more})
    before = dict(proxy.passed)
    sender.send({"type": "t", "queue": "size-0000", **more})
    sizes = {way: proxy.passed[way] - before[way] for way in before}
    answers = []

    for way in (TO_SERVER, TO_CLIENT):
        for offset in offsets(sizes[way], CUTS):
            queue = f"{'up' if way == TO_SERVER else 'to'}-{offset:06}"
            proxy.cut_after(offset, way)
            answers.append(
                sender.send({"type": "t", "queue": queue, **more})
            )
            assert proxy.disarm(), "the line was not cut"

    assert sender.close() == 0
    assert not any(row["duplicate"] for row in answers)
    stored = {
        row["queue"]: row["ready"] + row["scheduled"] for row in stage.rows()
    }
    assert {stored[row["queue"]] for row in answers} == {1}


def test_a_worker_cut_after_any_byte_runs_every_task(scene, proxied):
    server, proxy = proxied
    stage = scene(proxy.url(), direct=server.url(), lease="500ms")
    producer = stage.produce(mill=stage.admin)
    stage.work()
    stage.journal.wait_for_more(5)

    for way in (TO_SERVER, TO_CLIENT):
        before = proxy.passed[way]
        stage.journal.wait_for_more(5)
        size = proxy.passed[way] - before
        for offset in offsets(size, CUTS):
            cuts = proxy.cuts
            proxy.cut_after(offset, way)
            wait_until(lambda c=cuts: proxy.cuts > c, "the line is cut")
            stage.journal.wait_for_more(2)
        stage.is_over(f"cuts {way}")

    report = stage.finish()
    assert report.is_sound, str(report)
    assert producer.acknowledged


def test_a_line_that_holds_everything_back_only_delays(scene, proxied):
    server, proxy = proxied
    stage = scene(proxy.url(), direct=server.url(), lease=LONG_LEASE)
    stage.start()

    proxy.hold()
    assert server.ask("PING") == "PONG"
    proxy.let_go()
    stage.is_over("a line that held everything back")

    report = stage.finish()
    assert report.is_sound, str(report)
    assert not report.has_lost_leases, str(report)


def test_a_slow_line_only_delays(scene, proxied):
    server, proxy = proxied
    stage = scene(proxy.url(), direct=server.url(), lease=LONG_LEASE)
    stage.start()

    proxy.delay_s = 0.05
    stage.journal.wait_for_more(20)
    proxy.delay_s = 0.0
    stage.is_over("a slow line")

    report = stage.finish()
    assert report.is_sound, str(report)
    assert not report.has_lost_leases, str(report)


def test_a_worker_whose_idle_line_went_silent_goes_on(scene, proxied):
    """As when a firewall forgets a connection: the worker waits for tasks on
    one line, and only that one is dead."""
    server, proxy = proxied
    stage = scene(proxy.url(), direct=server.url(), lease="2s")
    stage.mill.enqueue("quick", None, "--queue", "q0")
    worker = stage.work("--queues", "q0")
    blocked = wait_until(
        lambda: proxy.lines_that_said(b"BLOCK"), "it waits for tasks"
    )

    proxy.swallow(blocked)
    done = stage.mill.enqueue("quick", None, "--queue", "q0", "--retain", "1h")

    wait_until(lambda: stage.admin.state(done) == "done", "it is run")
    assert worker.stop() == 0


def test_waking_a_worker_leaves_a_paused_server_alive(scene, proxied):
    """CLIENT UNBLOCK of who waits for the end of a pause crashes the server.

    A worker wakes its own waiting read, here one that came into a pause."""
    server, proxy = proxied
    stage = scene(proxy.url(), direct=server.url(), lease=LONG_LEASE)
    stage.mill.enqueue("quick", None, "--queue", "q0")
    proxy.do_before(
        b"\r\nBLOCK\r\n",
        lambda: server.ask("CLIENT", "PAUSE", "60000", "WRITE"),
    )
    worker = stage.work("--queues", "q0")
    wait_until(lambda: proxy.lines_that_said(b"\r\nBLOCK\r\n"), "it waits")

    worker.signal(signal.SIGTERM)
    wait_until(lambda: proxy.lines_that_said(b"UNBLOCK"), "it is woken")
    assert server.ask("PING") == "PONG"
    server.ask("CLIENT", "UNPAUSE")

    assert worker.wait() == 0
