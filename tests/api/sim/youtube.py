# SPDX-License-Identifier: MIT
"""YouTube, Data API 3: comment threads with some of their replies, and replies. A key; a quota of units a day, no
header tells of it."""

import base64

from .core import Answer, Network
from .limits import midnight_pacific
from .world import iso


class YouTube(Network):
    server_name = 'scaffolding on HTTPServer2'
    options = {
        'quota': 10000,
        'twenty': 0,
        'inline': 5,
        'disabled': 'off',
        'processing': 0,
        'video': 'abcDEF12345',
        'videos': 1,
    }

    def __init__(self, server):
        super().__init__(server)
        self.units = 0

    def fail(self, status, reason, message, domain='youtube.commentThread', word=None):
        e = {'code': status, 'message': message, 'errors': [{'message': message, 'domain': domain, 'reason': reason}]}
        if word:
            e['status'] = word
        return Answer({'error': e}, status)

    def error(self, req, status):
        return self.fail(status, 'backendError', 'Backend Error', 'global')

    def limited(self, req):
        return self.fail(
            403, 'rateLimitExceeded', 'Quota exceeded for quota metric per minute', 'usageLimits', 'RESOURCE_EXHAUSTED'
        )

    def handle(self, req):
        q = req.q
        key = q.get('key') or req.headers.get('x-goog-api-key')
        if key not in self.tokens:
            return self.fail(
                400 if key else 403,
                'badRequest' if key else 'forbidden',
                (
                    'API key not valid. Please pass a valid API key.'
                    if key
                    else "Method doesn't allow unregistered callers"
                ),
                'global',
                'INVALID_ARGUMENT' if key else 'PERMISSION_DENIED',
            )
        if req.path not in ('/youtube/v3/commentThreads', '/youtube/v3/comments'):
            return Answer(b'', 404)
        self.units += 1
        if self.units > self.o['quota']:
            a = self.fail(
                403,
                'quotaExceeded',
                'The request cannot be completed because you have exceeded your '
                '<a href="/youtube/v3/getting-started#quota">quota</a>.',
                'youtube.quota',
            )
            a.note.update(over=True, bucket='day', not_before=midnight_pacific(self.server.now()))
            return a
        known = {
            'part',
            'key',
            'maxResults',
            'pageToken',
            'textFormat',
            'order',
            'videoId',
            'allThreadsRelatedToChannelId',
            'id',
            'moderationStatus',
            'searchTerms',
            'parentId',
            'fields',
            'prettyPrint',
            'alt',
        }
        for k in q:
            if k not in known:
                return self.fail(
                    400,
                    'badRequest',
                    f'Invalid JSON payload received. Unknown name "{k}": Cannot bind query parameter.',
                    'global',
                    'INVALID_ARGUMENT',
                )
        if set(q.get('part', '').split(',')) - {'snippet', 'replies', 'id'} or 'part' not in q:
            return self.fail(400, 'unknownPart', q.get('part', ''), 'youtube.part')
        n = q.get('maxResults', '20')
        if not n.isdigit() or not 1 <= int(n) <= 100:
            return self.fail(
                400, 'invalidValue', f"Invalid value '{n}'. Values must be within the range: [1, 100]", 'global'
            )
        if self.o['processing'] and self.units % self.o['processing'] == 0:
            return self.fail(400, 'processingFailure', 'The API server failed to successfully process the request.')
        return self.threads(req, int(n)) if req.path.endswith('Threads') else self.replies(req, int(n))

    def token(self, what, key):
        return 'Q' + base64.urlsafe_b64encode(f'{what}:{key}'.encode()).decode()

    def place(self, q, what):
        t = q.get('pageToken')
        if not t:
            return None
        try:
            w, _, k = base64.urlsafe_b64decode(t[1:]).decode().partition(':')
        except ValueError:
            return -1
        return int(k) if w == what else -1

    def video_of(self, p):
        """The posts are spread over the videos: video, video1, video2 …"""
        k = p.i % self.o['videos']
        return self.o['video'] + (str(k) if k else '')

    def is_video(self, v):
        return v in {self.o['video'] + (str(k) if k else '') for k in range(self.o['videos'])}

    def threads(self, req, n):
        q = req.q
        video = q.get('videoId')
        if video == self.o['disabled']:
            return self.fail(
                403,
                'commentsDisabled',
                'The video identified by the <code>videoId</code> parameter has disabled comments.',
            )
        if not video or not self.is_video(video):
            return self.fail(
                404,
                'videoNotFound',
                'The video identified by the <code><a href="/youtube/v3/docs/commentThreads/list#videoId">videoId</a></code> '
                'parameter could not be found.',
            )
        at = self.place(q, video)
        if at == -1:
            return self.fail(400, 'invalidPageToken', 'The request specifies an invalid page token.')
        if self.o['twenty'] and q.get('order', 'time') == 'time':
            n = min(n, 20)
        with self.world.lock:
            items = [p for p in reversed(self.world.live()) if self.video_of(p) == video]
            start = next((k for k, p in enumerate(items) if p.i < at), len(items)) if at is not None else 0
            page, nxt = self.cut(req, items, start, max(1, n - (2 if n > 50 else 0)))
            out = {'kind': 'youtube#commentThreadListResponse', 'etag': 'e'}
            if nxt < len(items):
                out['nextPageToken'] = self.token(video, items[nxt - 1].i if nxt else 1 << 40)
            out['pageInfo'] = {'totalResults': len(page), 'resultsPerPage': n}
            out['items'] = [self.thread(p, q) for p in page]
            return Answer(out, items=len(page))

    def replies(self, req, n):
        parent = req.q.get('parentId', '')
        with self.world.lock:
            p = next((p for p in self.world.live() if self.top_id(p) == parent), None)
            if not p:
                return self.fail(404, 'commentNotFound', 'not found', 'youtube.comment')
            at = self.place(req.q, parent)
            if at == -1:
                return self.fail(400, 'invalidPageToken', 'The request specifies an invalid page token.')
            items = list(range(self.nreplies(p)))
            start = at or 0
            page, nxt = self.cut(req, items, start, n)
            out = {
                'kind': 'youtube#commentListResponse',
                'etag': 'e',
                'pageInfo': {'totalResults': len(page), 'resultsPerPage': n},
            }
            if nxt < len(items):
                out['nextPageToken'] = self.token(parent, nxt)
            out['items'] = [self.reply(p, k) for k in page]
            return Answer(out, items=len(page))

    def top_id(self, p):
        return f'Ug{p.i:08d}AaABAg'

    def nreplies(self, p):
        return int(p.roll * 9) if p.i % 3 == 0 else 0

    def when(self, p, ms):
        """Two forms of the same."""
        return iso(ms, 0) if p.i % 2 else iso(ms, 3)

    def snippet(self, p, text, ms, author):
        return {
            'channelId': 'UCchannel',
            'videoId': self.video_of(p),
            'textDisplay': text,
            'textOriginal': text,
            'authorDisplayName': f'@user{author}',
            'authorChannelId': {'value': f'UC{author}'},
            'canRate': True,
            'viewerRating': 'none',
            'likeCount': p.likes,
            'publishedAt': self.when(p, ms),
            'updatedAt': self.when(p, p.edits[-1] // 1000 * 1000 if p.edits else ms),
        }

    def thread(self, p, q):
        ms = p.ms // 1000 * 1000
        t = {
            'kind': 'youtube#commentThread',
            'etag': 'e',
            'id': self.top_id(p),
            'snippet': {
                'channelId': 'UCchannel',
                'videoId': self.video_of(p),
                'topLevelComment': {
                    'kind': 'youtube#comment',
                    'etag': 'e',
                    'id': self.top_id(p),
                    'snippet': self.snippet(p, p.text, ms, p.author),
                },
                'canReply': True,
                'totalReplyCount': self.nreplies(p),
                'isPublic': True,
            },
        }
        n = min(self.nreplies(p), self.o['inline'])
        if n and 'replies' in q.get('part', ''):
            t['replies'] = {'comments': [self.reply(p, k) for k in reversed(range(n))]}
        return t

    def reply(self, p, k):
        s = self.snippet(p, f'reply {k} to {p.i}', p.ms // 1000 * 1000 + 1000 * (k + 1), (p.author + k) % 40)
        return {
            'kind': 'youtube#comment',
            'etag': 'e',
            'id': f'{self.top_id(p)}.r{k}',
            'snippet': {**s, 'parentId': self.top_id(p)},
        }

    def truth(self):
        return [
            {
                'i': p.i,
                'native_id': self.top_id(p),
                'video': self.video_of(p),
                'created_at': iso(p.ms // 1000 * 1000),
                'gone': p.gone is not None,
                'edits': len(p.edits),
                'replies': [f'{self.top_id(p)}.r{k}' for k in range(self.nreplies(p))],
                'inline': [f'{self.top_id(p)}.r{k}' for k in range(min(self.nreplies(p), self.o['inline']))],
            }
            for p in self.world.posts
        ]

    def stats(self):
        return {'units': self.units}


NETWORK = YouTube
