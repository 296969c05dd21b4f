# SPDX-License-Identifier: MIT
"""A Mastodon server: tag and public timelines, Link headers, two budgets under the same names, streaming by SSE and
websocket.

The order is that of ids; `created_at` runs backwards by hours for some (they came late from elsewhere). min_id goes
forward, since_id gives the newest. An empty page has no Link. A 429 has no Retry-After. An edit stays in its place.
"""

import html
import re
import time

from . import websocket
from .core import Answer, Network, dumps
from .world import iso


def status_id(p):
    """A snowflake of Mastodon: milliseconds, then 16 bits. By arrival, which is not created_at."""
    return str(p.ms << 16 | p.i & 0xFFFF)


class Mastodon(Network):
    server_name = 'Mastodon'
    limits = {'first': '300/5m', 'paged': '300/15m', 'stream': '300/5m'}
    options = {
        'auth': 0,
        'limit_max': 40,
        'agent': 1,
        'late': 0.1,
        'thump': 15.0,
        'sse': 1,
        'ws': 1,
        'ping': 30.0,
        'pong': 5.0,
        'backlog': 0,
        'old': 0,
        'unlimited': 0,
        'echo_protocol': 1,
        'fragments': 0,
    }
    tags = ('caturday', 'unix', 'snow')

    def __init__(self, server):
        super().__init__(server)
        self.opened = self.open_now = self.late_pongs = 0

    def classify(self, req):
        req.data = req.path.startswith('/api/v1/timelines/') or req.path.startswith('/api/v1/streaming')

    def handle(self, req):
        if self.o['agent'] and not req.headers.get('user-agent'):
            return Answer(b'{"error": "I\'m a teapot: no user-agent sent with request"}', 418, ctype='application/json')
        m = re.fullmatch(r'/api/v1/timelines/(public|tag/(.+))', req.path)
        if m and req.method == 'GET':
            return self.timeline(req, m[2])
        if req.path.startswith('/api/v1/streaming'):
            return self.streaming(req)
        return Answer({'error': 'Not Found'}, 404)

    def denied(self, req, must):
        token = req.bearer() or req.q.get('access_token') or req.headers.get('sec-websocket-protocol')
        if token is not None and token not in self.tokens:
            return Answer({'error': 'The access token is invalid'}, 401)
        if token is None and must:
            return Answer({'error': 'This method requires an authenticated user'}, 401)
        return None

    def count(self, bucket):
        c = self.take(bucket)
        h = (
            []
            if self.o['old']
            else [
                ('X-RateLimit-Limit', str(c.limit)),
                ('X-RateLimit-Remaining', str(c.remaining)),
                ('X-RateLimit-Reset', c.iso()),
            ]
        )
        return c, h

    def limited(self, req):
        reset = self.server.now() + 2
        a = Answer({'error': 'Too many requests'}, 429, not_before=self.unskewed(reset))
        a.limit_headers = [
            ('X-RateLimit-Limit', '300'),
            ('X-RateLimit-Remaining', '0'),
            ('X-RateLimit-Reset', iso(int(reset * 1000), 6)),
        ]
        return a

    # --- timelines ---

    def number(self, q, name):
        """Ids that are none are 0, as there."""
        v = q.get(name, '')
        return int(v) if v.isdigit() else None

    def timeline(self, req, tag):
        q = req.q
        paged = any(k in q for k in ('max_id', 'min_id', 'since_id'))
        bucket = 'paged' if paged else 'first'
        c, headers = self.count(bucket)
        if not c.ok and not self.o['unlimited']:
            a = Answer({'error': 'Too many requests'}, 429, bucket=bucket, not_before=self.unskewed(c.reset), over=True)
            a.limit_headers = headers
            return a
        bad = self.denied(req, self.o['auth'])
        if bad:
            return bad
        a = self.page(req, tag)
        a.limit_headers = headers
        a.note['bucket'] = bucket
        return a

    def page(self, req, tag):
        q = req.q
        size = min(int(q['limit']) if q.get('limit', '').isdigit() else 20, self.o['limit_max'])
        most, least, since = (self.number(q, k) for k in ('max_id', 'min_id', 'since_id'))
        with self.world.lock:
            hits = [
                p
                for p in self.shown(tag)
                if (most is None or int(status_id(p)) < most)
                and (since is None or int(status_id(p)) > since)
                and (least is None or int(status_id(p)) > least)
            ]
            if least is not None:  # the oldest above it, newest first within the page
                page, _ = self.cut(req, hits, 0, size)
                page.reverse()
            else:
                page, _ = self.cut(req, hits[::-1], 0, size)
            a = Answer([self.status(p) for p in page], items=len(page))
            a.headers += self.links(req, page, hits)
            return a

    def links(self, req, page, hits):
        if not page and not ('emptypage' in req.faults and hits):
            return []
        base = (self.opts.canonical or req.here()) + req.path
        keep = [
            (k, v) for k, v in req.query if k in ('limit', 'local', 'remote', 'only_media', 'any[]', 'all[]', 'none[]')
        ]
        tail = ''.join(f'{k}={v}&' for k, v in keep)
        low, high = (
            (status_id(page[-1]), status_id(page[0]))
            if page
            else (str(int(status_id(hits[-1])) + 1), str(int(status_id(hits[0])) - 1))
        )
        prev = 'since_id' if self.o['old'] else 'min_id'
        return [('Link', f'<{base}?{tail}max_id={low}>; rel="next", <{base}?{tail}{prev}={high}>; rel="prev"')]

    def shown(self, tag):
        """By id, oldest first; a tag's timeline has its posts alone."""
        return [p for p in self.world.live() if tag is None or tag == 'all' or p.tag == tag.lower()]

    def created(self, p):
        return p.ms - int(p.roll * 1e8) % 14400000 if p.roll < self.o['late'] else p.ms

    def host(self):
        return 'm.example'

    def status(self, p):
        acct = f'user{p.author}' + ('' if p.author % 3 else '@far.example')
        home = 'far.example' if p.author % 3 == 0 else self.host()
        tag = (
            f'<a href="https://{self.host()}/tags/{p.tag}" class="mention hashtag" rel="tag">#<span>{p.tag}</span></a>'
        )
        content = '<p>' + html.escape(p.text).replace('#' + p.tag, tag, 1) + '</p>'
        uri = f'https://{home}/users/user{p.author}/statuses/{p.i}'
        account = {
            'id': str(1000 + p.author),
            'username': f'user{p.author}',
            'acct': acct,
            'display_name': f'User {p.author} 😀',
            'bot': p.author == 7,
            'locked': False,
            'url': f'https://{home}/@user{p.author}',
            'uri': f'https://{home}/users/user{p.author}',
            'followers_count': p.author * 3,
        }
        s = {
            'id': status_id(p),
            'created_at': iso(self.created(p)),
            'in_reply_to_id': None,
            'in_reply_to_account_id': None,
            'sensitive': p.roll > 0.8,
            'spoiler_text': '',
            'visibility': 'public',
            'language': p.lang,
            'uri': uri,
            'url': f'https://{home}/@user{p.author}/{p.i}',
            'replies_count': 0,
            'reblogs_count': 1,
            'favourites_count': p.likes,
            'quotes_count': 0,
            'edited_at': iso(p.edits[-1]) if p.edits else None,
            'content': content,
            'reblog': None,
            'account': account,
            'media_attachments': [],
            'mentions': [],
            'tags': [{'name': p.tag, 'url': f'https://{self.host()}/tags/{p.tag}'}],
            'emojis': [],
            'card': None,
            'poll': None,
            'quote': None,
        }
        if p.kind == 'reply':
            s['in_reply_to_id'] = status_id(self.world.posts[p.ref])
        if p.kind == 'quote':
            s['quote'] = {'state': 'pending', 'quoted_status': None}
        if p.roll > 0.9:
            s['media_attachments'] = [
                {
                    'id': str(p.i),
                    'type': 'image',
                    'url': f'https://files.example/{p.i}.png',
                    'description': None,
                    'meta': {'original': {'width': 640, 'height': 480}},
                }
            ]
        return s

    # --- streaming ---

    def streaming(self, req):
        c, headers = self.count('stream')
        upgrade = 'upgrade' in req.headers
        rest = req.path.removeprefix('/api/v1/streaming').strip('/')
        if rest == 'health':
            return Answer('OK')
        if upgrade:
            if not self.o['ws']:
                return Answer({'error': 'Not Found'}, 404)
            why = websocket.check(req.headers)
            if why:
                return Answer({'error': why}, 400)
        elif not self.o['sse'] or rest.split('/')[0] not in ('public', 'hashtag', 'user'):
            return Answer({'error': 'Not Found'}, 404)
        if not c.ok:
            a = Answer(
                {'error': 'Too many requests'}, 429, bucket='stream', not_before=self.unskewed(c.reset), over=True
            )
            a.limit_headers = headers
            return a
        bad = self.denied(req, True)
        if bad:
            return bad
        self.opened += 1
        if upgrade:
            echo = req.headers.get('sec-websocket-protocol')
            return Answer(ws=lambda ws: self.talk(req, ws), headers=[('Sec-WebSocket-Protocol', echo)] if echo else [])
        a = Answer(stream=lambda out: self.sse(req, out), ctype='text/event-stream')
        a.headers.append(('Cache-Control', 'private, no-store'))
        a.limit_headers = headers
        return a

    def feed(self, req, tell, idle, gone):
        """Events as they come to TELL(kind, text); IDLE(now) while nothing comes."""
        w, f, n = self.world, req.faults, 0
        tag = req.q.get('tag')
        breaks = int(f['break'].arg or 20) if 'break' in f else None
        with w.lock:
            at = max(0, len(w.events) - self.o['backlog'])
        while not self.server.stopping and not gone():
            with w.lock:
                if at >= len(w.events):
                    w.more.wait(0.05)
                new = [
                    (kind, p, self.payload(kind, p))
                    for kind, p, _ in w.events[at : at + 500]
                    if not tag or p.tag == tag
                ]
                at = min(len(w.events), at + 500)
            for kind, p, text in new:
                tell({'new': 'update', 'edit': 'status.update', 'delete': 'delete'}[kind], text)
                n += 1
                if breaks and n >= breaks:
                    return 'break'
            if n and 'silentstream' in f:
                end = time.monotonic() + float(f['silentstream'].arg or 3600)
                while time.monotonic() < end and not gone() and not self.server.stopping:
                    time.sleep(0.05)
                return 'silence'
            if not new:
                idle(time.monotonic())
        return 'gone'

    def payload(self, kind, p):
        return status_id(p) if kind == 'delete' else dumps(self.status(p)).decode()

    def sse(self, req, out):
        last = [time.monotonic()]
        out.write(':)\n')

        def tell(kind, text):
            out.write(f'event: {kind}\ndata: {text}\n\n')
            last[0] = time.monotonic()

        def idle(now):
            if now - last[0] >= self.o['thump']:
                out.write(':thump\n')
                last[0] = now

        self.open_now += 1
        try:
            out.note['why'] = self.feed(req, tell, idle, out.gone)
        finally:
            self.open_now -= 1

    def talk(self, req, ws):
        last = [time.monotonic()]
        name = req.q.get('stream', 'public')
        real = name.split(':')[0] in ('public', 'hashtag', 'user')

        def tell(kind, text):
            if not real:
                return  # a stream that there is not is silent
            message = dumps({'stream': [name], 'event': kind, 'payload': text}) + b'\n'
            (ws.fragments if self.o['fragments'] else ws.send)(message)
            last[0] = time.monotonic()

        def idle(now):
            if now - last[0] >= self.o['ping']:
                if not ws.ping(self.o['pong']):
                    self.late_pongs += 1
                    ws.drop()
                last[0] = now

        self.open_now += 1
        try:
            why = self.feed(req, tell, idle, lambda: not ws.open)
            if 'close' in req.faults:
                ws.close(int(req.faults['close'].arg or 1001))
            elif why == 'break':
                ws.drop()
        finally:
            self.open_now -= 1

    # --- for tests ---

    def truth(self):
        return [
            {
                'i': p.i,
                'native_id': status_id(p),
                'id': 'ap:' + self.status(p)['uri'],
                'created_at': iso(self.created(p)),
                'tag': p.tag,
                'gone': p.gone is not None,
                'edits': len(p.edits),
            }
            for p in self.world.posts
        ]

    def stats(self):
        return {'streams_opened': self.opened, 'streams_open': self.open_now, 'late_pongs': self.late_pongs}


NETWORK = Mastodon
