# SPDX-License-Identifier: MIT
"""The other engines: each reads a Delta table as a pyarrow table, and asks it for a few rows. See requirements.txt."""
import glob
import os
import shutil
import urllib.parse

import pyarrow as pa
import pyarrow.parquet as pq


class Deltalake:
    name = 'deltalake'

    def __init__(self):
        import deltalake
        self.lib = deltalake

    def read(self, path, version=None):
        return self.lib.DeltaTable(path, version=version).to_pyarrow_table()

    def where(self, path, sql):
        b = self.lib.QueryBuilder().register('t', self.lib.DeltaTable(path))
        return pa.table(b.execute(f'select * from t where {sql}').read_all())


class Pyarrow:
    """The data files alone, by the addresses that the log gives; partition values are put back from the log."""
    name = 'pyarrow'

    def __init__(self):
        import deltalake
        self.lib = deltalake

    def read(self, path, version=None):
        dt = self.lib.DeltaTable(path, version=version)
        schema = pa.schema(dt.schema().to_arrow())
        parts = dt.metadata().partition_columns
        adds = pa.table(dt.get_add_actions(flatten=True)).to_pylist()
        tables = [schema.empty_table()]
        for a in adds:
            t = pq.ParquetFile(os.path.join(path, urllib.parse.unquote(a['path']))).read()
            columns = [pa.array([a[f'partition.{f.name}']] * t.num_rows, f.type) if f.name in parts else t.column(f.name)
                       for f in schema]
            tables.append(pa.table(dict(zip(schema.names, columns))).cast(schema))
        return pa.concat_tables(tables)


class Duckdb:
    name = 'duckdb'

    def __init__(self):
        import duckdb
        import duckdb_extension_delta
        where = os.path.dirname(duckdb_extension_delta.__file__)
        self.con = duckdb.connect(config={'allow_unsigned_extensions': 'true'})
        self.con.execute(f"load '{glob.glob(where + '/extensions/*/delta.duckdb_extension')[0]}'")
        self.con.execute("set timezone = 'UTC'")

    def read(self, path, version=None):
        return self.where(path, 'true', version)

    def where(self, path, sql, version=None):
        at = f', version = {version}' if version is not None else ''
        return self.con.execute(f"select * from delta_scan('{path}'{at}) where {sql}").to_arrow_table()


class Polars:
    name = 'polars'

    def __init__(self):
        import polars
        self.lib = polars

    def read(self, path, version=None):
        return self.lib.read_delta(path, version=version).to_arrow()


class Spark:
    name = 'spark'

    def __init__(self, jars, tmp):
        found = [j for p in ('delta-*.jar', 'unitycatalog-*.jar') for j in glob.glob(os.path.join(jars, p))]
        if not found:
            raise RuntimeError(f'no jars of delta-spark in {jars}')
        if not shutil.which('java'):
            raise RuntimeError('no java here')
        os.environ['SPARK_LOCAL_IP'] = '127.0.0.1'
        from pyspark.sql import SparkSession
        self.spark = (SparkSession.builder.master('local[2]').appName('smtools')
                      .config('spark.jars', ','.join(sorted(found)))
                      .config('spark.sql.extensions', 'io.delta.sql.DeltaSparkSessionExtension')
                      .config('spark.sql.catalog.spark_catalog', 'org.apache.spark.sql.delta.catalog.DeltaCatalog')
                      .config('spark.ui.enabled', 'false').config('spark.driver.memory', '2g')
                      .config('spark.ui.showConsoleProgress', 'false').config('spark.databricks.delta.snapshotPartitions', '2')
                      .config('spark.sql.shuffle.partitions', '2').config('spark.sql.session.timeZone', 'UTC')
                      .config('spark.driver.extraJavaOptions', f'-Duser.timezone=UTC -Dderby.system.home={tmp}')
                      .config('spark.sql.warehouse.dir', os.path.join(tmp, 'warehouse'))
                      .config('spark.databricks.delta.properties.defaults.enableDeletionVectors', 'false')
                      .getOrCreate())
        self.spark.sparkContext.setLogLevel('OFF')

    def read(self, path, version=None):
        r = self.spark.read.format('delta')
        return (r.option('versionAsOf', version) if version is not None else r).load(path).toArrow()

    def where(self, path, sql):
        return self.spark.read.format('delta').load(path).where(sql).toArrow()

    def sql(self, text):
        return self.spark.sql(text)

    def stop(self):
        self.spark.stop()
