# SPDX-License-Identifier: MIT
"""Counters of requests as APIs keep them, and the forms in which they tell them."""

import math
import threading
import time


class Window:
    """LIMIT in SECONDS, from the first request on; then anew. take() says whether one more may be had."""

    def __init__(self, limit, seconds):
        self.limit, self.seconds = limit, seconds
        self.start, self.used = None, 0
        self.lock = threading.Lock()

    def take(self, now, cost=1):
        with self.lock:
            if self.start is None or now >= self.start + self.seconds:
                self.start, self.used = now, 0
            ok = self.used + cost <= self.limit
            if ok:
                self.used += cost
            return Count(ok, self.limit, max(0, self.limit - self.used), self.start + self.seconds, now)


class Count:
    def __init__(self, ok, limit, remaining, reset, now):
        self.ok, self.limit, self.remaining, self.reset, self.now = ok, limit, remaining, reset, now

    @property
    def left(self):
        """Whole seconds until the reset, rounded up: whoever waits them is not too early."""
        return max(0, math.ceil(self.reset - self.now))

    def epoch(self):
        return str(math.ceil(self.reset))

    def iso(self, digits=6):
        t = self.reset
        return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(t)) + f'.{int(t % 1 * 10 ** digits):0{digits}d}Z'


def parse(spec):
    """'450/15m' -> (450, 900.0)"""
    n, _, t = spec.partition('/')
    unit = t[-1] if t and not t[-1].isdigit() else 's'
    number = t.rstrip('smhd') or '1'
    return int(n), float(number) * {'s': 1, 'm': 60, 'h': 3600, 'd': 86400}[unit]


def midnight_pacific(now):
    """The next midnight in Los Angeles, epoch seconds. Without zone data: UTC-8, which is right in winter."""
    import datetime

    try:
        import zoneinfo

        zone = zoneinfo.ZoneInfo('America/Los_Angeles')
    except Exception:
        zone = datetime.timezone(datetime.timedelta(hours=-8))
    t = datetime.datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return (t + datetime.timedelta(days=1)).timestamp()
