# SPDX-License-Identifier: MIT
"""Bluesky: a session by createSession, searchPosts for those who have one, listRecords for all.

An access token that has ended is a 400 ExpiredToken, none is a 401 AuthMissing. Limits as epoch seconds with a policy.
"""

import base64
import re
import time

from .core import Answer, Network, dumps
from .world import iso, parse_iso

DIGITS = '234567abcdefghijklmnopqrstuvwxyz'


def rkey(p):
    """A record key is a time: microseconds and ten bits."""
    n, s = (p.ms * 1000 + p.i % 1000) << 10 | p.i & 1023, ''
    for _ in range(13):
        s, n = DIGITS[n & 31] + s, n >> 5
    return s


def did(author):
    return 'did:plc:' + ''.join(DIGITS[(author * 7 + k * k) % 32] for k in range(24))


def uri(p, author=None):
    return f'at://{did(p.author if author is None else author)}/app.bsky.feed.post/{rkey(p)}'


class Bluesky(Network):
    server_name = 'Express'
    limits = {'data': '3000/300', 'login': '30/300'}
    options = {
        'handle': 'me.bsky.social',
        'password': 'sim-pass-word',
        'expires': 7200,
        'open': 0,
        'total': 1,
        'secondpage': 0,
    }

    def __init__(self, server):
        super().__init__(server)
        self.sessions, self.refresh, self.logins = {}, {}, 0

    def classify(self, req):
        req.data = '/com.atproto.server.' not in req.path

    def fail(self, status, name, message):
        return Answer({'error': name, 'message': message}, status)

    def error(self, req, status):
        return self.fail(status, 'InternalServerError', 'Internal Server Error')

    def limited(self, req):
        until = self.server.now() + 1
        a = self.fail(429, 'RateLimitExceeded', 'Rate Limit Exceeded')
        a.headers.append(('Retry-After', '1'))
        a.limit_headers = [
            ('RateLimit-Limit', '3000'),
            ('RateLimit-Remaining', '0'),
            ('RateLimit-Reset', str(int(until) + 1)),
            ('RateLimit-Policy', '3000;w=300'),
        ]
        a.note['not_before'] = self.unskewed(until)
        return a

    def spend(self, bucket):
        c, w = self.take(bucket), self.windows[bucket]
        h = [
            ('RateLimit-Limit', str(c.limit)),
            ('RateLimit-Remaining', str(c.remaining)),
            ('RateLimit-Reset', c.epoch()),
            ('RateLimit-Policy', f'{c.limit};w={int(w.seconds)}'),
        ]
        if c.ok:
            return None, h
        a = self.fail(429, 'RateLimitExceeded', 'Rate Limit Exceeded')
        a.note.update(over=True, bucket=bucket, not_before=self.unskewed(c.reset))
        a.headers.append(('Retry-After', str(c.left)))
        a.limit_headers = h
        return a, h

    def handle(self, req):
        name = req.path.removeprefix('/xrpc/')
        route = {
            'com.atproto.server.createSession': self.login,
            'com.atproto.server.refreshSession': self.renew,
            'app.bsky.feed.searchPosts': self.search,
            'com.atproto.repo.listRecords': self.records,
        }.get(name)
        if not route:
            return self.fail(
                501 if req.path.startswith('/xrpc/') else 404, 'MethodNotImplemented', 'Method Not Implemented'
            )
        bad, h = self.spend('login' if 'Session' in name else 'data')
        if bad:
            return bad
        a = route(req)
        a.limit_headers = h
        return a

    # --- sessions ---

    def session(self):
        self.logins += 1
        claims = (
            base64.urlsafe_b64encode(
                dumps(
                    {
                        'scope': 'com.atproto.access',
                        'sub': did(1),
                        'iat': int(time.time()),
                        'exp': int(time.time() + self.o['expires']),
                        'n': self.logins,
                    }
                )
            )
            .decode()
            .rstrip('=')
        )
        access = f'eyJ0eXAiOiJhdCtqd3QifQ.{claims}.c2ln{self.logins:04d}'
        refresh = f'eyJ0eXAiOiJyZWZyZXNoIn0.{claims}.cmVm{self.logins:04d}'
        self.sessions[access] = self.server.now() + self.o['expires']
        self.refresh[refresh] = True
        return Answer(
            {
                'did': did(1),
                'handle': self.o['handle'],
                'accessJwt': access,
                'refreshJwt': refresh,
                'active': True,
                'email': 'me@example.org',
            }
        )

    def login(self, req):
        body = req.json()
        if req.method != 'POST' or not isinstance(body, dict) or 'identifier' not in body or 'password' not in body:
            return self.fail(400, 'InvalidRequest', 'Input must have the property "identifier"')
        if (body['identifier'], body['password']) != (self.o['handle'], self.o['password']):
            return self.fail(401, 'AuthenticationRequired', 'Invalid identifier or password')
        return self.session()

    def renew(self, req):
        token = req.bearer()
        if token not in self.refresh:
            return self.fail(400, 'ExpiredToken', 'Token has been revoked')
        del self.refresh[token]
        return self.session()

    def expire(self):
        self.sessions = {k: 0 for k in self.sessions}

    def who(self, req):
        """None when the request may go on."""
        token = req.bearer()
        if token is None:
            return None if self.o['open'] else self.fail(401, 'AuthMissing', 'Authentication Required')
        if token not in self.sessions:
            return self.fail(400, 'InvalidToken', 'Token could not be verified')
        if self.sessions[token] <= self.server.now():
            return self.fail(400, 'ExpiredToken', 'Token has expired')
        return None

    # --- data ---

    def check(self, req, known, must):
        q = req.q
        for k in must:
            if not q.get(k):
                return self.fail(400, 'InvalidRequest', f'Error: Params must have the property "{k}"')
        n = q.get('limit', '25')
        if not n.isdigit() or not 1 <= int(n) <= 100:
            return self.fail(400, 'InvalidRequest', 'Error: limit can not be greater than 100')
        for k in ('since', 'until'):
            if k in q and parse_iso(q[k]) is None and not re.fullmatch(r'\d{4}-\d\d-\d\d', q[k]):
                return self.fail(400, 'InvalidRequest', f'Error: {k} must be a datetime')
        return None

    def created(self, p):
        """The client's word, in three forms."""
        ms = p.ms - (3600000 if p.roll < 0.05 else 0)
        return [iso(ms), iso(ms, 6), iso(ms, 3, '+00:00')][p.i % 3]

    def search(self, req):
        bad = self.who(req) or self.check(req, (), ('q',))
        if bad:
            return bad
        q = req.q
        low = parse_iso(q['since'] if 'T' in q['since'] else q['since'] + 'T00:00:00Z') if 'since' in q else 0
        high = parse_iso(q['until'] if 'T' in q['until'] else q['until'] + 'T00:00:00Z') if 'until' in q else 1 << 62
        size = int(q.get('limit', 25))
        with self.world.lock:
            items = [p for p in reversed(self.world.live()) if low <= p.ms < high]
            start = 0
            if 'cursor' in q:
                below = int(q['cursor']) if q['cursor'].isdigit() else 0
                start = next((k for k, p in enumerate(items) if p.i < below), len(items))
            page, nxt = self.cut(req, items, start, max(1, size - 1))
            out = {}
            if nxt < len(items):
                out['cursor'] = str(items[nxt - 1].i if nxt else 1 << 40)
            if self.o['total'] and start == 0:
                out['hitsTotal'] = len(items)
            out['posts'] = [self.view(p) for p in page]
            return Answer(out, items=len(page), bucket='data')

    def record(self, p):
        text = p.text.encode()
        at = text.index(b'#')
        r = {
            '$type': 'app.bsky.feed.post',
            'text': p.text,
            'langs': [p.lang],
            'createdAt': self.created(p),
            'facets': [
                {
                    'index': {'byteStart': at, 'byteEnd': at + 1 + len(p.tag)},
                    'features': [{'$type': 'app.bsky.richtext.facet#tag', 'tag': p.tag}],
                }
            ],
        }
        if p.kind == 'reply':
            other = self.world.posts[p.ref]
            r['reply'] = {
                'root': {'uri': uri(other), 'cid': self.cid(other)},
                'parent': {'uri': uri(other), 'cid': self.cid(other)},
            }
        return r

    def cid(self, p):
        return f'bafyrei{p.i:052d}'[:59] + str(len(p.edits))

    def view(self, p):
        return {
            'uri': uri(p),
            'cid': self.cid(p),
            'author': {
                'did': did(p.author),
                'handle': f'user{p.author}.bsky.social',
                'displayName': f'User {p.author}',
            },
            'record': self.record(p),
            'replyCount': 0,
            'repostCount': 1,
            'likeCount': p.likes,
            'quoteCount': 0,
            'indexedAt': iso(p.ms + 1000),
            'labels': [],
        }

    def records(self, req):
        """An account's posts; all posts of this world are that account's."""
        bad = self.check(req, (), ('repo', 'collection'))
        if bad:
            return bad
        q = req.q
        if q['repo'] not in (did(1), self.o['handle']):
            return self.fail(400, 'InvalidRequest', f'Could not find repo: {q["repo"]}')
        size, back = int(q.get('limit', 50)), q.get('reverse') == 'true'
        with self.world.lock:
            items = (
                sorted((p for p in self.world.live()), key=rkey, reverse=not back)
                if q['collection'] == 'app.bsky.feed.post'
                else []
            )
            start = 0
            if q.get('cursor'):
                c = q['cursor']
                start = next((k for k, p in enumerate(items) if (rkey(p) > c if back else rkey(p) < c)), len(items))
            page, _ = self.cut(req, items, start, size)
            out = {'records': [{'uri': uri(p, 1), 'cid': self.cid(p), 'value': self.record(p)} for p in page]}
            if page and len(page) >= size or 'short' in req.faults and page:
                out['cursor'] = rkey(page[-1])
            return Answer(out, items=len(page), bucket='data')

    def truth(self):
        return [
            {
                'i': p.i,
                'native_id': uri(p),
                'repo_id': uri(p, 1),
                'created_at': iso(parse_iso(self.created(p))),
                'gone': p.gone is not None,
                'edits': len(p.edits),
            }
            for p in self.world.posts
        ]

    def stats(self):
        return {'logins': self.logins}


NETWORK = Bluesky
