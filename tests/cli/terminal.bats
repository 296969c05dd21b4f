#!/usr/bin/env bats
# What reaches a terminal or a log: nothing in it is obeyed; what reaches a pipe: the bytes as they are. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"; export HOME=$PWD XDG_CONFIG_HOME=$PWD TERM=xterm PATH=$SM_BIN:$PATH LC_ALL=C.UTF-8
	python3 - <<'E'
import json
# Every character that a terminal obeys; C0 stands in JSON as an escape only.
raw = ''.join(map(chr, [0x7f, *range(0x80, 0xa0), 0x61c, 0x200e, 0x200f, 0x2028, 0x2029, *range(0x202a, 0x202f), *range(0x2066, 0x206a)]))
c0 = ''.join(map(chr, range(1, 0x20)))
evil = '\x1b]0;title\x07\x1b[2J\x1b[5m' + c0 + raw
def line(d): return json.dumps(d, ensure_ascii=False) + '\n'
with open('posts.ndjson', 'w', newline='') as f:
    for i in range(3):
        f.write(line({'id': f'x:{i}', 'created_at': '2026-01-01T00:00:00Z', 'author': {'id': f'a{i}'}, 'lang': 'en', 'net': 'n' + evil,
            'text': 'good ' + evil, 'tags': ['tag' + raw[:40]], 'links': ['https://e.example/' + evil]}))
open('evil', 'w', newline='').write(evil[:40] + raw)
E
	evil=$(cat evil)
}

# Run a command on a terminal, its standard error there too: to screen.
on_terminal() { printf '%s\n' "$1" >cmd; script -qefc 'bash ./cmd' /dev/null </dev/null >screen || true; }
# Does FILE hold nothing that is obeyed, and something at all? The terminal itself makes "\r\n" of "\n"; the colors are ours.
harmless() {
	python3 - "$1" <<'E'
import sys
text = open(sys.argv[1], 'rb').read().decode('utf-8').replace('\r\n', '\n')
for ours in '\x1b[0m', '\x1b[1m', '\x1b[1;34m', '\x1b[32m', '\x1b[36m', '\x1b[90m':
    text = text.replace(ours, '')
bad = sorted({hex(ord(c)) for c in text if c not in '\n\t' and (ord(c) < 32 or 0x7f <= ord(c) < 0xa0 or
    ord(c) in (0x61c, 0x200e, 0x200f) or 0x2028 <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069)})
if bad or not text.strip():
    sys.exit(f'obeyed: {" ".join(bad)}' if bad else 'nothing was printed')
E
}
shows() { on_terminal "$1"; harmless screen || { echo "of: $1"; return 1; }; }

@test "records, tables and actions on a terminal: every tool" {
	smpartition -q --by net t posts.ndjson | smcommit -q >/dev/null
	smfetch files posts.ndjson --resume ck | smpartition t2 | smcommit | smcheckpoint save ck
	for c in 'smjq . posts.ndjson' 'smjq -r .text posts.ndjson' 'smjq -c .text posts.ndjson' 'smsentiment posts.ndjson' 'smrate posts.ndjson' 'smrate --out - posts.ndjson' \
		'smfetch files posts.ndjson' 'smreplay t' 'smreplay t --select text' 'smtrend --min-authors 1 --min-score 0 posts.ndjson' \
		'smtrend --table --min-authors 1 --min-score 0 posts.ndjson' 'smpartition --by net t3 posts.ndjson' 'smpartition --by net t4 posts.ndjson | smcommit' \
		'smtable history t' 'smtable describe t' 'smtable files t' 'smcheckpoint show ck' 'smcheckpoint list ck' 'smfetch --list' 'smgen -n 1'; do
		shows "$c" || return 1
	done
	for f in ndjson json csv tsv table pretty; do
		for c in 'smtable files t' 'smtable describe t' 'smcheckpoint list .' 'smtrend --min-authors 1 --min-score 0 posts.ndjson' 'smreplay t' 'smreplay t --jq .'; do
			shows "$c --color=always -o $f" || return 1
		done
	done
}

@test "on a terminal JSON keeps its meaning; on a pipe and in a file it keeps its bytes" {
	on_terminal 'smjq . posts.ndjson'
	tr -d '\r' <screen | jq -c . >seen; jq -c . posts.ndjson >want
	cmp seen want
	smjq . posts.ndjson | cmp - posts.ndjson
	smfetch files posts.ndjson >out; cmp out posts.ndjson
}

@test "what comes from a server, on a terminal" {
	{ printf '{"items":['; paste -sd, posts.ndjson; printf ']}'; } >page.json
	python3 -u -c '
import http.server
class H(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *a): pass
s = http.server.HTTPServer(("127.0.0.1", 0), H); print(s.server_port); s.serve_forever()' >port 3>&- &
	server=$!
	for _ in $(seq 600); do [ -s port ] && break; sleep 0.1; done
	rc=0; shows "smfetch http-json url=http://127.0.0.1:$(cat port)/page.json records=items" || rc=1
	kill $server
	[ $rc = 0 ]; grep -q '"id":"x:2"' screen
}

