"""What the tests of the dashboard share: a browser, and servers to look at."""
import itertools
import os
import shutil
from pathlib import Path

import pytest
from browser import DESKTOP, FOLDER, Browser
from harness import RedisServer
from service import Service

numbers = itertools.count(1)


def need(is_there, what):
    """Without it a test is skipped at home, and fails in CI."""
    if is_there:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"no {what}, which is needed in CI")
    pytest.skip(f"no {what}")


@pytest.fixture(scope="session")
def browser():
    chromium = shutil.which("chromium")
    need(chromium, "chromium")
    need(shutil.which("node"), "node")
    need((FOLDER / "node_modules").is_dir(), "playwright-core")
    chromium = Browser(chromium)
    yield chromium
    chromium.close()


@pytest.fixture
def look(browser):
    """Opens pages; at the end none of them may have complained."""
    contexts = []

    def open_page(url, viewport=None, **options):
        page = browser.open(viewport=viewport or DESKTOP, **options)
        contexts.append(page.context())
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert browser.problems() == []


@pytest.fixture(scope="session")
def binary():
    path = os.environ.get("MILLRACE_BIN")
    assert path, "MILLRACE_BIN must name the program to test"
    return path


@pytest.fixture
def own_redis(tmp_path_factory):
    """A server that the test may kill and start again."""
    need(shutil.which("redis-server"), "redis-server")
    server = RedisServer(tmp_path_factory.mktemp("r"), "--appendonly", "yes")
    yield server
    server.kill()


@pytest.fixture
def mill(binary, tmp_path):
    """Over an empty SQLite file."""
    service = Service(binary, f"sqlite:{tmp_path}/tasks.db", tmp_path)
    yield service
    service.close()


@pytest.fixture(params=["sqlite", "redis"])
def either_mill(request, binary, tmp_path):
    """Over an empty backend, one test for each."""
    if request.param == "sqlite":
        url = f"sqlite:{tmp_path}/tasks.db"
    else:
        server = request.getfixturevalue("own_redis")
        url = server.url(f"?namespace=browser{next(numbers)}")
    service = Service(binary, url, tmp_path)
    yield service
    service.close()


@pytest.fixture(scope="session")
def screenshots():
    """The folder that pictures of the page are written to."""
    folder = Path(os.environ["MILLRACE_BUILD"]) / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
