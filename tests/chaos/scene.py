"""Producers and workers as processes of their own, over one backend.

A scene is set up, faults happen to it while tasks flow, and in the end it is
drained and everything compared. What it starts, it ends.
"""
import contextlib
import itertools
import json
import secrets
import signal
import sqlite3
import subprocess
import threading
import time

from harness import Millrace
from record import Journal, compare, now, wait_until

PATIENCE = 60
RETAIN_MS = 3 * 3600 * 1000  # also where a clock is an hour ahead
KNOWN_MS = 60 * 1000  # an id said again is known while its task is kept
BURST = 5
PAUSE_S = 0.02  # between bursts, so that the machine is not all ours
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# Long enough that no slow machine loses a lease by itself in a scene where
# none may be lost, and short where one is to be lost.
LONG_LEASE, SHORT_LEASE = "30s", "1s"


def new_id():
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    return "".join(CROCKFORD[number >> 5 * i & 31] for i in reversed(range(26)))


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


class Producer(threading.Thread):
    """Feeds `enqueue --batch` and notes what it answers.

    One that brings its own ids says again whatever was not answered, in a new
    process if need be, until it is. One that lets the program make them can't
    know what became of the last burst of a process that died: that is given
    up, and may be run or not."""

    def __init__(self, mill, make_task, brings_ids, pause_s=PAUSE_S):
        super().__init__(daemon=True)
        self.mill, self.make_task = mill, make_task
        self.brings_ids, self.pause_s = brings_ids, pause_s
        self.acknowledged = {}  # id: when
        self.given_up = 0
        self.refusals = []  # what the processes said as they ended
        self.process = None
        self.ending = threading.Event()
        self.changed = threading.Condition()

    def run(self):
        burst = []
        while not self.ending.is_set() or (burst and self.brings_ids):
            if not burst:
                burst = [self._task() for _ in range(BURST)]
            if self._send(burst):
                burst = []
            elif not self.brings_ids:
                self.given_up += len(burst)
                burst = []
            self.ending.wait(self.pause_s)
        self._end_process()

    def _task(self):
        task = self.make_task()
        if self.brings_ids:
            task["id"] = new_id()
            task["retain_ms"] = max(task["retain_ms"], KNOWN_MS)
        return task

    def _send(self, burst):
        """Whether all were answered."""
        lines = "".join(json.dumps(task) + "\n" for task in burst)
        process = self._process()
        try:
            process.stdin.write(lines.encode())
            process.stdin.flush()
            for _ in burst:
                line = process.stdout.readline()
                if not line.endswith(b"\n"):
                    raise BrokenPipeError
                self._acknowledge(line.decode().strip())
        except OSError:
            self._end_process()
            return False
        return True

    def _acknowledge(self, task_id):
        with self.changed:
            self.acknowledged[task_id] = now()
            self.changed.notify_all()

    def _process(self):
        if not self.process:
            self.process = subprocess.Popen(
                [self.mill.binary, "enqueue", "--batch"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=self.mill.env,
            )
        return self.process

    def _end_process(self):
        process, self.process = self.process, None
        if not process:
            return
        try:
            process.stdin.close()
        except OSError:
            pass  # what it had not read is lost with it
        said = process.stderr.read().decode("utf-8", "replace")
        if process.wait() > 0:
            with self.changed:
                self.refusals.append((process.returncode, said))
                self.changed.notify_all()
        process.stdout.close()
        process.stderr.close()

    def kill(self):
        process = self.process
        if process:
            process.kill()

    def wait_for_refusal(self, word):
        """Blocks until a process has ended over that; what it said."""
        def said():
            return [text for _, text in self.refusals if word in text.lower()]

        with self.changed:
            self.changed.wait_for(said, PATIENCE)
            assert said(), f"never refused with {word}: {self.refusals}"
            return said()[-1]

    def wait_for_more(self, count):
        """Blocks until so many more were acknowledged."""
        with self.changed:
            wanted = len(self.acknowledged) + count
            assert self.changed.wait_for(
                lambda: len(self.acknowledged) >= wanted, PATIENCE
            ), f"{count} more are never acknowledged: {self.refusals}"

    def stop(self):
        self.ending.set()
        self.join(PATIENCE)
        assert not self.is_alive(), "a producer never gets its answer"


class Scene:
    """url: what the program uses; direct: the same past any fault, for the
    questions that we ask."""

    def __init__(
        self, binary, folder, url, direct=None, lease=SHORT_LEASE,
        retain_ms=RETAIN_MS,
    ):
        self.folder = folder
        self.mill = Millrace(binary, url, folder)
        self.admin = Millrace(binary, direct or url, folder)
        self.lease = lease
        self.retain_ms = retain_ms
        self.journal = Journal(folder / "journal")
        self.producers = []
        self.workers = []
        self.numbers = itertools.count(1)
        self.made = 0
        self.padding = 20
        self.stalls = {}
        self.before = {}  # pid of a worker: its memory when it was warm

    def commands(self):
        note = self.journal.note()
        return [
            "--exec", f"quick={note}",
            "--exec", f"slow={note}; sleep 0.2",
            "--exec", f'flaky={note}; test "$MILLRACE_ATTEMPT" -gt 1',
            # Dead at once; done when it is sent back from there. The mark
            # stays: it may be run again after it was done, if nobody heard.
            "--exec", f"doomed={note}; m={self.folder}/$MILLRACE_TASK_ID; "
            "[ -e $m ] || { : >$m; exit 65; }",
        ]

    def make_task(self):
        """Mostly quick ones; slow ones, so that something always runs; some
        that fail at first, that wait, or that hold a key."""
        self.made += 1
        n = self.made
        task = {
            "type": "flaky" if n % 20 == 3 else "slow" if n % 10 == 7
            else "quick",
            "queue": f"q{n % 3}",
            "payload": {"n": n, "room": "x" * (n % 7 * self.padding)},
            "priority": ("high", "normal", "low")[n % 3],
            "max_attempts": 100,
            "max_crashes": 100,
            "retain_ms": self.retain_ms,
            "backoff": {"kind": "constant", "base_ms": 20, "jitter": "none"},
        }
        if n % 15 == 4:
            task["delay_ms"] = 100
        if n % 15 == 9:
            task["key"] = f"key-{n}-{secrets.token_hex(4)}"
        return task

    def produce(self, brings_ids=True, mill=None, **options):
        producer = Producer(
            mill or self.mill, self.make_task, brings_ids, **options
        )
        self.producers.append(producer)
        producer.start()
        return producer

    def work(self, *args, env=None, concurrency=3):
        name = f"w{next(self.numbers)}"
        worker = self.mill.worker(
            "--name", name, "--lease", self.lease, "--concurrency", concurrency,
            *self.commands(), *args, env={"MILLRACE_LOG": "info", **(env or {})}
        )
        worker.name = name
        worker.log.wait_for("worker started")
        self.workers.append(worker)
        return worker

    def start(self, producers=2, workers=2, **options):
        """Tasks flow: every other producer brings its own ids."""
        for n in range(producers):
            self.produce(brings_ids=n % 2 == 0, **options)
        for _ in range(workers):
            self.work()
        self.journal.wait_for_more(10)
        for worker in self.workers:
            self.before[worker.pid] = resident_kb(worker.pid)

    def holds_a_task(self, worker):
        active = self.admin.rows("task", "list", "--state", "active")
        return any(row.get("worker") == worker.name for row in active)

    def can_be_written(self):
        """A process that stops inside its transaction stops all others."""
        path = self.admin.url.removeprefix("sqlite:")
        if path == self.admin.url:
            return True
        with contextlib.closing(
            sqlite3.connect(path, timeout=1, isolation_level=None)
        ) as store:
            try:
                store.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            store.execute("ROLLBACK")
            return True

    def wait_for_work_of(self, worker, count):
        """Blocks until that worker has finished so many tasks."""
        wait_until(
            lambda: sum("task done" in line for line in worker.log.lines)
            >= count,
            f"{worker.name} does {count} tasks",
        )

    def freeze_at_work(self, worker):
        """Stops it at an instant when it holds a task and no lock."""
        def is_frozen():
            worker.signal(signal.SIGSTOP)
            if self.can_be_written() and self.holds_a_task(worker):
                return True
            worker.signal(signal.SIGCONT)
            return False

        wait_until(is_frozen, "a worker is at work when it is stopped")

    def kill_worker(self, worker):
        worker.kill()
        self.workers.remove(worker)

    def is_over(self, fault):
        """To be called as a fault ends: blocks until tasks flow again, and
        notes how long that took."""
        ended = now()
        acknowledged = sum(len(p.acknowledged) for p in self.producers)
        wait_until(
            lambda: self.journal.first_after(ended), f"work after {fault}"
        )
        wait_until(
            lambda: sum(len(p.acknowledged) for p in self.producers)
            > acknowledged,
            f"an acknowledgement after {fault}",
        )
        stall = self.journal.first_after(ended) - ended
        self.stalls[fault] = max(stall, self.stalls.get(fault, 0))

    def rows(self):
        return self.admin.rows("stats")

    def is_empty(self):
        return all(
            row[state] == 0
            for row in self.rows()
            for state in ("ready", "active", "scheduled", "retry")
        )

    def wait_until_empty(self):
        """For as long as more is run: what is left may be a lot, and the
        machine slow."""
        while not self.is_empty():
            runs = len(self.journal.runs())
            wait_until(
                lambda n=runs: len(self.journal.runs()) > n or self.is_empty(),
                "everything is done",
            )

    def kept(self):
        """What the store knows of the tasks that are done or dead, by id."""
        tasks, cursor = {}, []
        while True:
            rows = self.admin.rows("task", "list", "--limit", 1000, *cursor)
            for row in rows:
                if "cursor" not in row:
                    tasks[row["id"]] = row
            if not rows or "cursor" not in rows[-1]:
                return tasks
            cursor = ["--cursor", rows[-1]["cursor"]]

    def finish(self):
        """All faults are over: what is left is done, then compared."""
        for producer in self.producers:
            producer.stop()
        self.wait_until_empty()
        growth = {
            f"worker {w.pid}": resident_kb(w.pid) - self.before[w.pid]
            for w in self.workers if w.pid in self.before
        }
        for worker in self.workers:
            assert worker.stop() == 0, worker.log.lines[-5:]
        tasks = self.kept()
        report = compare(
            [i for p in self.producers for i in p.acknowledged],
            self.journal.runs(), tasks,
        )
        report.stalls, report.growth = self.stalls, growth
        return report

    def close(self):
        for producer in self.producers:
            producer.ending.set()
            producer.brings_ids = False
            producer.kill()
        for producer in self.producers:
            producer.join(PATIENCE)
        self.mill.close()
        self.admin.close()
