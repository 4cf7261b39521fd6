"""Chromium, driven through browser.js by methods of playwright's own names.

page.getByRole("button", name="Pause").click() does here what it does there:
what is named are options, what comes back is a value or another such object.
Playwright waits by itself until what is to be clicked is there.
"""
import json
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}


class Handle:
    def __init__(self, browser, number):
        self._browser = browser
        self._number = number

    def __getattr__(self, name):
        def call(*args, **options):
            with_options = [*args, options] if options else [*args]
            return self._browser.ask(self._number, name, with_options)

        return call


class Browser:
    def __init__(self, chromium):
        self.process = subprocess.Popen(
            ["node", "browser.js", chromium],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.root = Handle(self, 0)

    def ask(self, number, name, args):
        request = {"on": number, "call": name, "with": args}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, f"{name}{args}: {answer['error']}"
        if "handle" in answer:
            return Handle(self, answer["handle"])
        return answer.get("value")

    def open(self, **options):
        return self.root.open(options)

    def problems(self):
        return self.root.problems()

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
