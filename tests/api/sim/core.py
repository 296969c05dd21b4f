# SPDX-License-Identifier: MIT
"""The HTTP server under all networks: requests, answers, faults on the way, the journal, the control endpoint.

The journal is NDJSON. A line for each request, written when it came, before anything is done about it:

    {"n":7,"t":NS,"mono":NS,"conn":3,"method":"GET","path":"/2/…","query":[["a","b"]],"headers":{…},"body":"…"}

and one when it was answered:
{"n":7,"status":200,"items":100,"fault":["cut"],"bucket":"search","not_before":EPOCH,"over":true}. `not_before` is
there when the answer told the client to stay away until then; `over` when a limit was exceeded. Requests below
/_control are in no journal.
"""

import gzip
import http.server
import json
import socket
import struct
import threading
import time
import urllib.parse

from . import faults as faultlib
from . import websocket

REASONS = {
    **{s.value: s.phrase for s in http.HTTPStatus},
    420: 'Enhance Your Calm',
    520: 'Unknown Error',
    522: 'Connection Timed Out',
}


def dumps(v):
    return json.dumps(v, ensure_ascii=False, separators=(',', ':')).encode()


class Request:
    def __init__(self, h, n):
        self.h, self.n = h, n
        self.method = h.command
        parts = urllib.parse.urlsplit(h.path)
        self.path, self.raw_query = urllib.parse.unquote(parts.path), parts.query
        self.query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        self.q = dict(self.query)
        self.headers = {}
        for k, v in h.headers.items():
            k = k.lower()
            self.headers[k] = self.headers[k] + ', ' + v if k in self.headers else v
        n = int(self.headers.get('content-length') or 0)
        self.body = h.rfile.read(n) if n else b''
        self.data = True  # counts among the requests for data; a network says otherwise for logins and the like
        self.faults = {}

    def form(self):
        return dict(urllib.parse.parse_qsl(self.body.decode('utf-8', 'replace'), keep_blank_values=True))

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def bearer(self):
        a = self.headers.get('authorization', '')
        return a[7:] if a[:7].lower() == 'bearer ' else None

    def has(self, fault):
        return self.faults.get(fault)

    def here(self):
        return 'http://' + self.headers.get('host', '127.0.0.1')


class Answer:
    """What a network says. `body`: bytes, text, or anything JSON; `stream(out)` writes one that goes on; `ws` talks."""

    def __init__(
        self,
        body=b'',
        status=200,
        headers=(),
        ctype=None,
        items=None,
        bucket=None,
        not_before=None,
        over=False,
        stream=None,
        ws=None,
    ):
        if isinstance(body, str):
            body, ctype = body.encode(), ctype or 'text/plain; charset=utf-8'
        elif not isinstance(body, bytes):
            body, ctype = dumps(body), ctype or 'application/json; charset=utf-8'
        self.body, self.status, self.ctype = body, status, ctype
        self.headers = list(headers.items()) if isinstance(headers, dict) else list(headers)
        self.limit_headers = []  # apart from the others, because they are at times missing
        self.note = {
            k: v for k, v in (('items', items), ('bucket', bucket), ('not_before', not_before), ('over', over)) if v
        }
        if items is not None:
            self.note['items'] = items
        self.stream, self.ws = stream, ws


def html(status, text=None):
    text = text or REASONS.get(status, '?')
    return Answer(
        f'<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{text}</h1></body></html>\n'.encode(),
        status,
        ctype='text/html; charset=utf-8',
    )


class Out:
    """A body that goes on, in chunks."""

    def __init__(self, server, sock, note):
        self.server, self.sock, self.note, self.sent = server, sock, note, 0

    def write(self, data):
        if isinstance(data, str):
            data = data.encode()
        self.raw(b'%x\r\n%s\r\n' % (len(data), data))
        self.sent += len(data)

    def raw(self, data):
        self.sock.sendall(data)

    def end(self):
        self.raw(b'0\r\n\r\n')

    def gone(self):
        """Has the client closed its end?"""
        if hasattr(self.sock, 'pending'):  # TLS cannot be looked into
            return False
        try:
            return self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b''
        except BlockingIOError:
            return False
        except OSError:
            return True


