# SPDX-License-Identifier: MIT
"""X's filtered stream: rules, one connection, keep-alives, a slow reader is dropped."""

import queue
import socket
import threading
import time

from .core import Answer, dumps


class Streams:
    def __init__(self, net):
        self.net, self.lock = net, threading.Lock()
        self.rules, self.next_rule = [], 1166916266197536768
        self.open_now = self.opened = self.dropped = self.sent = 0
        for k in range(net.o['rules']):
            self.rules.append({'id': str(self.next_rule + k), 'value': f'rule{k}', 'tag': f'tag {k}'})
        self.next_rule += 1000

    def stats(self):
        return {
            'streams_open': self.open_now,
            'streams_opened': self.opened,
            'streams_dropped': self.dropped,
            'streamed': self.sent,
            'rules': self.rules,
        }

    # --- rules ---

    def rules_endpoint(self, req):
        c, headers = self.net.spend('rules')
        if not c.ok:
            return self.net.too_many(c, headers, 'rules')
        a = self.change(req) if req.method == 'POST' else self.list(req)
        a.limit_headers = headers
        a.note['bucket'] = 'rules'
        return a

    def list(self, req):
        with self.lock:
            body = {'meta': {'sent': self.stamp(), 'result_count': len(self.rules)}}
            if self.rules:
                body = {'data': list(self.rules), **body}
            return Answer(body)

    def stamp(self):
        return time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(self.net.server.now()))

    def change(self, req):
        body = req.json()
        if not isinstance(body, dict) or len(body) != 1 or next(iter(body)) not in ('add', 'delete'):
            return self.net.invalid(
                'body', req.body.decode('utf-8', 'replace'), 'Exactly one of add, delete must be given'
            )
        if 'application/json' not in req.headers.get('content-type', ''):
            return Answer(
                {
                    'title': 'Unsupported Media Type',
                    'status': 415,
                    'detail': 'Content-Type must be application/json',
                    'type': 'about:blank',
                },
                415,
            )
        with self.lock:
            return self.add(body['add']) if 'add' in body else self.remove(body['delete'])

    def add(self, rules):
        made, errors = [], []
        for r in rules:
            if not isinstance(r, dict) or not r.get('value') or set(r) - {'value', 'tag'}:
                return self.net.invalid('add', str(r), 'a rule has a value and may have a tag')
            twin = [o for o in self.rules if o['value'] == r['value'] and o.get('tag') == r.get('tag')]
            if twin:
                errors.append(
                    {
                        'value': r['value'],
                        'id': twin[0]['id'],
                        'title': 'DuplicateRule',
                        'type': 'https://api.twitter.com/2/problems/duplicate-rules',
                    }
                )
                continue
            self.next_rule += 1
            made.append({'value': r['value'], **({'tag': r['tag']} if r.get('tag') else {}), 'id': str(self.next_rule)})
        self.rules += made
        body = {
            'meta': {
                'sent': self.stamp(),
                'summary': {
                    'created': len(made),
                    'not_created': len(errors),
                    'valid': len(made),
                    'invalid': len(errors),
                },
            }
        }
        if made:
            body['data'] = made
        if errors:
            body['errors'] = errors
        return Answer(body, 201 if made else 200)

    def remove(self, what):
        ids = set(map(str, what.get('ids', [])))
        gone = [r for r in self.rules if r['id'] in ids or r['value'] in what.get('values', [])]
        self.rules = [r for r in self.rules if r not in gone]
        return Answer(
            {'meta': {'sent': self.stamp(), 'summary': {'deleted': len(gone), 'not_deleted': len(ids) - len(gone)}}}
        )

    # --- the stream ---

    def open(self, req):
        net = self.net
        known = {
            'backfill_minutes',
            'start_time',
            'end_time',
            'tweet.fields',
            'expansions',
            'media.fields',
            'poll.fields',
            'user.fields',
            'place.fields',
        }
        for k, v in req.query:
            if k not in known:
                return net.invalid(k, v, f'The query parameter [{k}] is not one of [{",".join(sorted(known))}]')
        if req.q.get('backfill_minutes', '0') not in list('012345'):
            return net.invalid('backfill_minutes', req.q['backfill_minutes'], 'must be between 0 and 5')
        c, headers = net.spend('stream')
        if not c.ok:
            return net.too_many(c, headers, 'stream')
        if not self.rules:
            a = Answer(
                {
                    'title': 'Conflict',
                    'detail': 'There are no rules defined for this stream.',
                    'type': 'https://api.twitter.com/2/problems/rule-not-defined',
                    'status': 409,
                },
                409,
            )
            a.limit_headers = headers
            return a
        with self.lock:
            if self.open_now >= net.o['max_connections']:
                a = Answer(
                    {
                        'title': 'ConnectionException',
                        'detail': 'This stream is currently at the maximum allowed connection limit.',
                        'connection_issue': 'TooManyConnections',
                        'type': 'https://api.twitter.com/2/problems/streaming-connection',
                    },
                    429,
                )
                a.limit_headers = headers
                return a
            self.open_now += 1
            self.opened += 1
        a = Answer(stream=lambda out: self.run(req, out), ctype='application/json; charset=utf-8')
        a.limit_headers = headers
        return a

    def run(self, req, out):
        """Events from now on (and `backfill_minutes` back), as fast as they come; who reads too slowly is dropped."""
        net, w, faults = self.net, self.net.world, req.faults
        quiet = float(faults['silentstream'].arg) if 'silentstream' in faults else None
        breaks = int(faults['break'].arg or 20) if 'break' in faults else None
        if net.o['sndbuf']:
            out.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, net.o['sndbuf'])
        back = int(req.q.get('backfill_minutes', 0)) * 60000
        with w.lock:
            at = len(w.events) - net.o['backlog']
            while back and at > 0 and w.events[at - 1][2] > w.now_ms() - back:
                at -= 1
            at = max(0, at)
        q = queue.Queue()
        out.pending, out.since = 0, time.monotonic()
        writer = threading.Thread(target=self.write, args=(out, q), daemon=True)
        writer.start()
        n = 0
        try:
            last = time.monotonic()
            while not net.server.stopping and writer.is_alive():
                with w.lock:
                    if at >= len(w.events):
                        w.more.wait(0.05)
                    new = w.events[at : at + 1000]
                    at += len(new)
                    lines = [self.line(p, req) for kind, p, _ in new if kind != 'delete' and p.gone is None]
                for line in lines:
                    for _ in range(2 if n % 50 == 25 else 1):  # duplicates occur
                        out.pending += len(line)
                        q.put(line)
                    n += 1
                    if breaks and n >= breaks:
                        q.put(None)
                        writer.join(5)
                        return
                if lines:
                    last = time.monotonic()
                if quiet is not None and n and not lines:
                    time.sleep(quiet)
                    return
                if time.monotonic() - last >= net.o['keepalive']:
                    q.put(b'\r\n')
                    last = time.monotonic()
                # More waits than there is room for, because the client has taken nothing for a second.
                if out.pending > net.o['queue'] and time.monotonic() - out.since > 1:
                    with self.lock:
                        self.dropped += 1
                    out.note['dropped'] = True
                    return
                if out.gone():
                    return
        finally:
            with self.lock:
                self.open_now -= 1
            try:
                out.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def write(self, out, q):
        try:
            while True:
                line = q.get()
                if line is None:
                    return
                out.since = time.monotonic()
                out.write(line)
                out.pending -= len(line)
                with self.lock:
                    self.sent += line != b'\r\n'
        except OSError:
            pass

    def line(self, p, req):
        one = self.net.render([p], req.q)
        one['data'] = one['data'][0]
        one['matching_rules'] = [{'id': r['id'], **({'tag': r['tag']} if 'tag' in r else {})} for r in self.rules[:2]]
        return dumps(one) + b'\r\n'
