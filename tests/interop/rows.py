# SPDX-License-Identifier: MIT
"""Rows as canonical text, whoever read them, to be compared as multisets.

Canonical: keys sorted, null members and absent ones the same, timestamps in UTC to the microsecond with as few digits of
0, 3, 6 as keep the value, whole numbers as such, doubles by value, decimals by value, binary in base64.
"""
import base64
import collections
import datetime
import decimal
import json
import re
import struct

import pyarrow as pa

TIME = re.compile(r'(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)?$')
EPOCH = datetime.datetime(1970, 1, 1)


def number(v):
    """A float or Decimal as the text of its value."""
    if isinstance(v, float):
        if v != v:
            return 'NaN'
        if v in (float('inf'), float('-inf')):
            return 'Infinity' if v > 0 else '-Infinity'
        v = decimal.Decimal(repr(v))
    if v == 0:
        return '-0' if v.is_signed() else '0'
    sign, digits, exp = v.as_tuple()
    while digits[-1] == 0:
        digits, exp = digits[:-1], exp + 1
    return f"{'-' if sign else ''}{''.join(map(str, digits))}e{exp}"


def time_text(us, zone):
    t = EPOCH + datetime.timedelta(microseconds=us)
    text = t.strftime('%Y-%m-%dT%H:%M:%S').rjust(19, '0')
    frac = us % 1000000
    if frac:
        text += f'.{frac // 1000:03d}' if frac % 1000 == 0 else f'.{frac:06d}'
    return text + ('Z' if zone else '')


def normal_time(s):
    """A string that is a time in some form, in the canonical one; any other string as it is."""
    m = TIME.match(s)
    if not m:
        return s
    t = datetime.datetime.fromisoformat(m[1].replace(' ', 'T'))
    us = (t - EPOCH) // datetime.timedelta(microseconds=1) + int((m[2] or '').ljust(6, '0'))
    zone = m[3]
    if zone and zone != 'Z':
        sign = -1 if zone[0] == '-' else 1
        us -= sign * (int(zone[1:3]) * 60 + int(zone[4:])) * 60000000
    return time_text(us, bool(zone))


def from_json(v, key='', depth=0):
    """A parsed record (parse_float=Decimal). Members of the row called *_at or ts* hold times."""
    if isinstance(v, dict):
        return {k: from_json(x, k, depth + 1) for k, x in v.items() if x is not None}
    if isinstance(v, list):
        return [from_json(x, key, depth + 1) for x in v]
    if isinstance(v, decimal.Decimal):
        return ['n', number(v)]
    if isinstance(v, str) and depth == 1 and (key.endswith('_at') or key.startswith('ts')):
        return normal_time(v)
    return v


def from_arrow(v, t):
    """A value that pyarrow's as_py gave for an array of type T (times as integers, see arrow_rows)."""
    if v is None:
        return None
    if pa.types.is_struct(t):
        return {f.name: from_arrow(v[f.name], f.type) for f in t if v[f.name] is not None}
    if pa.types.is_map(t):
        pairs = [(from_arrow(k, t.key_type), from_arrow(x, t.item_type)) for k, x in (v.items() if isinstance(v, dict) else v)]
        if pa.types.is_string(t.key_type) or pa.types.is_large_string(t.key_type):
            return {k: x for k, x in pairs if x is not None}
        return [{'key': k, 'value': x} if x is not None else {'key': k} for k, x in pairs]
    if pa.types.is_list(t) or pa.types.is_large_list(t) or t.__class__.__name__ == 'ListViewType':
        return [from_arrow(x, t.value_type) for x in v]
    if pa.types.is_timestamp(t):
        scale = {'s': 1000000, 'ms': 1000, 'us': 1}.get(t.unit)
        us = v * scale if scale else v // 1000
        return time_text(us, t.tz is not None)
    if pa.types.is_date(t):
        return v.isoformat().rjust(10, '0')
    if pa.types.is_float32(t):
        return float_value(short_float(v))
    if pa.types.is_float64(t):
        return float_value(v)
    if pa.types.is_decimal(t):
        return v.__int__() if t.scale == 0 else ['n', number(v)]
    if isinstance(v, bytes):
        return base64.b64encode(v).decode()
    return v


def short_float(v):
    """The shortest decimal that is V as a 32-bit float."""
    if v != v or v in (float('inf'), float('-inf')):
        return v
    for digits in range(1, 10):
        short = float(f'%.{digits}g' % v)
        try:
            if struct.unpack('<f', struct.pack('<f', short))[0] == v:
                return short
        except OverflowError:
            pass
    return v


def float_value(v):
    text = number(v)
    return text if text[-1] in 'yN' else ['n', text]


def plain_times(t):
    """T with integers in place of timestamps, which Python's datetime could not hold or would shift."""
    if pa.types.is_timestamp(t):
        return pa.int64()
    if pa.types.is_struct(t):
        return pa.struct([pa.field(f.name, plain_times(f.type)) for f in t])
    if pa.types.is_map(t):
        return pa.map_(plain_times(t.key_type), plain_times(t.item_type))
    if pa.types.is_list(t):
        return pa.list_(plain_times(t.value_type))
    if pa.types.is_large_list(t):
        return pa.large_list(plain_times(t.value_type))
    return t


def column(chunked):
    t = chunked.type
    plain = plain_times(t)
    values = chunked if plain == t else chunked.cast(plain)
    return [from_arrow(v, t) for v in values.to_pylist()]


def text(v):
    return json.dumps(v, sort_keys=True, ensure_ascii=False, separators=(',', ':'))


def of_arrow(table):
    """The multiset of a pyarrow table's rows."""
    names = table.schema.names
    columns = [column(table.column(i)) for i in range(len(names))]
    return collections.Counter(text({n: v for n, v in zip(names, row) if v is not None})
                               for row in (zip(*columns) if names else ()))


def of_ndjson(lines):
    """The multiset of NDJSON, marks left out."""
    return collections.Counter(text(from_json(json.loads(line, parse_float=decimal.Decimal)))
                               for line in lines if line.strip() and not line.startswith('{"$mark":'))


def difference(a, b, name_a, name_b):
    """None when equal, else what is the difference."""
    if a == b:
        return None
    left, right = list((a - b).elements()), list((b - a).elements())
    return (f'{name_a} has {sum(a.values())} rows, {name_b} {sum(b.values())}; {len(left)} only in {name_a}, {len(right)} only in '
            f'{name_b}\n{name_a}: {min(left, default="")[:1500]}\n{name_b}: {min(right, default="")[:1500]}')
