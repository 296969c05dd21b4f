#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""restore.py - a stream goes on behind whatever delta-rs does to its table, but for what takes the table back. Prints TAP.

SM_BIN is the folder of the tools. Each change is made between two runs of one stream: one that takes the stream's rows back must
end the next run with status 5 until it is undone or decided about; any other must not be noticed at all.
"""
import datetime
import json
import os
import subprocess
import tempfile
import time

import pyarrow as pa
from deltalake import DeltaTable, Field, write_deltalake

import common

os.environ['PATH'] = os.environ['SM_BIN'] + ':' + os.environ['PATH']
work = tempfile.TemporaryDirectory()
os.chdir(work.name)
os.mkdir('in')
count = failed = files = 0


def check(label, ok, why=''):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {label}", flush=True)
    if not ok:
        print('# ' + why.strip().replace('\n', '\n# '), flush=True)


def sh(command):
    return subprocess.run(['bash', '-c', command], capture_output=True, text=True)


def run(new=3):
    """Statuses of a run with NEW more posts, and what it said."""
    global files
    if new:
        files += 1
        with open(f'in/{files:04}.ndjson', 'w') as f:
            f.writelines(json.dumps({'id': f'{files}-{i}', 'g': str(i % 2), 'n': i}) + '\n' for i in range(new))
    p = sh('smfetch files in --resume ck | smpartition --by g t | smcommit | smcheckpoint save >/dev/null; echo ${PIPESTATUS[*]}')
    return p.stdout.strip(), p.stderr


def table():
    return DeltaTable('t')


def rows(n):
    return pa.table({'id': [f'o-{i}' for i in range(n)], 'g': ['0'] * n, 'n': pa.array(range(n), pa.int64())})


def merge():
    table().merge(rows(3), 's.id = t.id', source_alias='s', target_alias='t').when_matched_update_all() \
        .when_not_matched_insert_all().execute()


def undone():
    v = table().version()
    table().restore(0)
    table().restore(v)


def to_now():
    time.sleep(.05)
    now = datetime.datetime.now(datetime.timezone.utc)
    time.sleep(.05)
    write_deltalake('t', rows(2), mode='append')
    table().restore(now)


LEGITIMATE = [
    ('optimize', lambda: table().optimize.compact()),
    ('z-order', lambda: table().optimize.z_order(['id'])),
    ('append', lambda: write_deltalake('t', rows(2), mode='append')),
    ('delete of some', lambda: table().delete("n = 1")),
    ('update', lambda: table().update(updates={'n': '7'}, predicate="n = 2")),
    ('merge', merge),
    ('overwrite of a partition', lambda: write_deltalake('t', rows(2), mode='overwrite', predicate="g = '0'")),
    ('restore that is undone', undone),
    ('restore to a time behind the last commit', to_now),
    ('new properties', lambda: table().alter.set_table_properties({'delta.logRetentionDuration': 'interval 60 days'})),
    ('vacuum', lambda: table().vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)),
    ('log checkpoint', lambda: table().create_checkpoint()),
    ('optimize, append, delete', lambda: (table().optimize.compact(), write_deltalake('t', rows(2), mode='append'), table().delete("n = 0"))),
    ('delete of everything', lambda: table().delete()),
]


base = 0    # a version from before the commit that is taken back, behind the vacuum


def restore_to_time():
    t = os.stat(f't/_delta_log/{base:020}.json').st_mtime
    table().restore(datetime.datetime.fromtimestamp(t + .01, datetime.timezone.utc))


TAKEN_BACK = [
    ('restore to an earlier version', lambda: table().restore(base)),
    ('restore to a time', restore_to_time),
    ('restore, then optimize', lambda: (table().restore(base), table().optimize.compact())),
    ('optimize, then restore', lambda: (table().optimize.compact(), table().restore(base))),
    ('restore, then append', lambda: (table().restore(base), write_deltalake('t', rows(2), mode='append'))),
    ('overwrite', lambda: write_deltalake('t', rows(5), mode='overwrite')),
]


def main():
    global base
    status, said = run()
    check('a new table', status == '0 0 0 0', said)
    time.sleep(.1)
    for name, change in LEGITIMATE:
        status, said = run()
        check(f'before: {name}', status == '0 0 0 0', said)
        change()
        status, said = run(0)
        check(f'{name}: the stream goes on', status == '0 0 0 0' and not said, status + '\n' + said)
    for name, change in TAKEN_BACK:
        base = table().version()
        time.sleep(.1)
        run()
        before = table().version()
        change()
        status, said = run()
        check(f'{name}: status 5', status.startswith('5 ') and 'rolled back' in said and 'rewind' in said, status + '\n' + said)
        undo = table().version()
        table().restore(before)
        status, said = run(0)
        check(f'{name}, undone: the stream goes on', status == '0 0 0 0', said)
        table().restore(undo)
        status, said = run(0)
        check(f'{name}, done again: status 5', status.startswith('5 '), said)
        how = 'accept' if TAKEN_BACK.index((name, change)) % 2 else 'rewind --table'
        said = sh(f'smcheckpoint {how} ck').stderr
        status, more = run()
        check(f'{name}: the stream goes on behind {how}', status == '0 0 0 0', said + more)
        ids = table().to_pyarrow_table(columns=['id'])['id'].to_pylist()
        ours = [i for i in ids if not i.startswith('o-')]
        check(f'{name}: no row twice', len(ours) == len(set(ours)), f'{len(ours)} rows, {len(set(ours))} ids')
    print(f'1..{count}')
    return failed != 0


status = main()
os.chdir('/')
work.cleanup()
common.leave(status)
