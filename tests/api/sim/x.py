# SPDX-License-Identifier: MIT
"""X, API v2: recent search, full archive search, filtered stream and its rules.

As documented: newest first; opaque next_token that belongs to its query; since_id and start_time within seven days for
recent; a parameter that is not known is a 400 that names it; limits as epoch seconds; the one-second limit of
search/all is a 429 with `remaining` above 0; retweets are cut and whole in `includes`; text is HTML-escaped; an edit
has a new id.
"""

import base64
import html

from . import stream_x
from .core import Answer, Network, html as html_page
from .world import iso, parse_iso

EPOCH = 1288834974657
KNOWN = (
    'query start_time end_time since_id until_id max_results next_token pagination_token sort_order '
    'tweet.fields expansions media.fields poll.fields user.fields place.fields'
).split()
FIELDS = {
    'tweet.fields': '''
        article attachments author_id card_uri community_id context_annotations conversation_id created_at
        display_text_range edit_controls edit_history_tweet_ids entities geo id in_reply_to_user_id lang
        media_metadata non_public_metrics note_tweet organic_metrics possibly_sensitive promoted_metrics
        public_metrics referenced_tweets reply_settings scopes source suggested_source_links text withheld
    ''',
    'user.fields': '''
        affiliation confirmed_email connection_status created_at description entities id is_identity_verified
        location most_recent_tweet_id name parody pinned_tweet_id profile_banner_url profile_image_url protected
        public_metrics receives_your_dm subscription subscription_type url username verified
        verified_followers_count verified_type withheld
    ''',
    'media.fields': '''
        alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url
        promoted_metrics public_metrics type url variants width
    ''',
    'place.fields': 'contained_within country country_code full_name geo id name place_type',
    'poll.fields': 'duration_minutes end_datetime id options voting_status',
    'expansions': '''
        article.cover_media article.media_entities attachments.media_keys attachments.media_source_tweet
        attachments.poll_ids author_id author_screen_name edit_history_tweet_ids entities.mentions.username
        entities.note.mentions.username geo.place_id in_reply_to_user_id referenced_tweets.id
        referenced_tweets.id.attachments.media_keys referenced_tweets.id.author_id
    ''',
}
FIELDS = {k: set(v.split()) for k, v in FIELDS.items()}
WEEK = 7 * 86400


def tweet_id(p, version=0):
    """A snowflake: the time, then the number of the post."""
    ms = p.edits[version - 1] if version else p.ms
    return str((ms - EPOCH) << 22 | p.i & 0x3FFFFF)


def current(p):
    return tweet_id(p, len(p.edits))


