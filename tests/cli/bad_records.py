#!/usr/bin/env python3
"""One odd record among good ones never stops smpartition when it may set bad ones aside. SPDX-License-Identifier: MIT

Each record of the table stands in front of or between two good ones, with a schema that is given, inferred, or that of a table
which may be widened. The good ones must be in the table then, and the odd one in it or in the file of rejects, not both.
"""
import json, os, shutil, subprocess, sys, tempfile

BIN = os.environ["SM_BIN"]


def lists(n): return b'{"x":' + b"[" * n + b"]" * n + b"}"
def objects(n): return b'{"x":' + b'{"a":' * n + b"1" + b"}" * n + b"}"


ODD = [b"null", b"[]", b"1", b'"x"', b"{", b"}", b'{"id":1', b'{"id":1}{"id":2}', b'{"id":1,}', b"{'id':1}", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf{}",
       b'{"id":NaN}', b'{"id":01}', b'{"id":1e400}', b'{"x":1e400}', b'{"id":9223372036854775808}', b'{"id":' + b"1" * 100000 + b"}",
       b'{"id":1,"id":2}', b'{"x":{"a":1,"a":2}}', b'{"x":{"a":1,"A":2}}', b'{"X":1,"x":2}', b'{"ID":1}', b'{"id":"x"}',
       b'{"s":"\xff"}', b'{"n\xff":1}', b'{"s":"\\ud800"}', b'{"\\ud800":1}', b'{"s":"\\u0000"}', b'{"\\u0000":1}', b'{"x":{"\\u0000":1}}',
       b'{"":1}', b'{"x":{"":1}}', b'{"a b":1}', b'{"a,b;{}()\\n\\t=":1}', b'{"a.b":1}', b'{"`":1}',
       b'{"x":{}}', b'{"x":[]}', b'{"x":[[]]}', b'{"x":[{}]}', b'{"x":[1,"a"]}', b'{"x":[1,{"a":1}]}', b'{"x":null}', b'{"x":[null]}',
       b'{"x":-0}', b'{"x":123456789012345678901234567890}', b'{"x":"0000-01-01T00:00:00Z"}', b'{"x":"0001-01-01T00:30:00+01:00"}',
       lists(40), lists(200), lists(1100), lists(100000), objects(40), objects(200), objects(1100), objects(100000),
       b'{"' + b"k" * 100000 + b'":1}', b'{"k":"' + b"/" * 100000 + b'"}', b'{"k":"' + b"z" * 3000000 + b'"}', b'{"k":5}', b'{"k":{}}',
       b"{" + b",".join(b'"c%d":1' % i for i in range(3000)) + b"}", b"{" + b",".join(b'"c%d":1' % i for i in range(30000)) + b"}",
       b'{"add":{"path":"x"}}', b'{"_change_type":"x"}', b'{"_metadata":1}']
GOOD = [b'{"id":100,"k":"g","s":"t"}', b'{"id":101,"k":"g","s":"t"}']


def run(*args, data=None):
    return subprocess.run([f"{BIN}/{args[0]}", *args[1:]], input=data, capture_output=True)


def fault(way, where, odd):
    shutil.rmtree("t", ignore_errors=True)
    if os.path.exists("rejects"):
        os.remove("rejects")
    options = {"given": ["--schema", "schema.json", "--by", "k"], "inferred": ["--by", "k"], "there": ["--merge-schema"]}[way]
    if way == "there":
        made = run("smpartition", "-q", "--schema", "schema.json", "--by", "k", "t", data=b'{"id":0,"k":"z"}\n')
        run("smcommit", "-q", data=made.stdout)
    with open("in", "wb") as f:
        f.write(b"".join(x + b"\n" for x in ([odd] + GOOD if where == 0 else [GOOD[0], odd, GOOD[1]])))
    p = run("smpartition", "-q", "--on-error=reject=rejects", *options, "t", "in")
    q = run("smcommit", "-q", "--merge-schema", data=p.stdout)
    rows = [json.loads(x) for x in run("smreplay", "t").stdout.splitlines()]
    ids = [r.get("id") for r in rows if r.get("id") != 0]
    rejected = len(open("rejects").readlines()) if os.path.exists("rejects") else 0
    if p.returncode != (1 if rejected else 0) or q.returncode:
        return f"status {p.returncode} {q.returncode} with {rejected} rejected: {p.stderr[:300]} {q.stderr[:300]}"
    if ids.count(100) != 1 or ids.count(101) != 1 or len(ids) + rejected != 3:
        return f"{len(ids)} rows, {rejected} rejected: {ids}"
    return None


os.chdir(tempfile.mkdtemp(dir=os.environ.get("BATS_TEST_TMPDIR")))
with open("schema.json", "w") as f:
    json.dump({"fields": [["id", "long"], ["k", "string"], ["s", "string"]]}, f)
bad = 0
for way in ("given", "inferred", "there"):
    for n, odd in enumerate(ODD):
        why = fault(way, n % 2, odd)
        if why:
            bad += 1
            print(f"{way}: {odd[:60]}: {why}")
sys.exit(bad > 0)
