"""Processes that serve metrics, and what their pages say."""
import http.client
import json
import re

from harness import PATIENCE, Process

SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"(?:,|$)')


class Page:
    """A page in the text format, as {name: [(labels, value)]}."""

    def __init__(self, text):
        self.text = text
        self.samples = {}
        self.types = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                assert name not in self.types, f"{name} comes twice"
                self.types[name] = kind
            elif not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                labels = dict(LABEL.findall(labels or ""))
                self.samples.setdefault(name, []).append(
                    (labels, float(value))
                )

    def value(self, name, **wanted):
        """The only sample of name that has these labels; None if none has."""
        found = [
            value
            for labels, value in self.samples.get(name, [])
            if all(labels[label] == text for label, text in wanted.items())
        ]
        assert len(found) <= 1, f"{name} {wanted}: {found}"
        return found[0] if found else None

    def labels(self, name):
        """The names of the labels that name comes with."""
        return {frozenset(labels) for labels, _ in self.samples.get(name, [])}


class Target:
    """A process that serves metrics, known from the line in its log."""

    def __init__(self, process, event):
        self.process = process
        line = json.loads(process.log.wait_for(event))
        self.address = line["listen"]

    def request(self, method, path, body=None, headers=None):
        """Status, headers and text of an answer."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def page(self):
        status, headers, text = self.request("GET", "/metrics")
        assert status == 200, text
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return Page(text)

    def enqueue(self, tasks):
        status, _, text = self.request(
            "POST", "/enqueue", json.dumps(tasks),
            {"Content-Type": "application/json"},
        )
        assert status in (200, 201), text


def start_worker(mill, *args, **options):
    process = mill.worker("--demo", "--metrics", "127.0.0.1:0", *args,
                          **options)
    return Target(process, "serving metrics")


def start_serve(mill, env=None):
    process = Process(
        [mill.binary, "serve", "--listen", "127.0.0.1:0"],
        env={**mill.env, "MILLRACE_LOG_FORMAT": "json", **(env or {})},
    )
    mill.processes.append(process)
    return Target(process, "listening")
