#!/usr/bin/env python3
"""Partition values that are hard, type by type, there and back. SPDX-License-Identifier: MIT

For each type a table partitioned by a column of it is made from a list of values (some are the record's fault), then:
every record that is no fault comes back as it was, `--where k = …` gives it alone, after commits that make a checkpoint of
the log the same holds, and --replace-where takes one partition and no other. Only the tools are used: SM_BIN names them.
"""
import json, os, shutil, subprocess, sys, tempfile

BIN = os.environ["SM_BIN"]
BAD = object()   # the value before it is the record's fault

# (type, [(JSON value, SQL literal)]); the literal is None where there is none to try, BAD where the record is refused.
TABLE = [
    ("string", [("a", "'a'"), ("a\0b", None), ("a\0c", None), ("\0", None), ("x" * 300, "'" + "x" * 300 + "'"), ("x" * 70000, None),
                ("é" * 200, "'" + "é" * 200 + "'"), ("/", "'/'"), ("..", "'..'"), (".", "'.'"), ("a/b", "'a/b'"), ("a=b", "'a=b'"),
                ("%", "'%'"), ("%00", "'%00'"), ("__HIVE_DEFAULT_PARTITION__", "'__HIVE_DEFAULT_PARTITION__'"), ("\n", None), ("\x7f", None),
                ("true", "'true'"), ("null", "'null'"), (" ", "' '"), ("'", "''''"), ('"', "'\"'"), ("\u202e", None), ("\U0001f600" * 70, None)]),
    ("binary", [("YQ==", "X'61'"), ("YQBi", "X'610062'"), ("AA==", "X'00'"), ("4oKs", "X'e282ac'"), ("/w==", BAD), ("4oI=", BAD), ("!!", BAD)]),
    ("date", [("0001-01-01", "DATE '0001-01-01'"), ("9999-12-31", "DATE '9999-12-31'"), ("1582-10-10", "DATE '1582-10-10'"),
              ("1970-01-01", "DATE '1970-01-01'"), ("0000-12-31", BAD), ("10000-01-01", BAD), ("2026-02-30", BAD), ("", BAD)]),
    ("timestamp", [("0001-01-01T00:00:00Z", "TIMESTAMP '0001-01-01T00:00:00Z'"), ("2026-01-01T00:00:00.000001Z", "TIMESTAMP '2026-01-01T00:00:00.000001Z'"),
                   ("9999-12-31T23:59:59.999999Z", "TIMESTAMP '9999-12-31T23:59:59.999999Z'"), ("0001-01-01T00:30:00+01:00", BAD),
                   ("9999-12-31T23:30:00-01:00", BAD), ("2026-02-30T00:00:00Z", BAD), ("2026-01-01T24:00:00Z", BAD)]),
    ("timestamp_ntz", [("0001-01-01T00:00:00", None), ("9999-12-31T23:59:59.999999", None), ("2026-01-01T00:00:00Z", BAD)]),
    ("long", [(9223372036854775807, "9223372036854775807"), (-9223372036854775808, None), (0, "0"), (9223372036854775808, BAD)]),
    ("byte", [(127, "127"), (-128, "-128"), (128, BAD), (1.5, BAD)]),
    ("double", [(1e308, None), (5e-324, None), (0.1, None), ("NaN", None), ("Infinity", None), ("-Infinity", None)]),
    ("boolean", [(True, "true"), (False, "false"), ("true", BAD)]),
    ("decimal(38,10)", [(0.5, "0.5"), (-1, "-1"), (1e28, BAD), ("x", BAD)]),
]


def run(*args, data=None, codes=(0,)):
    p = subprocess.run([f"{BIN}/{args[0]}", *args[1:]], input=data, capture_output=True)
    if p.returncode not in codes:
        raise SystemExit(f"{args}: status {p.returncode}: {p.stderr.decode()[:500]}")
    return p


def rows(*args):
    out = run("smreplay", "--nulls", *args).stdout.decode().splitlines()
    return {r["v"]: r["k"] for r in map(json.loads, out)}


def put(table, records, *commit, codes=(0,)):
    with open("in", "w") as f:
        f.writelines(json.dumps(r) + "\n" for r in records)
    p = run("smpartition", "--schema", "schema.json", "--by", "k", "--on-error", "skip", table, "in", codes=codes)
    run("smcommit", "-q", *commit, data=p.stdout)


def check(kind, values):
    shutil.rmtree("t", ignore_errors=True)
    with open("schema.json", "w") as f:
        json.dump({"fields": [["k", kind], ["v", "long"]]}, f)
    good = {i: v for i, (v, sql) in enumerate(values) if sql is not BAD}
    put("t", [{"k": v, "v": i} for i, (v, _) in enumerate(values)], codes=(0, 1) if len(good) < len(values) else (0,))
    bad = []

    def same(what, have, want):
        if have != want:
            bad.append(f"{kind}: {what}: {str(have)[:300]} for {str(want)[:300]}")

    def look(what, have):
        same(what, have, good)
        for i, (v, sql) in enumerate(values):
            if sql is not None and sql is not BAD:
                same(f"{what}, where k = {sql[:60]}", rows("t", "--where", f"k = {sql}"), {i: v})

    look("as written", rows("t"))
    for n in range(10):   # checkpoint 10
        put("t", [{"k": None, "v": 1000 + n}])
    if not any(f.endswith("10.checkpoint.parquet") for f in os.listdir("t/_delta_log")):
        bad.append(f"{kind}: no checkpoint was made")
    for old in range(10):
        os.remove(f"t/_delta_log/{old:020}.json")
    look("from the checkpoint", {i: k for i, k in rows("t").items() if i < 1000})
    for i, (v, sql) in enumerate(values):
        if sql is None or sql is BAD:
            continue
        shutil.rmtree("u", ignore_errors=True)
        shutil.copytree("t", "u")
        put("u", [{"k": v, "v": 500}], "--mode", "overwrite", "--replace-where", f"k = {sql}")
        want = {j: w for j, w in good.items() if j != i} | {500: v}
        same(f"replace-where k = {sql[:60]}", {j: k for j, k in rows("u").items() if j < 1000}, want)
    return bad


os.chdir(tempfile.mkdtemp(dir=os.environ.get("BATS_TEST_TMPDIR")))
faults = [f for kind, values in TABLE for f in check(kind, values)]
print("\n".join(faults))
sys.exit(1 if faults else 0)
