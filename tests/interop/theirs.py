# SPDX-License-Identifier: MIT
"""Tables that delta-rs and Spark write, and appends both ways."""
import datetime
import decimal
import os

import pyarrow as pa

import rows
import tables

UTC = datetime.timezone.utc


def arrow_table(n=500):
    """All types that Delta and Arrow share."""
    def at(f, every=5):
        return [None if i % every == 3 else f(i) for i in range(n)]
    t0 = datetime.datetime(2026, 11, 9, tzinfo=UTC)
    words = ['', 'a', 'ä/ö', '😀 x', 'null', '%41', 'a=b', None]
    return pa.table({
        'id': pa.array(range(n), pa.int64()),
        'i8': pa.array(at(lambda i: i % 256 - 128), pa.int8()),
        'i16': pa.array(at(lambda i: i * 131 % 65536 - 32768), pa.int16()),
        'i32': pa.array(at(lambda i: i * 4294967 - 2 ** 30), pa.int32()),
        'big': pa.array(at(lambda i: 2 ** 63 - 1 - i), pa.int64()),
        'f32': pa.array(at(lambda i: i / 7), pa.float32()),
        'f64': pa.array(at(lambda i: [i / 7, float('inf'), float('-inf'), -0.0, 1e300][i % 5]), pa.float64()),
        'flag': pa.array(at(lambda i: i % 2 == 0), pa.bool_()),
        'dec': pa.array(at(lambda i: decimal.Decimal(i - 250).scaleb(-2)), pa.decimal128(9, 2)),
        'wide': pa.array(at(lambda i: decimal.Decimal(10 ** 30 + i).scaleb(-5)), pa.decimal128(38, 5)),
        's': pa.array(at(lambda i: f'text {i % 40} ' + '✓' * (i % 5)), pa.string()),
        'bin': pa.array(at(lambda i: bytes([i % 256, 0, 255])), pa.binary()),
        'day': pa.array(at(lambda i: datetime.date(1960, 1, 1) + datetime.timedelta(days=i * 50)), pa.date32()),
        'ts': pa.array(at(lambda i: t0 + datetime.timedelta(microseconds=i * 123456789)), pa.timestamp('us', 'UTC')),
        'list': pa.array(at(lambda i: [None if j == 1 else i + j for j in range(i % 4)]), pa.list_(pa.int64())),
        'st': pa.array(at(lambda i: {'a': i, 'b': {'c': [f'x{i}', None], 'd': None if i % 2 else i / 2}}),
                       pa.struct([('a', pa.int64()), ('b', pa.struct([('c', pa.list_(pa.string())), ('d', pa.float64())]))])),
        'm': pa.array(at(lambda i: [(f'k{j}', i * j) for j in range(i % 3)]), pa.map_(pa.string(), pa.int64())),
        'p': pa.array([words[i % 8] for i in range(n)], pa.string()),
        'pd': pa.array([None if i % 11 == 0 else datetime.date(2026, 11, 1 + i % 3) for i in range(n)], pa.date32()),
        'pt': pa.array([t0 + datetime.timedelta(microseconds=i % 2 * 1500) for i in range(n)], pa.timestamp('us', 'UTC')),
    })


def deltalake_tables(tmp, e):
    lib, t = e.lib, arrow_table()
    path = os.path.join(tmp, 'dl-types')
    lib.write_deltalake(path, t)
    yield 'delta-rs, all types', path, e, [0]

    path = os.path.join(tmp, 'dl-parts')
    lib.write_deltalake(path, t, partition_by=['p', 'pd', 'pt'])
    lib.write_deltalake(path, t.slice(0, 40), mode='append')
    dt = lib.DeltaTable(path)
    dt.delete('id < 10')
    dt.update(updates={'s': "'changed'"}, predicate='id = 20')
    yield 'delta-rs, partitions, a deletion, an update', path, e, [0, 1, 2]

    path = os.path.join(tmp, 'dl-checkpoint')
    small = t.select(['id', 's', 'ts', 'p'])
    for i in range(6):
        lib.write_deltalake(path, small.slice(i * 30, 30), mode='append', partition_by=['p'])
    lib.DeltaTable(path).create_checkpoint()
    lib.write_deltalake(path, small.slice(300, 20), mode='append')
    lib.write_deltalake(path, small.slice(400, 20), mode='overwrite')
    lib.write_deltalake(path, small.slice(420, 5).append_column('more', pa.array(range(5), pa.int32())), mode='append',
                        schema_mode='merge')
    yield 'delta-rs, a checkpoint, an overwrite, a new column', path, e, [0, 5, 6, 7]

    path = os.path.join(tmp, 'dl-compact')
    for i in range(4):
        lib.write_deltalake(path, small.slice(i * 30, 30), mode='append')
    lib.DeltaTable(path).optimize.compact()
    lib.DeltaTable(path).restore(1)
    yield 'delta-rs, compacted, restored', path, e, [3, 4]


