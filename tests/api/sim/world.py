# SPDX-License-Identifier: MIT
"""A world of posts: the same for the same seed and end, and it grows, is edited and loses posts when told to.

A post is known by its number. What a network makes of it (ids, shapes, order) is that network's module; here is what
all share. Every answer about it takes the lock, so that a page is one moment of the world.
"""

import random
import threading
import time

WORDS = (
    'unix pipe table delta cat café 日本語 stream commit mark snow parquet river <b> R&D "quoted" 😀 naïve back\\slash '
    'sunset moon coffee train garden music'
).split(' ')
LANGS = ['en', 'en', 'de', 'fr', 'ja', 'pt-BR']
KINDS = ['post', 'post', 'post', 'reply', 'repost', 'quote']


class Post:
    """What a post says and when. `edits` are the times (ms) of its edits; `gone` is when it was deleted."""

    __slots__ = ('i', 'ms', 'author', 'text', 'lang', 'kind', 'ref', 'edits', 'gone', 'likes', 'tag', 'roll')

    def __init__(self, seed, i, ms):
        r = random.Random(seed * 1000003 + i)
        self.i, self.ms = i, ms
        self.author = r.randrange(40)
        self.tag = r.choice(['caturday', 'unix', 'snow'])
        self.text = f"post {i} #{self.tag} " + ' '.join(r.choice(WORDS) for _ in range(r.randrange(3, 14)))
        self.lang = r.choice(LANGS)
        self.kind = r.choice(KINDS) if i > 20 else 'post'
        self.ref = r.randrange(max(1, i)) if self.kind != 'post' else None
        self.likes = r.randrange(1000)
        self.roll = r.random()  # what a quirk goes by, so that it hits the same posts each time
        self.edits, self.gone = [], None


class World:
    def __init__(self, seed, n, end_ms, step_ms):
        self.seed, self.step = seed, step_ms
        self.lock = threading.RLock()
        self.more = threading.Condition(self.lock)
        self.events = []  # (kind, post, ms): what streams tell, in order
        jitter = random.Random(seed)
        self.posts = []
        for i in range(n):
            ms = end_ms - (n - 1 - i) * step_ms
            self.posts.append(Post(seed, i, ms - jitter.randrange(max(1, step_ms // 2))))
        for p in self.posts:
            self.events.append(('new', p, p.ms))

    def now_ms(self):
        return int(time.time() * 1000)

    def grow(self, n, gap_ms=1):
        """N new posts, newer than all that are there."""
        with self.lock:
            ms = max(self.now_ms(), self.posts[-1].ms + gap_ms if self.posts else 0)
            new = [Post(self.seed, len(self.posts) + k, ms + k * gap_ms) for k in range(n)]
            self.posts += new
            self.events += [('new', p, p.ms) for p in new]
            self.more.notify_all()
            return new

    def edit(self, numbers):
        with self.lock:
            ms = self.now_ms()
            for i in numbers:
                p = self.posts[i]
                p.edits.append(max(ms, p.edits[-1] + 1 if p.edits else 0))
                p.text += f' (edit {len(p.edits)})'
                self.events.append(('edit', p, ms))
            self.more.notify_all()

    def delete(self, numbers):
        with self.lock:
            ms = self.now_ms()
            for i in numbers:
                self.posts[i].gone = ms
                self.events.append(('delete', self.posts[i], ms))
            self.more.notify_all()

    def live(self):
        """The posts that are there, oldest first."""
        with self.lock:
            return [p for p in self.posts if p.gone is None]


def iso(ms, digits=3, zone='Z'):
    t = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(ms // 1000))
    return t + (f'.{ms % 1000:03d}'.ljust(digits + 1, '0') if digits else '') + zone


def parse_iso(s):
    """Milliseconds of an RFC 3339 time, None when it is none."""
    import datetime
    import re

    if not re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)', s):
        return None
    try:
        return round(datetime.datetime.fromisoformat(s).timestamp() * 1000)
    except ValueError:
        return None
