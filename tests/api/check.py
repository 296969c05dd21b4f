#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/api/check.py WHAT … - judges what smfetch gave out and what the simulator's journal says. Status 0: as it
should be.

ids WANT GOT                          the ids (a line each) of GOT are those of WANT, each once
count JOURNAL [REGEX]                 prints how many requests there were
windows JOURNAL N/PERIOD [REGEX]      in no window of that length are there more than N requests
waits JOURNAL [REGEX]                 no request came while an earlier answer's `not_before` was not over
over JOURNAL                          no request was above a limit
repeats JOURNAL [REGEX]               prints requests that were asked again although they had been answered well
marks FILE                            marks are in order, the first and the last are there; prints the last's `end`
secret FILE… -- SECRET…               no FILE holds a SECRET in any encoding
"""

import json
import re
import sys
from collections import Counter

SLACK = 0.06  # seconds: what lies between sending and being noted


def journal(path, regex='.'):
    """Requests with their answers, in order."""
    reqs, answers = [], {}
    for line in open(path, encoding='utf-8'):
        j = json.loads(line)
        if 'method' in j:
            reqs.append(j)
        else:
            answers[j['n']] = j
    return [
        (r, answers.get(r['n'], {})) for r in reqs if re.search(regex, r['path'] + ('?' + r['raw'] if r['raw'] else ''))
    ]


def fail(text):
    print(text)
    return 1


def ids(want, got):
    want, got = (Counter(open(f, encoding='utf-8').read().split('\n')[:-1]) for f in (want, got))
    lost, new = want - got, got - want
    if not lost and not new:
        return 0
    twice = {k: v for k, v in got.items() if v > 1 and k in want}
    unknown = [k for k in new if k not in want]
    return fail(
        f'{len(lost)} lost {list(lost)[:5]}, {len(twice)} more than once {list(twice)[:5]}, '
        f'{len(unknown)} unknown {unknown[:5]}; {sum(got.values())} records of {sum(want.values())}'
    )


def windows(path, spec, regex='.'):
    n, _, period = spec.partition('/')
    unit = period[-1]
    seconds = float(period[:-1] or 1) * {'s': 1, 'm': 60, 'h': 3600}[unit]
    n = int(n)
    times = sorted(r['mono'] / 1e9 for r, _ in journal(path, regex))
    worst, bad = 0, 0
    for k in range(n, len(times)):
        if times[k] - times[k - n] < seconds - SLACK:
            bad += 1
            worst = max(worst, seconds - (times[k] - times[k - n]))
    if bad:
        return fail(
            f'{bad} windows of {seconds} s have more than {n} of {len(times)} requests, '
            f'the worst is {worst:.3f} s too early'
        )
    return 0


def waits(path, regex='.'):
    bad, until, who = [], 0, None
    for r, a in journal(path, regex):
        t = r['t'] / 1e9
        if t < until - SLACK:
            bad.append(f"request {r['n']} came {until - t:.3f} s before what the answer to request {who} allows")
        if a.get('not_before', 0) > until:
            until, who = a['not_before'], r['n']
    return fail('\n'.join(bad[:5])) if bad else 0


def over(path):
    bad = [r['n'] for r, a in journal(path) if a.get('over')]
    return fail(f'requests above a limit: {bad[:10]}') if bad else 0


def repeats(path, regex='.'):
    seen, again = set(), []
    for r, a in journal(path, regex):
        key = r['method'] + ' ' + r['path'] + '?' + r['raw']
        if key in seen:
            again.append(key)
        if a.get('status') == 200 and not a.get('fault') and not a.get('broken'):
            seen.add(key)
    for key in again:
        print(key)
    return 0


def marks(path):
    found = [json.loads(line)['$mark'] for line in open(path, encoding='utf-8') if line.startswith('{"$mark":')]
    lines = open(path, encoding='utf-8').read().splitlines()
    if not found:
        return fail('no mark')
    if not lines[0].startswith('{"$mark":') or not lines[-1].startswith('{"$mark":'):
        return fail('the stream does not open and close with a mark')
    if 'end' not in found[-1] or any('end' in m for m in found[:-1]):
        return fail(f'the last mark, and it alone, has `end`: {found[-1]}')
    seqs = [m['seq'] for m in found if 'seq' in m]
    if seqs != sorted(set(seqs)):
        return fail(f'seqs do not grow: {seqs}')
    print(found[-1]['end'])
    return 0


def forms(secret):
    """SECRET as it may be written: raw, percent-encoded, base64 at each of its three places, hex, for JSON and HTML."""
    import base64
    import html
    import urllib.parse

    raw = secret.encode()
    out = {'raw': raw}
    quoted = urllib.parse.quote(secret, safe='')
    out['percent'] = quoted.encode()
    out['percent, lower'] = re.sub('%..', lambda m: m[0].lower(), quoted).encode()
    out['percent, few'] = urllib.parse.quote(secret).encode()
    out['form'] = urllib.parse.quote_plus(secret).encode()
    out['all percent'] = ''.join(f'%{b:02X}' for b in raw).encode()
    for k in range(3):
        # The characters that depend on this secret alone.
        for name, enc in (('base64', base64.b64encode), ('base64url', base64.urlsafe_b64encode)):
            text = enc(b'\0' * k + raw + b'\0' * (-(k + len(raw)) % 3))
            first, last = -(-k * 8 // 6), (k + len(raw)) * 8 // 6
            out[f'{name}+{k}'] = text[first:last]
    out['hex'], out['HEX'] = raw.hex().encode(), raw.hex().upper().encode()
    out['json'] = json.dumps(secret)[1:-1].encode()
    out['json, raw'] = json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    out['json, slashes'] = json.dumps(secret)[1:-1].replace('/', '\\/').encode()
    out['json twice'] = json.dumps(json.dumps(secret)[1:-1])[1:-1].encode()
    out['html'] = html.escape(secret).encode()
    return out


def secret(words):
    cut = words.index('--')
    bad = []
    for path in words[:cut]:
        data = open(path, 'rb').read()
        for s in words[cut + 1 :]:
            for name, form in forms(s).items():
                if form and form in data:
                    at = data.index(form)
                    bad.append(f'{path}: {name} form of a secret, in {data[max(0, at - 60):at]!r}…')
    return fail('\n'.join(bad[:10])) if bad else 0


def main():
    what, rest = sys.argv[1], sys.argv[2:]
    if what == 'count':
        print(len(journal(*rest)))
        return 0
    if what == 'secret':
        return secret(rest)
    return {'ids': ids, 'windows': windows, 'waits': waits, 'over': over, 'repeats': repeats, 'marks': marks}[what](
        *rest
    )


if __name__ == '__main__':
    sys.exit(main())
