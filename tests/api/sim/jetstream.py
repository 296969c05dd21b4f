# SPDX-License-Identifier: MIT
"""Jetstream: a websocket of events, replay by an inclusive cursor.

A cursor older than what is kept is moved up without a word; one of the future is live; time_us begins up to a block
early. `identity` and `account` events pass every filter. Pings, and who does not answer in time is dropped without a
close frame. 426 to a plain GET.
"""

import time

from . import websocket
from .bluesky import did, rkey, uri
from .core import Answer, Network, dumps, html
from .world import iso


class Jetstream(Network):
    server_name = 'jetstream'
    options = {'ping': 30.0, 'pong': 5.0, 'keep': 1 << 40, 'early': 3, 'fragments': 0, 'starting': 0, 'others': 1}

    def __init__(self, server):
        super().__init__(server)
        self.opened = self.open_now = self.late_pongs = self.sent = 0

    def handle(self, req):
        if req.path != '/subscribe':
            return html(404, 'not found')
        if self.o['starting'] > 0:
            self.o['starting'] -= 1
            return Answer('starting', 503)
        why = websocket.check(req.headers)
        if why:
            return Answer(
                'Bad Request: ' + why,
                426 if why == 'no upgrade' else 400,
                [('Upgrade', 'websocket')] if why == 'no upgrade' else [],
            )
        cursor = req.q.get('cursor', '')
        if cursor and not cursor.lstrip('-').isdigit():
            return Answer('invalid cursor', 400)
        self.opened += 1
        return Answer(ws=lambda ws: self.talk(req, ws))

    def stamp(self, k, ms):
        """time_us of event K: when the server wrote it. Strictly growing."""
        return ms * 1000 + k % 1000

    def event(self, k, kind, p, ms):
        commit = {
            'rev': f'3n{k:011d}',
            'operation': {'new': 'create', 'edit': 'update', 'delete': 'delete'}[kind],
            'collection': 'app.bsky.feed.post',
            'rkey': rkey(p),
        }
        if kind != 'delete':
            commit['record'] = {
                '$type': 'app.bsky.feed.post',
                'text': p.text,
                'langs': [p.lang],
                'createdAt': iso(p.ms),
            }
            commit['cid'] = f'bafyrei{p.i:052d}'
        return {'did': did(p.author), 'time_us': self.stamp(k, ms), 'cursor': k + 1, 'kind': 'commit', 'commit': commit}

    def other(self, k, p, ms):
        """Events that pass wantedCollections."""
        name = 'identity' if k % 2 else 'account'
        return {
            'did': did(p.author),
            'time_us': self.stamp(k, ms),
            'cursor': k + 1,
            'kind': name,
            name: {'did': did(p.author), 'seq': k, 'time': iso(ms), **({'active': True} if name == 'account' else {})},
        }

    def start(self, cursor):
        w = self.world
        with w.lock:
            if cursor is None:
                return len(w.events)
            oldest = max(0, len(w.events) - self.o['keep'])
            if cursor < 10**15:
                return min(max(oldest, cursor - 1), len(w.events))
            if w.events and cursor > self.stamp(len(w.events) - 1, w.events[-1][2]) + 10**6:
                return len(w.events)
            at = next((k for k, (_, _, ms) in enumerate(w.events) if self.stamp(k, ms) >= cursor), len(w.events))
            return max(oldest, at - self.o['early'])

    def talk(self, req, ws):
        w, f, n = self.world, req.faults, 0
        at = self.start(int(req.q['cursor']) if req.q.get('cursor') else None)
        breaks = int(f['break'].arg or 20) if 'break' in f else None
        wanted = [v for k, v in req.query if k == 'wantedCollections']
        posts = not wanted or any(c in ('app.bsky.feed.post', 'app.bsky.feed.*', 'app.bsky.*') for c in wanted)
        last = time.monotonic()
        self.open_now += 1
        try:
            while ws.open and not self.server.stopping:
                with w.lock:
                    if at >= len(w.events):
                        w.more.wait(0.05)
                    new = w.events[at : at + 500]
                    texts = []
                    for k, (kind, p, ms) in enumerate(new, at):
                        if self.o['others'] and k % 10 == 4:
                            texts.append(dumps(self.other(k, p, ms)))
                        if posts:
                            texts.append(dumps(self.event(k, kind, p, ms)))
                    at += len(new)
                for t in texts:
                    (ws.fragments if self.o['fragments'] else ws.send)(t)
                    n += 1
                    self.sent += 1
                    if breaks and n >= breaks:
                        return ws.close(int(f['close'].arg or 1001)) if 'close' in f else ws.drop()
                if texts:
                    last = time.monotonic()
                    if 'silentstream' in f:
                        end = time.monotonic() + float(f['silentstream'].arg or 3600)
                        while time.monotonic() < end and ws.open and not self.server.stopping:
                            time.sleep(0.05)
                        return ws.drop()
                elif time.monotonic() - last >= self.o['ping']:
                    if not ws.ping(self.o['pong']):
                        self.late_pongs += 1
                        return ws.drop()
                    last = time.monotonic()
            if self.server.stopping:
                ws.close(1001)
        finally:
            self.open_now -= 1
        return None

    def truth(self):
        return [
            {'i': p.i, 'native_id': uri(p), 'created_at': iso(p.ms), 'gone': p.gone is not None, 'edits': len(p.edits)}
            for p in self.world.posts
        ]

    def stats(self):
        return {
            'streams_opened': self.opened,
            'streams_open': self.open_now,
            'late_pongs': self.late_pongs,
            'sent': self.sent,
            'events': len(self.world.events),
        }


NETWORK = Jetstream