TYPES = """id bigint, t tinyint, sm smallint, i int, f float, d double, b boolean, dec decimal(9,2), mid decimal(18,4), wide decimal(38,10),
 s string, bin binary, day date, ts timestamp, l array<int>, ls array<struct<a:int,b:string>>, m map<string,int>, mi map<int,string>,
 st struct<a:bigint,b:struct<c:array<string>,d:double>>"""
SELECT = """select id, cast(if(id %% 5 = 3, null, id %% 200 - 100) as tinyint) t, cast(id %% 30000 as smallint) sm,
 cast(if(id %% 7 = 0, null, id * 100000 %% 2147483647) as int) i, cast(id / 7 as float) f,
 case id %% 6 when 0 then double('NaN') when 1 then double('Infinity') when 2 then double('-0.0') else id / 7 end d, id %% 2 = 0 b,
 cast(id - 150.25 as decimal(9,2)) dec, cast(id * 1234.5678 as decimal(18,4)) mid,
 cast(concat('1234567890123456789012345678.', id) as decimal(38,10)) wide,
 if(id %% 4 = 1, null, concat('text ', id %% 30, ' é 😀')) s, if(id %% 9 = 2, null, cast(concat('b', id) as binary)) bin,
 date_add(date'1900-01-01', cast(id * 200 as int)) day,
 timestamp'1969-12-31 23:59:50' + make_interval(0, 0, 0, 0, 0, 0, id * 0.123457) ts,
 if(id %% 3 = 0, null, transform(sequence(0, cast(id %% 4 as int)), x -> if(x = 1, null, x))) l,
 array(named_struct('a', cast(id as int), 'b', cast(null as string)), named_struct('a', cast(null as int), 'b', 'z')) ls,
 map('k', cast(id as int), 'ü', null) m, map(1, 'one', cast(id as int) + 5, 'x') mi,
 if(id %% 8 = 0, null, named_struct('a', id, 'b', named_struct('c', array('x', null), 'd', id / 2))) st from range(%d) order by id"""


