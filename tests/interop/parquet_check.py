#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""parquet_check.py PQDUMP - the Parquet codec against pyarrow and DuckDB, both ways. Prints TAP.

Random rows that pqdump writes must be read by both as pqdump prints them; random tables that pyarrow and DuckDB write, in
every encoding, codec and page version, must be read by pqdump as pyarrow reads them.
"""
import datetime
import decimal
import itertools
import os
import random
import string
import subprocess
import sys
import tempfile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import common
import pqcanon

ALL = ('struct<a:boolean,b:byte,c:short,d:int,e:long,f:float,g:double,h:decimal(5,2),i:decimal(18,9),'
       'j:decimal(38,10),k:string,l:binary,m:date,n:timestamp,o:timestamp_ntz>')
NESTED = ('struct<id:long,s:struct<a:int,b:string,t:struct<c:double>>,l:array<string>,m:map<string,long>,'
          'x:array<struct<p:string,q:array<array<int>>,r:map<int,struct<u:boolean,v:array<decimal(20,3)>>>>>>')
count = failed = 0


def report(label, why):
    global count, failed
    count += 1
    failed += why is not None
    print(f"{'not ok' if why else 'ok'} {count} - {label}")
    if why:
        print('# ' + why.replace('\n', '\n# '), flush=True)


def run(*args):
    p = subprocess.run(args, capture_output=True, timeout=300)
    if p.returncode:
        raise RuntimeError(f'{" ".join(args)[:200]}: status {p.returncode}: {p.stderr.decode()[-500:]}')
    return p.stdout.decode()


def duck_rows(path, schema):
    """DuckDB hands its rows over as Arrow; casts bring its types back to the file's."""
    con = duckdb.connect()
    con.execute("set timezone='UTC'")
    table = con.execute(f"select * from read_parquet('{path}')").to_arrow_table()
    return pqcanon.arrow_rows(table.cast(pa.schema([f for f in schema])))


def ours_to_others(pqdump, tmp):
    path = os.path.join(tmp, 'ours.parquet')
    options = [[], ['codec=none', 'dict=0'], ['codec=gzip', 'page=300'], ['codec=zstd', 'group=700', 'threads=3'],
               ['codec=lz4', 'nulls=0', 'distinct=7'], ['nulls=1'], ['nulls=2', 'distinct=300', 'page=1000'],
               ['distinct=30', 'length=300', 'append=1']]
    for (name, types), opts in itertools.product((('all', ALL), ('nested', NESTED)), options):
        label = f"we write {name} {' '.join(opts)}"
        try:
            text = run(pqdump, 'random', types, '3000', '7', path, *opts)
            table = pq.ParquetFile(path, page_checksum_verification=True).read()
            want = pqcanon.json_rows(text, table.schema)
            report(label + ', pyarrow reads', pqcanon.first_difference(pqcanon.arrow_rows(table), want))
            report(label + ', duckdb reads', pqcanon.first_difference(duck_rows(path, table.schema), want))
            report(label + ', we read', None if run(pqdump, 'read', path) == text else 'other rows')
        except Exception as e:
            report(label, f'{type(e).__name__}: {e}')


def check_statistics(pqdump, tmp):
    """What the footer says of minimum, maximum and nulls must hold for the rows."""
    path = os.path.join(tmp, 'stats.parquet')
    run(pqdump, 'random', ALL, '5000', '11', path, 'group=1000', 'length=200')
    file = pq.ParquetFile(path)
    why = None
    for g in range(file.num_row_groups):
        table = file.read_row_group(g)
        for i, field in enumerate(table.schema):
            s = file.metadata.row_group(g).column(i).statistics
            v = [x for x in table.column(i).to_pylist() if x is not None]
            if s.null_count != table.column(i).null_count:
                why = f'{field.name}: null count {s.null_count}'
            if not s.has_min_max:
                why = f'{field.name}: no bounds'
            elif pa.types.is_string(field.type) or pa.types.is_binary(field.type):
                raw = (lambda x: x.encode()) if pa.types.is_string(field.type) else (lambda x: x)
                if raw(s.min) > min(map(raw, v)) or raw(s.max) < max(map(raw, v)):
                    why = f'{field.name}: {s.min!r} {s.max!r}'
            elif (s.min, s.max) != (min(v), max(v)):
                why = f'{field.name}: {s.min!r} {s.max!r}, not {min(v)!r} {max(v)!r}'
    report('statistics hold', why)


