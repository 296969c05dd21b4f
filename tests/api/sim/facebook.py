# SPDX-License-Identifier: MIT
"""The Graph API: feeds and posts of pages, comments of posts, media of Instagram accounts.

Errors are 400 (some 500) with a code; limits are percent in JSON in headers and minutes to wait; `paging.next` is an
address with the token in it, and its absence alone ends a walk: empty pages, short ones, pages without `paging` and
last pages with cursors occur. Unknown parameters are passed over, unknown fields are error 100.
"""

import base64
import json
import re
import time
import urllib.parse

from .core import Answer, Network
from .world import iso, parse_iso

POST = set(
    '''
        id message story created_time updated_time permalink_url from shares message_tags attachments comments
        reactions full_picture status_type type link name is_published properties to with_tags place parent_id
    '''.split()
)
COMMENT = set(
    '''
        id message created_time from parent like_count comment_count permalink_url attachment message_tags
        user_likes can_reply_privately is_hidden object reactions
    '''.split()
)
MEDIA = set(
    '''
        id caption media_type media_url permalink timestamp username like_count comments_count thumbnail_url
        children owner shortcode is_comment_enabled media_product_type
    '''.split()
)


def top_fields(text):
    """'a,b{c,d}.limit(3)' -> ['a', 'b']; None when brackets do not close."""
    out, word, depth = [], '', 0
    for ch in text + ',':
        if ch in '{(':
            depth += 1
        elif ch in '})':
            depth -= 1
        if ch == ',' and depth == 0:
            out.append(re.split(r'[{.(]', word)[0])
            word = ''
        else:
            word += ch
    return None if depth else [w for w in out if w]