def spark_tables(tmp, e):
    def create(name, columns, select, partition='', properties=''):
        path = os.path.join(tmp, name)
        e.sql(f"create table delta.`{path}` ({columns}) using delta {partition} {properties}")
        e.sql(f"insert into delta.`{path}` {select}")
        return path

    yield 'Spark, all types', create('sp-types', TYPES, SELECT % 300), e, [1]
    for codec in ('zstd', 'gzip', 'lz4', 'lz4_raw', 'uncompressed'):
        try:
            e.spark.conf.set('spark.sql.parquet.compression.codec', codec)
            path = create(f'sp-{codec}', TYPES, SELECT % 60)
        except Exception:
            continue        # a codec that this Spark has not
        finally:
            e.spark.conf.unset('spark.sql.parquet.compression.codec')
        if codec != 'lz4':  # Hadoop's framing, which Parquet has given up
            yield f'Spark, {codec}', path, e, []
    e.spark.conf.set('spark.sql.parquet.outputTimestampType', 'TIMESTAMP_MICROS')
    e.spark.sparkContext._jsc.hadoopConfiguration().set('parquet.writer.version', 'v2')
    yield 'Spark, Parquet pages V2, times as INT64', create('sp-v2', TYPES, SELECT % 300), e, []
    e.spark.sparkContext._jsc.hadoopConfiguration().set('parquet.writer.version', 'v1')
    e.spark.conf.unset('spark.sql.parquet.outputTimestampType')

    cols = 'id bigint, s string, p string, pi int, pd date, pts timestamp, pdec decimal(6,2), pb boolean'
    sel = """select id, concat('r', id) s, element_at(array('a', 'é/ü', 'x=y', '50%%', null, 'sp ace', '', '😀'), cast(id %% 8 as int) + 1) p,
      if(id %% 5 = 0, null, cast(id %% 3 - 1 as int)) pi, date_add(date'1969-12-31', cast(id %% 2 as int)) pd,
      if(id %% 4 = 0, null, timestamp'2026-11-23 10:00:00.5' + make_interval(0, 0, 0, 0, 0, 0, id %% 2 * 0.000001)) pts,
      cast(id %% 2 - 0.5 as decimal(6,2)) pdec, id %% 2 = 0 pb from range(%d)"""
    path = create('sp-parts', cols, sel % 100, 'partitioned by (p, pi, pd, pts, pdec, pb)')
    e.sql(f'delete from delta.`{path}` where id between 20 and 30')
    e.sql(f"update delta.`{path}` set s = 'changed' where id % 10 = 1")
    yield 'Spark, partitions of all types, a deletion, an update', path, e, [1, 2, 3]

    path = create('sp-log', 'id bigint, s string, p int', "select id, 'x', cast(id % 3 as int) from range(30)", 'partitioned by (p)')
    for i in range(12):
        e.sql(f"insert into delta.`{path}` select id + {i * 100}, 'y{i}', cast(id % 3 as int) from range(20)")
    e.sql(f"insert overwrite delta.`{path}` select id, 'z', 1 from range(5)")
    e.sql(f"insert into delta.`{path}` select id, 'zz', 2 from range(5)")
    e.sql(f'optimize delta.`{path}`')
    e.sql(f'alter table delta.`{path}` add columns (more struct<a:int>)')
    e.sql(f"insert into delta.`{path}` select id, 'm', 1, named_struct('a', 7) from range(3)")
    e.sql(f'merge into delta.`{path}` t using (select 1 id, "merged" s) u on t.id = u.id when matched then update set t.s = u.s')
    yield 'Spark, a long log: checkpoint, overwrite, optimize, add columns, merge', path, e, [1, 9, 12, 13, 14, 15]


def spark_features(tmp, e):
    """Tables that need more than reader version 1."""
    def create(name, columns, properties, *statements, partition=''):
        path = os.path.join(tmp, name)
        e.sql(f"create table delta.`{path}` ({columns}) using delta {partition} tblproperties({properties})")
        for sql in statements:
            e.sql(sql.replace('TABLE', f'delta.`{path}`'))
        return path

    yield 'Spark, deletion vectors', create(
        'sp-dv', 'id bigint, s string', "'delta.enableDeletionVectors'='true'",
        "insert into TABLE select id, concat('r', id) from range(3000)", 'delete from TABLE where id % 7 = 0',
        'delete from TABLE where id between 100 and 200', "update TABLE set s = 'changed' where id = 50"), e, [1, 2, 3, 4]
    yield 'Spark, timestamps without zone', create(
        'sp-ntz', 'id bigint, ts_n timestamp_ntz', "'delta.enableDeletionVectors'='false'",
        "insert into TABLE select id, timestamp_ntz'1969-12-31 23:59:50' + make_interval(0, 0, 0, 0, 0, 0, id) from range(20)"), e, []
    yield 'Spark, column mapping, a renamed partition column', create(
        'sp-map', 'id bigint, `a b` string, st struct<x:int,`y z`:int>', "'delta.columnMapping.mode'='name'",
        "insert into TABLE select id, concat('r ', id % 3), named_struct('x', 1, 'y z', cast(id as int)) from range(20)",
        'alter table TABLE rename column `a b` to `c d`', 'alter table TABLE drop column st.x',
        "insert into TABLE select id, 'new', named_struct('y z', 7) from range(5)", partition='partitioned by (`a b`)'), e, []
    yield 'Spark, V2 checkpoints', create(
        'sp-v2cp', 'id bigint', "'delta.checkpointPolicy'='v2', 'delta.checkpointInterval'='2'",
        *[f'insert into TABLE values ({i})' for i in range(5)]), e, [3]
    yield 'Spark, change data feed', create(
        'sp-cdf', 'id bigint, s string', "'delta.enableChangeDataFeed'='true'",
        "insert into TABLE select id, 'x' from range(10)", "update TABLE set s = 'y' where id = 3", 'delete from TABLE where id = 4'), e, []


