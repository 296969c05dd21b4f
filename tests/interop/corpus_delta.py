#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""corpus_delta.py BIN - read the Delta tables of delta-kernel's golden data and of the Delta Acceptance Tests. Prints TAP.

The log by `smtable`, the rows by `smreplay` (both in folder BIN): rows are compared as multisets with the expected Parquet
files, null and absent counting as the same. Tables without expected rows must be refused for the reason listed here, or have
the version and number of files listed here. A table may be refused only if the message names a feature of its protocol.
Says skip when the corpora are not beside the repository.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

import common
import pqcanon

HERE = os.path.dirname(os.path.abspath(__file__))
CORPORA = os.path.join(HERE, '../../../shared/corpora')

# Negative tables: what the message must say.
REFUSED = {
    'data-reader-absolute-paths-escaped-chars': 'no metaData',
    'deltalog-commit-info': 'no schemaString',
    'deltalog-invalid-protocol-version': 'version',
    'deltalog-state-reconstruction-from-checkpoint-missing-metadata': 'no metaData',
    'deltalog-state-reconstruction-from-checkpoint-missing-protocol': 'has no protocol',
    'deltalog-state-reconstruction-without-metadata': 'no metaData',
    'no-delta-log-folder': 'not a Delta table',
    'update-deleted-directory': 'schemaString',
}
# Tables whose files are not there: version and number of files by their logs.
LOG_ONLY = {
    'canonicalized-paths-normal-a': (1, 0),
    'canonicalized-paths-special-a': (1, 0),
    'checkpoint': (14, 1),
    'delete-re-add-same-file-different-transactions': (3, 2),
}


def run(*args):
    p = subprocess.run(args, capture_output=True, timeout=300)
    return p.returncode, p.stdout.decode(errors='replace'), p.stderr.decode(errors='replace').strip()


def filled(v, t):
    """What smreplay leaves out because it is null is put back."""
    if v is None:
        return None
    if pa.types.is_struct(t):
        return {f.name: filled(v.get(f.name), f.type) for f in t}
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return [filled(x, t.value_type) for x in v]
    if pa.types.is_map(t):
        if isinstance(v, dict):
            return {k: filled(x, t.item_type) for k, x in v.items()}
        return [{'key': filled(p['key'], t.key_type), 'value': filled(p.get('value'), t.item_type)} for p in v]
    return v


def our_rows(text, schema):
    whole = pa.struct([pa.field(f.name, pqcanon.storage_type(f.type)) for f in schema])
    out = []
    for line in text.splitlines():
        row = json.loads(line, parse_float=pqcanon.decimal.Decimal)
        if set(row) - set(schema.names):
            raise ValueError(f'columns {sorted(set(row) - set(schema.names))} are not expected')
        out.append(pqcanon.from_json(filled(row, whole), whole))
    return out


def zone_free(v):
    """INT96 is an instant to Delta, a time without a zone to pyarrow: compare without the zone."""
    if isinstance(v, tuple) and len(v) == 6:
        return v[:5]
    if isinstance(v, dict):
        return {k: zone_free(x) for k, x in v.items()}
    if isinstance(v, list):
        return [zone_free(x) for x in v]
    return v


def expected_rows(folder):
    files = sorted(f for f in glob.glob(f'{folder}/**/*.parquet', recursive=True) if not os.path.basename(f).startswith('.'))
    if not files:
        return None, None
    tables = [pq.ParquetFile(f, coerce_int96_timestamp_unit='us').read() for f in files]
    rows = [r for t in tables for r in pqcanon.arrow_rows(t)]
    return tables[0].schema, rows


def text_of(v):
    if isinstance(v, dict):
        return '{' + ','.join(f'{k}:{text_of(v[k])}' for k in sorted(v) if v[k] is not None) + '}'
    if isinstance(v, list):
        return '[' + ','.join(text_of(x) for x in v) + ']'
    if isinstance(v, tuple) and v and v[0] == 'd':
        return format(pqcanon.decimal.Decimal(v[1]), 'f')
    return repr(v)


def compare(ours, theirs):
    a = sorted(text_of(zone_free(r)) for r in ours)
    b = sorted(text_of(zone_free(r)) for r in theirs)
    if len(a) != len(b):
        return f'{len(a)} rows, not {len(b)}'
    for x, y in zip(a, b):
        if x != y:
            return f'{x[:400]}\n# is not\n# {y[:400]}'
    return None


