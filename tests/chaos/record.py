"""What producers were told, what handlers did, and whether that agrees.

Handlers append a line to one file as their first act; producers note an id
once it has been answered. The store, in the end, tells how many attempts and
crashes it has counted for each task. So a task that was acknowledged and not
run is lost; and one that was run again must show why in the store's count.
"""
import time
from collections import defaultdict
from dataclasses import dataclass, field

PATIENCE = 60
LOOK_S = 0.01
OUT_OF_ORDER_S = 5  # between the start of two handlers and their lines

# Handlers that fail once on purpose, see Scene.commands().
FAILING = ("flaky", "doomed")
ONCE = "failed once, as told"

# The clock of /proc/uptime, which the shell can read without a process.
CLOCK = time.CLOCK_BOOTTIME


def now():
    return time.clock_gettime(CLOCK)


def wait_until(question, what):
    """Asks again and again, where no event can be had; the answer."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(LOOK_S)
    raise AssertionError(f"never came true: {what}")


@dataclass
class Run:
    task: str
    kind: str
    attempt: int
    pid: int
    at: float


class Journal:
    """The file that handlers write to, a line a start."""

    def __init__(self, path):
        self.path = path
        self.path.touch()
        self.read_to = 0
        self.seen = []

    def note(self):
        """The shell command that writes the line."""
        return (
            "read -r up _ </proc/uptime; "
            'echo "$MILLRACE_TASK_ID $MILLRACE_TASK_TYPE $MILLRACE_ATTEMPT '
            '$$ $up" '
            f">>{self.path}"
        )

    def runs(self):
        """All of them, in the order in which they started. Only what is new
        is read, since it may be long."""
        with open(self.path, "rb") as file:
            file.seek(self.read_to)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self.read_to += len(whole)
        for line in whole.decode("ascii").splitlines():
            task, kind, attempt, pid, at = line.split()
            self.seen.append(Run(task, kind, int(attempt), int(pid), float(at)))
        return self.seen

    def wait_for_more(self, count):
        """Blocks until so many more handlers have started."""
        wanted = len(self.runs()) + count
        wait_until(
            lambda: len(self.runs()) >= wanted, f"{count} more tasks are run"
        )

    def first_after(self, instant):
        """When the first handler started after that; None if none did."""
        first = None
        for run in reversed(self.runs()):
            if run.at < instant - OUT_OF_ORDER_S:
                break
            if run.at >= instant:
                first = min(run.at, first or run.at)
        return first


@dataclass
class Report:
    acknowledged: int = 0
    run: int = 0
    lost: list = field(default_factory=list)
    repeated: dict = field(default_factory=dict)  # id: why
    unexplained: dict = field(default_factory=dict)  # id: what was seen
    stalls: dict = field(default_factory=dict)  # fault: seconds
    growth: dict = field(default_factory=dict)  # of whom: kB

    @property
    def is_sound(self):
        return not self.lost and not self.unexplained

    @property
    def has_lost_leases(self):
        return any("lease" in why for why in self.repeated.values())

    def __str__(self):
        lines = [
            f"acknowledged {self.acknowledged}, run {self.run}, "
            f"lost {len(self.lost)}, run again {len(self.repeated)}, "
            f"unexplained {len(self.unexplained)}"
        ]
        lines += [f"  lost: {task}" for task in self.lost]
        for why in sorted(set(self.repeated.values())):
            tasks = [t for t, reason in self.repeated.items() if reason == why]
            listed = "" if why == ONCE else ": " + " ".join(tasks)
            lines.append(f"  again: {len(tasks)} {why}{listed}")
        lines += [f"  why? {t}: {seen}" for t, seen in self.unexplained.items()]
        lines += [f"  stall: {s:.2f} s after {f}" for f, s in self.stalls.items()]
        lines += [f"  memory: {who} {kb:+d} kB" for who, kb in self.growth.items()]
        return "\n".join(lines)


def why_again(runs, task):
    """What explains all runs but one, or None. Some handlers fail the first
    time; what the store has forgotten was at least never said to crash."""
    failures = 1 if runs[0].kind in FAILING else 0
    crashes = task["crashes"] if task else 0
    if len(runs) - 1 > crashes + failures:
        return None
    reasons = [f"lost the lease ({crashes})"] if crashes else []
    return " and ".join(reasons + [ONCE] * failures)


def compare(acknowledged, runs, tasks):
    """acknowledged: ids; tasks: what the store keeps of them, by id."""
    by_task = defaultdict(list)
    for run in runs:
        by_task[run.task].append(run)
    report = Report(acknowledged=len(acknowledged), run=len(by_task))
    report.lost = sorted(set(acknowledged) - set(by_task))
    for task_id, mine in by_task.items():
        if len(mine) == 1:
            continue
        why = why_again(mine, tasks.get(task_id))
        if why:
            report.repeated[task_id] = why
        else:
            report.unexplained[task_id] = f"{mine}; {tasks.get(task_id)}"
    return report
