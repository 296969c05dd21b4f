# SPDX-License-Identifier: MIT
"""Rows of Parquet files as plain values that compare: what pqdump prints, and what pyarrow and DuckDB read.

A value is None, bool, int, ('f', hex of a double), ('d', text of a decimal), str, list, or a dict.
"""
import base64
import datetime
import decimal
import json
import math
import struct

import pyarrow as pa

EPOCH = datetime.datetime(1970, 1, 1)


def real(v, single=False):
    if isinstance(v, str):
        v = {'NaN': math.nan, 'Infinity': math.inf, '-Infinity': -math.inf}[v]
    v = float(v)
    if math.isnan(v):
        return ('f', 'nan')
    return ('f', (struct.pack('<f', v) if single else struct.pack('<d', v)).hex())


def time_text(us, zone):
    """Microseconds since 1970 as pqdump prints them, also outside the years that Python knows."""
    days, us = divmod(us, 86400000000)
    z = days + 719468
    era, doe = divmod(z, 146097)
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    d, m = doy - (153 * mp + 2) // 5 + 1, mp + 3 if mp < 10 else mp - 9
    y = yoe + era * 400 + (m <= 2)
    s, us = divmod(us, 1000000)
    return (y, m, d, s, us, bool(zone))


def parse_time(text):
    zone = text.endswith('Z')
    date, clock = text.rstrip('Z').split('T')
    sign = -1 if date.startswith('-') else 1
    y, m, d = date.lstrip('+-').split('-')
    hms, _, frac = clock.partition('.')
    h, mi, s = hms.split(':')
    return (sign * int(y), int(m), int(d), int(h) * 3600 + int(mi) * 60 + int(s), int((frac + '000000')[:6]), zone)


def from_arrow(v, t):
    """A pyarrow value (as_py of integers and bytes only, see column()) of type T."""
    if v is None:
        return None
    if pa.types.is_struct(t):
        return {f.name: from_arrow(v[i], f.type) for i, f in enumerate(t)}
    if pa.types.is_map(t):
        pairs = [(from_arrow(k, t.key_type), from_arrow(x, t.item_type)) for k, x in v]
        if pa.types.is_string(t.key_type):
            return dict(pairs)
        return [{'key': k, 'value': x} for k, x in pairs]
    if pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_fixed_size_list(t):
        return [from_arrow(x, t.value_type) for x in v]
    if pa.types.is_timestamp(t):
        per = {'s': 1000000, 'ms': 1000, 'us': 1}.get(t.unit)
        us = v * per if per else v // 1000
        return time_text(us, t.tz is not None)
    if pa.types.is_time(t):
        return v * 1000 if t.unit == 'ms' else v // 1000 if t.unit == 'ns' else v
    if pa.types.is_float16(t) or pa.types.is_float32(t):
        return real(v, True)
    if pa.types.is_floating(t):
        return real(v)
    if pa.types.is_decimal(t):
        return ('d', format(v, 'f'))
    if pa.types.is_date(t):
        return time_text(v * 86400000000, False)[:3]
    if pa.types.is_uint64(t):
        return ('d', str(v))
    if pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_fixed_size_binary(t):
        return base64.b64encode(v).decode()
    return v


def values(a):
    """A pyarrow array as a list of plain values; times stay integers, so that no year is out of range."""
    t = a.type
    if isinstance(a, pa.ChunkedArray):
        return [x for c in a.chunks for x in values(c)]
    if isinstance(a, pa.ExtensionArray):
        return values(a.storage)
    if pa.types.is_dictionary(t):
        return values(a.dictionary_decode())
    null = a.is_null().to_pylist()
    if pa.types.is_struct(t):
        cols = [values(a.field(i)) for i in range(t.num_fields)]
        return [None if n else tuple(c[i] for c in cols) for i, n in enumerate(null)]
    if pa.types.is_map(t):
        o = a.offsets.to_pylist()
        k, x = values(a.keys), values(a.items)
        return [None if n else list(zip(k[o[i]:o[i + 1]], x[o[i]:o[i + 1]])) for i, n in enumerate(null)]
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        o = a.offsets.to_pylist()
        x = values(a.values)
        return [None if n else x[o[i]:o[i + 1]] for i, n in enumerate(null)]
    if pa.types.is_timestamp(t) or pa.types.is_time64(t) or pa.types.is_date64(t):
        return a.view(pa.int64()).to_pylist()
    if pa.types.is_date32(t) or pa.types.is_time32(t):
        return a.view(pa.int32()).to_pylist()
    return a.to_pylist()


def storage_type(t):
    if isinstance(t, pa.BaseExtensionType):
        return storage_type(t.storage_type)
    if pa.types.is_struct(t):
        return pa.struct([pa.field(f.name, storage_type(f.type)) for f in t])
    if pa.types.is_map(t):
        return pa.map_(storage_type(t.key_type), storage_type(t.item_type))
    if pa.types.is_list(t):
        return pa.list_(storage_type(t.value_type))
    if pa.types.is_dictionary(t):
        return storage_type(t.value_type)
    return t


def arrow_rows(table):
    cols = []
    for name, c in zip(table.schema.names, table.columns):
        t = storage_type(c.type)
        cols.append([from_arrow(v, t) for v in values(c)])
    names = table.schema.names
    return [dict(zip(names, r)) for r in zip(*cols)] if cols else [{} for _ in range(table.num_rows)]


def from_json(v, t):
    """A value of pqdump's output, by the arrow type that the other side has."""
    if v is None:
        return None
    if pa.types.is_struct(t):
        return {f.name: from_json(v[f.name], f.type) for f in t}
    if pa.types.is_map(t):
        if isinstance(v, dict):
            return {k: from_json(x, t.item_type) for k, x in v.items()}
        return [{'key': from_json(p['key'], t.key_type), 'value': from_json(p['value'], t.item_type)} for p in v]
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return [from_json(x, t.value_type) for x in v]
    if pa.types.is_timestamp(t):
        return parse_time(v)
    if pa.types.is_float16(t) or pa.types.is_float32(t):
        return real(v, True)
    if pa.types.is_floating(t):
        return real(v)
    if pa.types.is_decimal(t) or pa.types.is_uint64(t):
        return ('d', str(v))
    if pa.types.is_date(t):
        y, m, d = v.lstrip('-').split('-')
        return (-int(y) if v.startswith('-') else int(y), int(m), int(d))
    return v



def json_rows(text, schema):
    types = {f.name: storage_type(f.type) for f in schema}
    out = []
    for line in text.splitlines():
        row = json.loads(line, parse_float=decimal.Decimal)
        out.append({k: from_json(v, types[k]) for k, v in row.items()})
    return out


def first_difference(a, b):
    if len(a) != len(b):
        return f'{len(a)} rows, not {len(b)}'
    for i, (x, y) in enumerate(zip(a, b)):
        if x != y:
            for k in y:
                if x.get(k) != y[k]:
                    return f'row {i} {k}: {x.get(k)!r}, not {y[k]!r}'
            return f'row {i}: other columns'
    return None
