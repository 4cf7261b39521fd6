"""The proxy cuts where it is told to."""
import socket

import pytest
from proxy import TO_CLIENT, TO_SERVER, Proxy


@pytest.fixture
def ends(folder):
    """A proxy, and both ends of one line through it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "server"))
    listener.listen()
    proxy = Proxy(folder / "proxy", folder / "server")
    client = socket.socket(socket.AF_UNIX)
    client.connect(proxy.path)
    server, _ = listener.accept()
    for end in (client, server):
        end.settimeout(60)
    yield proxy, client, server
    proxy.close()
    for end in (client, server, listener):
        end.close()


def all_of(end):
    """What comes until the line ends."""
    said = b""
    while data := end.recv(100):
        said += data
    return said


@pytest.mark.parametrize("count", [0, 1, 9])
def test_it_cuts_after_that_many_bytes_to_the_server(ends, count):
    proxy, client, server = ends

    proxy.cut_after(count, TO_SERVER)
    client.sendall(b"0123456789")

    assert all_of(server) == b"0123456789"[:count]
    assert all_of(client) == b""
    assert proxy.disarm()


def test_it_cuts_answers_too_and_only_once(ends):
    proxy, client, server = ends

    proxy.cut_after(3, TO_CLIENT)
    client.sendall(b"question")
    assert server.recv(100) == b"question"
    server.sendall(b"answer")

    assert all_of(client) == b"ans"
    assert proxy.cuts == 1


def test_what_it_held_back_comes_in_the_end(ends):
    proxy, client, server = ends

    proxy.hold()
    client.sendall(b"late")
    server.setblocking(False)
    with pytest.raises(BlockingIOError):
        server.recv(100)
    server.settimeout(60)
    proxy.let_go()

    assert server.recv(100) == b"late"
