#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""peer.py SCRIPT JOURNAL [PORT] - a server on loopback that answers as SCRIPT says, for smfetch_net.bats.

SCRIPT defines answer(r), called for one request at a time: r.path, r.q (the query), r.headers, r.body, r.n (its number), r.host. It
gives a value (JSON), or (status, value) or (status, value, {header: text}); bytes are sent as they are; an iterator of bytes is a stream.
Prints its port. Each request is a line of JOURNAL. Ends after ten minutes.
"""
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse

lock, count = threading.Lock(), 0
script = {}
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), script)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        global count
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        at = urllib.parse.urlsplit(self.path)
        self.q = dict(urllib.parse.parse_qsl(at.query, keep_blank_values=True))
        whole, self.path, self.host = self.path, at.path, self.headers.get("Host")
        with lock:
            count += 1
            self.n = count
            with open(sys.argv[2], "a") as f:
                f.write(json.dumps([time.time(), whole, dict(self.headers), self.body.decode("latin-1")]) + "\n")
            got = script["answer"](self)
        if not isinstance(got, tuple):
            got = (200, got)
        status, value, headers = (got + ({},))[:3]
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k, v)
        if hasattr(value, "__next__"):
            self.send_header("Connection", "close")
            self.end_headers()
            for part in value:
                self.wfile.write(part)
                self.wfile.flush()
            self.close_connection = True
            return
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3]) if len(sys.argv) > 3 else 0), Handler)
server.daemon_threads = True
threading.Timer(600, lambda: os._exit(0)).start()
print(server.server_port, flush=True)
server.serve_forever()
