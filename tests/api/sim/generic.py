# SPDX-License-Identifier: MIT
"""An API of nobody's: records by token, by address, by Link header, by number; lines; any of them behind a key.

/items?limit=N&after=TOKEN&since=EPOCH&until=EPOCH   {"items":[…],"next":TOKEN|null}
/urls?limit=N                                        {"items":[…],"paging":{"next":URL}}
/links?limit=N                                       […] with a Link header
/pages?page=K                                        {"items":[…],"more":true|false}
/asc?limit=N&after=ID                                […], the oldest above ID first
/lines?after=ID  /live                               NDJSON, whole or going on
/list  /thing/ID                                     {"ids":[…]}; {"items":[one]}
"""

import base64
import json
import re
import time
import urllib.parse

from .core import Answer, Network, dumps
from .world import iso


def leaks(token):
    """TOKEN as servers, or posts, may hold it."""
    raw = token.encode()
    out = {
        'raw': f'my {token} is',
        'percent': urllib.parse.quote(token, safe=''),
        'percent2': urllib.parse.quote(urllib.parse.quote(token, safe=''), safe=''),
        'hex': raw.hex(),
        'json': json.dumps({'Authorization': 'Bearer ' + token}),
        'lower': re.sub('%..', lambda m: m[0].lower(), urllib.parse.quote(token, safe='')),
        'every': ''.join(f'%{b:02x}' for b in raw),
        'b64': base64.b64encode(raw).decode(),
    }
    for k in range(3):
        out[f'b64+{k}'] = base64.b64encode(b'user:x'[:k] + raw + b'!').decode()
        out[f'url64+{k}'] = base64.urlsafe_b64encode(b'user:x'[:k] + raw).decode().rstrip('=')
    return out


