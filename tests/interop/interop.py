#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""interop.py [JARS] - Delta tables between smtools and delta-rs, pyarrow, DuckDB, Polars and Spark, both ways. Prints TAP.

1. The tables that smtools writes (tables.py) have the same rows for each engine as for smreplay, and as the input had;
   conditions on columns with statistics and on partition columns lose no row.
2. Tables that delta-rs and Spark write (theirs.py) have the same rows for smreplay as for their writer, in every version.
3. They append to our tables, and we to theirs.
SM_BIN is the folder of the tools.
"""
import os
import sys
import tempfile
import traceback

import engines
import common
import rows
import tables
import theirs

count = failed = 0


def report(label, why=None, skip=None):
    global count, failed
    count += 1
    failed += why is not None
    print(f"{'not ok' if why else 'ok'} {count} - {label}{' # skip ' + skip if skip else ''}")
    if why:
        print('# ' + why.strip().replace('\n', '\n# '))
    sys.stdout.flush()


def attempt(label, f):
    """Run F, which gives None or what is wrong."""
    try:
        why = f()
    except Exception:
        why = traceback.format_exc()[-1800:]
    report(label, why)


def start(jars, tmp):
    found = []
    for make in (engines.Deltalake, engines.Pyarrow, engines.Duckdb, engines.Polars, lambda: engines.Spark(jars, tmp)):
        try:
            found.append(make())
        except Exception as e:
            name = make.name if hasattr(make, 'name') else 'spark'
            report(f'{name} is here', skip=f'{type(e).__name__}: {e}'.splitlines()[0][:200])
    return found


CONDITIONS = {
    'sample': ["created_at >= '2026-11-20 00:00:00'", "created_at < '2026-11-10 06:00:00' and network = 'x'", "network = 'reddit'",
               "text >= 'W' and text < 'X'", "lang is null", "metrics.likes > 4000", "author.handle = 'pilarpereira'",
               "created_date = date '2026-11-14' and kind = 'quote'", "edited_at is not null"],
    'nasty': ["id = 9223372036854775807", "id < 0", "s = ''", "p is null", "p = 'a/b'", "n = -5", "n is null and flag",
              "d > 1e300", "day < date '1970-01-01'", "flag = false", "ts_p is null", "p > 'ä'", "dec = -98.22", "s > '\U0010fffe'"],
}
CONDITIONS['nasty-flat'] = CONDITIONS['nasty'] + ["p = ''"]
CONDITIONS['sample-13-commits'] = ["created_at >= '2026-11-18 00:00:00'"] + CONDITIONS['sample'][2:7]


def check_ours(made, found):
    for name, path, lines, skip in made:
        if skip:
            report(f'{name}', skip=skip)
            continue
        want = rows.of_ndjson(lines)
        attempt(f'{name}: smreplay gives what went in',
                lambda: rows.difference(want, rows.of_ndjson(tables.replay(path)), 'input', 'smreplay'))
        for e in found:
            if (name, e.name) == ('partition-long-texts', 'polars'):
                report(f'{name}: polars reads what went in', skip='Polars reads the values of partition columns from folder names')
                continue
            attempt(f'{name}: {e.name} reads what went in',
                    lambda: rows.difference(want, rows.of_arrow(e.read(path)), 'input', e.name))
        for sql in CONDITIONS.get(name, []):
            check_condition(name, path, sql, [e for e in found if hasattr(e, 'where')])


def check_condition(name, path, sql, found):
    """Each engine by itself, pruning by our statistics, against smreplay; and whether there is anything to find."""
    def one(e):
        mine = rows.of_ndjson(tables.replay(path, '--where', sql))
        if not mine:
            return 'smreplay finds nothing'
        return rows.difference(mine, rows.of_arrow(e.where(path, sql)), 'smreplay', e.name)
    for e in found:
        attempt(f'{name}: {e.name}, smreplay: {sql}', lambda: one(e))


def check_theirs(tmp, found):
    for name, path, reader, versions in theirs.make(tmp, {e.name: e for e in found}, attempt):
        def one(v):
            at = [] if v is None else ['--version-as-of', str(v)]
            return rows.difference(rows.of_arrow(reader.read(path, v)), rows.of_ndjson(tables.replay(path, *at)), reader.name,
                                   'smreplay')
        for v in [None] + versions:
            attempt(f'{name}: smreplay reads it{"" if v is None else f" as of version {v}"}', lambda: one(v))


def check_appends(tmp, found):
    by_name = {e.name: e for e in found}
    for name, path, want in theirs.append(tmp, by_name, attempt):
        attempt(f'{name}: smreplay', lambda: rows.difference(want, rows.of_ndjson(tables.replay(path)), 'expected', 'smreplay'))
        for e in found:
            attempt(f'{name}: {e.name}', lambda: rows.difference(want, rows.of_arrow(e.read(path)), 'expected', e.name))


def check_refusals(tmp, found):
    for label, f in theirs.refusals(tmp, {e.name: e for e in found}):
        attempt(label, f)


def main():
    jars = sys.argv[1] if len(sys.argv) > 1 else ''
    with tempfile.TemporaryDirectory() as tmp:
        found = start(jars, tmp)
        check_ours(tables.make(tmp), found)
        check_theirs(tmp, found)
        check_appends(tmp, found)
        check_refusals(tmp, found)
        for e in found:
            if hasattr(e, 'stop'):
                e.stop()
    print(f'1..{count}')
    common.leave(failed != 0)


if __name__ == '__main__':
    main()
