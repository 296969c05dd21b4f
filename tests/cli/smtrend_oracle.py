#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""smtrend_oracle.py FILE WINDOW SLIDE DELAY MIN_AUTHORS MIN_SCORE - the rows of `smtrend --by tags --top 0`, the slow way.

Seconds for the durations. Nothing is shared with the tool but the definition in docs/trends.md: every window is
counted anew from the posts that are alive in it. Tags come from the records' own lists, ASCII only.
"""
import json
import math
import sys
from datetime import datetime, timezone

R = 8.0


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def stamp(s):
    return datetime.fromtimestamp(s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def score(o, e):
    if o <= e:
        return 0.0
    d = o * math.log(o / e) - (o + R) * math.log((o + R) / (e + R))
    return math.floor(math.sqrt(2 * d) * 1e6 + 0.5) / 1e6 if d > 0 else 0.0


class Oracle:
    def __init__(self, window, slide, delay, min_authors, min_score):
        self.w, self.s, self.d = window, slide, delay
        self.m = window // slide
        self.min_authors, self.min_score = min_authors, min_score
        self.posts = {}        # id -> (pane, author, tags)
        self.history = {}      # pane that has left the windows -> {tag: authors}
        self.first = None      # first pane of the history
        self.top = None
        self.closed = None
        self.n = 0

    def passed(self):
        return math.floor((self.top - self.d) / self.s) - 1

    def post(self, rec):
        t = min(seconds(rec[k]) for k in ("created_at", "indexed_at", "observed_at") if rec.get(k))
        pane = math.floor(t / self.s)
        if self.top is None:
            self.top = t
            self.closed = self.passed()
        self.posts.pop(rec["id"], None)
        if rec.get("op") != "delete" and pane + self.m - 1 > self.closed:
            self.posts[rec["id"]] = (pane, (rec.get("author") or {}).get("id"), {x.lower(): x for x in rec.get("tags") or []})
        self.top = max(self.top, t)
        while self.closed < self.passed():
            self.close(self.closed + 1, False)

    def authors(self, lo, hi):
        count, who = {}, {}
        for pane, author, tags in self.posts.values():
            if lo <= pane <= hi:
                for k in tags:
                    count[k] = count.get(k, 0) + 1
                    who.setdefault(k, set()).add(author)
        return count, who

    def close(self, last, final):
        lo = last - self.m + 1
        self.closed = last
        if any(lo <= p[0] <= last for p in self.posts.values()):
            count, who = self.authors(lo, last)
            rows = []
            for k in count:
                e = max(self.m * self.mean(k, lo - 1), 1.0)
                z = score(len(who[k]), e)
                if len(who[k]) >= self.min_authors and z >= self.min_score:
                    rows.append((-z, -len(who[k]), k, count[k], e))
            for rank, (z, a, k, c, e) in enumerate(sorted(rows), 1):
                print(stamp(lo * self.s), stamp((last + 1) * self.s), rank, k, c, -a, "%.6f" % -z, "%.6f" % e)
        gone = self.authors(lo, lo)[1]
        if self.first is not None or any(p[0] == lo for p in self.posts.values()):
            self.first = lo if self.first is None else self.first
            self.history[lo] = {k: len(v) for k, v in gone.items()}
        self.posts = {i: p for i, p in self.posts.items() if p[0] > lo}

    def mean(self, tag, last):
        if self.first is None:
            return 0.0
        h = 24 * self.m
        num = den = 0.0
        for q in range(self.first, last + 1):
            weight = 2.0 ** ((q - last) / h)
            num += weight * self.history.get(q, {}).get(tag, 0)
            den += weight
        return num / den if den else 0.0

    def finish(self):
        end = max((p[0] for p in self.posts.values()), default=self.closed)
        while self.closed < end:
            self.close(self.closed + 1, True)


def main():
    o = Oracle(*(int(x) for x in sys.argv[2:5]), int(sys.argv[5]), float(sys.argv[6]))
    with open(sys.argv[1], encoding="utf-8") as f:
        for line in f:
            o.post(json.loads(line))
    o.finish()


main()
