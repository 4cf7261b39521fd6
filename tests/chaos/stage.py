"""Scenes with all that the random faults need, in a folder of their own."""
import contextlib
import shutil
import tempfile
from pathlib import Path

from faults import WITH_REDIS, WITH_SQLITE
from harness import RedisServer
from proxy import Proxy
from scene import Scene

SETTINGS = (
    "--appendonly", "yes", "--appendfsync", "always",
    "--auto-aof-rewrite-min-size", "8mb", "--maxmemory-policy", "noeviction",
)


@contextlib.contextmanager
def temporary_folder():
    folder = Path(tempfile.mkdtemp(prefix="millrace-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def on_sqlite(binary, **options):
    with temporary_folder() as folder:
        scene = Scene(binary, folder, f"sqlite:{folder}/tasks.db", **options)
        scene.path = folder / "tasks.db"
        scene.faults = WITH_SQLITE
        try:
            yield scene
        finally:
            scene.close()


@contextlib.contextmanager
def on_redis(binary, **options):
    with temporary_folder() as folder:
        (folder / "redis").mkdir()
        server = RedisServer(folder / "redis", *SETTINGS)
        proxy = Proxy(folder / "proxy", server.socket)
        scene = Scene(
            binary, folder, proxy.url(), direct=server.url(), **options
        )
        scene.server, scene.proxy = server, proxy
        scene.faults = WITH_REDIS
        try:
            yield scene
        finally:
            scene.close()
            proxy.close()
            server.kill()


BACKENDS = {"sqlite": on_sqlite, "redis": on_redis}
