"""What /openapi.json says is what the server does, and all that it does."""
import itertools
import json
import re
import tempfile
from pathlib import Path

import pytest
from conftest import skip_without_redis
from harness import Millrace, RedisServer
from serving import JSON, NOBODY, Answer, Server

ROOT = Path(__file__).parents[2]
DOCUMENT = json.loads((ROOT / "adapters/http/openapi.json").read_text())
TOKEN = "a-token"
numbers = itertools.count(1)
LEASE = "q:me:1:30000:1.1.1"  # such as a server could have given

OPERATIONS = [
    (path, method, status)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    for status in operation["responses"]
]


def resolve(node):
    while "$ref" in node:
        target = DOCUMENT
        for name in node["$ref"].lstrip("#/").split("/"):
            target = target[name]
        node = target
    return node


TYPES = {"string": str, "integer": int, "number": (int, float),
         "boolean": bool, "array": list, "object": dict,
         "null": type(None)}


def is_of_type(value, types):
    types = [types] if isinstance(types, str) else types
    return any(
        isinstance(value, TYPES[t]) and
        not (t in ("integer", "number") and isinstance(value, bool))
        for t in types
    )


def misfits(value, schema, where="body"):
    """Why value is not as schema says: of JSON Schema what is used here."""
    schema = resolve(schema)
    if "oneOf" in schema:
        found = [misfits(value, each, where) for each in schema["oneOf"]]
        return [] if [] in found else sum(found, [])
    if "const" in schema and value != schema["const"]:
        return [f"{where} is not {schema['const']}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value} is not one of {schema['enum']}"]
    if "type" in schema and not is_of_type(value, schema["type"]):
        return [f"{where}: {value!r} is no {schema['type']}"]
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return [f"{where}: {value} does not match {schema['pattern']}"]
    if isinstance(value, list) and "items" in schema:
        return sum((misfits(item, schema["items"], f"{where}[{i}]")
                    for i, item in enumerate(value)), [])
    if isinstance(value, dict) and "properties" in schema:
        return misfits_of_object(value, schema, where)
    return []


def misfits_of_object(value, schema, where):
    known = schema["properties"]
    missing = [f"{where}.{name} is missing" for name in schema["required"]
               if name not in value]
    extra = [f"{where}.{name} is not described" for name in value
             if name not in known and
             schema.get("additionalProperties") is False]
    return missing + extra + sum(
        (misfits(value[name], known[name], f"{where}.{name}")
         for name in value if name in known), [])


