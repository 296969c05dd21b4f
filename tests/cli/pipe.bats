#!/usr/bin/env bats
# What all tools owe the pipe: who may speak in it, and what becomes of bad records. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PATH=${SM_BIN:?the folder of the tools}:$PATH
	export XDG_CONFIG_HOME=$PWD LC_ALL=C.UTF-8
	unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
	PIDS=()
}
teardown() {
	local p
	for p in "${PIDS[@]-}"; do [ -n "$p" ] && kill "$p" 2>/dev/null; done
	return 0
}

# Records that are or would become marks; every tool must refuse every one of them where records are read.
forged() {
	cat <<-'F'
	{"$mark":{"v":1,"stream":"11111111-1111-1111-1111-111111111111","from":0,"seq":7,"ck":"/nonexistent","end":"done"}}
	{"$mark":{"v":2}}
	{"$mark":7}
	{"$mark":{"v":1,"end":"done"},"id":"x"}
	{ "$mark":{"v":1,"end":"done"}}
	{"$mark" :{"v":1,"end":"done"}}
	{"\u0024mark":{"v":1,"end":"done"}}
	{"$m\u0061rk":{"v":1,"end":"done"}}
	F
}
good() { printf '{"id":"%s","text":"t","created_at":"2026-01-01T00:00:0%sZ"}\n' "$1" "$1"; }
# Ten good records with the forged ones in their midst.
mixed() { for i in 1 2 3 4 5; do good $i; done; forged; for i in 6 7 8 9; do good $i; done; }
N=8
# check WHAT OUT STATUS REJECTS: good records are all out, forged ones all among the rejects, and no line is a mark.
check() {
	local marks goods rejects
	marks=$(grep -c '^{"$mark":' "$2" || true)
	goods=$(jq -r .id "$2" | sort -u | wc -l)
	rejects=$(jq -r .record "$4" | wc -l)
	if [ "$marks $goods $3 $rejects" != "0 9 1 $N" ]; then
		echo "$1: marks $marks, records $goods, status $3, rejects $rejects"; head -20 "$2" err; return 1
	fi
}

@test "nothing from outside becomes a mark: files of pages and documents, jq's results" {
	mixed >lines; N=$(forged | wc -l)
	jq -Rsc '"{\"data\":[" + (split("\n") | map(select(. != "")) | join(",")) + "]}"' lines | jq -r . >page
	jq -Rsr '"[\n" + (split("\n") | map(select(. != "")) | join(",\n")) + "]\n"' lines >document
	rc=0; smfetch files page --records '.data[]' --on-error=reject=r1 >out 2>err || rc=$?; check page out $rc r1
	rc=0; smfetch files document --on-error=reject=r2 >out 2>err || rc=$?; check document out $rc r2
	rc=0; gzip -c page | smfetch files --records '.data[]' --on-error=reject=r3 >out 2>err || rc=$?; check "page from a pipe" out $rc r3
	run -3 --separate-stderr smfetch files page --records '.data[]'
	[[ "$stderr" == "smfetch: "*"page:1:"*"must not begin with the member \$mark"* ]]
	# A line of a dump that is a mark is left out; in another spelling it is bad.
	rc=0; N=4; smfetch files lines --on-error=reject=r4 >out 2>err || rc=$?; check lines out $rc r4
	# jq makes marks of records: by a program, and by a string that is written raw and has several lines.
	N=8; jq -Rc . lines >texts
	jq -c '{text: .}' texts >in; rc=0; smjq -r '.text | fromjson' --on-error=reject=r5 in >out 2>err || rc=$?; check "smjq" out $rc r5
	jq -c '{text: ("{}\n" + .)}' texts >in; rc=0; smjq -r .text --on-error=reject=r6 in >out 2>err || rc=$?
	[ $rc = 1 ]; [ "$(jq -r .record r6 | wc -l)" = 8 ]; if grep -q '\$mark\|u0024\|u0061' out; then false; fi
}

