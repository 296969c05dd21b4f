#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/bench/map.py [--items N] [--runs R] - items mapped in a second of one core, by libjq and without it.

Generated posts (smgen --profile bench) are mapped by a definition that moves, renames and defaults their fields, statuses of
Mastodon's shape and posts of Jetstream's by the definitions that ship. Both ways must give the same bytes. Figures are of CPU time (user and system) of the
whole process, less that of its start, and are medians; libjq maps a part of the items only.
"""
import argparse, filecmp, json, os, statistics, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BIN = os.environ.get("SM_BIN", os.path.join(ROOT, "build", "bin"))
WORK = os.environ.get("SM_BENCH_DIR", os.path.join(ROOT, "build", "bench"))
SHARE = 25                      # libjq gets one of so many items

MOVES = {"smsource": 1, "name": "moves", "network": "bench", "map": [
    "{ id: (\"b:\" + .native_id), native_id, kind: (if .kind == \"reply\" then \"reply\" else \"post\" end),",
    "  created_at, edited_at, observed_at, author: { id: .author.id, handle: .author.handle, followers: .author.followers },",
    "  text, lang: (.lang // \"und\"), metrics: { likes: .metrics.likes, reposts: .metrics.reposts }, tags: [ .tags[]? ] }"]}

STATUS = {
    "id": "117656029325885444", "uri": "https://birds.example/users/hugo/statuses/117656029325885444", "created_at": "2026-11-21T19:15:33.415Z",
    "url": "https://birds.example/@hugo/117656029325885444", "edited_at": None, "in_reply_to_id": None, "reblog": None, "sensitive": False,
    "spoiler_text": "", "language": "en", "replies_count": 0, "reblogs_count": 2, "favourites_count": 1387,
    "content": "<p>I am angry and disappointed about city cycling &amp; trains. <a href=\"https://birds.example/tags/x\">#x</a></p>",
    "account": {"id": "1", "acct": "hugo", "uri": "https://birds.example/users/hugo", "url": "https://birds.example/@hugo",
                "display_name": "Hugo", "followers_count": 35, "bot": False},
    "tags": [{"name": "x", "url": "https://birds.example/tags/x"}], "mentions": [], "media_attachments": [], "card": None}


EVENT = {
    "did": "did:plc:abcdefghijklmnopqrstuvwx", "kind": "commit", "commit": {
        "rev": "3l3qo2vutsw2b", "operation": "create", "collection": "app.bsky.feed.post", "rkey": "3l3qo2vuowo2b", "record": {
            "$type": "app.bsky.feed.post", "createdAt": "2026-11-21T19:15:33.415Z", "langs": ["en"],
            "text": "I am angry and disappointed about city cycling & trains. #x",
            "facets": [{"features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "x"}], "index": {"byteStart": 57, "byteEnd": 59}}],
            "reply": {"root": {"uri": "at://did:plc:a/app.bsky.feed.post/3kabc"}, "parent": {"uri": "at://did:plc:a/app.bsky.feed.post/3kabd"}}},
        "cid": "bafyreid27zk7lbis4zw5fz4podbvbs4fc5ivwji3dmrwa6zggnj4bnd57u"}}


def write(path, lines):
    if os.path.exists(path):
        return
    with open(path + ".tmp", "w") as f:
        for line in lines:
            f.write(line)
    os.rename(path + ".tmp", path)


def cpu(definition, way, path, out="/dev/null"):
    with open(out, "wb") as f:
        p = subprocess.Popen([f"{BIN}/smfetch", "files", "--as", definition, f"--map={way}", "--observed-at", "2026-11-25", path], stdout=f)
        _, status, u = os.wait4(p.pid, 0)
    if status:
        sys.exit(f"map: smfetch ended with {os.waitstatus_to_exitcode(status)}")
    return u.ru_utime + u.ru_stime


def measure(name, definition, items, part, count, runs):
    out = [os.path.join(WORK, "map." + way) for way in ("jq", "auto")]
    for way, o in zip(("jq", "auto"), out):
        cpu(definition, way, part, o)
    if not filecmp.cmp(*out, shallow=False):
        sys.exit(f"map: {name}: the two ways differ")
    rate = {}
    for way, path, n in (("jq", part, count // SHARE), ("auto", items, count)):
        start = statistics.median(cpu(definition, way, "/dev/null") for _ in range(runs))
        rate[way] = n / (statistics.median(cpu(definition, way, path) for _ in range(runs)) - start)
    size = os.path.getsize(items) / count
    print(f"{name:28} {size:5.0f} bytes  libjq {rate['jq']:9,.0f}/s  without {rate['auto']:11,.0f}/s  {rate['auto'] / rate['jq']:5.0f} times",
          flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--items", type=int, default=1_000_000)
    p.add_argument("--runs", type=int, default=5)
    o = p.parse_args()
    os.makedirs(WORK, exist_ok=True)
    n, part = o.items, o.items // SHARE
    posts, statuses, events = (os.path.join(WORK, f"{x}-{n}.ndjson") for x in ("posts", "statuses", "events"))
    if not os.path.exists(posts):
        with open(posts + ".tmp", "wb") as f:
            subprocess.run([f"{BIN}/smgen", "-n", str(n), "--profile", "bench"], stdout=f, check=True)
        os.rename(posts + ".tmp", posts)
    write(statuses, (json.dumps(dict(STATUS, id=str(117656029325885444 + i), replies_count=i), separators=(",", ":")) + "\n" for i in range(n)))
    write(events, (json.dumps(dict(EVENT, time_us=1795288534000000 + i), separators=(",", ":")) + "\n" for i in range(n)))
    for path in (posts, statuses, events):
        with open(path) as f:
            write(path + ".part", (f.readline() for _ in range(part)))
    moves = os.path.join(WORK, "moves.json")
    with open(moves, "w") as f:
        json.dump(MOVES, f)
    print(f"{n:,} items mapped to smpost, one core; medians of {o.runs} runs")
    measure("generated posts", moves, posts, posts + ".part", n, o.runs)
    measure("statuses of Mastodon", "mastodon", statuses, statuses + ".part", n, o.runs)
    measure("posts of Jetstream", "bluesky", events, events + ".part", n, o.runs)


main()