def features(table):
    names = set()
    for f in glob.glob(f'{table}/_delta_log/*.json'):
        for line in open(f):
            try:
                p = json.loads(line).get('protocol') or {}
            except ValueError:
                continue
            names |= set(p.get('readerFeatures') or [])
    return names


def check_rows(bins, table, expected, *as_of):
    schema, theirs = expected_rows(expected)
    rc, out, err = run(f'{bins}/smreplay', table, *as_of)
    if rc:
        named = [f for f in features(table) if f in err]
        return (None, f'refused: {named[0]}') if named else (f'status {rc}: {err[-300:]}', '')
    if schema is None:
        return (None, 'no rows expected') if not out.strip() else ('rows where none are expected', '')
    if 'data-reader-partition-values' in table:
        # Its partition timestamp has no zone in the log; what is expected was read in California. UTC is our reading, and
        # delta-kernel's.
        for r in theirs:
            t = r['as_timestamp']
            r['as_timestamp'] = t and (*t[:3], t[3] - 7 * 3600, *t[4:])
    return compare(our_rows(out, schema), theirs), f'{len(theirs)} rows'


def check_golden(bins, name, folder):
    table = f'{folder}/delta'
    if name in REFUSED:
        rc, _, err = run(f'{bins}/smreplay', table)
        return (None, err) if rc in (3, 4) and REFUSED[name] in err else (f'not refused: {rc} {err}', '')
    rc, out, err = run(f'{bins}/smtable', 'describe', table)
    if rc:
        return f'smtable describe: {rc} {err}', ''
    told = json.loads(out)
    if name in LOG_ONLY:
        got = (told['version'], told['num_files'])
        return None if got == LOG_ONLY[name] else f'version and files are {got}', f'{got}'
    return check_rows(bins, table, f'{folder}/expected')


def check_dat(bins, folder, version):
    want = json.load(open(f'{folder}/expected/{version}/table_version_metadata.json'))
    as_of = [] if version == 'latest' else ['--version-as-of', version[1:]]
    rc, out, err = run(f'{bins}/smtable', 'describe', f'{folder}/delta', *as_of)
    if rc:
        return f'smtable describe: {rc} {err}', ''
    told = json.loads(out)
    got = (told['version'], told['protocol']['min_reader_version'], told['protocol']['min_writer_version'])
    if got != (want['version'], want['min_reader_version'], want['min_writer_version']):
        return f'version and protocol are {got}', ''
    return check_rows(bins, f'{folder}/delta', f'{folder}/expected/{version}/table_content', *as_of)


def cases(bins, tmp):
    for name in sorted(os.listdir(f'{tmp}/golden')):
        folder = f'{tmp}/golden/{name}'
        if os.path.isdir(folder):
            yield f'golden {name}', lambda name=name, folder=folder: check_golden(bins, name, folder)
    for folder in sorted(glob.glob(f'{tmp}/dat/tests/reader_tests/generated/*')):
        for version in sorted(os.listdir(f'{folder}/expected')):
            yield (f'dat {os.path.basename(folder)} {version}',
                   lambda folder=folder, version=version: check_dat(bins, folder, version))


def main():
    bins = sys.argv[1]
    if not os.path.exists(CORPORA):
        print('ok 1 - the tables of the corpora # skip no ../shared/corpora\n1..1')
        return 0
    if not os.path.exists(f'{bins}/smreplay'):
        print('ok 1 - the tables of the corpora # skip no smreplay\n1..1')
        return 0
    n = bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        common.unpack(f'{CORPORA}/delta-golden.tar.xz', f'{tmp}/golden')
        common.unpack(f'{CORPORA}/dat-v0.0.2.tar.xz', f'{tmp}/dat')
        os.makedirs(f'{tmp}/golden/no-delta-log-folder/delta', exist_ok=True)
        for label, check in cases(bins, tmp):
            n += 1
            try:
                why, note = check()
            except Exception as e:
                why, note = f'{type(e).__name__}: {e}', ''
            bad += why is not None
            note = note.replace(tmp, '').split('\n')[0]
            print(f"{'not ok' if why else 'ok'} {n} - {label}{': ' + note if note else ''}")
            if why:
                print(f'# {why}')
    print(f'1..{n}')
    return bad != 0


common.leave(main())