@test "nothing from outside becomes a mark: what a server says" {
	{ echo 'import json'; echo 'ITEMS = open("lines").read().splitlines()'
	  echo 'def answer(r):'
	  echo '    return (200, ("\n".join(ITEMS) if r.path == "/lines" else "{\"data\":[" + ",".join(ITEMS) + "]}").encode())'; } >peer.script
	mixed >lines; N=$(forged | wc -l)
	python3 "$BATS_TEST_DIRNAME/peer.py" peer.script journal >port 3>&- & PIDS+=($!)
	for _ in $(seq 500); do [ -s port ] && break; sleep .02; done
	U=http://127.0.0.1:$(<port)
	rc=0; smfetch http-json url=$U/page records=data --on-error=reject=r1 >out 2>err || rc=$?; check http-json out $rc r1
	rc=0; smfetch http-ndjson url=$U/lines --on-error=reject=r2 >out 2>err || rc=$?; check http-ndjson out $rc r2
	run -3 --separate-stderr smfetch http-json url=$U/page records=data
	[[ "$stderr" == *"item 6 of the response: a record must not begin with the member \$mark"* ]]
	# Through the whole pipe: nothing of the stream is held up, and each record is there once.
	for _ in 1 2; do
		smfetch http-json url=$U/page records=data --resume ck --on-error=skip 2>err | smpartition t 2>err | smcommit | smcheckpoint save
	done
	[ "$(smreplay t | jq -r .id | sort | tr -d '\n')" = 123456789 ]
	[ "$(cat t/_delta_log/*.json | jq -r 'select(.txn).txn.appId' | sort -u)" = "$(jq -r .id ck/id)" ]
}

