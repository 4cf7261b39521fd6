"""What the tests of the program share: one program, two real backends."""
import itertools
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from harness import Millrace, RedisServer
from installed import Prefix

numbers = itertools.count(1)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: only run by script/test --all")


def skip_without_redis():
    if shutil.which("redis-server"):
        return
    if os.environ.get("CI") == "true":
        pytest.fail("no redis-server, which is needed in CI")
    pytest.skip("no redis-server")


@pytest.fixture(scope="session")
def binary():
    path = os.environ.get("MILLRACE_BIN")
    assert path, "MILLRACE_BIN must name the program to test"
    return path


@pytest.fixture
def short_folder():
    """A folder whose path is short enough for a socket in it."""
    folder = tempfile.mkdtemp(prefix="millrace-")
    yield Path(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def shared_redis():
    """One server for all tests; each has a namespace of its own there."""
    skip_without_redis()
    with tempfile.TemporaryDirectory(prefix="millrace-") as folder:
        server = RedisServer(folder)
        yield server
        server.kill()


@pytest.fixture
def own_redis(short_folder):
    """Starts servers that the test may configure and kill."""
    skip_without_redis()
    servers = []

    def start(*options):
        servers.append(RedisServer(short_folder, *options))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(params=["sqlite", "redis"])
def url(request, tmp_path):
    """The URL of an empty backend."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}/tasks.db"
    server = request.getfixturevalue("shared_redis")
    return server.url(f"?namespace=test{next(numbers)}")


@pytest.fixture
def mill(binary, url, tmp_path):
    """The program over an empty backend."""
    program = Millrace(binary, url, tmp_path)
    yield program
    program.close()


@pytest.fixture
def homeless(binary, tmp_path):
    """The program with no URL set."""
    program = Millrace(binary, None, tmp_path)
    yield program
    program.close()


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    build = Path(os.environ["MILLRACE_BUILD"])
    return Prefix(build, tmp_path_factory.mktemp("prefix"))
