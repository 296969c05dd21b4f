#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""csv_check.py - CSV and TSV of smreplay in DuckDB, Python, pandas and LibreOffice, unchanged. Prints TAP."""
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

BIN = os.environ['SM_BIN']
HOSTILE = ['', ' ', 'a', '0012', '007.50', '-0', '+49', '=1+1', '=cmd|"/c calc"!A1', '@sum', '1e5', '9007199254740993', '18446744073709551615', 'a,b', '"', '""', '"q"', 'say "hi", then',
           'line\nend', '\n', '\n\n', 'cr\rlf\r\nend', ' lead', 'trail ', '\ttab\t', '#comment', 'a;b|c', "it's", '\\', '\\n', 'NULL', 'null', 'nan', 'true', '2026-11-30', '12:30',
           '1/2', '日本語', 'é', '👩\u200d👩\u200d👧', '\u202eabc', 'العربية', '\ufeffbom', '\u2028', 'x' * 3000, '[1,"a"]', '{"k":"v\\n"}', '\x01\x1b[2J', '\x7f']
n = bad = 0


def ok(name, good, why=''):
    global n, bad
    n += 1
    bad += not good
    print(f'{"" if good else "not "}ok {n} - {name}')
    if not good:
        print('\n'.join('# ' + line for line in str(why)[:1500].split('\n')))


def skip(name, why):
    global n
    n += 1
    print(f'ok {n} - {name} # skip {why}')


def run(*args, stdin=None):
    return subprocess.run(args, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if 'soffice' in args[0] else None, check=True).stdout


def tool(name, *args, stdin=None):
    return run(f'{BIN}/{name}', *args, stdin=stdin)


def records(values):
    """A row for each value, in every column; the last of them may be null."""
    rnd = random.Random(5)
    for i, v in enumerate(values):
        yield {'id': str(9007199254740993 + i), 'n': 9007199254740993 + i, 'text': v, 'mix': rnd.choice(values), 'last': None if i % 3 == 1 else rnd.choice(values)}


def first_difference(got, want):
    if len(got) != len(want):
        return f'{len(got)} rows, not {len(want)}'
    return next((f'row {i}: {g!r}\nnot    {w!r}' for i, (g, w) in enumerate(zip(got, want)) if g != w), None)


def same(name, got, want):
    why = first_difference(got, want)
    ok(name, why is None, why)


def in_python(path):
    with open(path, newline='', encoding='utf-8') as f:
        return [tuple(r) for r in csv.reader(f)]


def in_libreoffice(path, columns, soffice):
    """All columns as text, in and out."""
    out = os.path.join(os.path.dirname(path), 'out')
    formats = '/'.join(f'{i + 1}/2' for i in range(columns))
    run(soffice, '--headless', f'-env:UserInstallation=file://{out}.profile', f'--infilter=CSV:44,34,76,1,{formats},0,false,false', '--convert-to',
        'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,false', '--outdir', out, path)
    return in_python(os.path.join(out, os.path.basename(path)))


def write(folder):
    want = list(records(HOSTILE))
    ndjson = '\n'.join(json.dumps({k: v for k, v in r.items() if v is not None}, ensure_ascii=False) for r in want).encode()
    table = os.path.join(folder, 't')
    tool('smcommit', '-q', stdin=tool('smpartition', '-q', table, stdin=ndjson))
    paths = {}
    for form in ('csv', 'tsv'):
        paths[form] = os.path.join(folder, f'posts.{form}')
        with open(paths[form], 'wb') as f:
            f.write(tool('smreplay', table, '-o', form))
    head = tuple(want[0])
    return paths, head, [tuple(None if v is None else str(v) for v in r.values()) for r in want]


def unescaped(s):
    return s.replace('\\\\', '\0').replace('\\t', '\t').replace('\\n', '\n').replace('\\r', '\r').replace('\0', '\\')