class Generic(Network):
    limits = {'items': '1000000/1m'}
    options = {
        'auth': 0,
        'retry': 'delta',
        'keepalive': 10.0,
        'backlog': 0,
        'notyet': 0,
        'gone': 0,
        'heavy': 0,
        'headers': 1,
        'later': 0,
        'leak': 0,
    }

    def __init__(self, server):
        super().__init__(server)
        self.asked, self.opened = {}, 0

    def ident(self, p):
        return f'{900719925474099300 + p.i}'

    def item(self, p):
        x = self.plain(p)
        if self.o['leak']:  # a server that repeats what it was sent
            x['leak'] = leaks(self.opts.token[0])
        return x

    def plain(self, p):
        return {
            'id': self.ident(p),
            'created_at': iso(p.ms),
            'edited_at': iso(p.edits[-1]) if p.edits else None,
            'text': p.text,
            'author': {'id': f'u{p.author}', 'name': f'User {p.author}'},
            'big': 900719925474099300 + p.i,
            'tag': p.tag,
        }

    def limited(self, req):
        return self.over(2, time.time() + 2)

    def over(self, seconds, until):
        a = Answer({'error': 'slow down'}, 429, not_before=until)
        if self.o['retry'] == 'date':
            import email.utils

            a.headers.append(('Retry-After', email.utils.formatdate(int(until + self.server.skew()) + 1, usegmt=True)))
        elif self.o['retry'] == 'delta':
            a.headers.append(('Retry-After', str(seconds)))
        return a

    def handle(self, req):
        if self.o['auth'] and not ({req.bearer(), req.q.get('key'), req.headers.get('x-api-key')} & self.tokens):
            return Answer({'error': 'unauthorized'}, 401)
        parts = req.path.strip('/').split('/')
        route = getattr(self, 'get_' + parts[0], None)
        if not route or len(parts) > 2:
            return Answer({'error': 'not found'}, 404)
        c = self.take('items')
        if not c.ok:
            a = self.over(c.left, self.unskewed(c.reset))
            a.note.update(over=True, bucket='items')
        else:
            with self.world.lock:
                a = route(req, *parts[1:])
            a.note['bucket'] = 'items'
        if self.o['headers']:
            a.limit_headers = [
                ('X-RateLimit-Limit', str(c.limit)),
                ('X-RateLimit-Remaining', str(c.remaining)),
                ('X-RateLimit-Reset', c.epoch()),
            ]
        return a

    def chosen(self, req):
        q = req.q
        low, high = (int(float(q.get(k) or d) * 1000) for k, d in (('since', 0), ('until', 1 << 52)))
        return [p for p in reversed(self.world.live()) if low <= p.ms < high]

    def size(self, req):
        n = req.q.get('limit', '20')
        return int(n) if n.isdigit() and 1 <= int(n) <= 1000 else 20

    def slice(self, req, mark):
        items = self.chosen(req)
        mark, again = (mark or '').rstrip('e'), 'e' * len((mark or '').partition('e')[2]) + 'e'
        start = next((k for k, p in enumerate(items) if p.i < int(mark)), len(items)) if mark else 0
        page, nxt = self.cut(req, items, start, self.size(req))
        # An empty page leads to what it did not give, by a token of its own: none leads to itself.
        return page, (
            str(items[nxt - 1].i if nxt else 1 << 40) + ('' if nxt > start else again) if nxt < len(items) else None
        )

    def get_items(self, req):
        if self.o['heavy'] and self.size(req) > self.o['heavy']:
            return Answer({'error': 'too much'}, 413)
        after = req.q.get('after')
        if after and not after.startswith('t'):
            return Answer({'error': 'bad token'}, 400)
        page, nxt = self.slice(req, after and after[1:])
        return Answer({'items': [self.item(p) for p in page], 'next': 't' + nxt if nxt else None}, items=len(page))

    def url(self, req, nxt):
        q = [(k, v) for k, v in req.query if k not in ('mark', 'key', 'access_token', 'empty', 'odd')]
        key = req.bearer() or req.q.get('key') or ''
        extra = [('access_token', key)] if key else []
        return (
            (self.opts.canonical or req.here())
            + req.path
            + '?'
            + urllib.parse.urlencode(extra + q + [('mark', nxt), ('empty', ''), ('odd', 'a b+c/%')])
        )

    def get_urls(self, req):
        page, nxt = self.slice(req, req.q.get('mark'))
        return Answer(
            {'items': [self.item(p) for p in page], 'paging': {'next': self.url(req, nxt)} if nxt else {}},
            items=len(page),
        )

    def get_links(self, req):
        page, nxt = self.slice(req, req.q.get('mark'))
        a = Answer([self.item(p) for p in page], items=len(page))
        if nxt:
            a.headers.append(('Link', f'<{self.url(req, nxt)}>; title="a, b; c"; rel="next last"'))
        return a

    def get_pages(self, req):
        k, n = int(req.q.get('page', 1)), self.size(req)
        items = self.chosen(req)
        page = items[(k - 1) * n : k * n]
        return Answer({'items': [self.item(p) for p in page], 'more': k * n < len(items)}, items=len(page))

    def get_asc(self, req):
        after = req.q.get('after') or '0'
        items = [p for p in reversed(self.chosen(req)) if int(self.ident(p)) > int(after)]
        page, _ = self.cut(req, items, 0, self.size(req))
        return Answer([self.item(p) for p in page], items=len(page))

    def get_lines(self, req):
        after = req.q.get('after') or '0'
        items = [p for p in reversed(self.chosen(req)) if int(self.ident(p)) > int(after)]
        return Answer(
            b''.join(dumps(self.item(p)) + b'\n' for p in items), ctype='application/x-ndjson', items=len(items)
        )

    def get_list(self, req):
        return Answer({'ids': [self.ident(p) for p in reversed(self.chosen(req))]})

    def get_thing(self, req, ident='0'):
        p = next((p for p in self.world.posts if self.ident(p) == ident), None)
        if p is None:
            return Answer({'error': 'not found'}, 404)
        n = self.asked[p.i] = self.asked.get(p.i, 0) + 1
        if self.o['later'] and p.i % 5 == 2 and n <= self.o['later']:
            return Answer(None)
        if self.o['gone'] and p.i % self.o['gone'] == 1:
            return Answer({'error': 'gone'}, 410)
        return Answer({'items': [self.item(p)]}, items=1)

    def get_live(self, req):
        self.opened += 1
        return Answer(stream=lambda out: self.live(req, out), ctype='application/x-ndjson')

    def live(self, req, out):
        w, last, n = self.world, time.monotonic(), 0
        breaks = int(req.faults['break'].arg or 20) if 'break' in req.faults else None
        with w.lock:
            at = max(0, len(w.events) - self.o['backlog'])
            if req.q.get('after'):
                at = next(
                    (k for k, (_, p, _) in enumerate(w.events) if int(self.ident(p)) > int(req.q['after'])),
                    len(w.events),
                )
        while not self.server.stopping and not out.gone():
            with w.lock:
                if at >= len(w.events):
                    w.more.wait(0.05)
                new = [dumps(self.item(p)) + b'\n' for _, p, _ in w.events[at : at + 500]]
                at += len(new)
            for line in new:
                out.write(line)
                n += 1
                if breaks and n >= breaks:
                    return
            if new:
                last = time.monotonic()
            elif time.monotonic() - last >= self.o['keepalive']:
                out.write(b'\n')
                last = time.monotonic()

    def truth(self):
        return [
            {
                'i': p.i,
                'native_id': self.ident(p),
                'created_at': iso(p.ms),
                'gone': p.gone is not None,
                'edits': len(p.edits),
            }
            for p in self.world.posts
        ]

    def stats(self):
        return {'streams_opened': self.opened}


NETWORK = Generic
