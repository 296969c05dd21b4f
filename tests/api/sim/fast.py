# SPDX-License-Identifier: MIT
"""Posts as fast as the loopback carries them: pages and lines are made of a template by one replace, so that 200,000 a
second cost little.

The posts of this source are numbered; how many there are is a matter of time: RATE a second from the first request on,
and SPIKE times as many for SPIKE_LEN seconds from SPIKE_AT on. They are smpost records already.

/live?from=ID     lines, from the post behind ID on, as they are made
/page?after=ID    {"items":[…]}: what was made behind ID, LIMIT at most
"""

import threading
import time

from .core import Answer, Network
from .world import iso

BLOCK = 1000  # posts a template makes
BASE = 10**17  # ids are BASE + number: none fits a double


def template():
    """BLOCK posts; `@@@@@@@@@@@@@@@` is the number less its last three digits, `#TIME#` when they were made."""
    words = (
        'unix pipe table delta cat café 日本語 stream commit mark snow parquet river 😀 naïve sunset moon coffee'.split(
            ' '
        )
    )
    out = []
    for k in range(BLOCK):
        text = ' '.join(words[(k * 7 + j * j) % len(words)] for j in range(8 + k % 9))
        net = ('x', 'mastodon', 'bluesky')[k % 3]
        out.append(
            f'{{"id":"{net}:@@@@@@@@@@@@@@@{k:03d}","network":"{net}","native_id":"@@@@@@@@@@@@@@@{k:03d}",'
            f'"kind":"post","created_at":"#TIME#",'
            f'"author":{{"id":"{net}:u:{k % 97}","handle":"user{k % 97}","followers":{k * 3}}},'
            f'"text":"{text}","lang":"en",'
            f'"metrics":{{"likes":{k},"replies":{k % 5}}},"tags":["{words[k % 5]}"]}}\n'.encode()
        )
    return b''.join(out), out


class Fast(Network):
    options = {'rate': 20000, 'spike': 10, 'spike_at': 1 << 30, 'spike_len': 10, 'limit': 20000, 'total': 1 << 60}

    def __init__(self, server):
        super().__init__(server)
        self.block, self.lines = template()
        self.born, self.lock = None, threading.Lock()
        self.sent = self.opened = self.behind = 0

    def made(self, now=None):
        """How many posts there are by now."""
        with self.lock:
            if self.born is None:
                self.born = time.monotonic()
        t = (now or time.monotonic()) - self.born
        o = self.o
        extra = min(max(0, t - o['spike_at']), o['spike_len']) * (o['spike'] - 1)
        return min(o['total'], int(o['rate'] * (t + extra)))

    def text(self, first, n):
        """Lines of posts FIRST … FIRST + N - 1."""
        out, at, end = [], first, first + n
        stamp = iso(int(time.time() * 1000)).encode()
        while at < end:
            k, m = at % BLOCK, min(BLOCK - at % BLOCK, end - at)
            block = self.block if m == BLOCK else b''.join(self.lines[k : k + m])
            out.append(block.replace(b'@@@@@@@@@@@@@@@', b'%015d' % ((BASE + at) // BLOCK)).replace(b'#TIME#', stamp))
            at += m
        return b''.join(out)

    def after(self, req, name):
        v = req.q.get(name, '')
        return max(0, int(v.split(':')[-1]) - BASE + 1) if v.split(':')[-1].isdigit() else None

    def handle(self, req):
        if req.path == '/live':
            self.opened += 1
            at = self.after(req, 'from')
            return Answer(
                stream=lambda out: self.live(out, self.made() if at is None and self.opened > 1 else at or 0),
                ctype='application/x-ndjson',
            )
        if req.path == '/page':
            at = self.after(req, 'after') or 0
            n = max(0, min(self.made() - at, self.o['limit']))
            self.sent += n
            return Answer(
                b'{"items":[' + self.text(at, n).rstrip(b'\n').replace(b'\n', b',') + b']}',
                ctype='application/json',
                items=n,
            )
        return Answer({'error': 'not found'}, 404)

    def live(self, out, at):
        while not self.server.stopping and not out.gone():
            n = self.made() - at
            self.behind = max(self.behind, n)
            if n <= 0:
                if at >= self.o['total']:
                    return
                time.sleep(0.005)
                continue
            n = min(n, 20 * BLOCK)
            if n >= BLOCK:
                n -= (at + n) % BLOCK  # end at a block, so that the next are whole
            out.write(self.text(at, n))
            at += n
            self.sent += n

    def truth(self):
        return [{'native_id': str(BASE + k)} for k in range(min(self.made(), 100000))]

    def stats(self):
        return {'made': self.made(), 'sent': self.sent, 'streams_opened': self.opened, 'most_behind': self.behind}


NETWORK = Fast