class X(Network):
    server_name = 'cloudflare envoy'
    limits = {
        'recent': '450/15m',
        'all': '300/15m',
        'all-second': '1/1s',
        'stream': '50/15m',
        'rules': '25/15m',
        'counts': '300/15m',
    }
    options = {
        'rules': 0,
        'errors': 1,
        'backlog': 0,
        'keepalive': 20.0,
        'rate': 0.0,
        'queue': 4 << 20,
        'quiet': 0,
        'max_connections': 1,
        'sndbuf': 0,
        'recent_days': 7.0,
    }

    def __init__(self, server):
        super().__init__(server)
        self.streams = stream_x.Streams(self)

    def classify(self, req):
        req.data = req.path.startswith('/2/tweets/search/') and not req.path.endswith('/rules')

    def handle(self, req):
        route = {
            '/2/tweets/search/recent': lambda r: self.search(r, 'recent', 100, 10),
            '/2/tweets/search/all': lambda r: self.search(r, 'all', 500, 10),
            '/2/tweets/search/stream': self.streams.open,
            '/2/tweets/search/stream/rules': self.streams.rules_endpoint,
            '/2/usage/tweets': lambda r: Answer({'data': {'project_id': '1', 'project_cap': '100', 'project_usage': '1'}}),
        }.get(req.path)
        if not route:
            return html_page(404, 'Sorry, that page does not exist')
        if req.bearer() not in self.tokens:
            return Answer(
                {'title': 'Unauthorized', 'type': 'about:blank', 'status': 401, 'detail': 'Unauthorized'}, 401
            )
        return route(req)

    # --- limits ---

    def spend(self, bucket):
        c = self.take(bucket)
        return c, [
            ('x-rate-limit-limit', str(c.limit)),
            ('x-rate-limit-remaining', str(c.remaining)),
            ('x-rate-limit-reset', c.epoch()),
        ]

    def too_many(self, c, headers, bucket):
        a = Answer(
            {'title': 'Too Many Requests', 'detail': 'Too Many Requests', 'type': 'about:blank', 'status': 429},
            429,
            bucket=bucket,
            not_before=self.unskewed(c.reset) if bucket != 'all-second' else None,
            over=True,
        )
        a.limit_headers = headers
        return a

    def limited(self, req):
        """A 429 out of the blue (a fault): the limit is used up until in two seconds."""
        reset = self.server.now() + 2
        a = Answer(
            {'title': 'Too Many Requests', 'detail': 'Too Many Requests', 'type': 'about:blank', 'status': 429},
            429,
            not_before=int(self.unskewed(reset)),
        )
        a.limit_headers = [
            ('x-rate-limit-limit', '450'),
            ('x-rate-limit-remaining', '0'),
            ('x-rate-limit-reset', str(int(reset))),
        ]
        return a

    def error(self, req, status):
        return Answer(
            {'title': 'Service Unavailable', 'detail': 'Service Unavailable', 'type': 'about:blank', 'status': status},
            status,
        )

    # --- search ---

    def invalid(self, name, value, message):
        return Answer(
            {
                'errors': [{'parameters': {name: [value]}, 'message': message}],
                'title': 'Invalid Request',
                'detail': 'One or more parameters to your request was invalid.',
                'type': 'https://api.twitter.com/2/problems/invalid-request',
            },
            400,
        )

    def check(self, req, which, most, least):
        q = req.q
        for k, v in req.query:
            if k not in KNOWN:
                return self.invalid(k, v, f'The query parameter [{k}] is not one of [{",".join(KNOWN)}]')
            if k in FIELDS:
                for w in v.split(','):
                    if w not in FIELDS[k]:
                        return self.invalid(
                            k, v, f'The `{k}` query parameter value [{w}] is not one of [{",".join(sorted(FIELDS[k]))}]'
                        )
            elif v == '':
                return self.invalid(k, v, f"Invalid '{k}':''. '{k}' must not be empty")
        if 'query' not in q:
            return self.invalid('query', '', "Request parameter `query` can not be empty")
        n = q.get('max_results', '10')
        if not n.isdigit() or not least <= int(n) <= most:
            return self.invalid(
                'max_results', n, f'The `max_results` query parameter value [{n}] is not between {least} and {most}'
            )
        for k in ('since_id', 'until_id'):
            if k in q and not q[k].isdigit():
                return self.invalid(k, q[k], f"The `{k}` query parameter value [{q[k]}] does not match ^[0-9]{{1,19}}$")
        now = self.server.now()
        oldest = (now - self.o['recent_days'] * 86400) * 1000
        for k in ('start_time', 'end_time'):
            if k not in q:
                continue
            ms = parse_iso(q[k])
            if ms is None or not q[k].endswith('Z'):
                return self.invalid(
                    k,
                    q[k],
                    f'The `{k}` query parameter value [{q[k]}] is not a valid RFC3339 date-time: '
                    f'yyyy-MM-dd\'T\'HH:mm:ss\'Z\'',
                )
            if which == 'recent' and ms < oldest:
                return self.invalid(k, q[k], f"Invalid '{k}':'{q[k]}'. '{k}' must be on or after {iso(int(oldest), 0)}")
            if k == 'end_time' and ms > (now - 10) * 1000:
                return self.invalid(
                    k,
                    q[k],
                    f"Invalid 'end_time':'{q[k]}'. 'end_time' must be a minimum "
                    f"of 10 seconds prior to the request time.",
                )
        if which == 'recent' and 'since_id' in q and (int(q['since_id']) >> 22) + EPOCH < oldest:
            return self.invalid(
                'since_id',
                q['since_id'],
                "'since_id' must be a tweet id created after "
                f"[{iso(int(oldest), 0)}]. Please use a 'since_id' that is larger than {(int(oldest) - EPOCH) << 22}",
            )
        if 'start_time' in q and 'end_time' in q and parse_iso(q['start_time']) >= parse_iso(q['end_time']):
            return self.invalid(
                'start_time', q['start_time'], "Invalid 'start_time'. 'start_time' must be before 'end_time'"
            )
        return None

    def token(self, q, below):
        """Opaque, and good for this query only."""
        bind = '|'.join(q.get(k, '') for k in ('query', 'since_id', 'until_id', 'start_time', 'end_time', 'sort_order'))
        return 'b26v' + base64.b32encode(f'{below}|{sum(bind.encode()) % 9973}'.encode()).decode().rstrip('=').lower()

    def below(self, q):
        t = q.get('next_token') or q.get('pagination_token')
        if not t:
            return None
        try:
            raw = t.removeprefix('b26v').upper()
            below = int(base64.b32decode(raw + '=' * (-len(raw) % 8)).decode().split('|')[0])
        except ValueError:
            return -1
        return below if self.token(q, below) == t else -1

    def search(self, req, which, most, least):
        bad = self.check(req, which, most, least)
        if bad:
            return bad
        if which == 'all':
            c, h = self.spend('all-second')
            if not c.ok:
                w = self.windows['all']
                return self.too_many(
                    c,
                    [
                        ('x-rate-limit-limit', str(w.limit)),
                        ('x-rate-limit-remaining', str(max(1, w.limit - w.used))),
                        ('x-rate-limit-reset', str(int(self.server.now() + 900))),
                    ],
                    'all-second',
                )
        c, headers = self.spend(which)
        if not c.ok:
            return self.too_many(c, headers, which)
        q = req.q
        below = self.below(q)
        if below == -1:
            return self.invalid(
                'next_token', q.get('next_token', ''), f"Invalid 'next_token':'{q.get('next_token', '')}'."
            )
        a = self.page(req, q, which, below)
        a.limit_headers = headers
        a.note['bucket'] = which
        return a

    def page(self, req, q, which, below):
        since = int(q.get('since_id', 0))
        until = int(q.get('until_id', 1 << 63))
        start = parse_iso(q['start_time']) if 'start_time' in q else 0
        end = parse_iso(q['end_time']) if 'end_time' in q else 1 << 62
        if which == 'recent':
            start = max(start, (self.server.now() - self.o['recent_days'] * 86400) * 1000)
        with self.world.lock:
            items = sorted((p for p in self.world.live()), key=lambda p: -int(current(p)))
            hits = [p for p in items if since < int(current(p)) < until and start <= self.made(p) < end]
            first = (
                next((k for k, p in enumerate(hits) if int(current(p)) < below), len(hits)) if below is not None else 0
            )
            size = int(q.get('max_results', 10))
            if which == 'all' and size > 20 and hits:
                size -= int(hits[0].roll * 7) + 1  # search/all gives fewer than it was asked for
            page, nxt = self.cut(req, hits, first, size)
            meta = {}
            if page:
                meta = {'newest_id': current(page[0]), 'oldest_id': current(page[-1])}
            meta['result_count'] = len(page)
            if nxt < len(hits):
                meta['next_token'] = self.token(q, int(current(hits[nxt - 1])) if nxt else 1 << 63)
            if not page:
                return Answer({'meta': meta}, items=0)
            return Answer({**self.render(page, q), 'meta': meta}, items=len(page))

    def made(self, p):
        return p.edits[-1] if p.edits else p.ms

    def render(self, page, q):
        """data and includes, with the fields that were asked for."""
        fields = set(q.get('tweet.fields', '').split(',')) | {'id', 'text', 'edit_history_tweet_ids'}
        expand = set(q.get('expansions', '').split(','))
        out = {'data': [{k: v for k, v in self.item(p).items() if k in fields} for p in page]}
        users, tweets, media, missing = {}, {}, {}, []
        for p in page:
            if 'author_id' in expand:
                users[p.author] = self.user(p.author, q)
            if 'attachments.media_keys' in expand and p.roll > 0.9:
                media[p.i] = self.media(p, q)
            if 'referenced_tweets.id' in expand and p.ref is not None:
                o = self.world.posts[p.ref]
                if o.roll < 0.05 and self.o['errors']:
                    missing.append(
                        {
                            'value': current(o),
                            'detail': f'Could not find tweet with referenced_tweets.id: [{current(o)}].',
                            'title': 'Not Found Error',
                            'resource_type': 'tweet',
                            'parameter': 'referenced_tweets.id',
                            'resource_id': current(o),
                            'type': 'https://api.twitter.com/2/problems/resource-not-found',
                        }
                    )
                else:
                    tweets[o.i] = {k: v for k, v in self.item(o).items() if k in fields}
        if users or tweets or media:
            out['includes'] = {
                k: list(v.values()) for k, v in (('users', users), ('tweets', tweets), ('media', media)) if v
            }
        if missing:
            out['errors'] = missing
        return out

    def text(self, p):
        return html.escape(p.text, quote=False)

    def item(self, p):
        t = {
            'id': current(p),
            'text': self.text(p),
            'edit_history_tweet_ids': [tweet_id(p, v) for v in range(len(p.edits) + 1)],
            'created_at': iso(self.made(p)),
            'author_id': str(9000000000000000000 + p.author),
            'conversation_id': current(p),
            'lang': p.lang[:2],
            'possibly_sensitive': False,
            'public_metrics': {
                'retweet_count': p.likes // 9,
                'reply_count': 0,
                'like_count': p.likes,
                'quote_count': 0,
                'bookmark_count': 0,
                'impression_count': p.likes * 20,
            },
            'entities': {'hashtags': [{'start': 7, 'end': 8 + len(p.tag), 'tag': p.tag}]},
        }
        if p.ref is not None:
            o = self.world.posts[p.ref]
            kind = {'reply': 'replied_to', 'repost': 'retweeted', 'quote': 'quoted'}[p.kind]
            t['referenced_tweets'] = [{'type': kind, 'id': current(o)}]
            if p.kind == 'repost':  # a retweet's own text is cut
                whole = f'RT @user{o.author}: {self.text(o)}'
                t['text'] = whole if len(whole) <= 60 else whole[:59] + '…'
            if p.kind == 'reply':
                t['in_reply_to_user_id'] = str(9000000000000000000 + o.author)
                t['conversation_id'] = current(o)
        if p.roll > 0.9:
            t['attachments'] = {'media_keys': [f'3_{p.i}']}
        return t

    def user(self, a, q):
        want = set(q.get('user.fields', '').split(',')) | {'id', 'name', 'username'}
        u = {
            'id': str(9000000000000000000 + a),
            'username': f'user{a}',
            'name': f'User {a}',
            'verified': a % 7 == 0,
            'public_metrics': {'followers_count': a * 11, 'following_count': 3, 'tweet_count': 9, 'listed_count': 0},
            'created_at': '2020-01-01T00:00:00.000Z',
        }
        return {k: v for k, v in u.items() if k in want}

    def media(self, p, q):
        want = set(q.get('media.fields', '').split(',')) | {'media_key', 'type'}
        m = {
            'media_key': f'3_{p.i}',
            'type': 'photo' if p.i % 2 else 'video',
            'width': 800,
            'height': 600,
            'alt_text': 'a picture',
            'preview_image_url': f'https://pbs.example/{p.i}p.jpg',
        }
        if p.i % 2:
            m['url'] = f'https://pbs.example/{p.i}.jpg'
        return {k: v for k, v in m.items() if k in want}

    # --- for tests ---

    def truth(self):
        return [
            {
                'i': p.i,
                'native_id': current(p),
                'created_at': iso(self.made(p)),
                'text': p.text,
                'kind': p.kind,
                'gone': p.gone is not None,
                'edits': len(p.edits),
            }
            for p in self.world.posts
        ]

    def stats(self):
        return self.streams.stats()


NETWORK = X
