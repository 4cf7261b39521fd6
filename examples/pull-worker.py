#!/usr/bin/env python3
"""A worker that needs nothing but HTTP and Python's standard library.

pull-worker.py [--once]: takes tasks from the server that MILLRACE_SERVER
names (http://127.0.0.1:7420 by default; MILLRACE_TOKEN is its token) and runs
them one after the other; with --once only until there is none.
"""
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request

SERVER = os.environ.get("MILLRACE_SERVER", "http://127.0.0.1:7420")
LEASE_MS = 30000


class Rejected(Exception):
    """What no retry can help."""


def greet(payload):
    return f"Hello, {payload['name']}!"


HANDLERS = {"greet": greet}


def post(path, body):
    headers = {"Content-Type": "application/json"}
    if "MILLRACE_TOKEN" in os.environ:
        headers["Authorization"] = f"Bearer {os.environ['MILLRACE_TOKEN']}"
    request = urllib.request.Request(
        SERVER + path, json.dumps(body).encode(), headers
    )
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            time.sleep(int(error.headers.get("Retry-After", 1)))


def keep_lease(task, is_over):
    """Renews the lease for as long as the handler runs."""
    lease = {"id": task["id"], "lease": task["lease"]}
    while not is_over.wait(LEASE_MS / 3000):
        post("/api/v1/extend", [lease])


def run(task):
    """What became of a task, as /api/v1/settle wants it."""
    is_over = threading.Event()
    threading.Thread(
        target=keep_lease, args=(task, is_over), daemon=True
    ).start()
    try:
        handler = HANDLERS.get(task["type"])
        if not handler:
            raise LookupError(f"no handler for type {task['type']}")
        return {"outcome": "done", "result": handler(task["payload"])}
    except Rejected as error:
        return {"outcome": "reject", "error": str(error)}
    except Exception as error:  # whatever it is, the task is tried again
        return {"outcome": "retry", "error": str(error)}
    finally:
        is_over.set()


def main():
    is_once = sys.argv[1:] == ["--once"]
    wish = {
        "worker": f"python-{os.getpid()}",
        "lease_ms": LEASE_MS,
        "wait_ms": 0 if is_once else 20000,
    }
    while True:
        tasks = post("/api/v1/lease", wish)["tasks"]
        for task in tasks:
            end = {"id": task["id"], "lease": task["lease"], **run(task)}
            (result,) = post("/api/v1/settle", [end])["results"]
            print(task["id"], end["outcome"], result["status"], flush=True)
        if is_once and not tasks:
            return


if __name__ == "__main__":
    main()
