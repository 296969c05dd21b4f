#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sources_ask.py DEFINITIONS dump DIR         - every expression of every definition, its own or inherited, as DIR/SOURCE/.path.of.it
sources_ask.py DIR check QUESTIONS          - what was asked with `is` (sources.bats); those of one expression in one run of jq, because a
                                              start of jq costs more than a hundred questions

QUESTIONS holds fields that end with NUL: WANTED SOURCE MEMBER h status v c link body, nine a question.
"""
import collections
import json
import os
import subprocess
import sys


def texts(value, path=""):
    if isinstance(value, dict):
        for key, v in value.items():
            yield from texts(v, path + "." + key)
    elif isinstance(value, str):
        yield path, value
    elif isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        yield path, "\n".join(value)


def dump(definitions, to):
    of, up = {}, {}
    for name in os.listdir(definitions):
        d = json.load(open(os.path.join(definitions, name)))
        of[d["name"]], up[d["name"]] = dict(texts(d)), d.get("extends")
    for name in of:
        os.makedirs(os.path.join(to, name))
        chain, members = name, {}
        while chain:
            members = {**of[chain], **members}
            chain = up[chain]
        for path, text in members.items():
            if "/" not in path:
                open(os.path.join(to, name, path), "w").write(text + "\n")


PRELUDE = 'def plain: .; def striphtml: .; def some: if . == null or . == "" or . == [] or . == {} then null else . end;'


def check(programs, questions):
    fields = open(questions).read().split("\0")[:-1]
    groups = collections.defaultdict(list)
    for i in range(0, len(fields), 9):
        want, source, member = fields[i : i + 3]
        row = dict(zip(("h", "status", "v", "c", "link", "body"), map(json.loads, fields[i + 3 : i + 9])))
        groups[source, member].append((want, row))
    bad = 0
    for (source, member), rows in groups.items():
        program = open(os.path.join(programs, source, member)).read()
        # One array of all it gives a question, or its error.
        whole = PRELUDE + """. as {$h, $status, $v, $c, $link} | 1786000000 as $now | 0 as $page |
            try [.body | (""" + program + """)] catch "error: \\(.)" """
        got = subprocess.run(["jq", "-c", whole], input="\n".join(json.dumps(r) for _, r in rows), text=True, capture_output=True)
        answers = [json.loads(line) for line in got.stdout.splitlines()]
        if got.returncode or len(answers) != len(rows):
            sys.exit(f"{source} {member}: {got.stderr}")
        for (want, row), answer in zip(rows, answers):
            if answer != [json.loads(want)]:
                print(f"{source} {member} {json.dumps(row)}: {json.dumps(answer)}, not {want}")
                bad = 1
    return bad


if sys.argv[2] == "dump":
    dump(sys.argv[1], sys.argv[3])
else:
    sys.exit(check(sys.argv[1], sys.argv[3]))