@test "errors name what was wrong without passing it on, as text and as JSON, on a terminal and in a log" {
	printf '{"id":"1","n":1}\n' | smpartition -q t - | smcommit -q >/dev/null
	jq -c '{id, n: .text}' posts.ndjson >misfit.ndjson
	printf '{"%s\n' "$evil" >broken.ndjson
	smgen -n 5 >five.ndjson
	for c in 'smpartition t misfit.ndjson' 'smjq . broken.ndjson' 'smsentiment broken.ndjson' 'smtrend broken.ndjson' 'smrate broken.ndjson' 'smfetch files broken.ndjson' \
		'smjq . "no $evil"' 'smfetch "no $evil"' 'smreplay "no $evil"' 'smtable history "no $evil"' 'smcheckpoint show "no $evil"' 'smreplay t --where "id = $evil"' \
		'smjq "$evil" five.ndjson' 'smjq --"$evil" . five.ndjson' 'smtrend --by "$evil" five.ndjson' 'smpartition --by "$evil" u five.ndjson' 'smgen -n "$evil"' \
		'smjq "error(.text)" posts.ndjson' 'smfetch files --as "$evil" five.ndjson' $'smjq . \xff\x9b\xc2.ndjson' $'smfetch \xff\x9b' $'smjq --\xff . five.ndjson'; do
		for j in '' --errors=json; do
			printf 'evil=$(cat evil)\n%s 2>log >/dev/null\n' "${c/ / $j }" >cmd
			rc=0; bash ./cmd || rc=$?
			if [ $rc = 0 ] || [ ! -s log ]; then echo "of: $c $j: status $rc"; cat -v log; return 1; fi
			if [ -n "$j" ]; then cat log >>json.log; else cat log >>text.log; fi
		done
		printf '%s\n' "${c/ / $j } >/dev/null" >>all
	done
	harmless text.log; harmless json.log
	jq -se 'length >= 22 and all(.error or .note or .warning)' json.log
	on_terminal "evil=\$(cat evil); . ./all"
	harmless screen
	[ "$(grep -c '^{' screen)" -ge 22 ]
}

@test "a forged line in a name stays one line" {
	mkdir -p t/_delta_log
	jq -nc '{protocol:{minReaderVersion:1,minWriterVersion:2}},{metaData:{id:"a",name:"n\nversion   99",format:{provider:"parquet",options:{}},schemaString:"{\"type\":\"struct\",\"fields\":[]}",partitionColumns:[],configuration:{}}}' >t/_delta_log/00000000000000000000.json
	smtable describe t -o table >out
	[ "$(grep -c ^version out)" = 1 ]
	grep -qF 'name      n\u000aversion   99' out
	run smjq . $'x\nsmjq: all is well'
	[ "$status" = 4 ]; [ "${#lines[@]}" = 1 ]
}

@test "descriptors that are closed at the start: no file lands there, no message in a file" {
	smgen -n 50 >in.ndjson; sed -i '20s/.*/no record/' in.ndjson
	for closed in '0<&-' '2>&-' '0<&- 2>&-'; do
		rm -rf ck t sp; rc=0
		eval "smfetch files in.ndjson --resume ck --on-error=skip $closed" >out || rc=$?
		[ $rc = 1 ]; [ "$(grep -vc '^{"\$mark"' out)" = 49 ]
		if grep -rq 'smfetch:' ck out; then echo "$closed: a message in a file"; return 1; fi
		rc=0; eval "smpartition t in.ndjson --on-error=skip $closed" >actions || rc=$?
		[ $rc = 1 ]; smcommit -q <actions >/dev/null; [ "$(smreplay t --count)" = 49 ]
		rc=0; eval "smrate --full spill:sp --queue 2 --on-error=skip -r 10000/s in.ndjson $closed" >out || rc=$?
		[ $rc = 1 ]; [ "$(wc -l <out)" = 49 ]
		if grep -rq 'smrate:\|smpartition:' t out actions; then echo "$closed: a message in a file"; return 1; fi
	done
	for c in 'smjq . in.ndjson' 'smfetch files in.ndjson' 'smreplay t' 'smtable history t' 'smpartition u in.ndjson' 'smgen -n 1' 'smjq --help'; do
		rc=0; eval "$c >&- 2>err" || rc=$?
		[ $rc = 4 ]; grep -q 'standard output' err
		rc=0; eval "$c 0<&- >&- 2>&-" || rc=$?
		[ $rc = 4 ]
	done
}
