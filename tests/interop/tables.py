# SPDX-License-Identifier: MIT
"""The tables that smtools writes for the others to read."""
import json
import os
import subprocess

BIN = os.environ.get('SM_BIN', 'build/bin')
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')


def tool(name, *args, input=None):
    p = subprocess.run([os.path.join(BIN, name), *args], input=input, capture_output=True, timeout=600)
    if p.returncode:
        raise RuntimeError(f'{name} {" ".join(args)}: status {p.returncode}: {p.stderr.decode()[-800:]}')
    return p.stdout


def write(path, text, *options):
    """Append NDJSON (bytes) to the table at PATH."""
    return tool('smcommit', input=tool('smpartition', *options, path, input=text))


def replay(path, *options):
    return tool('smreplay', *options, path).decode().split('\n')


def nasty():
    """Values that go wrong easily, in all the types there are."""
    strings = ['', ' ', 'a', 'A', 'ä', 'A\u0308', '日本語', '😀', '👨‍👩‍👧', '\u200f‮rtl', '"quoted"', "'single'", 'back\\slash', 'tab\there',
               'line\nbreak', '\r\n', '\u0001\u001f', '\u2028\u2029', '%20', 'a%2Fb', 'a/b', 'a=b', 'a:b', 'a?b#c', 'null', 'NULL',
               'true', '1e5', '-0', 'NaN', '__HIVE_DEFAULT_PARTITION__x', '.', '..', 'x' * 40, 'é' * 40, '\uffff', '\U0010ffff']
    rows = []
    for i in range(240):
        r = {'id': [0, 1, -1, 9223372036854775807, -9223372036854775808, 9007199254740993][i % 6] if i < 12 else i * 10007}
        if i % 7:
            r['s'] = strings[i % len(strings)]
        if i % 5:
            r['byte'] = (i * 37) % 256 - 128
            r['short'] = (i * 3677) % 65536 - 32768
            r['int'] = [2147483647, -2147483648, i][i % 3]
        if i % 4:
            r['f'] = [0.1, -1.5, 3.4028235e38, 1e-40, 16777216.0][i % 5]
            r['d'] = [0.1, -1.5, 1.7976931348623157e308, 5e-324, 1e22, 0.30000000000000004, float(i)][i % 7]
            r['b'] = i % 8 > 4
        if i % 3:
            r['dec'] = f'{i - 120}.{i % 100:02d}'
            r['big'] = f'{"-" if i % 2 else ""}1234567890123456789012345678.{i:010d}'
            r['day'] = ['1970-01-01', '1969-12-31', '2000-02-29', '9999-12-31', '1600-02-29'][i % 5]
            r['ts'] = ['1970-01-01T00:00:00Z', '1969-12-31T23:59:59.999999Z', '2026-11-23T10:00:00.001Z',
                       '9999-12-31T23:59:59.999999Z', '1900-01-01T00:00:00Z'][i % 5]
        if i % 6:
            r['list'] = [None if (i + j) % 5 == 0 else strings[(i + j) % len(strings)] for j in range(i % 4)]
            r['nested'] = {'a': i, 'in': {'t': strings[i % 11], 'l': [{'k': j, 'v': [j, None]} for j in range(i % 3)]}}
        elif i % 12 == 0:
            r['nested'] = {'a': None}
        r['p'] = strings[(i * 3) % len(strings)] if i % 9 else None
        r['n'] = [None, -5, 0, 7][i % 4]
        r['ts_p'] = [None, '2026-11-23T10:00:00Z', '2026-11-23T10:00:00.123456Z', '1969-12-31T23:59:59Z'][(i // 4) % 4]
        r['flag'] = [True, False, None][i % 3]
        rows.append(r)
    return rows


NASTY = {'fields': [['id', 'long'], ['s', 'string'], ['byte', 'byte'], ['short', 'short'], ['int', 'integer'], ['f', 'float'],
                    ['d', 'double'], ['b', 'boolean'], ['dec', 'decimal(10,2)'], ['big', 'decimal(38,10)'], ['day', 'date'],
                    ['ts', 'timestamp'], ['list', 'array<string>'],
                    ['nested', 'struct<a:long,in:struct<t:string,l:array<struct<k:long,v:array<long>>>>>'],
                    ['p', 'string'], ['n', 'long'], ['ts_p', 'timestamp'], ['flag', 'boolean']]}


def ndjson(rows):
    """The decimals go as numbers, to the last digit."""
    out = []
    for r in rows:
        t = json.dumps({k: v for k, v in r.items() if k not in ('dec', 'big')}, ensure_ascii=False)
        for k in ('dec', 'big'):
            if k in r:
                t = f'{t[:-1]},"{k}":{r[k]}}}'
        out.append(t)
    return ('\n'.join(out) + '\n').encode()


def make(tmp):
    """[(name, path, the records that went in, skip reason)]"""
    # The protocol gives an empty partition value no other meaning than null: "" in a partition column comes back as null.
    made, data = [], os.path.join(ROOT, '..', 'shared', 'data', 'posts')

    def table(name, text, *options):
        path = os.path.join(tmp, name)
        write(path, text, *options)
        made.append((name, path, text.decode().split('\n'), None))

    sample = tool('smfetch', 'files', os.path.join(ROOT, 'share', 'sample'))
    table('sample', sample, '--schema', 'smpost', '--by', 'network,created_date')
    table('sample-inferred', sample, '--by', 'lang', '--compression', 'zstd')
    lines = sample.splitlines(keepends=True)
    path = os.path.join(tmp, 'sample-13-commits')
    for i in range(13):
        write(path, b''.join(lines[i * 300:(i + 1) * 300]), '--schema', 'smpost', '--by', 'network', '--compression',
              ('snappy', 'gzip', 'lz4', 'none')[i % 4])
    made.append(('sample-13-commits', path, [x.decode() for x in lines[:3900]], None))
    short = ['a', 'a\0b', 'a\0c', '\0', '/', '..', 'a=b', '%00', ' ', '\n', "'", '"', '\u202e']
    long = ['x' * 300, 'é' * 200, '😀' * 70]   # no folder can have their names
    for name, commits, values in (('partition-texts', 1, short), ('partition-texts-12-commits', 12, short),   # with a checkpoint of the log
                                  ('partition-long-texts', 1, short + long)):
        path, all_of = os.path.join(tmp, name), []
        for c in range(commits):
            all_of.append(ndjson([{'id': c * 100 + i, 'k': v} for i, v in enumerate(values)]))
            write(path, all_of[-1], '--by', 'k')
        made.append((name, path, b''.join(all_of).decode().split('\n'), None))
    for name, file, options in (('politicians-2017', 'politicians-2017.ndjson.gz', []),
                                ('x-v1', 'twitter-v1-statuses.json', ['--as', 'x-v1', '--raw'])):
        if os.path.exists(os.path.join(data, file)):
            text = tool('smfetch', 'files', *options, os.path.join(data, file))
            table(name, text, '--schema', 'smpost', '--by', 'network,created_date')
        else:
            made.append((name, None, None, 'no ../shared/data here'))
    schema = os.path.join(tmp, 'nasty.schema.json')
    with open(schema, 'w') as f:
        json.dump(NASTY, f)
    table('nasty', ndjson(nasty()), '--schema', schema, '--by', 'p,n,ts_p,flag')
    made[-1][2][:] = ndjson([{**r, 'p': r['p'] or None} for r in nasty()]).decode().split('\n')
    table('nasty-flat', ndjson(nasty()), '--schema', schema, '--row-group-rows', '50')
    return made
