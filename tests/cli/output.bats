#!/usr/bin/env bats
# How rows are printed: every tool that prints rows x every form (docs/output.md). SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"; export HOME=$PWD XDG_CONFIG_HOME=$PWD PATH=$SM_BIN:$PATH LC_ALL=C.UTF-8 TERM=xterm; unset NO_COLOR
	# The command lines that print rows: one for each tool and command that has --output.
	ROWS=('smtable history t' 'smtable describe t' 'smtable files t' 'smtable check broken' 'smcheckpoint show ck' 'smcheckpoint list .' 'smtable list .' 'smtable schema t' 'smfetch list' 'smfetch list x-recent'
		'smtrend -q --min-authors 1 --min-score 0 --window 1d in.ndjson' 'smreplay t' 'smreplay t --jq .')
	SINGLE=' smtable describe t smcheckpoint show ck '
	smgen -n 40 >in.ndjson
	smfetch files in.ndjson --resume ck | smpartition --by network t | smcommit | smcheckpoint save ck
	cp -r t broken; rm -f broken/network=mastodon/*
}
# show COMMAND FORM…: its output, whatever its status.
show() { local -a c; read -ra c <<<"$1"; rc=0; "${c[@]:0:1}" "${c[@]:1}" "${@:2}" >out 2>err || rc=$?; [ $rc -le 1 ] || { echo "status $rc: $*"; cat err; return 1; }; }
# On a terminal of COLUMNS columns: to screen, "\r\n" as "\n".
on_terminal() { printf 'stty cols %s\n%s\n' "$1" "$2" >cmd; script -qefc 'bash ./cmd' /dev/null </dev/null >raw || true; tr -d '\r' <raw >screen; }

@test "every command with --output is in the matrix, and every tool of rows has it" {
	for t in "$SM_BIN"/*; do
		t=$(basename "$t")
		for c in '' $("$t" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
			"$t" $c --help | grep -q -- ' --output=auto' || continue
			found=; for r in "${ROWS[@]}"; do [[ $r\  == "$t${c:+ $c} "* ]] && found=1; done
			[ -n "$found" ] || { echo "not in the matrix: $t $c"; return 1; }
		done
	done
	for r in "${ROWS[@]}"; do
		read -ra c <<<"$r"; w=${c[1]}; [[ $w == -* ]] && w=
		"${c[0]}" $w --help | grep -q -- '-o, --output=auto|ndjson|json|csv|tsv|table|pretty' || { echo "no --output: $r"; return 1; }
		for o in flatten csv-bom color; do "${c[0]}" $w --help | grep -q -- "--$o" || { echo "no --$o: $r"; return 1; }; done
	done
}

@test "every form of every command: the same rows" {
	for r in "${ROWS[@]}"; do
		show "$r" -o ndjson; cp out ndjson; [ -s ndjson ]
		show "$r"; cmp out ndjson || { echo "auto in a pipe: $r"; return 1; }
		show "$r" --output=json; cp out json; show "$r" --output=pretty; cp out pretty
		for f in csv tsv; do show "$r" -o $f; cp out $f; show "$r" -o $f --flatten; cp out flat.$f; show "$r" -o $f --csv-bom; cp out bom.$f; done
		show "$r" --output=table; cp out table; [ "$(wc -l <table)" -gt 1 ]
		ROW=$r SINGLE=$SINGLE python3 - <<'P' || { echo "of: $r"; return 1; }
import csv, json, os, sys
csv.field_size_limit(1 << 30)
rows = [json.loads(l) for l in open('ndjson')]
doc = json.load(open('json'))
single = f' {os.environ["ROW"]} ' in os.environ['SINGLE']
assert (([doc] if single else doc) == rows), 'json'
text, dec, pretty = open('pretty').read(), json.JSONDecoder(), []
while text.strip():
    v, n = dec.raw_decode(text); pretty.append(v); text = text[n:].lstrip()
assert pretty == rows, 'pretty'
def cell(v): return '' if v is None else v if isinstance(v, str) else json.dumps(v)
def same(got, v):   # numbers and nested values by what they mean
    return got == cell(v) or (not isinstance(v, str) and got and json.loads(got) == v)
def un(s):
    out, i = '', 0
    while i < len(s):
        if s[i] == '\\': out += {'t': '\t', 'n': '\n', 'r': '\r', '\\': '\\'}[s[i + 1]]; i += 2
        else: out += s[i]; i += 1
    return out
def tsv(name): return [[un(c) for c in l.rstrip('\n').split('\t')] for l in open(name, newline='\n')]
for got in (list(csv.reader(open('csv', newline=''))), tsv('tsv')):
    head = got[0]
    assert len(set(head)) == len(head) and len(got) == len(rows) + 1, head
    assert {k for r in rows for k, v in r.items() if v is not None} <= set(head), 'columns'
    for g, r in zip(got[1:], rows):
        assert len(g) == len(head)
        assert all(same(c, r.get(k)) for c, k in zip(g, head)), (head, g, r)
def at(r, path):
    for p in path.split('.'): r = r.get(p) if isinstance(r, dict) else None
    return r
for got in (list(csv.reader(open('flat.csv', newline=''))), tsv('flat.tsv')):
    for g, r in zip(got[1:], rows):
        assert all(same(c, at(r, k)) for c, k in zip(g, got[0])), (got[0], g)
for f in 'csv', 'tsv':
    assert open(f'bom.{f}', 'rb').read() == b'\xef\xbb\xbf' + open(f, 'rb').read()
    assert b'\r' not in open(f, 'rb').read()
P
	done
}

@test "options that do not fit the form: status 2, nothing printed, and it says what fits" {
	for r in "${ROWS[@]}"; do
		read -ra c <<<"$r"
		for bad in '--flatten' '--flatten -o json' '--csv-bom' '--csv-bom -o table' '-o xml' '--color=blue'; do
			run -2 --separate-stderr "${c[@]}" $bad
			[ -z "$output" ] || return 1
			[[ $stderr == *"${bad%%[ =]*}"* ]] || { echo "$r $bad: $stderr"; return 1; }
		done
	done
}

@test "on a terminal: a table that is not wider than it; the environment chooses" {
	for r in "${ROWS[@]}"; do
		on_terminal 60 "$r"
		case $r in
		smreplay*) sed 's/\x1b\[[0-9;]*m//g' screen | jq -cn 'inputs' >seen; $r | jq -c . | cmp - seen; grep -q '^  ' screen; on_terminal 60 "$r -o table" ;;
		*) [ "$(head -c 1 screen)" != '{' ] ;;
		esac
		case $r in *describe* | *'smcheckpoint show'*) continue ;; esac
		sed 's/\x1b\[[0-9;]*m//g' screen | python3 -c '
import sys, unicodedata
wide = [l for l in sys.stdin.read().split("\n") if sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in l) > 60]
sys.exit(f"wider: {wide}" if wide else 0)' || { echo "of: $r"; return 1; }
		on_terminal 60 "$r -o table 2>/dev/null | cat"; show "$r" -o table; cmp screen out
	done
	grep -q '…' <(on_terminal 60 'smtable files t'; cat screen)
	export SM_TABLE_OUTPUT=csv; smtable history t | head -1 | grep -q '^version,timestamp,'
	on_terminal 60 'smtable history t -o ndjson'; jq -e .version screen
}

@test "--color, NO_COLOR, TERM=dumb" {
	esc=$(printf '\033')
	on_terminal 80 'smtable history t'; grep -q "^$esc\[1mversion" screen
	for c in 'NO_COLOR=1 smtable history t' 'TERM=dumb smtable history t' 'smtable history t --color=never' 'smtable history t -o table | cat'; do
		on_terminal 80 "$c"; run ! grep -q "$esc" screen; grep -q version screen
	done
	on_terminal 80 'NO_COLOR= smtable history t'; grep -q "$esc" screen
	NO_COLOR=1 smtable history t -o table --color=always | grep -q "^$esc\[1mversion.*engine$esc\[0m$"
	smtable history t -o ndjson --color=always >out; run ! grep -q "$esc" out
}

@test "a failure leaves a JSON array open" {
	cp -r t half; cd half/_delta_log; cp 00000000000000000000.json 00000000000000000001.json; echo '{bad' >00000000000000000000.json; cd ../..
	run -3 --separate-stderr smtable history half -o json
	[[ $output == '['* ]]; [[ $output != *']' ]]
	run -4 --separate-stderr smcheckpoint list -o json ck nope
	[[ $output == '['* ]]; [[ $output != *']' ]]
}

@test "smtrend reads marks in any form; what is not NDJSON holds none" {
	{ echo '{"$mark":{"v":1,"seq":1}}'; cat in.ndjson; echo '{"$mark":{"v":1,"seq":2,"end":"done"}}'; } >marked
	for f in json csv tsv table pretty; do
		smtrend -q -o $f --min-authors 1 --min-score 0 --window 1d marked >out; [ -s out ]
		run ! grep -q 'mark' out
	done
	smtrend -q --last -o json --min-authors 1 --min-score 0 --window 1d marked | jq -e '([.[].window_start] | unique | length) == 1'
}

@test "smreplay: CSV of no rows, of changes, with a limit, in event time, one column" {
	smreplay t --where false -o csv --flatten --select id,author.handle,text >out; [ "$(cat out)" = 'id,author.handle,text' ]
	[ "$(smreplay t --where false -o csv --select author)" = author ]
	smreplay t --starting-version 0 -o csv --select id >out; [ "$(head -1 out)" = id,_change_type,_commit_version,_commit_timestamp ]
	[ "$(sed 1d out | cut -d, -f2,3 | sort -u)" = insert,0 ]; [ "$(wc -l <out)" = 41 ]
	for i in 1 2 3 4; do printf '{"id":%d,"text":"a\\n\\"b\\",%d\\r\\n","at":"2026-01-01T00:00:0%dZ"}\n' $i $i $((5 - i)); done | smpartition -q lines | smcommit -q >/dev/null
	for opts in '' '--speed max --time at' '-u' '-j 4'; do
		for n in 0 1 3 9; do
			for f in csv json; do
				smreplay lines -o $f -n $n $opts --select id,text >out
				python3 - $f $n <<-'P'
				import csv, json, sys
				got = list(csv.DictReader(open('out', newline=''))) if sys.argv[1] == 'csv' else json.load(open('out'))
				assert len(got) == min(int(sys.argv[2]), 4), got
				assert all(r['text'] == f'a\n"b",{r["id"]}\r\n' for r in got), got
				P
			done
		done
	done
	[ "$(smreplay lines -o csv --speed max --time at --select id | xargs)" = 'id 4 3 2 1' ]
	printf '{"a":null,"b":1}\n{"a":"","b":2}\n{"a":"x","b":3}\n' | smpartition -q one | smcommit -q >/dev/null
	[ "$(smreplay one -o csv)" = $'a,b\n,1\n"",2\nx,3' ]; [ "$(smreplay one -o csv --select a)" = $'a\n""\n""\nx' ]
	[ "$(smreplay one -o tsv)" = $'a\tb\n\t1\n\t2\nx\t3' ]
}

@test "smreplay: what a form cannot hold" {
	for f in json csv tsv table pretty; do run -2 --separate-stderr smreplay t --marks -o $f; [[ $stderr == *'--marks needs --output=ndjson'* ]]; [ -z "$output" ]; done
	run -2 --separate-stderr smreplay t --count -o csv; [[ $stderr == *--count* ]]
	on_terminal 80 'smreplay t --marks --limit 2'; [ "$(grep -c '^{"\$mark"' screen)" = 2 ]; [ "$(wc -l <screen)" = 4 ]
	on_terminal 80 'smreplay t --count'; [ "$(cat screen)" = 40 ]
	# after the first rows a new member has no column
	seq -f '{"n":%g}' 2100 | smpartition -q n | smcommit -q >/dev/null
	run -3 --separate-stderr smreplay n -j 1 -o csv --jq 'if .n == 2000 then {n, new: 1} else . end'; [[ $stderr == *'member new is not among the columns'* ]]
	run -1 --separate-stderr smreplay n -j 1 -o csv --on-error reject=bad --jq 'if .n == 2000 then {n, new: 1} else . end'
	[ "${#lines[@]}" = 2100 ]; [ "$(jq -r .record bad)" = '{"n":2000,"new":1}' ]
	run -0 smreplay n -o table --jq 'if .n == 2000 then {n, new: 1} else . end'; [ "${#lines[@]}" = 2101 ]
}

@test "the commands of docs/output.md and docs/times.md, as they stand there" {
	smgen -n 50 | smpartition -q --schema smpost landing | smcommit -q >/dev/null
	for page in output times; do
		sed -n 's/^    \(sm[a-z]* .*\)/\1/p' "${BATS_TEST_FILENAME%/tests/*}/docs/$page.md" >lines; [ "$(wc -l <lines)" -ge 2 ]
		while IFS= read -r line; do
			[[ $line != *'2h ago'* ]] || line=${line/2h ago/now}   # the table is younger
			bash -e -o pipefail -c "$line" >out 2>err </dev/null || { echo "$line"; cat err; return 1; }
		done <lines
	done
	[ "$(wc -l <posts.csv)" -ge 2 ]
}

@test "old names: --table, --json" {
	smtrend -q --table --min-authors 1 --min-score 0 in.ndjson >a; smtrend -q -o table --min-authors 1 --min-score 0 in.ndjson >b; cmp a b
	for c in 'show ck' 'list .'; do smcheckpoint $c --json >a; smcheckpoint $c -o ndjson >b; cmp a b; done
	for t in 'smtrend' 'smcheckpoint show'; do run ! grep -qE -- '--(table|json)( |$)' <($t --help); done
}
