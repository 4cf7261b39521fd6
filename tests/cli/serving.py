"""A running `millrace serve`, and a client that speaks to it."""
import http.client
import json
import socket

from harness import PATIENCE, Process

JSON = {"Content-Type": "application/json"}
NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"  # an id that no task has


class Answer:
    def __init__(self, answer):
        self.status = answer.status
        self.headers = answer.headers
        self.bytes = answer.read()

    @property
    def json(self):
        return json.loads(self.bytes)

    @property
    def error(self):
        return self.json["error"]


class Server:
    def __init__(self, mill, *args, env=None):
        self.mill = mill
        self.process = Process(
            [mill.binary, "serve", "--listen", "127.0.0.1:0", *args],
            env={
                **mill.env,
                "MILLRACE_LOG": "debug",
                "MILLRACE_LOG_FORMAT": "json",
                **(env or {}),
            },
        )
        mill.processes.append(self.process)
        self.log = self.process.log
        self.address = json.loads(self.log.wait_for("listening"))["listen"]
        host, port = self.address.rsplit(":", 1)
        self.place = (host, int(port))
        self.token = (env or {}).get("MILLRACE_TOKEN")

    def connect(self):
        return http.client.HTTPConnection(self.address, timeout=PATIENCE)

    def socket(self):
        return socket.create_connection(self.place, timeout=PATIENCE)

    def ask(self, method, path, body=None, headers=None, through=None):
        """One request; with the server's token, and JSON unless headers are
        given."""
        headers = dict(JSON if headers is None else headers)
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        connection = through or self.connect()
        try:
            connection.request(method, path, body, headers)
            return Answer(connection.getresponse())
        finally:
            if not through:
                connection.close()

    def get(self, path, status=200):
        answer = self.ask("GET", path, headers={})
        assert answer.status == status, answer.bytes
        return answer.json

    def post(self, path, body=None, status=200, headers=None):
        answer = self.ask(
            "POST", path, body, {**JSON, **(headers or {})}
        )
        assert answer.status == status, answer.bytes
        return answer.json

    def delete(self, path, status=200):
        answer = self.ask("DELETE", path)
        assert answer.status == status, answer.bytes
        return answer.json

    def enqueue(self, kind="a", status=201, **members):
        return self.post("/enqueue", {"type": kind, **members}, status)

    def lease(self, **wish):
        return self.post("/api/v1/lease", wish)["tasks"]

    def settle(self, task, outcome, **members):
        item = {"id": task["id"], "lease": task["lease"], "outcome": outcome}
        answer = self.post("/api/v1/settle", [{**item, **members}])
        return answer["results"][0]["status"]

    def die(self, count=1, **members):
        """Makes dead tasks; returns their ids."""
        ids = []
        for _ in range(count):
            ids.append(self.enqueue(max_attempts=1, **members)["id"])
            (task,) = self.lease(queues=[members.get("queue", "default")])
            assert self.settle(task, "reject", error="no use") == "ok"
        return ids

    def raw(self, data):
        """Sends bytes as they are; what comes back until the server hangs up
        or has answered one request."""
        with self.socket() as s:
            send_what_is_taken(s, data)
            return read_answer(s)

    def is_alive(self):
        return self.get("/healthz") == {"status": "ok"}


def send_what_is_taken(s, data):
    try:
        s.sendall(data)
    except OSError:
        pass  # hung up on: what it has said can be read nevertheless


def read_answer(s, count=1):
    """All until the connection ends or count answers without a body, or with
    one whose length is told, are there."""
    data = b""
    while count_answers(data) < count:
        try:
            part = s.recv(65536)
        except ConnectionResetError:
            return data
        if not part:
            return data
        data += part
    return data


def count_answers(data):
    count = 0
    while b"\r\n\r\n" in data:
        head, data = data.split(b"\r\n\r\n", 1)
        (length,) = [line for line in head.lower().split(b"\r\n")
                     if line.startswith(b"content-length:")]
        length = int(length.split(b":")[1])
        if len(data) < length:
            return count
        data = data[length:]
        count += 1
    return count