def random_table(n, seed):
    r = random.Random(seed)

    def maybe(f):
        return [None if r.random() < .1 else f() for _ in range(n)]

    def text():
        return ''.join(r.choice(string.ascii_letters + 'é日😀') for _ in range(r.randrange(20)))

    def number(bits):
        return r.randrange(-1 << (bits - 1), 1 << (bits - 1))
    names = [text() for _ in range(20)]
    struct = pa.struct([('x', pa.int32()), ('y', pa.list_(pa.string()))])
    tz = datetime.timezone.utc
    day = datetime.datetime(2020, 1, 1)
    cols = {
        'b': pa.array(maybe(lambda: r.random() < .5), pa.bool_()),
        'run': pa.array([i // 700 % 2 == 0 for i in range(n)], pa.bool_()),
        'i8': pa.array(maybe(lambda: number(8)), pa.int8()),
        'i16': pa.array(maybe(lambda: number(16)), pa.int16()),
        'i32': pa.array(maybe(lambda: number(32)), pa.int32()),
        'i64': pa.array(maybe(lambda: number(64)), pa.int64()),
        'seq': pa.array(range(n), pa.int64()),
        'u8': pa.array(maybe(lambda: r.randrange(1 << 8)), pa.uint8()),
        'u16': pa.array(maybe(lambda: r.randrange(1 << 16)), pa.uint16()),
        'u32': pa.array(maybe(lambda: r.randrange(1 << 32)), pa.uint32()),
        'u64': pa.array(maybe(lambda: r.randrange(1 << 64)), pa.uint64()),
        'f16': pa.array(maybe(lambda: r.choice([0.5, -2.0, 1e-7, 65504.0, float('inf')])), pa.float16()),
        'f32': pa.array(maybe(lambda: r.choice([r.random(), float('nan'), float('-inf')])), pa.float32()),
        'f64': pa.array(maybe(r.random), pa.float64()),
        's': pa.array(maybe(text), pa.string()),
        'enum': pa.array(maybe(lambda: r.choice(names)), pa.string()),
        'bin': pa.array(maybe(lambda: r.randbytes(r.randrange(9))), pa.binary()),
        'fix': pa.array(maybe(lambda: r.randbytes(5)), pa.binary(5)),
        'date': pa.array(maybe(lambda: day.date() + datetime.timedelta(r.randrange(9999))), pa.date32()),
        'd9': pa.array(maybe(lambda: decimal.Decimal(r.randrange(-10**9 + 1, 10**9)).scaleb(-3)), pa.decimal128(9, 3)),
        'd30': pa.array(maybe(lambda: decimal.Decimal(r.randrange(10**18)).scaleb(-7)), pa.decimal128(30, 7)),
        't32': pa.array(maybe(lambda: r.randrange(86400000)), pa.int32()).cast(pa.time32('ms')),
        't64': pa.array(maybe(lambda: r.randrange(86400000000)), pa.int64()).cast(pa.time64('us')),
        'list': pa.array(maybe(lambda: [r.choice([None, 1, number(40)]) for _ in range(r.randrange(5))]),
                         pa.list_(pa.int64())),
        'deep': pa.array(maybe(lambda: [[{'x': number(20), 'y': [text()] * r.randrange(3)}] * r.randrange(3)
                                              for _ in range(r.randrange(3))]), pa.list_(pa.list_(struct))),
        'map': pa.array(maybe(lambda: [(f'k{i}', number(30)) for i in range(r.randrange(4))]),
                        pa.map_(pa.string(), pa.int64())),
        'st': pa.array(maybe(lambda: {'x': r.choice([None, 5]), 'y': r.choice([None, [], ['q', None]])}), struct),
        'none': pa.nulls(n),
    }
    for unit, zone in itertools.product(('s', 'ms', 'us', 'ns'), (None, 'UTC')):
        start = {'s': 1, 'ms': 1000, 'us': 10**6, 'ns': 10**9}[unit]
        cols[f't{unit}{zone or ""}'] = pa.array(maybe(lambda: r.randrange(-10**9 * start, 4 * 10**9 * start)),
                                                pa.int64()).cast(pa.timestamp(unit, zone))
    return pa.table(cols)


def others_to_us(pqdump, tmp):
    path = os.path.join(tmp, 'theirs.parquet')
    table = random_table(3000, 5)
    plain = [c for c in table.schema.names if c not in ('none',)]
    encodings = {
        'DELTA_BINARY_PACKED': {c: 'DELTA_BINARY_PACKED' for c in ('i32', 'i64', 'seq', 'tus', 'date', 'u64')},
        'DELTA_LENGTH_BYTE_ARRAY': {c: 'DELTA_LENGTH_BYTE_ARRAY' for c in ('s', 'enum', 'bin')},
        'DELTA_BYTE_ARRAY': {c: 'DELTA_BYTE_ARRAY' for c in ('s', 'enum', 'bin', 'fix')},
        'BYTE_STREAM_SPLIT': {c: 'BYTE_STREAM_SPLIT' for c in ('f32', 'f64', 'i32', 'i64', 'fix', 'f16')},
        'RLE': {'b': 'RLE', 'run': 'RLE'},
    }
    options = {f'{codec}, {version}, dictionary {d}': dict(compression=codec, data_page_version=version, use_dictionary=d)
               for codec in ('none', 'snappy', 'gzip', 'zstd', 'lz4') for version in ('1.0', '2.0') for d in (True, False)}
    for name, e in encodings.items():
        for version in ('1.0', '2.0'):
            options[f'{name}, {version}'] = dict(column_encoding=e, use_dictionary=False, data_page_version=version)
    options['small pages'] = dict(data_page_size=100, write_batch_size=10, data_page_version='2.0')
    options['small groups'] = dict(row_group_size=17)
    options['dictionary overflow'] = dict(dictionary_pagesize_limit=500, data_page_size=400, write_batch_size=50)
    options['INT96'] = dict(use_deprecated_int96_timestamps=True)
    options['check sums'] = dict(write_page_checksum=True)
    options['2-level lists'] = dict(use_compliant_nested_type=False)
    options['version 1.0'] = dict(version='1.0')
    options['page index'] = dict(write_page_index=True)
    for label, o in options.items():
        try:
            some = [c for c in plain if label != 'version 1.0' or not c.startswith('tns')]
            pq.write_table(table.select(some), path, **o)
            theirs = pq.ParquetFile(path, coerce_int96_timestamp_unit='us').read()
            rows = pqcanon.json_rows(run(pqdump, 'read', path), theirs.schema)
            want = pqcanon.arrow_rows(theirs)
            if label == 'INT96':  # an instant to us, a time without a zone to pyarrow
                for row, c in itertools.product(rows + want, theirs.schema.names):
                    if pa.types.is_timestamp(theirs.schema.field(c).type):
                        row[c] = row[c] and row[c][:5]
            report(f'pyarrow writes {label}', pqcanon.first_difference(rows, want))
        except Exception as e:
            report(f'pyarrow writes {label}', f'{type(e).__name__}: {e}')
    try:
        pq.write_table(table.select(['seq', 'none']), path)
        rows = run(pqdump, 'read', path).splitlines()
        report('a column of no type', None if rows[5] == '{"seq":5,"none":null}' else rows[5])
    except Exception as e:
        report('a column of no type', str(e))


def duckdb_to_us(pqdump, tmp):
    path = os.path.join(tmp, 'duck.parquet')
    con = duckdb.connect()
    con.execute("set timezone='UTC'")
    query = ("select i::bigint as i, (i % 7)::tinyint as t, 'name ' || (i % 50) as s, i / 7.0 as d, "
             "case when i % 5 = 0 then null else (i * 1.5)::decimal(20, 3) end as c, "
             "timestamp '2020-01-01' + to_microseconds(i * 1234567) as ts, date '2000-01-01' + i::int as dt, "
             "[i, null, i + 1] as l, {'a': i, 'b': [i::varchar]} as st, map {i::varchar: i} as m, i % 3 = 0 as b, "
             "(i * 12 % 251)::utinyint as u from (select unnest(range(20)) + 1 as i) "
             "union all select r, null, null, null, null, null, null, null, null, null, null, null from range(5000) t(r)")
    for codec, version in itertools.product(('snappy', 'zstd', 'gzip', 'lz4_raw', 'uncompressed'), ('V1', 'V2')):
        label = f'duckdb writes {codec}, {version}'
        try:
            con.execute(f"copy ({query}) to '{path}' (format parquet, codec '{codec}', parquet_version {version})")
            theirs = pq.read_table(path)
            rows = pqcanon.json_rows(run(pqdump, 'read', path), theirs.schema)
            report(label, pqcanon.first_difference(rows, pqcanon.arrow_rows(theirs)))
        except Exception as e:
            report(label, f'{type(e).__name__}: {e}')


def main():
    pqdump = sys.argv[1]
    with tempfile.TemporaryDirectory() as tmp:
        ours_to_others(pqdump, tmp)
        check_statistics(pqdump, tmp)
        others_to_us(pqdump, tmp)
        duckdb_to_us(pqdump, tmp)
    print(f'1..{count}')
    return failed != 0


common.leave(main())
