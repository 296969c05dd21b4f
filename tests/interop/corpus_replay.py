#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""corpus_replay.py BIN - what smreplay says of the corpora's tables must fit together. Prints TAP.

1. The changes from version 0 on, inserts minus deletes, are the snapshot.
2. For a value v of a column: the rows below v, equal to it, above it, and without a value are all rows (none is lost to
   pruning by partition values, statistics of files, and of row groups), and as many are equal as the output shows.
3. Several threads give the same bytes.
Says skip when the corpora are not beside the repository.
"""
import collections
import decimal
import glob
import json
import os
import subprocess
import sys
import tempfile

import common

HERE = os.path.dirname(os.path.abspath(__file__))
CORPORA = os.path.join(HERE, '../../../shared/corpora')

MOST = 2000  # rows of a table that is worth the many runs
VALUES = 3   # values of a column



def run(bins, *args):
    p = subprocess.run([f'{bins}/smreplay', *args], capture_output=True, timeout=300)
    return p.returncode, p.stdout.decode(), p.stderr.decode().strip()


def net_changes(text):
    net = collections.Counter()
    for line in text.splitlines():
        at = line.rindex('"_change_type"')
        net[line[:at].rstrip(',') + '}'] += 1 if '"insert"' in line[at:] else -1
    return {k: n for k, n in net.items() if n}


def check_changes(bins, table, rows):
    rc, out, err = run(bins, table, '--starting-version', '0')
    if rc:
        return None if 'does not exist' in err or 'not in the log' in err else err
    want = dict(collections.Counter(rows))
    return None if net_changes(out) == want else 'inserts minus deletes are not the snapshot'


def schema_types(bins, table):
    p = subprocess.run([f'{bins}/smtable', 'describe', table], capture_output=True, timeout=60)
    return {f['name']: f['type'] for f in json.loads(p.stdout)['schema']['fields']}


def literal(v):
    if isinstance(v, bool):
        return 'true' if v else 'false'
    if isinstance(v, str):
        return "'" + v.replace('\\', '\\\\').replace("'", "''") + "'"
    return str(v)


def check_column(bins, table, rows, name, kind):
    values = []
    for r in rows:
        v = r.get(name)
        if v is not None and v not in values and len(values) < VALUES:
            values.append(v)
    column = '`' + name.replace('`', '``') + '`'
    for v in values:
        lit = f'CAST({literal(str(v))} AS {kind})' if kind in ('float', 'double') else literal(v)
        got = []
        for condition in (f'{column} < {lit}', f'{column} = {lit}', f'{column} > {lit}', f'{column} IS NULL'):
            rc, out, err = run(bins, table, '--count', '--where', condition)
            if rc:
                return f'{condition}: {err}'
            got.append(int(out))
        if sum(got) != len(rows) or got[1] != sum(r.get(name) == v for r in rows):
            return f'{column} and {lit}: {got} of {len(rows)} rows'
    return None


def check(bins, table):
    """None or why not, and a note."""
    rc, out, err = run(bins, table, '-j', '1')
    if rc:
        return None, f'skip {err[-100:]}'
    if run(bins, table, '-j', '3')[1] != out:
        return 'three threads print something else', ''
    lines = out.splitlines()
    if len(lines) > MOST:
        return None, f'{len(lines)} rows, threads only'
    why = check_changes(bins, table, lines)
    rows = [json.loads(line, parse_float=decimal.Decimal) for line in lines]
    n = 0
    for name, kind in schema_types(bins, table).items():
        if why is None and isinstance(kind, str) and kind not in ('binary', 'void', 'variant'):
            why = check_column(bins, table, rows, name, kind)
            n += 1
    return why, f'{len(rows)} rows, {n} columns'


def main():
    bins = sys.argv[1]
    if not os.path.exists(CORPORA):
        print('ok 1 - snapshots, changes and conditions fit together # skip no ../shared/corpora\n1..1')
        return 0
    n = bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        common.unpack(f'{CORPORA}/delta-golden.tar.xz', f'{tmp}/golden')
        common.unpack(f'{CORPORA}/dat-v0.0.2.tar.xz', f'{tmp}/dat')
        for table in sorted(glob.glob(f'{tmp}/**/_delta_log', recursive=True)):
            table = os.path.dirname(table)
            try:
                why, note = check(bins, table)
            except Exception as e:
                why, note = f'{type(e).__name__}: {e}', ''
            n += 1
            bad += why is not None
            print(f"{'not ok' if why else 'ok'} {n} - {table.split('/')[-2]}{' # ' if note.startswith('skip') else ': '}{note.replace(tmp, '')}")
            if why:
                print(f'# {why}')
    print(f'1..{n}')
    return bad != 0


common.leave(main())
