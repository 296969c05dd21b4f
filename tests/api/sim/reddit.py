# SPDX-License-Identifier: MIT
"""Reddit: an application's token, /r/x/new.

A third of the answers have no x-ratelimit-*; reset is seconds left and remaining a float; a 429 of data is HTML with
Retry-After, that of the token endpoint is JSON without; lists stop near 1000; a page may be longer than was asked;
order is by hours only; a post may stand on two pages.
"""

import base64
import re

from .core import Answer, Network, html
from .world import iso


def fullname(p):
    n, s = 40000000000 + p.i, ''
    while n:
        n, d = divmod(n, 36)
        s = '0123456789abcdefghijklmnopqrstuvwxyz'[d] + s
    return 't3_' + s


class Reddit(Network):
    server_name = 'snooserv'
    limits = {'data': '600/10m', 'token': '30/1m'}
    options = {
        'most': 1000,
        'expires': 86400,
        'id': 'sim-id',
        'secret': 'sim-secret',
        'disorder': 8,
        'longer': 1,
        'twice': 1,
        'missing': 3,
        'agent': 1,
    }

    def __init__(self, server):
        super().__init__(server)
        self.sessions, self.born = {}, 0
        self.answers = 0

    def classify(self, req):
        req.data = not req.path.startswith('/api/v1/access_token')

    def handle(self, req):
        if self.o['agent'] and re.match(r'(curl|libcurl|python|java|$)', req.headers.get('user-agent', ''), re.I):
            a = html(429, 'whoa there, pardner!')
            a.note['agent'] = True
            return a
        if req.path == '/api/v1/access_token':
            return self.login(req)
        m = re.fullmatch(r'/r/([\w+]+)/new(\.json)?', req.path)
        token = req.bearer()
        if token is None or self.sessions.get(token, 0) <= self.server.now():
            return Answer(
                {'message': 'Unauthorized', 'error': 401},
                401,
                [('WWW-Authenticate', 'Bearer realm="reddit", error="invalid_token"')],
            )
        if not m:
            return Answer({'message': 'Not Found', 'error': 404}, 404)
        c = self.take('data')
        self.answers += 1
        known = not self.o['missing'] or self.answers % self.o['missing']
        headers = (
            [
                ('x-ratelimit-used', str(c.limit - c.remaining)),
                ('x-ratelimit-remaining', f'{c.remaining:.1f}'),
                ('x-ratelimit-reset', str(c.left)),
            ]
            if known
            else []
        )
        if not c.ok:
            a = self.too_many(c.left, self.unskewed(c.reset))
            a.limit_headers = headers
            a.note['over'] = True
            return a
        a = self.listing(req, m[1])
        a.limit_headers = headers
        return a

    def too_many(self, seconds, not_before):
        a = html(429, 'Too Many Requests')
        a.headers.append(('Retry-After', str(seconds)))
        a.note.update(not_before=not_before, bucket='data')
        return a

    def limited(self, req):
        if not req.data:
            return Answer({'message': 'Too Many Requests', 'error': 429}, 429)
        return self.too_many(1, self.unskewed(self.server.now()) + 1)

    def error(self, req, status):
        return (
            Answer({'message': 'error', 'error': status}, status) if status in (401, 403, 404) else Answer(b'', status)
        )

    def login(self, req):
        if req.method != 'POST':
            return Answer({'message': 'Not Found', 'error': 404}, 404)
        c = self.take('token')
        if not c.ok:
            return Answer({'message': 'Too Many Requests', 'error': 429}, 429, bucket='token', over=True)
        kind, _, given = req.headers.get('authorization', '').partition(' ')
        want = base64.b64encode(f'{self.o["id"]}:{self.o["secret"]}'.encode()).decode()
        if kind.lower() != 'basic' or given.strip() != want:
            return Answer(
                {'message': 'Unauthorized', 'error': 401}, 401, [('WWW-Authenticate', 'Basic realm="reddit"')]
            )
        form = req.form()
        if form.get('grant_type') not in (
            'client_credentials',
            'password',
            'https://oauth.reddit.com/grants/installed_client',
        ):
            return Answer({'error': 'unsupported_grant_type'}, 400)
        self.born += 1
        token = f'eyJhbGciOiJSUzI1NiJ9.{"session" * 9}{self.born:04d}.c2lnbmF0dXJl/+{self.born}'
        self.sessions[token] = self.server.now() + self.o['expires']
        return Answer(
            {'access_token': token, 'token_type': 'bearer', 'expires_in': self.o['expires'], 'scope': '*'},
            bucket='token',
        )

    def expire(self):
        self.sessions = {}

    # --- the list ---

    def order(self):
        """Newest first, but for groups in which it is turned about: hours, at a post a minute or so."""
        posts, k = list(reversed(self.world.live())), self.o['disorder']
        if not k:
            return posts
        # By number, so that a growing world does not shuffle what was there.
        return sorted(posts, key=lambda p: (-(p.i // k), p.i * 7919 % k))

    def listing(self, req, sub):
        q = req.q
        size = min(int(q['limit']) if q.get('limit', '').isdigit() else 25, 100)
        with self.world.lock:
            items = self.order()[: self.o['most']]
            names = [fullname(p) for p in items]
            start = 0
            if q.get('after'):
                start = names.index(q['after']) + 1 if q['after'] in names else len(items)
            if self.o['longer'] and size > 5 and start == 0:
                size += 1
            page, nxt = self.cut(req, items, start, size)
            after = names[nxt - 1] if nxt < len(items) and nxt else None
            if self.o['twice'] and start and page:
                page = [items[start - 1]] + page
            children = [{'kind': 't3', 'data': self.post(p, sub)} for p in page]
            return Answer(
                {
                    'kind': 'Listing',
                    'data': {
                        'after': after,
                        'dist': len(children),
                        'modhash': '',
                        'geo_filter': '',
                        'before': None,
                        'children': children,
                    },
                },
                items=len(children),
                bucket='data',
            )

    def post(self, p, sub):
        name = fullname(p)
        plain = p.text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
        return {
            'name': name,
            'id': name[3:],
            'title': f'Title {p.i}',
            'selftext': plain if p.i % 2 else '',
            'author': f'user{p.author}',
            'author_fullname': f't2_{p.author}',
            'created_utc': float(p.ms // 1000),
            'created': float(p.ms // 1000),
            'edited': p.edits[-1] // 1000 * 1.0 if p.edits else False,
            'permalink': f'/r/{sub}/comments/{name[3:]}/title_{p.i}/',
            'url': f'https://example.org/{p.i}' if p.i % 2 == 0 else f'/r/{sub}/comments/{name[3:]}/',
            'is_self': p.i % 2 == 1,
            'score': p.likes,
            'ups': p.likes,
            'num_comments': 3,
            'over_18': p.roll > 0.9,
            'subreddit': sub,
            'stickied': False,
        }

    def truth(self):
        return [
            {
                'i': p.i,
                'native_id': fullname(p),
                'created_at': iso(p.ms // 1000 * 1000),
                'gone': p.gone is not None,
                'edits': len(p.edits),
            }
            for p in self.world.posts
        ]

    def stats(self):
        return {'logins': self.born}


NETWORK = Reddit
