# SPDX-License-Identifier: MIT
"""The server's side of RFC 6455: handshake, frames, pings with a deadline, close. One reader thread a socket, which
answers and notes."""

import base64
import hashlib
import os
import struct
import threading
import time

GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Gone(Exception):
    """The other side has gone, or has broken the protocol."""


def accept(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def check(headers):
    """None, or why this request is no handshake."""
    h = headers
    if h.get('upgrade', '').lower() != 'websocket' or 'upgrade' not in h.get('connection', '').lower():
        return 'no upgrade'
    if h.get('sec-websocket-version') != '13':
        return 'version'
    try:
        if len(base64.b64decode(h.get('sec-websocket-key', ''), validate=True)) != 16:
            return 'key'
    except ValueError:
        return 'key'
    return None


class WebSocket:
    def __init__(self, sock, rfile, note):
        self.sock, self.rfile, self.note = sock, rfile, note
        self.out = threading.Lock()
        self.open, self.why = True, None
        self.pinged = self.ponged = None
        self.heard = []  # text messages from the client
        self.close_code = None  # the client's
        threading.Thread(target=self._read, daemon=True).start()

    def _exactly(self, n):
        b = self.rfile.read(n)
        if b is None or len(b) < n:
            raise Gone('end of input')
        return b

    def _frame(self):
        a, b = self._exactly(2)
        if a & 0x70:
            raise Gone('reserved bits are set')
        if not b & 0x80:
            raise Gone('a frame without mask')
        n = b & 0x7F
        if n == 126:
            n = struct.unpack('>H', self._exactly(2))[0]
        elif n == 127:
            n = struct.unpack('>Q', self._exactly(8))[0]
        if a & 8 and (n > 125 or not a & 0x80):
            raise Gone('a control frame that is long or in parts')
        mask = self._exactly(4)
        body = bytes(c ^ mask[k & 3] for k, c in enumerate(self._exactly(n)))
        return a & 15, bool(a & 0x80), body

    def _read(self):
        try:
            while True:
                op, _, body = self._frame()
                if op == PONG:
                    self.ponged = (time.monotonic(), body)
                elif op == PING:
                    self.send(body, PONG)
                elif op == CLOSE:
                    self.close_code = struct.unpack('>H', body[:2])[0] if len(body) >= 2 else 0
                    self.send(body[:2], CLOSE)
                    raise Gone(f'closed by the client with {self.close_code}')
                else:
                    self.heard.append(body.decode('utf-8', 'replace'))
        except (Gone, OSError, ValueError) as e:
            self.open, self.why = False, str(e)
            self.note({'ws': 'over', 'why': str(e), 'close': self.close_code})

    def send(self, data, op=TEXT, fin=True, rsv=0):
        if isinstance(data, str):
            data = data.encode()
        n = len(data)
        head = bytes([(0x80 if fin else 0) | rsv | op])
        head += bytes([n]) if n < 126 else struct.pack('>BH', 126, n) if n < 65536 else struct.pack('>BQ', 127, n)
        try:
            with self.out:
                self.sock.sendall(head + data)
        except OSError as e:
            self.open = False
            raise Gone(str(e)) from e

    def fragments(self, data, parts=3):
        """One message in several frames, with a ping between them."""
        data = data.encode() if isinstance(data, str) else data
        step = max(1, len(data) // parts)
        cuts = [data[k : k + step] for k in range(0, len(data), step)] or [b'']
        for k, c in enumerate(cuts):
            self.send(c, TEXT if k == 0 else CONT, fin=k == len(cuts) - 1)
            if k == 0:
                self.send(b'between', PING)

    def ping(self, deadline=5.0):
        """A ping whose answer must come in time: false when it did not. Nothing is late on a connection that has ended."""
        body = os.urandom(8)
        self.send(body, PING)
        end = time.monotonic() + deadline
        while time.monotonic() < end and self.open:
            if self.ponged and self.ponged[1] == body:
                return True
            time.sleep(0.005)
        return not self.open

    def close(self, code=1000, reason=b''):
        try:
            self.send(struct.pack('>H', code) + reason, CLOSE)
        except Gone:
            pass
        end = time.monotonic() + 1
        while self.open and time.monotonic() < end:
            time.sleep(0.005)

    def drop(self):
        """A bare end, without a close frame."""
        self.open = False
        try:
            self.sock.shutdown(2)
        except OSError:
            pass
