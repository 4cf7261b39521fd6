"""Scenes for the chaos tests, and the servers they need."""
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from harness import RedisServer
from proxy import Proxy
from scene import Scene

ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")


@pytest.fixture(scope="session")
def binary():
    path = os.environ.get("MILLRACE_BIN")
    assert path, "MILLRACE_BIN must name the program to test"
    return path


@pytest.fixture
def folder():
    """Its path is short enough for a socket in it."""
    path = tempfile.mkdtemp(prefix="millrace-")
    yield Path(path)
    shutil.rmtree(path)


@pytest.fixture
def redis(folder):
    """Starts servers, each in a folder of its own."""
    if not shutil.which("redis-server"):
        assert os.environ.get("CI") != "true", "CI needs redis-server"
        pytest.skip("no redis-server")
    servers = []

    def start(name="redis", options=ALWAYS):
        place = folder / name
        place.mkdir()
        servers.append(RedisServer(place, *options))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def proxied(folder, redis):
    """A server and the proxy in front of it."""
    server = redis()
    proxy = Proxy(folder / "proxy", server.socket)
    yield server, proxy
    proxy.close()


@pytest.fixture
def scene(binary, folder):
    """Makes the scene of a test."""
    scenes = []

    def make(url, **options):
        scenes.append(Scene(binary, folder, url, **options))
        return scenes[-1]

    yield make
    for made in scenes:
        made.close()


@pytest.fixture(params=["sqlite", "redis"])
def either(request, scene, folder):
    """A scene over an empty backend of either kind."""
    def make(**options):
        if request.param == "sqlite":
            return scene(f"sqlite:{folder}/tasks.db", **options)
        return scene(request.getfixturevalue("redis")().url(), **options)

    return make
