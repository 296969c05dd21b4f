#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""smfetch_items.py DEFINITION COUNT - items for a source definition, one a line, the same ones each time.

Where the network is known, an item is one of its shape with some members changed: gone, null, or of any value. Else, and for every
fourth item, it is made of the names that stand behind a dot in the definition's map.
"""
import copy, json, os, random, re, sys

SHAPES = {
    "x-v1": [{"id": 505874924095815681, "id_str": "505874924095815681", "created_at": "Sun Aug 31 00:29:15 +0000 2014",
              "text": "a &amp; b &lt;3 #x", "lang": "en", "user": {"id": 1, "id_str": "1186275104", "screen_name": "s", "name": "N \U0001F600",
              "followers_count": 2, "verified": False}, "entities": {"hashtags": [{"text": "x"}, {"text": "é"}], "user_mentions": [{"id_str": "5",
              "screen_name": "m"}], "urls": [{"expanded_url": "http://e/", "url": "u"}]}, "retweet_count": 7, "favorite_count": 8,
              "in_reply_to_status_id_str": "9223372036854775807", "possibly_sensitive": False,
              "place": {"full_name": "P", "country_code": "DE"}, "coordinates": {"coordinates": [13.4, 52.5]},
              "retweeted_status": {"id_str": "505874924095815680", "full_text": "whole text", "extended_entities": {"media": [
                  {"type": "photo", "media_url_https": "https://m/1", "sizes": {"large": {"w": 640, "h": 480}}}]}}},
             {"delete": {"status": {"id": 505874924095815681, "id_str": "505874924095815681", "user_id_str": "3"}}}],
    "x-v2": [{"id": "1", "text": "RT @a: cu &lt;", "created_at": "2026-01-01T00:00:00.000Z", "author_id": "9", "lang": "de", "conversation_id": "1",
              "referenced_tweets": [{"type": "retweeted", "id": "1"}, {"type": "quoted", "id": "2"}], "edit_history_tweet_ids": ["1", "0"],
              "public_metrics": {"like_count": 1, "reply_count": 2, "retweet_count": 3, "quote_count": 4, "impression_count": 5},
              "entities": {"hashtags": [{"tag": "t"}], "mentions": [{"id": "5", "username": "u"}], "urls": [{"expanded_url": "https://e"}]},
              "geo": {"place_id": "p", "coordinates": {"coordinates": [1.25, 2.5]}}, "possibly_sensitive": True,
              "note_tweet": {"text": "long &amp; longer", "entities": {"hashtags": [{"tag": "n"}]}}, "matching_rules": [{"tag": "r"}]}],
    "mastodon": [{"id": "7", "uri": "https://m/7", "url": "https://m/@a/7", "created_at": "2026-01-01T00:00:00.123Z", "edited_at": None,
                  "content": "<p>a &amp; b<br>c</p><p>d <a href=\"x\">l</a></p>", "language": "de", "quote": None, "spoiler_text": "",
                  "in_reply_to_id": None, "account": {"acct": "a", "uri": "https://m/users/a", "url": "https://m/@a", "display_name": "A \"q\"",
                  "followers_count": 5, "bot": False}, "tags": [{"name": "t"}], "mentions": [{"url": "https://m/@b", "acct": "b"}],
                  "card": {"url": "https://c"}, "favourites_count": 1, "replies_count": 0, "reblogs_count": 2, "quotes_count": 0, "sensitive": False,
                  "media_attachments": [{"type": "image", "url": "https://i", "description": "d", "meta": {"original": {"width": 1, "height": 2}}}],
                  "reblog": {"uri": "https://n/1", "content": "<p>x</p>", "tags": [{"name": "r"}], "language": "en", "sensitive": True}}],
    "bluesky": [{"uri": "at://did:plc:a/app.bsky.feed.post/3kabc", "indexedAt": "2026-01-01T00:00:00.5Z", "author": {"did": "did:plc:a",
                 "handle": "a.example", "displayName": "A"}, "record": {"createdAt": "2026-01-01T00:00:00Z", "text": "t", "langs": ["en", "de"],
                 "reply": {"parent": {"uri": "at://p"}, "root": {"uri": "at://r"}}, "tags": ["x"], "facets": [{"features": [{"tag": "y"},
                 {"uri": "https://l"}, {"did": "did:plc:m"}]}], "embed": {"$type": "app.bsky.embed.images", "images": [{"alt": "i",
                 "aspectRatio": {"width": 3, "height": 4}}]}}, "likeCount": 1, "replyCount": 2, "repostCount": 3, "quoteCount": 4},
                {"did": "did:plc:a", "time_us": 1795416495628430, "kind": "commit", "commit": {"operation": "create",
                 "collection": "app.bsky.feed.post", "rkey": "3mbxh2q3a2222", "record": {"createdAt": "2026-01-01T00:00:00Z", "text": "c"}}}],
    "facebook": [{"id": "1_2", "created_time": "2026-08-20T10:20:00+0000", "updated_time": "2026-08-21T10:20:00+0000", "message": "m",
                  "from": {"id": "5", "name": "F"}, "permalink_url": "https://f/p?comment_id=77&x=1", "parent": {"id": "3"}, "like_count": 3,
                  "shares": {"count": 1}, "message_tags": [{"name": "#h", "type": "x", "id": "1"}, {"name": "U", "type": "user", "id": "2"}],
                  "attachments": {"data": [{"unshimmed_url": "https://u", "media_type": "photo", "media": {"image": {"src": "https://i",
                  "width": 5, "height": 6}}}]}}],
    "hn": [{"id": 45984211, "by": "u", "time": 1786000000, "type": "comment", "text": "a<p>b &#x27;c&#x27; <i>d</i>", "parent": 1,
            "title": "t &amp; u", "score": 5, "descendants": 2, "url": "https://x", "deleted": False}],
    "reddit": [{"name": "t3_a", "id": "a", "created_utc": 1786000000.0, "title": "t", "selftext": "s &gt; t", "edited": False,
                "permalink": "/r/u/a/", "author": "me", "author_fullname": "t2_x", "subreddit": "u", "score": 1, "num_comments": 2,
                "is_self": False, "url": "/relative", "over_18": True},
               {"name": "t1_b", "id": "b", "created_utc": 1786000000, "body": "c", "edited": 1786000001.0, "author": "[deleted]",
                "link_id": "t3_a", "parent_id": "t3_a"}],
    "youtube": [{"id": "U", "snippet": {"videoId": "v", "textDisplay": "n<br>m &amp;", "textOriginal": "o", "publishedAt": "2026-08-01T00:00:00Z",
                 "updatedAt": "2026-08-01T00:00:00.5Z", "authorDisplayName": "A", "authorChannelId": {"value": "c"}, "likeCount": 4,
                 "parentId": "P"}}],
}

VALUES = [None, True, False, 0, 7, -3, 1.5, 2.0, 10**18 + 1, 10**25, 0.001, "", "x", "a\"b\\c/\n", "é\U0001F600\x00\x7f", "2026-11-10T00:00:00Z",
          "2026-11-10T01:00:00.120+01:00", "1786000000", "<p>h</p><p>i &lt;", "#tag", [], {}, ["a", None], [{"id": "1", "name": "n"}], {"id": "i"}]



def definition(path):
    d = json.load(open(path))
    if "map" not in d and "extends" in d:
        return definition(os.path.join(os.path.dirname(path), d["extends"] + ".json"))
    return d


def names_of(d):
    m = d.get("map", "")
    m = "\n".join(m) if isinstance(m, list) else m
    return sorted(set(re.findall(r"\.([A-Za-z_]\w*)", m)) | set(re.findall(r"[{,]\s*([a-z_]+)\s*[,}]", m))) or ["id"]


def places(v, into):
    if isinstance(v, dict):
        for k in v:
            into.append((v, k))
            places(v[k], into)
    elif isinstance(v, list):
        for i in range(len(v)):
            into.append((v, i))
            places(v[i], into)
    return into


def changed(rnd, item):
    item = copy.deepcopy(item)
    for _ in range(rnd.choice((0, 0, 1, 1, 2, 4))):
        at = places(item, [])
        if not at:
            break
        v, k = rnd.choice(at)
        if rnd.random() < 0.3:
            del v[k]
        else:
            v[k] = copy.deepcopy(rnd.choice(VALUES))
    return item


def made(rnd, names, depth=0):
    r = rnd.random()
    if depth == 0 or (r < 0.25 and depth < 5):
        return {rnd.choice(names): made(rnd, names, depth + 1) for _ in range(rnd.randrange(1, 9))}
    if r < 0.4 and depth < 5:
        return [made(rnd, names, depth + 1) for _ in range(rnd.randrange(4))]
    return copy.deepcopy(rnd.choice(VALUES))


def text(rnd, item):
    s = json.dumps(item, ensure_ascii=rnd.random() < 0.5, separators=rnd.choice(((",", ":"), (", ", ": "))))
    if rnd.random() < 0.05:
        s = s.replace("/", "\\/")
    if rnd.random() < 0.03:
        s = re.sub(r'"([a-z])([a-z_]+)":', lambda m: '"\\u%04x%s":' % (ord(m[1]), m[2]), s, count=1)
    if rnd.random() < 0.03:
        s = re.sub(r': ?(\d{1,6})([,}])', r':\1.0\2', s)
    if rnd.random() < 0.03 and s.endswith("}") and len(s) > 2:
        s = s[:-1] + ',"id":"twice","text":null}'
    return s


def main():
    path, count = sys.argv[1], int(sys.argv[2])
    name = os.path.basename(path)[:-5]
    d = definition(path)
    rnd = random.Random(name)
    names, shapes = names_of(d), SHAPES.get(name) or SHAPES.get(d.get("name", ""), [])
    for i in range(count):
        item = changed(rnd, rnd.choice(shapes)) if shapes and i % 4 else made(rnd, names)
        print(text(rnd, item))


main()
