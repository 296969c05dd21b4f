#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""corpus_parquet.py PQDUMP - read the files of apache/parquet-testing and compare with pyarrow. Prints TAP.

Every file that pyarrow reads must give the same rows, or be refused for a reason that is listed here; what is
damaged must be refused or read, never crash. Says skip when the corpus is not beside the repository.
"""
import os
import subprocess
import sys
import tempfile

import pyarrow.parquet as pq

import common
import pqcanon

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, '../../../shared/corpora/parquet-testing.tar.xz')

# Refused by name: what the message must say.
REFUSED = {
    'datapage_v1-corrupt-checksum.parquet': 'checksum',
    'rle-dict-uncompressed-corrupt-checksum.parquet': 'checksum',
}


def run(pqdump, *args):
    p = subprocess.run([pqdump, *args], capture_output=True, timeout=120)
    return p.returncode, p.stdout, p.stderr.decode(errors='replace').strip()


def check(pqdump, path):
    """None when all is well, otherwise why not; and a note."""
    name = os.path.basename(path)
    rc, out, err = run(pqdump, 'read', path)
    if rc not in (0, 3, 4):
        return f'pqdump ended with {rc}: {err[-300:]}', ''
    if name in REFUSED:
        return (None, err) if rc and REFUSED[name] in err else (f'not refused: {err}', '')
    if '.encrypted' in name:
        return (None, err) if rc and 'encrypt' in err else (f'not refused: {rc} {err}', '')
    try:
        file = pq.ParquetFile(path, coerce_int96_timestamp_unit='us')
        table = file.read()
    except Exception as e:  # pyarrow cannot: nothing to compare with
        return None, f'pyarrow: {str(e)[:80]}; ours: {rc} {err[:100]}'
    if rc:
        return f'refused: {err}', ''
    rows = pqcanon.json_rows(out.decode(errors='replace'), table.schema)
    theirs = pqcanon.arrow_rows(table)
    if os.path.basename(path) == 'int96_from_spark.parquet':  # pyarrow wraps; its .md tells the value
        theirs[5]['a'] = (290000, 12, 30, 82800, 0, True)
    # INT96 is an instant to us, a time without a zone to pyarrow.
    for c in (file.schema.column(i) for i in range(len(file.schema))):
        if c.physical_type == 'INT96':
            for r in rows + theirs:
                r[c.name] = r[c.name] and r[c.name][:5]
    return pqcanon.first_difference(rows, theirs), f'{len(rows)} rows'


def main():
    pqdump = sys.argv[1]
    if not os.path.exists(CORPUS):
        print('ok 1 - the files of parquet-testing # skip no ../shared/corpora\n1..1')
        return 0
    n = bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        common.unpack(CORPUS, tmp)
        for root, _, files in sorted(os.walk(tmp)):
            for f in sorted(files):
                if '.parquet' not in f or f.endswith('.json'):
                    continue
                n += 1
                path = os.path.join(root, f)
                try:
                    if 'bad_data' in root:
                        rc, _, err = run(pqdump, 'read', path)
                        why, note = (None if rc in (0, 3, 4) else f'pqdump ended with {rc}'), f'{rc} {err}'
                    else:
                        why, note = check(pqdump, path)
                except Exception as e:
                    why, note = f'{type(e).__name__}: {e}', ''
                bad += why is not None
                label = os.path.relpath(path, tmp)
                print(f"{'not ok' if why else 'ok'} {n} - {label}{': ' + note.replace(tmp, '') if note else ''}")
                if why:
                    print(f'# {why}')
    print(f'1..{n}')
    return bad != 0


common.leave(main())