def out_of_us(folder):
    paths, head, want = write(folder)
    empty = [tuple(v or '' for v in r) for r in want]
    same("Python's csv reads our CSV", in_python(paths['csv']), [head] + empty)
    with open(paths['tsv'], newline='\n', encoding='utf-8') as f:
        same('a line and a tab are enough to read our TSV', [tuple(map(unescaped, line[:-1].split('\t'))) for line in f], [head] + empty)
    try:
        import duckdb
        db = duckdb.connect()
        for how in ('', ", delim = ',', quote = '\"', escape = '\"', header = true"):
            got = db.execute(f"SELECT * FROM read_csv('{paths['csv']}', all_varchar = true{how})").fetchall()
            same(f'DuckDB reads our CSV as text{", told how" if how else ""}', [tuple(v or '' for v in r) for r in got], empty)
        got = db.execute(f"SELECT * FROM read_csv('{paths['csv']}', all_varchar = true, allow_quoted_nulls = false)").fetchall()
        same('DuckDB tells null from the empty text', got, want)
        ok('DuckDB finds our header', [d[0] for d in db.execute(f"SELECT * FROM read_csv('{paths['csv']}', all_varchar = true) LIMIT 0").description] == list(head))
    except ImportError:
        skip('DuckDB reads our CSV', 'Python has no duckdb here')
    try:
        import pandas
        frame = pandas.read_csv(paths['csv'], dtype=str, keep_default_na=False)
        same('pandas reads our CSV as text', [tuple(r) for r in frame.values.tolist()], empty)
    except ImportError:
        skip('pandas reads our CSV', 'Python has no pandas here')
    soffice = shutil.which('soffice')
    if not soffice:
        skip('LibreOffice reads our CSV', 'there is no soffice here (libreoffice-calc-nogui)')
        return
    # It holds no control characters in a cell, and one kind of line end.
    plain = [(i, r) for i, r in enumerate(empty) if not any(c < ' ' and c not in '\n\t' for v in r for c in v)]
    path = os.path.join(folder, 'plain.csv')
    ids = {r[0] for _, r in plain}
    with open(path, 'wb') as f:
        f.write(tool('smreplay', os.path.join(folder, 't'), '-o', 'csv', '--where', 'id IN (' + ', '.join(f"'{i}'" for i in sorted(ids)) + ')'))
    same('LibreOffice reads our CSV as text', in_libreoffice(path, len(head), soffice), [head] + [r for _, r in plain])
    got = [tuple(v or '' for v in r) for r in read_by_us(os.path.join(folder, 'out', 'plain.csv'))]
    same("we read LibreOffice's CSV", got, [r for _, r in plain])


def read_by_us(path, *options):
    """The rows that smfetch makes of it; null is None."""
    text = tool('smfetch', 'files', *options, path).decode()
    return [tuple(json.loads(line).values()) for line in text.split('\n') if line]


def into_us(folder):
    want = [tuple(None if v is None else str(v) for v in r.values()) for r in records(HOSTILE)]
    head = tuple(next(records(HOSTILE)))
    path = os.path.join(folder, 'theirs.csv')
    for name, options in (('as it writes', {}), ('all quoted', {'quoting': csv.QUOTE_ALL}), ('LF', {'lineterminator': '\n'})):
        with open(path, 'w', newline='', encoding='utf-8') as f:
            csv.writer(f, **options).writerows([head] + want)
        got = [tuple(v or '' for v in r) for r in read_by_us(path)]
        same(f"we read Python's CSV, {name}", got, [tuple(v or '' for v in r) for r in want])
    try:
        import duckdb
        db = duckdb.connect()
        db.execute('CREATE TABLE t (' + ', '.join(f'"{c}" VARCHAR' for c in head) + ')')
        db.executemany('INSERT INTO t VALUES (?, ?, ?, ?, ?)', [list(r) for r in want])
        for options, exact in (('', False), (', FORCE_QUOTE *', False), (", NULLSTR '\\N'", False)):
            db.execute(f"COPY t TO '{path}' (FORMAT csv, HEADER{options})")
            got = [tuple('' if v in (None, '\\N') and (v is None or 'NULLSTR' in options) else v for v in r) for r in read_by_us(path)]
            same(f"we read DuckDB's CSV{options}", got, [tuple(v or '' for v in r) for r in want])
    except ImportError:
        skip("we read DuckDB's CSV", 'Python has no duckdb here')
    try:
        import pandas
        pandas.DataFrame(want, columns=head).to_csv(path, index=False)
        same("we read pandas' CSV", [tuple(v or '' for v in r) for r in read_by_us(path)], [tuple(v or '' for v in r) for r in want])
    except ImportError:
        skip("we read pandas' CSV", 'Python has no pandas here')


def main():
    csv.field_size_limit(1 << 30)
    with tempfile.TemporaryDirectory() as folder:
        out_of_us(folder)
        into_us(folder)
    print(f'1..{n}')
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
