"""Runs the built program the way its users do.

Nothing here sleeps to wait. A test blocks until a line comes out of a worker
or a FIFO, and fails when that takes longer than PATIENCE.
"""
import json
import os
import select
import signal
import subprocess
import threading
import time
from pathlib import Path

PATIENCE = 60  # seconds; far beyond what a slow machine needs


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8")
        self.err = done.stderr.decode("utf-8", "replace")

    @property
    def rows(self):
        """Standard output as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self):
        (only,) = self.rows
        return only


class Lines:
    """What a process prints, line by line, as it comes."""

    def __init__(self, stream):
        self.lines = []
        self.is_at_end = False
        self.changed = threading.Condition()
        threading.Thread(target=self._read, args=[stream], daemon=True).start()

    def _read(self, stream):
        for line in stream:
            with self.changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.is_at_end = True
            self.changed.notify_all()

    def find(self, *words):
        for line in self.lines:
            if all(word.lower() in line.lower() for word in words):
                return line
        return None

    def wait_for(self, *words):
        """Blocks until there is a line that holds all words; returns it."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.find(*words) or self.is_at_end, PATIENCE
            )
            line = self.find(*words)
            assert line, f"no line with {words} in:\n" + "\n".join(self.lines)
            return line


class Process:
    """A process of ours that runs beside the test."""

    def __init__(self, command, env=None, stream="stderr"):
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            env=env,
            **{
                name: subprocess.PIPE if name == stream else subprocess.DEVNULL
                for name in ("stdout", "stderr")
            },
        )
        self.pid = self.process.pid
        self.log = Lines(getattr(self.process, stream))

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self):
        """Its exit status, once it has ended by itself."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                "still running:\n" + "\n".join(self.log.lines)
            ) from None

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Fifo:
    """Lines from handlers to the test, or from the test to handlers."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.rest = b""

    def __str__(self):
        return str(self.path)

    def read_line(self):
        while b"\n" not in self.rest:
            readable, _, _ = select.select([self.fd], [], [], PATIENCE)
            assert readable, f"nothing came out of {self.path}"
            self.rest += os.read(self.fd, 65536)
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def write_line(self, line=""):
        os.write(self.fd, line.encode() + b"\n")

    def close(self):
        os.close(self.fd)


class RedisServer:
    """A private server on a Unix socket in a folder of its own."""

    def __init__(self, folder, *options):
        self.folder = Path(folder)
        self.socket = self.folder / "redis.sock"
        self.options = options
        self.start()

    def start(self):
        self.process = Process(
            ["redis-server", "--port", "0", "--unixsocket", self.socket,
             "--dir", self.folder, "--save", "", *self.options],
            stream="stdout",
        )
        self.process.log.wait_for("ready to accept connections")

    def url(self, more=""):
        return f"redis+unix://{self.socket}{more}"

    def ask(self, *command):
        return subprocess.run(
            ["redis-cli", "-s", str(self.socket), *command],
            check=True, capture_output=True, text=True, timeout=PATIENCE,
        ).stdout.strip()

    def kill(self):
        self.process.kill()


class Millrace:
    """The program over one backend, in a home of its own."""

    def __init__(self, binary, url, folder):
        self.binary = binary
        self.url = url
        self.folder = folder
        self.processes = []
        self.fifos = []
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
        }
        for name in os.environ:
            if name.endswith("SAN_OPTIONS"):
                self.env[name] = os.environ[name]
        if url:
            self.env["MILLRACE_URL"] = url

    def run(self, *args, stdin="", code=0, env=None):
        """Runs a command to its end, which must be with that exit status."""
        if isinstance(stdin, str):
            stdin = stdin.encode("utf-8")
        done = Result(
            subprocess.run(
                [self.binary, *(str(arg) for arg in args)],
                input=stdin,
                capture_output=True,
                env={**self.env, **(env or {})},
                timeout=PATIENCE,
                check=False,
            )
        )
        assert done.code == code, (
            f"{args}: exit {done.code}, not {code}\n{done.out}{done.err}"
        )
        return done

    def rows(self, *args, **options):
        return self.run("--json", *args, **options).rows

    def row(self, *args, **options):
        return self.run("--json", *args, **options).row

    def enqueue(self, kind, payload=None, *options):
        """Adds a task and returns its id; a text is JSON already."""
        if not isinstance(payload, str):
            payload = json.dumps(payload)
        done = self.run("enqueue", kind, "-", *options, stdin=payload)
        return done.out.strip()

    def batch(self, tasks):
        lines = "".join(json.dumps(task) + "\n" for task in tasks)
        return self.rows("enqueue", "--batch", stdin=lines)

    def show(self, task_id):
        return self.row("task", "show", task_id)

    def state(self, task_id):
        return self.show(task_id)["state"]

    def is_gone(self, task_id):
        self.run("task", "show", task_id, code=4)
        return True

    def stats(self, queue="default"):
        for row in self.rows("stats"):
            if row["queue"] == queue:
                return row
        return None

    def worker(self, *args, env=None, files=None):
        """Starts a worker that logs everything; it ends with the test. files
        is how many it may have open unless it raises that itself."""
        few = ["sh", "-c", f'ulimit -Sn {files}; exec "$@"', "sh"]
        process = Process(
            [*(few if files else []), self.binary, "worker", *args],
            env={
                **self.env,
                "MILLRACE_LOG": "debug",
                "MILLRACE_LOG_FORMAT": "json",
                **(env or {}),
            },
        )
        self.processes.append(process)
        return process

    def drain(self, *args, **options):
        """Runs a worker until its queues are empty."""
        return self.run("worker", "--drain", *args, **options)

    def fifo(self, name):
        fifo = Fifo(self.folder / name)
        self.fifos.append(fifo)
        return fifo

    def close(self):
        for process in self.processes:
            process.kill()
        for fifo in self.fifos:
            fifo.close()


def is_alive(pid):
    """Whether a process runs: one that has ended and waits to be reaped by
    whoever adopted it does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in "ZX"


def wait_until_gone(pid):
    """Blocks until a process that is not our child has ended."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([fd], [], [], PATIENCE)
        assert ended, f"process {pid} still runs"
    finally:
        os.close(fd)


def ask_until(question, what):
    """Asks the program again and again, since some states are only to be had
    by asking; each question takes a process and so its time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
    raise AssertionError(f"never came true: {what}")
