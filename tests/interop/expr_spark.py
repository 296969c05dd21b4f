#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""expr_spark.py - the examples of tests/unit/test_expr.c, asked of Spark SQL (ANSI off, zone UTC). Prints TAP.

What we want to differ (docs/sql.md, "Where we differ from Spark") is listed here with what Spark says.
"""
import json
import os
import re
import sys
from decimal import Decimal

from pyspark.sql import SparkSession
from pyspark.sql.functions import lit

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../unit/test_expr.c')

DIFFERENT = {
    "i IN ('41.5', '42.0')": 'false',       # Spark compares the texts
    '2147483647 + 1': '-2147483648',        # wraps
    '9223372036854775807 + 1': '-9223372036854775808',
    'floor(nan)': '0',
    "CAST('12.5' AS int)": '12',            # ANSI: an error
    'CAST(300 AS tinyint)': '44',
    'CAST(1e30 AS bigint)': '9223372036854775807',
    'upper(u)': '"STRASSE ÄÖ 😀"',
    'size(nl)': '-1',
    "array_contains(l, '3')": 'error',
    'array_contains(l, NULL)': 'error',
}
TYPES = {'byte': 'tinyint', 'short': 'smallint', 'integer': 'int', 'long': 'bigint'}


def c_string(s):
    return s[1:-1].encode().decode('unicode_escape').encode('latin1').decode()


def literal_of(source, name):
    """A C string made of adjacent literals."""
    body = re.search(rf'static const char {name}\[\] =(.*?);\n', source, re.S).group(1)
    return ''.join(c_string(x) for x in re.findall(r'"(?:[^"\\]|\\.)*"', body))


def examples(source):
    for name, body in re.findall(r'static const struct example (\w+)\[\] = \{(.*?)\n\};', source, re.S):
        for e, w in re.findall(r'\{ ("(?:[^"\\]|\\.)*"), ("(?:[^"\\]|\\.)*") \}', body):
            if name != 'errors' and not re.search(r'current_|now\(|^-- ', c_string(e)):
                yield c_string(e), c_string(w)


def value(text):
    try:
        v = json.loads(text, parse_float=Decimal)
    except ValueError:
        return text
    if isinstance(v, str):  # Spark prints three digits of a fraction
        return re.sub(r'(T\d\d:\d\d:\d\d)(?:\.(\d{3})\d*)?Z$', lambda m: m[1] + '.' + (m[2] or '000') + 'Z', v)
    return v


def ask(table, expr):
    try:
        text = table.selectExpr(f"to_json(struct({expr} as v), map('ignoreNullFields','false'))").collect()[0][0]
    except Exception:
        return 'error'
    return re.match(r'\{"v":(.*)\}$', text, re.S).group(1)


def main():
    source = open(SOURCE).read()
    schema = re.sub(r'\b(byte|short|integer|long)\b', lambda m: TYPES[m[1]], literal_of(source, 'schema_text'))
    spark = (SparkSession.builder.master('local[1]').config('spark.ui.enabled', 'false')
             .config('spark.sql.session.timeZone', 'UTC').config('spark.sql.ansi.enabled', 'false').getOrCreate())
    spark.sparkContext.setLogLevel('OFF')
    rows = spark.sparkContext.parallelize([literal_of(source, 'row_text')])
    schema = re.sub(r'([<,])(\w+|`\w+`):', lambda m: f'{m[1]}`{m[2].strip("`")}`:', schema)
    table = spark.read.schema(spark.createDataFrame([], f'r {schema}').schema['r'].dataType).json(rows)
    table = table.withColumn('nan', lit(float('nan'))).coalesce(1).cache()
    bad = n = 0
    for expr, ours in examples(source):
        n += 1
        theirs = ask(table, expr)
        if value(theirs) != value(DIFFERENT.get(expr, ours)):
            bad += 1
            print(f'# {expr}\n#   Spark {theirs}\n#   ours  {ours}')
    print(f"{'not ok' if bad or n < 400 else 'ok'} 1 - {n} expressions mean what they mean to Spark, {len(DIFFERENT)} differ as documented\n1..1")
    return bad != 0


sys.exit(main())