@test "nothing from outside becomes a mark: what a table holds, with and without --jq, in every mode" {
	# A table with a first column named $mark, as others may make it: the name is put into a table of ours.
	{ printf '{"zmark":null,"id":"a"}\n{"zmark":{"v":2},"id":"b"}\n{"zmark":{"v":1},"id":"c"}\n{"zmark":null,"id":"d"}\n'; } |
		smpartition t 2>err | smcommit -q >/dev/null
	smpartition u 2>err < <(printf '{"zmark":"x","id":"a"}\n{"zmark":null,"id":"b"}\n') | smcommit -q >/dev/null
	sed -i 's/zmark/$mark/g' u/_delta_log/*.json
	LC_ALL=C sed -i 's/zmark/$mark/g' u/part-*.parquet
	run -3 --separate-stderr smreplay u; [ -z "$output" ]
	[[ "$stderr" == "smreplay: part-"*".parquet:1: a record must not begin with the member \$mark"* ]]
	for j in 1 3; do
		rm -f rej; run -1 --separate-stderr smreplay u -j $j --on-error=reject=rej; [ "$output" = '{"id":"b"}' ]
		[ "$(jq -r .record rej)" = '{"$mark":"x","id":"a"}' ]
	done
	run -0 smreplay u --select id; [ "$output" = $'{"id":"a"}\n{"id":"b"}' ]
	run -0 smreplay u --count; [ "$output" = 2 ]
	smreplay t --jq 'if .zmark then {"$mark": .zmark, id} else {id} end' --on-error=reject=rej2 >out && rc=0 || rc=$?
	[ $rc = 1 ]; [ "$(cat out)" = $'{"id":"a"}\n{"id":"d"}' ]; [ "$(jq -r .record rej2 | jq -r .id | tr -d '\n')" = bc ]
	# A program that fails on a record: that record is bad, the others come.
	run -1 --separate-stderr smreplay t --jq '.id, (if .id == "b" then error("no") else empty end)' --on-error=skip
	[ "$output" = $'"a"\n"c"\n"d"' ]; [[ "$stderr" == *"1 bad record skipped"* ]]
	run -3 --separate-stderr smreplay t --jq 'if .id == "b" then error("no") else .id end'
	[ "$output" = '"a"' ]; [[ "$stderr" == "smreplay: part-"*".parquet:2: --jq: "*no* ]]
	run -0 smreplay t --jq 'if .id == "b" then error("no") else .id end' --limit 1; [ "$output" = '"a"' ]
	run -1 smreplay t --jq 'if .id == "b" then error("no") else .id end' --limit 2 --on-error=skip
	[ "${lines[0]}${lines[1]}" = '"a""c"' ]
}

@test "records that look like marks or actions are bad, or records, in every tool that reads records" {
	mixed | grep -v '^{"$mark":' >in; N=4
	for t in "smjq ." smsentiment "smrate -r 100000/s" "smrate --queue 10" smrate; do
		rm -f rej; rc=0; $t --on-error=reject=rej in >out 2>err || rc=$?; check "$t" out $rc rej
	done
	rm -f rej; rc=0; smtrend --min-authors 1 --on-error=reject=rej in >out 2>err || rc=$?; [ "$rc $(wc -l <rej)" = "1 4" ]
	rm -f rej; rc=0; smpartition --on-error=reject=rej t in >out 2>err || rc=$?; [ "$rc $(wc -l <rej)" = "1 4" ]
	smcommit -q <out >/dev/null; [ "$(smreplay t | jq -r .id | sort | tr -d '\n')" = 123456789 ]
	# An action that smpartition reads is a record; smcommit takes nothing but actions and marks.
	printf '{"add":{"path":"x","size":1}}\n' >act; smpartition u act 2>err | smcommit -q >/dev/null
	[ "$(smreplay u)" = '{"add":{"path":"x","size":1}}' ]
	for line in '{"id":1}' ' {"$mark":{"v":1}}' '{"commitInfo":{}}x' 'x' '{"\u0061dd":{}}'; do
		run -3 --separate-stderr smcommit u <<<"$line"; [[ "$stderr" == "smcommit: <stdin>:1"* ]]
	done
}

# --- the one loop of the filters ---

FILTERS=("smjq ." smsentiment "smtrend --min-authors 1" smrate "smrate --queue 10" "smrate --time created_at --watermark 1h")

@test "a malformed mark stops every tool in every mode, with its place" {
	local bad=('{"$mark":{"v":1,"stream":5}}' '{"$mark":7}' '{"$mark":{"v":99}}' '{"$mark":' '{"$mark":{"v":1},"x":1}' '{"$mark":{"v":1,"seq":1,"seq":2}}' '{"$mark":{"v":1,"end":"dead"}}'
		'{"$mark":{"v":1,"stream":"s","from":0,"seq":1,"ck":"'$PWD'"}}')
	printf '{"id":"1"}\n' >n
	for t in "${FILTERS[@]}" "smpartition t"; do for m in "${bad[@]}"; do for mode in stop reject=rej; do
		{ good 1; printf '%s\n' "$m"; good 2; } >in
		rc=0; $t --on-error=$mode in >out 2>err || rc=$?
		if [ $rc != 3 ] || ! grep -q "^[a-z]*: in:2" err || grep -q '"id":"2"' out || { [[ $t != smtrend* && $t != smp* ]] && ! grep -q '"id":"1"' out; }; then
			echo "$t $mode $m: $rc"; cat err out; return 1
		fi
	done; done; done
	[ ! -e rej ]
	# One whose checkpoint is another stream's as well.
	smfetch files n --resume ck >/dev/null
	printf '{"$mark":{"v":1,"stream":"other","from":0,"seq":1,"ck":"%s"}}\n' "$PWD/ck" >in
	for t in "${FILTERS[@]}" "smpartition t"; do run -3 --separate-stderr $t in; [[ "$stderr" == *": in:1: mark: "*"not of other"* ]]; [ -z "$output" ]; done
}

@test "a mark that the checkpoint's journal does not have stops every tool, and nothing of it is committed" {
	mkdir in; good 3 >in/a.ndjson
	smfetch files in --resume ck >first; smpartition t <first >acts; smcommit <acts | smcheckpoint save
	id=$(jq -r .id ck/id)
	m() { printf '{"$mark":{"v":1,"stream":"%s","from":%s,"seq":%s,"cursor":null,"ck":"%s"%s}}\n' "$id$1" "$2" "$3" "$PWD/ck" "${4-}"; }
	# A seq to come, one with another place, a later generation, a closing mark where none was, the number of the table.
	for forged in "$(m '' 2 3)" "$(m '' 2 9)" "$(m '' 0 2)" "$(m .2 0 3)" "$(m '' 0 2 ',"end":"done","all":true')" "$(m '' 2 2)"; do
		{ echo "$forged"; echo '{"id":"1"}'; } >forged
		for t in "${FILTERS[@]}" "smpartition t"; do
			run -3 --separate-stderr $t forged
			[[ "$stderr" == *": forged:1: mark: "*journal*"its source did not write this mark"* ]]; [[ $output != *'$mark'* ]]
		done
		# smcommit asks for itself.
		{ smpartition t in/a.ndjson | grep '"add"'; echo "${forged/,\"ck\"/,\"table\":\"$PWD/t\",\"ck\"}"; } >acts.forged
		run -3 --separate-stderr smcommit <acts.forged; [[ "$stderr" == *"its source did not write this mark"* ]]
		[ "$(ls t/_delta_log/*.json | wc -l)" = 1 ]
	done
	# The stream itself goes on, and what it once printed is known as late.
	good 5 >in/b.ndjson
	smfetch files in --resume ck | smpartition t | smcommit | smcheckpoint save; [ "$(smreplay t --count)" = 2 ]
	run -75 smcommit <acts; [ "$(smreplay t --count)" = 2 ]
}

@test "nothing in a record stops a filter that is to skip: the good ones are all there, the rejects whole" {
	python3 "$BATS_TEST_DIRNAME/nasty.py" lines >in
	for t in "${FILTERS[@]}" "smjq -c .,empty" "smrate --time created_at --speed max"; do
		for mode in skip reject=rej; do
			rm -f rej; rc=0; $t --on-error=$mode in >out.$mode 2>err || rc=$?
			if [ $rc != 1 ] || [ "$(tail -1 err | grep -c 'warning: [0-9]* bad records')" != 1 ]; then echo "$t $mode: $rc"; cat err; return 1; fi
		done
		cmp out.skip out.reject=rej
		how=check; [[ $t == smtrend* ]] && how=rejects
		n=$(python3 "$BATS_TEST_DIRNAME/nasty.py" $how in out.skip rej) || { echo "$t"; return 1; }
		[ "$n" -gt 300 ]
	done
}

@test "times: escapes are decoded, the years are 1 to 9999 of UTC, in smtrend and smrate alike" {
	rec() { printf '{"id":"%s","created_at":"%s","author":{"id":"%s"},"tags":["x"]}\n' "$1" "$2" "$1"; }
	{ rec a 2026-01-01T00:00:00Z; rec b 0001-01-01T00:00:00+01:00; rec c 9999-12-31T23:59:59-00:01; rec d '2026-01-01T01:00:01\u002b01:00'; rec e 2026-01-01; rec f 2026-01-01T00:00:02Z; } >in
	run -1 --separate-stderr smtrend --on-error=skip --min-authors 1 --min-score 0 in
	[ "$(jq -c '[.count,.authors]' <<<"$output")" = '[3,3]' ]; [[ "$stderr" == *"3 bad records skipped"* ]]
	run -1 smrate --time created_at --speed max --on-error=reject=rej in
	[ "$(jq -r .id <<<"$(grep '^{' <<<"$output")" 2>/dev/null | tr -d '\n')" = adf ]; [ "$(jq -r .record rej | jq -r .id | tr -d '\n')" = bce ]
	for t in "smtrend" "smrate --time created_at --speed max"; do
		run -3 --separate-stderr $t <(rec b 0001-01-01T00:00:00+01:00); [[ "$stderr" == *':1:24: field created_at is not an RFC 3339 time'*'0001-01-01T00:00:00+01:00"' ]]
	done
}

@test "in the middle of a pipe an error names the record and the last mark" {
	for i in 1 2 3 4 5 6 7 8 9; do good $i; done >in; printf '{"id":"bad:1","text":{"a":1},"created_at":"x","sentiment":1,"author":7}\n' >>in; mkdir t
	smfetch files in --marks --mark-every 4 >marked
	for t in 'smjq .text|ltrimstr("x")|tonumber' smsentiment smtrend "smrate --time created_at --watermark 1h" "smpartition u"; do
		rc=0; [[ $t == smjq* ]] && set -- smjq 'if .text != "t" then error("no") else . end' || set -- $t
		"$@" <marked >out 2>err || rc=$?
		if [ $rc != 3 ] || ! grep -q "^$1: <stdin>:13:.* (id bad:1, after mark.*: .*in, byte [0-9]*)\$" err; then echo "$t: $rc"; cat err; return 1; fi
		"$@" --on-error=reject=rej <marked >out 2>err || true
		jq -se '.[-1] | .line == 13 and (.after | test("^mark.*in, byte [0-9]+$")) and (.error | test("bad:1") | not)' rej
	done
	# Where a file is named it says enough.
	rc=0; smsentiment in 2>err >out || rc=$?; [ $rc = 3 ]; if grep -q '(id' err; then false; fi
}

@test "what was rejected is in its file by the time the reader waits" {
	for t in "${FILTERS[@]}" "smpartition --schema smpost t"; do
		rm -f rej p; mkfifo p; $t --on-error=reject=rej <p >out 2>err & pid=$!
		exec 9>p; printf 'x\n' >&9
		for _ in $(seq 500); do [ -s rej ] && break; sleep .02; done
		n=$(cat rej 2>/dev/null | wc -l); exec 9>&-; wait $pid || true
		if [ "$n" != 1 ]; then echo "$t: $n"; return 1; fi
	done
}

@test "bad records: one wording, one level, in every tool" {
	printf 'x\n{"id":"1","created_at":"2026-01-01T00:00:00Z"}\n' >in
	for t in "${FILTERS[@]}" "smpartition t" "smfetch files"; do
		tool=${t%% *}
		rc=0; $t --on-error=skip in 2>err >out || rc=$?; [ $rc = 1 ]; grep -qx "$tool: warning: 1 bad record skipped" err
		rc=0; $t --errors=json --on-error=reject=rej in 2>err >out || rc=$?; [ $rc = 1 ]
		grep -qxF "{\"tool\":\"$tool\",\"level\":\"warning\",\"warning\":\"1 bad record kept in rej\"}" err || { echo "$t"; cat err; return 1; }
	done
}

@test "a torn last line of a file of rejects, drops or late records is mended, not glued" {
	printf 'x\n{"id":"1","created_at":"2026-01-01T00:00:00Z"}\n{"id":"2","created_at":"2025-01-01T00:00:00Z"}\n' >in
	for t in "smjq . --on-error=reject=f" "smrate --on-error=reject=f" "smrate --on-error=skip --time created_at --watermark 1m --late file:f" \
		"smrate --on-error=skip --time created_at --watermark 1m --late drop --dropped f"; do
		printf '{"record":"whole"}\n{"tool":"smx","record":"to' >f
		rc=0; $t in >out 2>err || rc=$?; [ $rc = 1 ]
		if [ "$(jq -c . f | wc -l)" != 2 ] || [ "$(head -1 f)" != '{"record":"whole"}' ]; then echo "$t"; cat f; return 1; fi
	done
}

@test "a line longer than 16 MiB is a bad record: the others come, the rejects have its beginning" {
	long() { printf '{"id":"%s","text":"' "$1"; head -c 17000000 /dev/zero | tr '\0' x; printf '"}\n'; }
	{ good 1; long a; good 2; good 3; long b; long c; good 4; long d; } >in; truncate -s -1 in
	gzip -1 <in >in.gz
	for t in "${FILTERS[@]}" "smjq -c ." "smpartition t"; do
		rm -f rej; rc=0; f=in; if [ "$t" = "smjq -c ." ]; then f=in.gz; fi
		$t --on-error=reject=rej <$f >out 2>err || rc=$?
		[ $rc = 1 ]; [ "$(jq -c '[.line,(.record|length)]' rej | tr -d '\n')" = '[2,65536][5,65536][6,65536][8,65536]' ] || { echo "$t"; cat err; return 1; }
		case $t in smtrend*) ;; smpartition*) smcommit -q <out >/dev/null; [ "$(smreplay t | jq -r .id | sort | tr -d '\n')" = 1234 ] ;;
		*) [ "$(jq -r .id out | tr -d '\n')" = 1234 ] ;; esac
		rc=0; $t <$f >out 2>err || rc=$?; [ $rc = 3 ]; grep -q "^${t%% *}: .*:2:1: line is longer than 16777216 bytes" err
	done
}

@test "a field that is named and that no record has is told, with status 1; one that some have is not" {
	printf '{"id":"1","text":"good","k":null}\n{"id":"2"}\n' >in
	for c in 'smsentiment --field txet' 'smrate --key txet --key-rate 1000/s' 'smrate --out - --balance hash:txet'; do
		run -1 --separate-stderr "$SM_BIN/"$c in
		[ "${#lines[@]}" = 2 ]; [[ "$stderr" == *'warning: no record has the field "txet"'* ]]
		run -0 --separate-stderr "$SM_BIN/"$c </dev/null
		[ -z "$stderr" ]
	done
	for c in 'smsentiment' 'smsentiment --field text' 'smsentiment --field k' 'smrate --key k --key-rate 1000/s' 'smrate --key text --key-rate 1000/s'; do
		run -0 --separate-stderr "$SM_BIN/"$c in
		[ -z "$stderr" ]
	done
	run -1 "$SM_BIN/smsentiment" --field txet --errors=json in
	[ "$(printf '%s\n' "${lines[@]}" | jq -r 'select(.level) | .level')" = warning ]
}

@test "a source that fails before its first record says so in a closing mark, and the pipe ends with it" {
	mkdir full other; touch full/file; echo '{"id":"1","created_at":"2026-01-01T00:00:00Z"}' >in; echo '{' >bad.json; echo 1 >notadir
	"$SM_BIN/smfetch" files in --resume ck >/dev/null
	"$SM_BIN/smfetch" files in --resume other >/dev/null; jq -c '.id = "z"' other/id >id; mv id other/id
	# Of smfetch files, of a network, of smreplay: STATUS, whether the mark has a stream, ARGUMENTS.
	while read -r want stream args; do
		run --separate-stderr "$SM_BIN/"$args
		[ "$status" = "$want" ] || { echo "$args: $status"; return 1; }
		printf '%s\n' "${lines[@]}" | jq -es --argjson s "$stream" '[.[]["$mark"]] | length > 0 and (.[-1] | .end == "error" and has("stream") == $s) and ([.[:-1][].end] | all(. == null))' \
			|| { echo "$args: $output"; return 1; }
		set +o pipefail
		"$SM_BIN/"$args 2>/dev/null | "$SM_BIN/smpartition" t 2>err | "$SM_BIN/smcommit" 2>>err | "$SM_BIN/smcheckpoint" save 2>>err && rc=0 || rc=$?
		[ "$rc" = 4 ] || { echo "$args: the pipe ended with $rc: $(cat err)"; return 1; }
		grep -q "source ended with an error" err
		[ ! -e t/_delta_log ]
	done <<-'T'
	3 false smfetch files in --resume full
	4 false smfetch files in --resume notadir/ck
	4 true smfetch files none --resume ck
	4 false smfetch files none --marks
	3 false smfetch files in --marks --as ./bad.json
	3 false smfetch ./bad.json --marks
	3 false smfetch hn-items --resume full
	4 false smreplay none --marks
	T
	# The lock is another's.
	mkfifo hold
	"$SM_BIN/smfetch" files - --resume ck <hold >/dev/null 3>&- & pid=$!
	exec 8>hold
	for _ in $(seq 500); do
		run --separate-stderr "$SM_BIN/smfetch" files in --resume ck
		[ "$status" != 5 ] || break
		sleep .02
	done
	[ "$status" = 5 ]; [ "$output" = '{"$mark":{"v":1,"seq":1,"cursor":null,"end":"error"}}' ]
	exec 8>&-; wait "$pid"
	# The stream may come straight to the checkpoint; without marks nothing is printed, nor by wrong usage.
	"$SM_BIN/smfetch" files in --resume full 2>/dev/null | "$SM_BIN/smcheckpoint" save 2>err && rc=0 || rc=$?
	[ "$rc" = 4 ]; grep -q "source ended with an error" err
	for args in "files none" "files in --marks --as nosuch" "nosuch --marks" "hn-items --marks --dry-run --endpoint x"; do
		run --separate-stderr "$SM_BIN/smfetch" $args
		[ "$status" != 0 ]; [ -z "$output" ] || { echo "$args: $output"; return 1; }
	done
}

@test "a file that cannot be read further ends the stream with the mark of an error, at the place that was reached" {
	echo '{"id":"1"}' >a
	ln -s /proc/self/mem broken                              # reading it is EIO
	run --separate-stderr "$SM_BIN/smfetch" files a broken --resume ck
	[ "$status" = 4 ]; [ "${#lines[@]}" = 3 ]; [ "${lines[1]}" = '{"id":"1"}' ]
	jq -e '.["$mark"] | .end == "error" and .cursor.done == 1' <<<"${lines[2]}"
	# It is where the next run goes on.
	grep mark <<<"$output" | "$SM_BIN/smcheckpoint" save 2>err && rc=0 || rc=$?
	[ "$rc" = 4 ]; rm broken; echo '{"id":"2"}' >broken
	[ "$("$SM_BIN/smfetch" files a broken --resume ck | jq -c '.id // empty')" = '"2"' ]
	# Where the output is what failed there is none.
	run --separate-stderr bash -c '"$SM_BIN/smfetch" files a --marks >/dev/full'
	[ "$status" = 4 ]
}
