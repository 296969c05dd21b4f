#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fastparquet_check.py PQDUMP - read what fastparquet writes, over its types and options, and compare with pyarrow. Prints TAP."""
import datetime
import decimal
import itertools
import os
import subprocess
import sys
import tempfile

import fastparquet
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import common
import pqcanon

N = 1000


def frames():
    """(name, DataFrame, options of write): one kind of column each, with and without nulls."""
    rng = np.random.default_rng(8)
    t0 = pd.Timestamp('2026-11-09T12:00:00')
    for kind in ('int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'float32', 'float64'):
        info = np.iinfo(kind) if 'int' in kind else None
        v = rng.integers(info.min, info.max, N, dtype=kind) if info else rng.standard_normal(N).astype(kind)
        yield kind, pd.DataFrame({'c': v}), {}
    for kind in ('Int8', 'Int32', 'Int64', 'UInt16', 'boolean', 'Float64'):
        yield f'nullable {kind}', pd.DataFrame({'c': pd.array([None if i % 7 == 3 else i % 2 if kind == 'boolean' else i % 100 for i in range(N)], dtype=kind)}), {}
    yield 'bool', pd.DataFrame({'c': np.arange(N) % 3 == 0}), {}
    yield 'no rows', pd.DataFrame({'c': np.arange(0), 's': pd.Series([], dtype=object)}), {}
    yield 'one row', pd.DataFrame({'c': [1], 's': ['x']}), {}
    words = [f'word {i % 40} ' + '✓' * (i % 5) for i in range(N)]
    for nulls in (False, True):
        some = [None if nulls and i % 5 == 2 else w for i, w in enumerate(words)]
        yield f'text, nulls {nulls}', pd.DataFrame({'c': pd.Series(some, dtype=object)}), {'object_encoding': 'utf8'}
        yield f'bytes, nulls {nulls}', pd.DataFrame({'c': pd.Series([x and x.encode() for x in some], dtype=object)}), {'object_encoding': 'bytes'}
        yield f'JSON, nulls {nulls}', pd.DataFrame({'c': pd.Series([x and {'a': x} for x in some], dtype=object)}), {'object_encoding': 'json'}
        yield f'categories, nulls {nulls}', pd.DataFrame({'c': pd.Series(some, dtype='category')}), {}
        yield f'int objects, nulls {nulls}', pd.DataFrame({'c': pd.Series([None if nulls and i % 5 == 2 else i for i in range(N)], dtype=object)}), {'object_encoding': 'int'}
        yield f'bool objects, nulls {nulls}', pd.DataFrame({'c': pd.Series([None if nulls and i % 5 == 2 else i % 2 == 0 for i in range(N)], dtype=object)}), {'object_encoding': 'bool'}
        times = pd.Series([pd.NaT if nulls and i % 5 == 2 else t0 + pd.Timedelta(microseconds=i * 1234567) for i in range(N)])
        for unit in ('ms', 'us'):
            yield f'times, {unit}, nulls {nulls}', pd.DataFrame({'c': times.astype(f'datetime64[{unit}]')}), {}
        yield f'times with a zone, nulls {nulls}', pd.DataFrame({'c': times.astype('datetime64[us]').dt.tz_localize('UTC')}), {}
        yield f'times as INT96, nulls {nulls}', pd.DataFrame({'c': times.astype('datetime64[ns]')}), {'times': 'int96'}
    yield 'integer categories', pd.DataFrame({'c': pd.Series(np.arange(N) % 7, dtype='category')}), {}
    yield 'decimals', pd.DataFrame({'c': pd.Series([decimal.Decimal(i) for i in range(N)], dtype=object)}), {'object_encoding': 'decimal'}
    yield 'many columns', pd.DataFrame({f'c{i}': np.arange(N) * i for i in range(60)}), {}
    yield 'an index', pd.DataFrame({'c': np.arange(N)}, index=pd.Index([f'i{i}' for i in range(N)], name='k')), {'write_index': True}


OPTIONS = [dict(zip(('compression', 'row_group_offsets', 'has_nulls', 'stats'), x))
           for x in itertools.product((None, 'SNAPPY', 'GZIP', 'ZSTD', 'LZ4_RAW', 'BROTLI'), (None, [0, 1, 400]), (True, 'infer'), (True,))]
OPTIONS += [{'has_nulls': False}, {'stats': False}, {'file_scheme': 'hive'}, {'file_scheme': 'hive', 'row_group_offsets': [0, 500]}]


def differs(pqdump, path, like):
    """Our rows of PATH against pyarrow's of LIKE."""
    p = subprocess.run([pqdump, 'read', path], capture_output=True, timeout=120)
    if p.returncode:
        return f'refused: {p.stderr.decode(errors="replace").strip()}'
    file = pq.ParquetFile(like, coerce_int96_timestamp_unit='us')
    table = file.read()
    rows, theirs = pqcanon.json_rows(p.stdout.decode(), table.schema), pqcanon.arrow_rows(table)
    for c in (file.schema.column(i) for i in range(len(file.schema))):
        if c.physical_type == 'INT96':   # an instant to us, a time without a zone to pyarrow
            for r in rows + theirs:
                r[c.name] = r[c.name] and r[c.name][:5]
    return pqcanon.first_difference(rows, theirs)


def written(tmp, frame, options):
    """The files, or None where fastparquet itself refuses."""
    path = os.path.join(tmp, f'{len(os.listdir(tmp))}.parquet')
    given = dict(options)
    if len(frame) < 401 and 'row_group_offsets' in given:
        given['row_group_offsets'] = None
    try:
        fastparquet.write(path, frame, **given)
    except Exception:
        return None
    return [os.path.join(path, f) for f in sorted(os.listdir(path)) if f.startswith('part')] if os.path.isdir(path) else [path]


def main():
    pqdump, n, bad, files, unwritten = sys.argv[1], 0, 0, 0, 0
    for name, frame, own in frames():
        n += 1
        why = []
        with tempfile.TemporaryDirectory() as tmp:
            for o in OPTIONS:
                # Without nulls ('infer': in columns of other types than object) it writes NaT and category -1 as values.
                if o.get('has_nulls', True) is not True and any(c.isna().any() and c.dtype != object for _, c in frame.items()):
                    continue
                paths = written(tmp, frame, {**own, **o})
                # With 'infer' the footer has a boolean where a number belongs; pyarrow passes over it, and prints bytes of levels.
                like = written(tmp, frame, {**own, **o, 'has_nulls': True}) if o.get('has_nulls') == 'infer' else paths
                unwritten += paths is None
                for path, other in zip(paths or [], like or []):
                    files += 1
                    d = differs(pqdump, path, other)
                    if d:
                        why.append(f'{o}: {d}')
        bad += bool(why)
        print(f'{"not " if why else ""}ok {n} - fastparquet, {name}')
        for w in why[:3]:
            print(f'# {w}')
    print(f'# {files} files; {unwritten} that fastparquet itself does not write')
    print(f'1..{n}')
    return bad > 0 or files == 0


if __name__ == '__main__':
    common.leave(main())