class Break(Exception):
    """The connection ends here."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    rbufsize = 65536

    def setup(self):
        super().setup()
        self.conn = self.server.next_conn()

    def log_message(self, *_):
        pass

    def parse_request(self):
        self.came = time.time_ns(), time.monotonic_ns()
        return super().parse_request()

    def serve(self):
        if self.path.startswith('/_control/'):
            return self.reply(self.server.control(Request(self, 0)), {})
        s = self.server
        req = Request(self, s.next_number())
        s.journal(
            {
                'n': req.n,
                't': self.came[0],
                'mono': self.came[1],
                'conn': self.conn,
                'method': req.method,
                'path': req.path,
                'raw': req.raw_query,
                'query': req.query,
                'headers': req.headers,
                'body': req.body.decode('utf-8', 'replace'),
            }
        )
        note = {}
        try:
            s.net.classify(req)
            req.faults = s.faults.match(req)
            a = self.before(req) or s.net.handle(req)
            note.update(a.note, status=a.status)
            if req.faults:
                note['fault'] = sorted(req.faults)
            self.reply(a, req.faults, req, note)
        except (Break, ConnectionError, websocket.Gone) as e:
            note.setdefault('status', 0)
            note['broken'] = str(e) or type(e).__name__
            self.close_connection = True
        finally:
            s.journal({'n': req.n, **note, 'ended': time.time_ns()})

    do_GET = do_POST = do_DELETE = do_PUT = do_HEAD = serve

    # --- faults ahead of the network ---

    def before(self, req):
        f, s = req.faults, self.server
        if 'reset' in f:
            self.reset()
        if 'silent' in f:
            self.hold(float(f['silent'].arg or 3600))
            raise Break('silent')
        if 'delay' in f:
            self.hold(float(f['delay'].arg))
        if 'expire-token' in f:
            s.net.expire()
        for kind, fault in f.items():
            if kind.isdigit() and kind != '204':
                return self.fault_status(req, int(kind), fault)
        if 'redirect' in f:
            return self.redirect(req, f['redirect'])
        if 'echo' in f:
            return self.echo(req, f['echo'])
        return None

    def hold(self, seconds):
        """Wait, but not for a client that has gone."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.server.stopping:
            if Out(None, self.connection, None).gone():
                raise Break('the client went away')
            time.sleep(min(0.02, max(0, end - time.monotonic())))

    def fault_status(self, req, status, fault):
        s = self.server
        retry = fault.get('retry-after')
        a = s.net.limited(req) if status == 429 else s.net.error(req, status)
        a.status = status
        body = fault.get('body')
        if body == 'html':
            a.body, a.ctype = html(status).body, 'text/html; charset=utf-8'
        elif body == 'empty':
            a.body = b''
        elif body == 'json':
            a.body, a.ctype = dumps({'error': REASONS.get(status, '?')}), 'application/json'
        if retry is not None:
            until = s.now() + float(retry)
            a.headers = [h for h in a.headers if h[0].lower() != 'retry-after']
            a.headers.append(('Retry-After', self.date_time_string(until + 0.999) if fault.get('date') else retry))
            a.note['not_before'] = until - s.skew()
        elif fault.get('bare'):
            a.headers, a.limit_headers, a.note = [], [], {}
        return a

    def redirect(self, req, fault):
        s, arg = self.server, fault.arg or fault.get('to', 'same')
        query = '?' + req.raw_query if req.raw_query else ''
        if arg == 'same':
            to = urllib.parse.quote(req.path, safe='/:@') + query
        elif arg == 'loop':
            to = self.path
        elif arg == 'foreign':
            to = s.foreign.rstrip('/') + self.path
        elif arg == 'evil':
            to = 'https://evil.example' + self.path
        else:
            to = arg
        a = Answer(b'', int(fault.get('status', 302)), [('Location', to)])
        return a

    def echo(self, req, fault):
        secrets = ' '.join(
            v for k, v in req.headers.items() if k in ('authorization', 'x-goog-api-key', 'x-api-key', 'cookie')
        )
        secrets += ' ' + req.raw_query + ' ' + req.body.decode('utf-8', 'replace')
        secrets = ' '.join(secrets.split())
        where = fault.get('where', 'body,header')
        if fault.get('where') is None and fault.arg:
            where = fault.arg
        status = int(fault.get('status', 400))
        bare = req.bearer() or secrets
        a = Answer(b'', status)
        if 'body' in where:
            a.body, a.ctype = (
                dumps(
                    {
                        'error': {'message': 'denied for ' + secrets, 'code': 100, 'type': secrets},
                        'errors': [{'message': secrets, 'detail': secrets, 'title': secrets}],
                        'title': secrets,
                        'detail': secrets,
                        'message': secrets,
                    }
                ),
                'application/json',
            )
        if 'header' in where:
            a.headers += [
                ('X-Echo', secrets),
                ('X-RateLimit-Reset', bare),
                ('x-rate-limit-reset', bare),
                ('Retry-After', bare),
                ('WWW-Authenticate', 'Bearer ' + secrets),
            ]
        if 'location' in where:
            a.status = 302
            a.headers.append(
                (
                    'Location',
                    self.server.foreign.rstrip('/')
                    + '/x/'
                    + urllib.parse.quote(bare)
                    + '?token='
                    + urllib.parse.quote(secrets),
                )
            )
        return a

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.connection.close()
        raise Break('reset')

    # --- the answer, and faults on its way ---

    def reply(self, a, f, req=None, note=None):
        s = self.server
        if a.ws:
            return self.websocket(a, note)
        if 'html' in f:
            a.body, a.ctype = html(200, 'Please wait').body, 'text/html; charset=utf-8'
        elif 'empty' in f:
            a.body = b''
        elif '204' in f:
            a.status, a.body = 204, b''
            note['status'] = 204
        elif 'badjson' in f:
            k = len(a.body) // 2
            a.body = a.body[:k] + b'\x00{]' + a.body[k:]
        elif 'trailing' in f:
            a.body += b' {"more":'
        elif 'nul' in f:
            a.body = b'\0' * len(a.body)
        elif 'truncate' in f:
            a.body = a.body[: int(len(a.body) * 0.6)]
        head = [('Server', s.net.server_name)] + ([] if 'nodate' in f else [('Date', self.date_time_string(s.now()))])
        if a.ctype and a.status != 204:
            head.append(('Content-Type', a.ctype))
        head += a.headers + ([] if 'noheaders' in f else a.limit_headers)
        body = a.body
        packs = (
            'gzip' in f
            or 'cutgzip' in f
            or (s.gzip and 'gzip' in (req.headers.get('accept-encoding', '') if req else ''))
        )
        if packs and body and not a.stream:
            body = gzip.compress(body, 1)
            if 'cutgzip' in f:
                body = body[: len(body) * 2 // 3]
            head.append(('Content-Encoding', 'gzip'))
        chunked = bool(a.stream) or 'chunked' in f or 'cutchunk' in f
        if chunked:
            head.append(('Transfer-Encoding', 'chunked'))
        elif a.status not in (204, 304):
            head.append(('Content-Length', str(len(body))))
        if 'shout' in f:
            head = [(k.upper(), v) for k, v in head]
        lines = [f'HTTP/1.1 {a.status} {REASONS.get(a.status, "Unknown")}'] + [f'{k}: {v}' for k, v in head]
        head = '\r\n'.join(lines).encode('utf-8') + b'\r\n\r\n'
        if a.stream:
            return self.stream(a, head, note)
        self.body(head, body, chunked, f, req)

    def body(self, head, body, chunked, f, req):
        k = self.connection
        if req and req.method == 'HEAD':
            body = b''
        if 'cut' in f or 'cutchunk' in f:
            half = body[: max(1, len(body) // 2)]
            k.sendall(head + (b'%x\r\n' % len(body) + half if chunked else half))
            if 'rst' in (f.get('cut') or f.get('cutchunk')).args:
                time.sleep(0.01)
                self.reset()
            raise Break('cut')
        if chunked:
            step = max(1, len(body) // 3)
            body = (
                b''.join(
                    b'%x\r\n%s\r\n' % (len(body[p : p + step]), body[p : p + step]) for p in range(0, len(body), step)
                )
                + b'0\r\n\r\n'
            )
        if 'silentbody' in f:
            k.sendall(head + body[: len(body) // 2])
            self.hold(float(f['silentbody'].arg or 3600))
            raise Break('silent body')
        if 'slow' in f:
            rate = float(f['slow'].arg or f['slow'].get('bytes', 1000))
            k.sendall(head)
            step = max(1, int(rate / 20))
            for p in range(0, len(body), step):
                k.sendall(body[p : p + step])
                time.sleep(step / rate)
            return
        k.sendall(head + body)

    def stream(self, a, head, note):
        self.connection.sendall(head)
        self.close_connection = True
        a.stream(Out(self.server, self.connection, note))

    def websocket(self, a, note):
        key = self.headers.get('Sec-WebSocket-Key', '')
        lines = [
            'HTTP/1.1 101 Switching Protocols',
            'Upgrade: websocket',
            'Connection: Upgrade',
            'Sec-WebSocket-Accept: ' + websocket.accept(key),
        ]
        self.connection.sendall('\r\n'.join(lines + [f'{k}: {v}' for k, v in a.headers]).encode() + b'\r\n\r\n')
        note['status'] = 101
        self.close_connection = True
        ws = websocket.WebSocket(self.connection, self.rfile, note.update)
        a.ws(ws)
        if ws.open:
            ws.drop()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, opts, world):
        super().__init__(address, Handler)
        self.world, self.opts = world, opts
        self.faults = faultlib.Faults(opts.fault, opts.seed)
        self.foreign, self.gzip = opts.foreign, opts.gzip
        self.stopping = False
        self.lock = threading.Lock()
        self.numbers = self.conns = self.refused = 0
        self.file = open(opts.journal, 'ab', buffering=0) if opts.journal else None
        self.net = self.tls = None

    def finish_request(self, request, client_address):
        if self.tls:  # here, in the connection's own thread, because it may take a while or fail
            try:
                request = self.tls.wrap_socket(request, server_side=True)
            except OSError:
                with self.lock:
                    self.refused += 1
                return
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        import sys
        import traceback

        e = sys.exc_info()[1]
        if not isinstance(e, (ConnectionError, TimeoutError, Break)):
            traceback.print_exc()

    def now(self):
        """Epoch seconds by this server's clock."""
        return time.time() + self.skew()

    def skew(self):
        return self.faults.skew()

    def next_number(self):
        with self.lock:
            self.numbers += 1
            return self.numbers

    def next_conn(self):
        with self.lock:
            self.conns += 1
            return self.conns

    def journal(self, line):
        if self.file:
            with self.lock:
                self.file.write(dumps(line) + b'\n')

    # --- /_control ---

    def control(self, req):
        what, q, w = req.path.split('/')[2], req.q, self.world
        number = lambda name, default: int(q.get(name, default))
        if what == 'grow':
            w.grow(number('n', 1), number('gap', 1))
        elif what in ('edit', 'delete'):
            numbers = [int(i) for i in q['i'].split(',')]
            (w.edit if what == 'edit' else w.delete)(numbers)
            self.net.changed(what, numbers)
        elif what == 'fault':
            self.faults.add(q['spec'])
        elif what == 'clear':
            self.faults.clear()
        elif what == 'expire':
            self.net.expire()
        elif what == 'set':
            for k, v in q.items():
                self.net.set(k, v)
        elif what == 'world':
            return Answer(b''.join(dumps(x) + b'\n' for x in self.net.truth()), ctype='application/x-ndjson')
        elif what == 'stats':
            return Answer(
                {
                    'requests': self.numbers,
                    'connections': self.conns,
                    'refused': self.refused,
                    'posts': len(w.posts),
                    **self.net.stats(),
                }
            )
        elif what == 'stop':
            self.stop()
        else:
            return Answer({'error': 'no such control'}, 404)
        return Answer({'ok': True})

    def stop(self):
        self.stopping = True
        with self.world.lock:
            self.world.more.notify_all()
        threading.Thread(target=lambda: (time.sleep(0.1), self.shutdown()), daemon=True).start()


class Network:
    """The base of a network's module. `handle` gives the Answer; the rest has sensible defaults."""

    server_name = 'simulator'
    limits = {}  # bucket: 'N/PERIOD', changed by --limit BUCKET=N/PERIOD, or N/PERIOD for all
    options = {}  # what --set NAME=VALUE may change

    def __init__(self, server):
        from . import limits

        self.server, self.world, self.opts = server, server.world, server.opts
        self.tokens = set(self.opts.token)
        self.o = dict(self.options)
        for s in self.opts.set:
            self.set(*s.split('=', 1))
        specs = dict(self.limits)
        for s in self.opts.limit:
            name, eq, spec = s.rpartition('=')
            for b in [name] if eq else specs:
                specs[b] = spec
        self.windows = {b: limits.Window(*limits.parse(s)) for b, s in specs.items()}

    def set(self, name, value):
        if name not in self.o:
            raise SystemExit(f'simulator: {self.__class__.__name__} has no option {name}: {sorted(self.o)}')
        self.o[name] = type(self.o[name])(value)

    def classify(self, req):
        """Set req.data to false for what is no request for data."""

    def handle(self, req):
        raise NotImplementedError

    def error(self, req, status):
        return Answer({'error': REASONS.get(status, 'error')}, status)

    def limited(self, req):
        return Answer({'error': 'Too many requests'}, 429)

    def expire(self):
        """Sessions end here; by default there are none."""

    def changed(self, what, numbers):
        """Posts were edited or deleted."""

    def truth(self):
        """What must have come out in the end: an object a post, with native_id and created_at."""
        raise NotImplementedError

    def stats(self):
        return {}

    def take(self, bucket, cost=1):
        return self.windows[bucket].take(self.server.now(), cost)

    def unskewed(self, t):
        return t - self.server.skew()

    def cut(self, req, items, start, size):
        """A page: its items, and where the next begins; paging faults of `req` are in it."""
        f = req.faults
        if 'emptypage' in f and start < len(items):
            return [], start
        if 'short' in f:
            size = max(1, min(size, int(f['short'].arg or size * 2 // 3)))
        page = items[start : start + size]
        if 'dup' in f:
            page = items[max(0, start - int(f['dup'].arg or 3)) : start] + page
        return page, start + size