class Facebook(Network):
    server_name = 'proxygen'
    limits = {'app': '200/1h', 'page': '4800/1h'}
    options = {
        'comments': 30,
        'heavy': 0,
        'regain': 1,
        'hideid': 0.1,
        'emptyevery': 5,
        'usage': 1,
        'code': 80001,
        'lastcursor': 1,
        'here': 0,
    }

    def __init__(self, server):
        super().__init__(server)
        self.expired = set()

    def classify(self, req):
        req.data = not req.path.endswith('/oauth/access_token')

    # --- errors ---

    def fail(self, code, message, status=400, sub=None, transient=None, kind='OAuthException'):
        e = {'message': message, 'type': kind, 'code': code, 'fbtrace_id': 'A1b2C3d4'}
        if sub:
            e['error_subcode'] = sub
        if transient is not None:
            e['is_transient'] = transient
        return Answer(
            {'error': e},
            status,
            (
                [('WWW-Authenticate', f'OAuth "Facebook Platform" "invalid_request" "{message}"')]
                if status in (400, 401)
                else []
            ),
        )

    def error(self, req, status):
        return self.fail(2, 'Service temporarily unavailable', status, transient=True)

    def limited(self, req):
        """Meta has no 429 of its own; a fault that orders one gives what stands for it."""
        return self.throttled(self.opts_bucket(req), None)

    def opts_bucket(self, req):
        return 'page'

    def throttled(self, bucket, c):
        code = 4 if bucket == 'app' else self.o['code']
        a = self.fail(
            code,
            f'(#{code}) There have been too many calls to this Page account. Wait a bit and try again.',
            400,
            sub=2446079,
        )
        minutes = self.o['regain']
        a.headers += [
            (
                'X-Business-Use-Case-Usage',
                json.dumps(
                    {
                        '1234': [
                            {
                                'type': 'pages',
                                'call_count': 100,
                                'total_cputime': 4,
                                'total_time': 7,
                                'estimated_time_to_regain_access': minutes,
                            }
                        ]
                    }
                ),
            )
        ]
        a.note.update(not_before=time.time() + minutes * 60, over=True, bucket=bucket)
        return a

    # --- requests ---

    def handle(self, req):
        m = re.fullmatch(r'/(?:v\d+\.\d+/)?([\w.-]+)/(feed|posts|published_posts|comments|media)', req.path)
        token = req.q.get('access_token') or req.bearer()
        if token is None:
            return self.fail(104, 'An access token is required to request this resource.')
        if token in self.expired:
            return self.fail(
                190,
                'Error validating access token: Session has expired on Tuesday, 24-Nov-26 00:00:00 PST.',
                401 if self.o['here'] else 400,
                sub=463,
            )
        if token not in self.tokens:
            return self.fail(190, 'Invalid OAuth access token - Cannot parse access token')
        if not m:
            return self.fail(
                100,
                f"Unsupported get request. Object with ID '{req.path.strip('/')}' does not exist, "
                'cannot be loaded due to missing permissions, '
                'or does not support this operation',
                sub=33,
                kind='GraphMethodException',
            )
        bad, counts = self.spend()
        if bad:
            return bad
        edge = {'posts': 'posts', 'published_posts': 'posts'}.get(m[2], m[2])
        a = self.edge(req, m[1], edge, token)
        a.limit_headers += counts
        return a

    def spend(self):
        usage = {}
        for b in ('app', 'page'):
            c = self.take(b)
            usage[b] = (c.limit - c.remaining) * 100 // c.limit
            if not c.ok:
                return self.throttled(b, c), None
        if not self.o['usage']:
            return None, []
        return None, [
            (
                'X-App-Usage',
                json.dumps({'call_count': usage['app'], 'total_time': usage['app'] // 2, 'total_cputime': 1}),
            ),
            (
                'X-Business-Use-Case-Usage',
                json.dumps(
                    {
                        '1234': [
                            {
                                'type': 'pages',
                                'call_count': usage['page'],
                                'total_cputime': 1,
                                'total_time': 1,
                                'estimated_time_to_regain_access': 0,
                            }
                        ]
                    }
                ),
            ),
        ]

    def edge(self, req, node, edge, token):
        q = req.q
        limit = q.get('limit', '25')
        if not limit.isdigit() or int(limit) > 100 or int(limit) < 1:
            return self.fail(100, '(#100) Param limit must be a number between 1 and 100')
        known = {'comments': COMMENT, 'media': MEDIA}.get(edge, POST)
        fields = top_fields(q['fields']) if 'fields' in q else ['id', 'message', 'created_time']
        if fields is None:
            return self.fail(2500, 'Syntax error "Expected end of string instead of ")"."')
        for f in fields:
            if f not in known:
                return self.fail(
                    100,
                    f'(#100) Tried accessing nonexisting field ({f}) on node type '
                    f'({"Comment" if edge == "comments" else "Page"})',
                )
        if self.o['heavy'] and int(limit) > self.o['heavy']:
            return self.fail(1, "Please reduce the amount of data you're asking for, then retry your request", 500)
        times = {}
        for k in ('since', 'until'):
            if q.get(k):
                times[k] = self.when(q[k])
                if times[k] is None:
                    return self.fail(100, f'(#100) Invalid value for {k}: {q[k]}')
        with self.world.lock:
            items = self.items(node, edge, q)
            if items is None:
                return self.fail(
                    100,
                    f"Unsupported get request. Object with ID '{node}' does not exist, "
                    'cannot be loaded due to missing permissions, '
                    'or does not support this operation',
                    sub=33,
                    kind='GraphMethodException',
                )
            items = [
                x
                for x in items
                if times.get('since', 0) <= self.stamp(x) and self.stamp(x) < times.get('until', 1 << 62)
            ]
            return self.page(req, node, edge, token, items, int(limit), fields)

    def when(self, text):
        if text.isdigit():
            return int(text) * 1000
        return parse_iso(text) or (parse_iso(text + 'T00:00:00Z') if re.fullmatch(r'\d{4}-\d\d-\d\d', text) else None)

    def stamp(self, x):
        return x[1]

    # An item is (key, ms, function that makes it), in the order of the edge.
    def items(self, node, edge, q):
        if edge == 'comments':
            post = next((p for p in self.world.live() if self.post_id(p) == node), None)
            if post is None:
                return None
            out = [
                (self.comment_id(post, k), post.ms + 1000 * (k + 1), lambda f, k=k: self.comment(post, k, f))
                for k in range(self.ncomments(post))
            ]
            if q.get('filter') != 'stream':
                out = [c for k, c in enumerate(out) if not self.parent(k)]
            return out if q.get('order') in ('chronological', None) else out[::-1]
        make = self.media if edge == 'media' else self.post
        return [(p.i, self.created(p), lambda f, p=p: make(p, f)) for p in reversed(self.world.live())]

    def created(self, p):
        """Whole seconds."""
        return p.ms // 1000 * 1000

    def page(self, req, node, edge, token, items, limit, fields):
        q = req.q
        start = 0
        mark = q.get('__paging_token') if edge == 'posts' else q.get('after')
        if mark:
            key = self.unpack(mark)
            start = next((k + 1 for k, x in enumerate(items) if str(x[0]) == key), None)
            if start is None:  # what it pointed at is gone: on with what is older
                start = (
                    len(items)
                    if not key.isdigit()
                    else next(
                        (k for k, x in enumerate(items) if str(x[0]).isdigit() and int(x[0]) < int(key)), len(items)
                    )
                )
        page, nxt = self.cut(req, items, start, limit)
        # Every so often a page is short, or empty, though there is more.
        every = self.o['emptyevery']
        if every and edge != 'comments' and page and nxt < len(items) and 'empty2' not in q:
            k = start // max(1, limit)
            if k % every == every - 1:
                return Answer(
                    {
                        'data': [],
                        'paging': {
                            'next': self.address(
                                req,
                                node,
                                edge,
                                token,
                                items[start - 1][0] if start else 'none',
                                limit,
                                [('empty2', '1')],
                            )
                        },
                    },
                    items=0,
                )
            if k % every == 1:
                page, nxt = page[: max(1, len(page) - 7)], start + max(1, len(page) - 7)
        body = {'data': [x[2](fields) for x in page]}
        if nxt < len(items):
            last = items[nxt - 1][0] if nxt else 'none'
            body['paging'] = {
                'cursors': {'before': self.pack(items[start][0]), 'after': self.pack(last)},
                'next': self.address(req, node, edge, token, last, limit),
            }
            if edge == 'posts':
                del body['paging']['cursors']
                body['paging']['previous'] = body['paging']['next'] + '&__previous=1'
        elif page and self.o['lastcursor']:
            body['paging'] = {'cursors': {'before': self.pack(page[0][0]), 'after': self.pack(page[-1][0])}}
        return Answer(body, items=len(page))

    def pack(self, key):
        return 'QVF' + base64.urlsafe_b64encode(str(key).encode()).decode().rstrip('=')

    def unpack(self, mark):
        raw = mark.removeprefix('QVF')
        try:
            return base64.urlsafe_b64decode(raw + '=' * (-len(raw) % 4)).decode()
        except ValueError:
            return 'none'

    def address(self, req, node, edge, token, last, limit, more=()):
        keep = [
            (k, v)
            for k, v in req.query
            if k not in ('access_token', 'after', 'before', '__paging_token', 'until', 'limit', 'since', 'empty2')
        ]
        q = [('access_token', token)] + keep + [('limit', str(limit))]
        if edge == 'posts':
            q += [
                ('since', req.q.get('since', '')),
                ('until', str(int(time.time()) + 1)),
                ('__paging_token', self.pack(last)),
            ]
        else:
            q += (
                ([('since', req.q['since'])] if req.q.get('since') else [])
                + ([('until', req.q['until'])] if req.q.get('until') else [])
                + [('after', self.pack(last))]
            )
        version = re.match(r'/(v\d+\.\d+)?', req.path)[0]
        base = self.opts.canonical or (req.here() if self.o['here'] else 'https://graph.facebook.com')
        return f'{base}{version}/{node}/{edge}?' + urllib.parse.urlencode(q + list(more), safe='{}(),')

    # --- items ---

    def post_id(self, p):
        return f'1234_{100000000000000 + p.i}'

    def post(self, p, fields):
        at = iso(self.created(p), 0, '+0000')
        x = {
            'id': self.post_id(p),
            'message': p.text,
            'created_time': at,
            'updated_time': iso(p.edits[-1], 0, '+0000') if p.edits else at,
            'permalink_url': f'https://www.facebook.com/1234/posts/{p.i}',
            'from': {'name': 'Acme', 'id': '1234'},
            'shares': {'count': p.likes // 10},
            'message_tags': [{'id': '5', 'name': '#' + p.tag, 'offset': 7, 'length': len(p.tag) + 1}],
            'comments': {
                'data': [],
                'summary': {'order': 'ranked', 'total_count': self.ncomments(p), 'can_comment': True},
            },
            'reactions': {'data': [], 'summary': {'total_count': p.likes, 'viewer_reaction': 'NONE'}},
        }
        if p.roll < 0.1:
            del x['message']  # absent, not null
            x['story'] = 'Acme updated their cover photo.'
        if p.roll < 0.05:
            del x['from']
        if p.roll > 0.9:
            x['attachments'] = {
                'data': [
                    {
                        'media_type': 'photo',
                        'type': 'photo',
                        'unshimmed_url': f'https://www.facebook.com/photo/?fbid={p.i}',
                        'media': {'image': {'height': 720, 'src': f'https://scontent.example/{p.i}.jpg', 'width': 720}},
                    }
                ]
            }
        return {k: v for k, v in x.items() if k in fields or k == 'id'}

    def ncomments(self, p):
        return int(p.roll * self.o['comments']) if p.i % 3 else 0

    def parent(self, k):
        return k - 1 if k % 4 == 3 else 0

    def comment_id(self, p, k):
        return f'{100000000000000 + p.i}_{7000000 + p.i * 1000 + k}'

    def comment(self, p, k, fields):
        cid = self.comment_id(p, k)
        x = {
            'id': cid,
            'message': f'comment {k} on {p.i} & more',
            'created_time': iso(p.ms // 1000 * 1000 + 1000 * (k + 1), 0, '+0000'),
            'from': {'name': f'Kim {k}', 'id': str(9000 + k)},
            'like_count': k,
            'comment_count': 0,
            'permalink_url': f'https://www.facebook.com/1234/posts/{p.i}?comment_id={cid.split("_")[1]}',
        }
        if self.parent(k):
            x['parent'] = {'id': self.comment_id(p, self.parent(k))}
        if (p.i * 31 + k) % 100 < self.o['hideid'] * 100:
            for name in ('id', 'from', 'parent'):
                x.pop(name, None)
        return {f: v for f, v in x.items() if f in fields or f == 'id'}

    def media(self, p, fields):
        x = {
            'id': str(17900000000000000 + p.i),
            'caption': p.text,
            'media_type': ['IMAGE', 'VIDEO', 'CAROUSEL_ALBUM'][p.i % 3],
            'media_url': f'https://cdn.example/{p.i}.jpg',
            'permalink': f'https://www.instagram.com/p/{p.i}/',
            'timestamp': iso(self.created(p), 0, '+0000'),
            'username': 'acme',
            'like_count': p.likes,
            'comments_count': 2,
        }
        if p.roll < 0.1:
            del x['caption']
        return {k: v for k, v in x.items() if k in fields or k == 'id'}

    # --- for tests ---

    def expire(self):
        self.expired |= self.tokens

    def truth(self):
        out = []
        for p in self.world.posts:
            comments = [self.comment(p, k, COMMENT) for k in range(self.ncomments(p))]
            out.append(
                {
                    'i': p.i,
                    'native_id': self.post_id(p),
                    'media_id': str(17900000000000000 + p.i),
                    'created_at': iso(self.created(p)),
                    'gone': p.gone is not None,
                    'edits': len(p.edits),
                    'comments': [c.get('id') or c['permalink_url'].split('comment_id=')[1] for c in comments],
                }
            )
        return out


NETWORK = Facebook
