# SPDX-License-Identifier: MIT
"""nasty.py lines: records that have broken readers of JSON, with good ones between them; the same with every call.
nasty.py check IN OUT REJECTS: every line of IN is in OUT (by its good id) or among the rejects, whole; good ones are all in OUT.
nasty.py rejects IN REJECTS: the rejects are lines of IN, whole, and none of the good ones.
"""
import base64
import json
import random
import sys

T = b'"created_at":"2026-01-01T00:00:%02dZ","author":{"id":"u%d"},"text":"t","tags":["x"],"n":1'


def good(i):
    return b'{"id":"good-%d",' % i + T % (i % 60, i) + b"}"


def nasty():
    rest = b"," + T % (0, 0) + b"}"
    values = [b"\x00", b'"\x00"', b'"\\u0000"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\x01"', b'"\t"', b'"\\x"',
              b'"\\u12"', b"1e999", b"-0", b"1" * 400, b"0.1e+", b"01", b"NaN", b"nan", b"Infinity", b"-", b"tru", b"'x'", b"[1,]", b"{,}", b'{"a":1,"a":2}',
              b"[" * 900 + b"]" * 900, b"[" * 5000 + b"]" * 5000, b'{"a":' * 3000 + b"1" + b"}" * 3000, b'"' + b"x" * 70000 + b'"', b'"\\ud83d\\ude00"', b'"\xf0\x9f\x98\x80"',
              b'"\xe2\x80\xa8"', b"[]", b"{}", b"null", b"true", b"9223372036854775808", b"-1e-400", b'"\\u002b"']
    for v in values:
        yield b'{"v":' + v + rest
        for field in b"text", b"tags", b"mentions", b"links", b"author", b"created_at", b"lang", b"network", b"op", b"id", b"sentiment":
            yield b'{"' + field + b'":' + v + b',"m":' + v + b"}"
    for t in [b"0001-01-01T00:00:00+01:00", b"9999-12-31T23:59:59-01:00", b"0000-01-01T00:00:00Z", b"2026-02-30T00:00:00Z", b"2026-01-01", b"", b"2026-01-01T00:00:00\\u002b00:00",
              b"2026-01-01T24:00:00Z", b"2026-01-01T00:00:00.1234567891Z", b"99999-01-01T00:00:00Z", b"-001-01-01T00:00:00Z"]:
        yield b'{"created_at":"' + t + b'"}'
    yield from [b"{", b"}", b"[]", b"1", b'"s"', b"null", b"\xef\xbb\xbf{}", b"{}{}", b'{"a":1}x', b'{"a" 1}', b'{a:1}', b"\x1e{}", b"\x00", b"\xff", b"{" * 2000, b'{"a":"',
                b'{"$mark" :1}', b'{"\\u0024mark":{"v":1}}', b"//", b"{}\r x", b'{"":1}', b'{"add":{"path":"x"}}', b'{"id":"t","tags":[[["x"]],{"name":{"tag":1}},null,1e5]}']
    rng = random.Random(8)
    base = good(1).replace(b"good", b"evil")
    for _ in range(300):  # one byte of a good record is another
        i = rng.randrange(1, len(base) - 1)
        yield base[:i] + bytes([rng.choice([c for c in range(256) if c != 10])]) + base[i + 1:]


def lines():
    for i, bad in enumerate(nasty()):
        yield good(i)
        yield bad
    yield good(999999)


def rejected(path):
    for line in open(path, "rb"):
        r = json.loads(line)
        yield r["record"].encode("utf-8", "surrogatepass") if "record" in r else base64.b64decode(r["record_base64"])


def is_good(line):
    return line.startswith(b'{"id":"good-')


def main():
    if sys.argv[1] == "lines":
        sys.stdout.buffer.write(b"".join(x + b"\n" for x in lines()))
        return
    came = [x[:-1] if x.endswith(b"\r") else x for x in open(sys.argv[2], "rb").read().split(b"\n")[:-1]]
    bad = list(rejected(sys.argv[-1]))
    left = {}
    for x in came:
        left[x] = left.get(x, 0) + 1
    for x in bad:
        assert left.get(x, 0) > 0, ("a reject that is no line", x[:100])
        left[x] -= 1
    assert not [x for x in bad if is_good(x)], "a good record was rejected"
    if sys.argv[1] == "check":
        out = open(sys.argv[3], "rb").read().split(b"\n")[:-1]
        assert len(out) + len(bad) == len(came), (len(out), len(bad), len(came))
        ids = [x.split(b'"')[3] for x in out if is_good(x)]
        assert ids == [x.split(b'"')[3] for x in came if is_good(x)], "good records are missing, or in another order"
    print(len(bad))


main()
