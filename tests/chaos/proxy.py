"""A line between the program and its server that can be made to fail.

It listens on one Unix socket and speaks to another. What it does to the bytes
that pass: cut the line after any one of them, hold them back, be late with
them, or swallow them, so that both ends see a line that is open and silent.
"""
import os
import socket
import threading
import time

TO_SERVER, TO_CLIENT = "to server", "to client"


class Line:
    """Two sockets that are one connection."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.said = b""  # to the server, last
        self.is_swallowed = False
        self.is_closed = False

    def ends(self, direction):
        """Where bytes come from, and where they go."""
        if direction == TO_SERVER:
            return self.client, self.server
        return self.server, self.client

    def shut(self):
        """Ends it for both; they, and our readers, see the end."""
        self.is_closed = True
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other end was quicker


class Proxy:
    def __init__(self, path, target):
        self.path, self.target = str(path), str(target)
        self.changed = threading.Condition()
        self.lines = []
        self.is_held = False
        self.is_closed = False
        self.delay_s = 0.0
        self.cut = None  # (direction, how many bytes still pass)
        self.cuts = 0
        self.first = None  # (words, what happens before they pass)
        self.passed = {TO_SERVER: 0, TO_CLIENT: 0}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        self._start(self._accept)

    def _start(self, work, *args):
        threading.Thread(target=work, args=args, daemon=True).start()

    def url(self, more=""):
        return f"redis+unix://{self.path}{more}"

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # closed
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.target)
            except OSError:
                client.close()
                server.close()
                continue
            line = Line(client, server)
            with self.changed:
                self.lines.append(line)
            readers = [
                threading.Thread(
                    target=self._pump, args=(line, direction), daemon=True
                )
                for direction in (TO_SERVER, TO_CLIENT)
            ]
            for reader in readers:
                reader.start()
            self._start(self._bury, line, readers)

    def _bury(self, line, readers):
        """The sockets are closed only when nobody reads from them."""
        for reader in readers:
            reader.join()
        with self.changed:
            self.lines.remove(line)
        line.client.close()
        line.server.close()

    def _pump(self, line, direction):
        source, sink = line.ends(direction)
        try:
            while True:
                data = source.recv(65536)
                if not data or not self._pass(line, direction, data, sink):
                    break
        except OSError:
            pass  # one end is gone, so the other goes
        line.shut()

    def _pass(self, line, direction, data, sink):
        """Hands data on; False: the line was cut."""
        with self.changed:
            self.changed.wait_for(
                lambda: not self.is_held or line.is_closed or self.is_closed
            )
            if line.is_swallowed:
                return True
            if direction == TO_SERVER:
                line.said = data
                self._do_first(data)
            kept = self._cut_of(direction, len(data))
            self.passed[direction] += kept
        if self.delay_s:
            time.sleep(self.delay_s)
        sink.sendall(data[:kept])
        if kept == len(data):
            return True
        with self.changed:
            self.cuts += 1
        line.shut()
        return False

    def _cut_of(self, direction, size):
        """How many of the next bytes may pass."""
        if not self.cut or self.cut[0] != direction:
            return size
        left = self.cut[1]
        if size <= left:
            self.cut = (direction, left - size)
            return size
        self.cut = None
        return left

    def _do_first(self, data):
        if self.first and self.first[0] in data:
            action, self.first = self.first[1], None
            action()

    def do_before(self, words, action):
        """Once, before the next bytes with those words pass to the server."""
        with self.changed:
            self.first = (words, action)

    def cut_after(self, count, direction):
        """Lets count more bytes pass that way; the next one ends its line."""
        with self.changed:
            self.cut = (direction, count)

    def disarm(self):
        """Takes a cut back that has not come to pass; whether it has."""
        with self.changed:
            was_armed, self.cut = self.cut is not None, None
            return not was_armed

    def cut_all(self):
        """Ends every line that is open."""
        with self.changed:
            for line in self.lines:
                line.shut()
            self.changed.notify_all()

    def lines_that_said(self, word):
        """Those whose latest words to the server hold that one."""
        with self.changed:
            return [line for line in self.lines if word in line.said]

    def hold(self):
        """Nothing passes until let_go(); nothing is lost."""
        with self.changed:
            self.is_held = True

    def let_go(self):
        with self.changed:
            self.is_held = False
            self.changed.notify_all()

    def swallow(self, lines=None):
        """Lines that are open now stay open and silent for good."""
        with self.changed:
            for line in self.lines if lines is None else lines:
                line.is_swallowed = True

    def close(self):
        with self.changed:
            self.is_closed = True
            self.changed.notify_all()
        # A thread in accept() keeps a closed socket listening.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut_all()
        self.let_go()
        os.unlink(self.path)