@pytest.fixture(scope="module")
def program(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("openapi")
    mill = Millrace(binary, f"sqlite:{folder}/tasks.db", folder)
    yield mill
    mill.close()


@pytest.fixture(scope="module")
def server(program):
    return Server(program, env={"MILLRACE_TOKEN": TOKEN})


@pytest.fixture(scope="module")
def lonely(binary, tmp_path_factory):
    """A server whose backend is gone."""
    skip_without_redis()
    with tempfile.TemporaryDirectory(prefix="millrace-") as folder:
        redis = RedisServer(folder)
        mill = Millrace(binary, redis.url(), tmp_path_factory.mktemp("lonely"))
        server = Server(mill, env={"MILLRACE_TOKEN": TOKEN})
        redis.kill()
        yield server
        mill.close()


GOOD = {
    "enqueue": {"type": "a"},
    "lease": {"max": 2},
    "settle": [{"id": NOBODY, "lease": LEASE, "outcome": "done"}],
    "extend": [{"id": NOBODY, "lease": LEASE}],
    "requeueDeadLetters": {"all": True},
    "deleteDeadLetters": {"all": True},
}


def fill(path, **values):
    for name, value in {"queue": "q", "id": NOBODY, "file": "dashboard.js",
                        **values}.items():
        path = path.replace("{" + name + "}", value)
    return path


class Request:
    """One that should be answered with a status.

    It has a queue of its own: all share a server, in any order, and one of
    them pauses its queue.
    """

    def __init__(self, path, method):
        self.queue = f"q{next(numbers)}"
        self.operation = DOCUMENT["paths"][path][method]
        self.path = path
        self.target = self.fill()
        self.method = method.upper()
        self.headers = dict(JSON)
        self.body = GOOD.get(self.operation["operationId"])

    def fill(self, **values):
        return fill(self.path, **{"queue": self.queue, **values})

    def send(self, server):
        if self.path == "/api/v1/events":
            return self.send_to_stream(server)
        return server.ask(self.method, self.target, self.body, self.headers)

    def send_to_stream(self, server):
        """Only the head is read of what has no end."""
        connection = server.connect()
        connection.request(self.method, self.target, None, {
            "Authorization": f"Bearer {server.token}", **self.headers})
        answer = connection.getresponse()
        answer.read, body = (lambda: body), answer.read1(65536)
        answer = Answer(answer)
        connection.close()
        return answer


def prepare(request, server, status):
    """Makes request one that is answered so."""
    name = request.operation["operationId"]
    if status == "200":
        prepare_good(request, server, name)
    elif status == "400":
        if request.method == "GET" or not GOOD.get(name):
            request.target = request.fill(queue="Q", id="x") + "?x=1"
        request.body = '{"x":' if GOOD.get(name) else None
    elif status == "401":
        request.headers["Authorization"] = "Bearer wrong"
    elif status == "403":
        request.headers["Host"] = "evil.example"
    elif status == "404":
        request.target = request.fill(queue="none", file="none")
    elif status == "409":
        server.enqueue(queue=request.queue)
        (active,) = server.lease(queues=[request.queue])
        request.target = request.fill(id=active["id"])
    elif status == "413":
        request.headers["Content-Length"] = str(17 * 1024 * 1024)
        request.headers["Expect"] = "100-continue"
    elif status == "415":
        request.headers["Content-Type"] = "text/plain"


def prepare_good(request, server, name):
    own = {"queue": request.queue}
    added = server.enqueue(**own, delay_ms=3600000)["id"]
    request.target = request.fill(id=added)
    if name == "enqueue":
        request.body = {"type": "a", "id": added, **own}
    if name == "lease":
        server.enqueue(**own)
        request.body = {"queues": [request.queue]}
    if name.endswith("DeadLetters"):
        server.die(**own)
        request.body = own if request.method == "POST" else None


@pytest.mark.parametrize("path,method,status", OPERATIONS)
def test_every_answer_that_is_named_is_given(server, lonely, path, method,
                                             status):
    request = Request(path, method)
    asked = lonely if status == "503" else server
    if status != "503":
        prepare(request, server, status)

    answer = request.send(asked)

    assert answer.status == int(status), answer.bytes
    response = resolve(request.operation["responses"][status])
    kind = answer.headers["Content-Type"].split(";")[0]
    assert kind in response["content"]
    for header in response.get("headers", {}):
        assert answer.headers[header]
    if kind == "application/json":
        schema = response["content"][kind].get("schema", {})
        assert misfits(answer.json, schema) == []


def test_the_document_is_served_as_it_is(server):
    assert server.get("/openapi.json") == DOCUMENT
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_operations_have_names_of_their_own():
    names = [operation["operationId"]
             for operations in DOCUMENT["paths"].values()
             for operation in operations.values()]

    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere():
    for reference in re.findall(r'"\$ref": "([^"]+)"',
                                json.dumps(DOCUMENT)):
        assert resolve({"$ref": reference})


def test_every_path_of_the_server_is_described():
    """The sources say which there are."""
    pattern = re.compile(r'"((?:GET|POST|DELETE|PUT))",\s*"(/[^"]*)"|'
                         r'\.pattern = "(/[^"]*)"')
    described = {
        (method.upper(), re.sub(r"{\w+}", "{}", path))
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    }
    found = set()
    for source in [*ROOT.glob("adapters/http/**/*.c"), *ROOT.glob("cmd/*.c")]:
        for method, path, only in pattern.findall(source.read_text()):
            found.add((method or "GET", path or only))

    assert len(found) > 20
    assert found - described == set()
    for method, path in described - found:
        assert path in ("/", "/dashboard/{}"), (method, path)


def test_other_methods_are_refused_as_the_document_has_it(server):
    for path, operations in DOCUMENT["paths"].items():
        answer = server.ask("PATCH", fill(path))
        allowed = {method.upper() for method in operations}
        if "GET" in allowed:
            allowed.add("HEAD")
        assert answer.status == 405, path
        assert set(answer.headers["Allow"].split(", ")) == allowed, path