def refusals(tmp, found):
    """(label, what must not happen): None when smtools refuses to write what the table forbids."""
    if 'spark' not in found:
        return
    e, path = found['spark'], os.path.join(tmp, 'sp-check')
    e.sql(f'create table delta.`{path}` (id bigint) using delta')
    e.sql(f'alter table delta.`{path}` add constraint positive check (id >= 0)')
    e.sql(f'insert into delta.`{path}` select id from range(5)')

    def breaks_constraint():
        try:
            tables.write(path, b'{"id":-5}\n')
        except RuntimeError:
            pass
        left = e.sql(f'select count(*) from delta.`{path}` where id < 0').collect()[0][0]
        return f'{left} rows break the constraint' if left else None
    yield 'a row that breaks a CHECK constraint is not written', breaks_constraint


def make(tmp, found, attempt):
    for name, tables_of in (('deltalake', deltalake_tables), ('spark', spark_tables), ('spark', spark_features)):
        if name in found:
            yield from guarded(tables_of(tmp, found[name]), name, attempt)


def guarded(tables_of, name, attempt):
    """A writer that fails is a failed test, not the end of all."""
    while True:
        try:
            t = next(tables_of)
        except StopIteration:
            return
        except Exception as e:
            why = f'{type(e).__name__}: {e}'[:1500]
            attempt(f'{name} writes its tables', lambda: why)
            return
        yield t


APPENDED = [{'id': 1000 + i, 's': 'appended' if i else '', 'p': ['a', '', None, 'ü/x'][i % 4], 'l': [i, None]} for i in range(20)]


def append(tmp, found, attempt):
    yield from guarded(append_all(tmp, found), 'appending', attempt)


def append_all(tmp, found):
    first = [{'id': i, 's': f'v{i}', 'p': ['a', None, 'ü/x'][i % 3], 'l': [1, i]} for i in range(30)]
    schema = os.path.join(tmp, 'append.schema.json')
    with open(schema, 'w') as f:
        f.write('{"fields":[["id","long"],["s","string"],["p","string"],["l","array<long>"]]}')
    # An empty partition value means null: "" comes back as that.
    others = [{**r, 'p': r['p'] or None} for r in APPENDED]
    want = rows.of_ndjson(tables.ndjson(first + others).decode().split('\n'))
    arrow = pa.table({'id': pa.array([r['id'] for r in others], pa.int64()), 's': [r['s'] for r in others],
                      'p': [r['p'] for r in others], 'l': pa.array([r['l'] for r in others], pa.list_(pa.int64()))})
    if 'deltalake' in found:
        lib = found['deltalake'].lib
        path = os.path.join(tmp, 'ours-then-dl')
        tables.write(path, tables.ndjson(first), '--schema', schema, '--by', 'p')
        lib.write_deltalake(path, arrow, mode='append')
        yield 'ours, appended to by delta-rs', path, want
        path = os.path.join(tmp, 'dl-then-ours')
        lib.write_deltalake(path, pa.table(arrow).slice(0, 0), partition_by=['p'])
        tables.write(path, tables.ndjson(first))
        tables.write(path, tables.ndjson(APPENDED))
        yield "delta-rs's, appended to by us", path, want
    if 'spark' in found:
        e = found['spark']
        path = os.path.join(tmp, 'ours-then-spark')
        tables.write(path, tables.ndjson(first), '--schema', schema, '--by', 'p')
        e.spark.createDataFrame(others, 'id bigint, s string, p string, l array<bigint>').write.format('delta').mode('append').save(path)
        yield 'ours, appended to by Spark', path, want
        e.sql(f'delete from delta.`{path}` where id >= 1000')
        tables.write(path, tables.ndjson(others))
        yield 'ours, Spark deleted, and we appended again', path, want
        path = os.path.join(tmp, 'spark-then-ours')
        e.sql(f'create table delta.`{path}` (id bigint, s string, p string, l array<bigint>) using delta partitioned by (p)')
        tables.write(path, tables.ndjson(first + APPENDED))
        yield "Spark's, appended to by us", path, want
