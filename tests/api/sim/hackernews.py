# SPDX-License-Identifier: MIT
"""Hacker News: maxitem and items. Newest items are null for a while, some for good; a deleted one has neither author
nor text."""

import re
import time

from .core import Answer, Network
from .world import iso

FIRST = 45000000


class HackerNews(Network):
    server_name = 'nginx'
    options = {'nulls': 2, 'never': 0, 'first': FIRST}

    def __init__(self, server):
        super().__init__(server)
        self.asked = {}

    def handle(self, req):
        m = re.fullmatch(r'/v0/(maxitem|item/(\d+))\.json', req.path)
        if not m:
            return Answer(b'{"error" : "Permission denied"}', 401, ctype='application/json')
        with self.world.lock:
            if not m[2]:
                return Answer(self.number(self.world.posts[-1]))
            i = int(m[2]) - self.o['first']
            p = self.world.posts[i] if 0 <= i < len(self.world.posts) else None
            return Answer(self.item(p), items=1) if p and self.there(p) else Answer(None, items=0)

    def limited(self, req):
        return Answer({'error': 'Too many requests'}, 429)

    def number(self, p):
        return self.o['first'] + p.i

    def there(self, p):
        """Each seventh item is null the first times it is asked for."""
        n = self.asked[p.i] = self.asked.get(p.i, 0) + 1
        if self.o['never'] and p.i % self.o['never'] == self.o['never'] - 1:
            return False
        return p.i % 7 != 3 or n > self.o['nulls']

    def item(self, p):
        comment = p.ref is not None
        x = {'id': self.number(p), 'time': p.ms // 1000, 'type': 'comment' if comment else 'story'}
        if comment:
            x['parent'] = self.o['first'] + p.ref
        if p.gone is not None or p.i % 23 == 11:
            return {**x, 'deleted': True}
        x['by'] = f'user{p.author}'
        if comment:
            x['text'] = p.text.replace('&', '&amp;').replace('<', '&lt;') + '<p>more <i>of it</i>'
        else:
            x.update(title=f'Title {p.i}', score=p.likes, descendants=2)
            if p.i % 2:
                x['url'] = f'https://example.org/{p.i}'
        return x

    def truth(self):
        return [
            {
                'i': p.i,
                'native_id': str(self.number(p)),
                'created_at': iso(p.ms // 1000 * 1000),
                'gone': p.gone is not None or p.i % 23 == 11,
                'edits': len(p.edits),
            }
            for p in self.world.posts
        ]

    def stats(self):
        return {'asked': max(self.asked.values(), default=0), 'at': time.time()}


NETWORK = HackerNews
