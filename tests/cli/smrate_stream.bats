#!/usr/bin/env bats
# smrate over a stream's life: the spill, lateness, limits shared between processes, several outputs, statistics. SPDX-License-Identifier: MIT
# Upper bounds on times are wide: the machine may be busy.
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

load smrate.bash

@test "--full spill: the input is read while nobody reads, everything arrives in order, the folder is empty then" {
	"$SM_BIN/smgen" -n 40000 >in
	"$T" --full spill:sp --queue 1MiB --stats st <in | { sleep 1; cat; } | cmp - in
	[ "$(stat spill.written st)" -gt 10000 ]; [ "$(stat spill.read st)" = "$(stat spill.written st)" ]
	[ "$(ls sp)" = lock ]
	# A bound makes the reader wait.
	"$T" --full spill:sp:1MiB --queue 100 --stats st <in | { sleep .3; cat; } | cmp - in
	[ "$(stat spill.bytes st)" -le 1048576 ]; [ "$(ls sp)" = lock ]
}

@test "spill: a stream without marks goes on with what a killed run left" {
	seq -f '{"i":%.0f}' 50000 >in
	mkfifo p; exec 7<>p
	"$T" --full spill:sp --queue 10 <in >p 2>err 3>&- 7>&- & t=$!
	for _ in $(seq 50); do [ "$(du -sb sp | cut -f1)" -gt 1000000 ] && break; sleep .1; done
	kill -9 $t; wait $t 2>/dev/null || true
	timeout 1 cat <&7 >got 7>&- || true; exec 7>&-
	echo '{"i":50001}' | "$T" --full spill:sp >out
	# In order, the new one last. What had been written may come again; all of it is there, but for the queue and what was on its way from it.
	[ "$(tail -1 out)" = '{"i":50001}' ]; jq .i out | sort -cnu
	l=$(tail -2 out | head -1 | jq .i); [ "$l" -gt 20000 ]
	grep '}$' got | sort -u - out >all; [ $((l + 1 - $(wc -l <all))) -le 20 ]
	[ "$(ls sp)" = lock ]
}

@test "spill: whose it is" {
	seq -f '{"i":%.0f}' 50000 >in
	m() { printf '{"$mark":{"v":1,"stream":"%s","from":%d,"seq":%d}}\n' "$1" "$2" "$3"; }
	left() { # a run with marks that is killed when it has spilled
		rm -rf sp; mkfifo p$1; sleep 30 <p$1 & local s=$!
		{ m S 0 1; cat in; } | "$T" --full spill:sp --queue 10 >p$1 2>err & local t=$!
		for _ in $(seq 50); do [ "$(du -sb sp | cut -f1)" -gt 1000000 ] && break; sleep .1; done
		kill -9 $t $s; wait $t $s 2>/dev/null || true
	}
	left 1
	run --separate-stderr "$T" --full spill:sp in; [ "$status" = 5 ]; [[ "$stderr" == *"stream S"* ]]
	run --separate-stderr "$T" --full spill:sp <(m T 0 1); [ "$status" = 5 ]
	{ m S.2 0 2; head -3 in; m S.2 0 3; } >again
	run --separate-stderr "$T" --full spill:sp again
	[ "$status" = 0 ]; [ "$output" = "$(cat again)" ]; [[ "$stderr" == *"sends them again"* ]]; [ "$(ls sp)" = lock ]
	run --separate-stderr "$T" --full spill:sp <(echo '{}'; m S 0 1)
	[ "$status" = 3 ]
	[[ "$stderr" == *"before the first mark"* ]]
	sleep 3 | "$T" --full spill:sp & sleep .3
	run --separate-stderr "$T" --full spill:sp in; [ "$status" = 5 ]; [[ "$stderr" == *"another process"* ]]
	wait
}

@test "--watermark: late is what the records say, whatever the speed" {
	awk 'BEGIN { srand(4); for (i = 0; i < 5000; i++)
		printf "{\"k\":\"%s\",\"i\":%d,\"t\":\"2026-01-01T%02d:%02d:%02dZ\"}\n",
			i % 3, i, i / 360, i / 6 % 60, rand() * 60 }' >in
	python3 - >want <<-'EOF'
		import json, datetime
		top, w = {}, None
		for line in open("in"):
		    r = json.loads(line)
		    t = datetime.datetime.fromisoformat(r["t"].replace("Z", "+00:00")).timestamp()
		    if w is not None and t < w:
		        print(r["i"])
		    top[r["k"]] = max(t, top.get(r["k"], t))
		    n = min(top.values()) - 2
		    w = n if w is None else max(w, n)
	EOF
	[ "$(wc -l <want)" -gt 50 ]
	"$T" --time t --watermark 2s --key k --late tag in >out; jq -r 'select(.late) | .i' out | cmp - want
	command jq -c 'del(.late)' out | cmp - in
	for o in "" "-r 20000/s" "--queue 10" "--fair" "--full drop-old --queue 50"; do
		rm -f late; "$T" --time t --watermark 2s --key k --late file:late $o in >/dev/null
		jq -r .i late | cmp - want || { echo "$o"; false; }
	done
	"$T" --time t --watermark 2s --key k --late drop --dropped lost --stats st in >out
	jq -r .record lost | jq -r .i | cmp - want
	[ "$(stat late st)" = "$(wc -l <want)" ]
	[ $(($(wc -l <out) + $(wc -l <want))) = 5000 ]
	"$T" --time t --watermark 2s in | cmp - in
}

@test "--idle: a key that falls silent is left out" {
	t() { printf '{"k":"%s","t":"2026-01-01T00:%s:00Z"}\n' "$1" "$2"; }
	{ t a 00; t b 00; t a 10; t a 20; t b 11; t b 19; } >in
	"$T" --time t --watermark 2m --key k --late tag in | grep -c late | grep -qx 0
	"$T" --time t --watermark 2m --idle 5m --key k --late tag in >out
	[ "$(grep -n late out | cut -d: -f1)" = 5 ]
}

@test "a resumed stream judges lateness as if it had not stopped" {
	for i in $(seq 0 199); do
		printf '{"i":%d,"created_at":"2026-01-01T00:%02d:%02dZ"}\n' $i $((i / 10)) $(((i * 37) % 60))
	done >in
	"$T" --time created_at --watermark 30s --late tag in | jq -r 'select(.late) | .i' >want
	[ "$(wc -l <want)" -gt 5 ]
	mkdir src; cp in src/a.ndjson
	line() {
		"$SM_BIN/smfetch" files src --resume ck --mark-every 20 2>>err |
			"$T" --time created_at --watermark 30s --late tag 2>>err
	}
	line | head -130 >part || true
	# What a table would have is up to the last mark; the rest comes again.
	n=$(grep -n mark part | tail -1 | cut -d: -f1); head -$n part >one
	tail -1 one | sed 's/^{"\$mark":{/&"table":"x",/' >/dev/null
	tail -1 one | "$SM_BIN/smcheckpoint" save 2>>err || true
	line >two
	cat one two | jq -r 'select(.late) | .i' | cmp - want
	cat one two | grep -v mark | jq -r .i | cmp - <(seq 0 199)
}

@test "--share: two processes pass together what the limit allows" {
	t=$(ms sh -c "'$T' -r 400/s --share q good >o1 & '$T' -r 400/s --share q good >o2; wait")
	[ "$t" -ge 970 ]; [ "$t" -lt 3000 ]; cmp o1 good; cmp o2 good
	"$T" -r 10/s --share q <(sleep 2) & sleep .3
	run --separate-stderr "$T" -r 5/s --share q good; [ "$status" = 5 ]; [[ "$stderr" == "smrate: q: "* ]]
	wait
	# A holder that was killed blocks nobody.
	"$T" -r 1000/s --share q2 <(cat good; sleep 20) >/dev/null & p=$!
	sleep .1; kill -9 $p; wait $p || true
	t=$(ms "$T" -r 1000/s --share q2 good); [ "$t" -lt 2000 ]; cmp out good
	echo no >bad; run --separate-stderr "$T" -r 5/s --share bad good
	[ "$status" = 3 ]
	[[ "$stderr" == "smrate: bad: "* ]]
	[ "$(cat bad)" = no ]
}

@test "--adapt: the rate follows the reader" {
	"$SM_BIN/smgen" -n 20000 >in
	slow='import sys,time
for i, l in enumerate(sys.stdin.buffer):
    if i % 20 == 0: time.sleep(.02)'
	timeout 4 "$T" --adapt aimd --min 100/s --max 20000/s --stats st --stats-every 100ms in |
		python3 -c "$slow" || true
	r=$(tail -15 st | jq -s 'map(.rate) | add / length | floor')
	[ "$r" -gt 150 ]; [ "$r" -lt 8000 ]
	[ "$(jq -s 'map(.rate) | min' st)" != "$(jq -s 'map(.rate) | max' st)" ]
	timeout 20 "$T" --adapt aimd --min 1000/s --max 100000/s in | cmp - in
}

@test "--out: every record goes to one output, marks to each" {
	{ cat good; echo '{"$mark":{"v":1,"seq":1}}'; cat good; echo '{"$mark":{"v":1,"end":"done"}}'; } >m
	"$T" --out fd:3,fd:4,c --stats st m 3>a 4>b; [ "$(grep -c mark a),$(grep -c mark b),$(grep -c mark c)" = 2,2,2 ]
	cat a b c | grep -v mark | sort | cmp - <(cat good good | sort)
	for f in a b c; do [ "$(wc -l <$f)" -gt 20 ]; jq -s 'map(.id) | .[0:0]' <$f >/dev/null; done
	"$T" --out a,b --balance hash:id m
	[ -z "$(comm -12 <(grep -v mark a | sort -u) <(grep -v mark b | sort -u))" ]; cp a a1
	"$T" --out a,b --balance hash:id m; cmp a a1
	"$T" --out - good | cmp - good
	t=$(ms "$T" --out a,b -r 400/s good); [ "$t" -ge 495 ]; [ "$t" -lt 2000 ]
}

@test "--out: a stream that resumes is not spread, since a table takes one part of each seq" {
	PATH=$SM_BIN:$PATH
	mkdir in; head -40 good >in/a.ndjson
	for how in '' '--balance hash:id' '-r 100000/s' '--full drop-old'; do
		rm -rf ck
		# shellcheck disable=SC2086 # words
		smfetch files in --resume ck | { run -3 --separate-stderr "$T" --out a,b $how; echo "$stderr" >err; [ "$status" = 3 ]; }
		grep -q 'several outputs: only one of the parts.*--marks instead of --resume' err
		[ ! -s a ]; [ ! -s b ]
	done
	# One output is no part, and marks without a stream are not held against a table's txn: both halves are committed.
	rm -rf ck; smfetch files in --resume ck | "$T" --out a; [ "$(grep -vc mark a)" = 40 ]
	smfetch files in --marks | "$T" --out a,b
	for f in a b; do smpartition t <$f | smcommit >/dev/null; done
	[ "$(smreplay t --count)" = 40 ]
}

@test "--out: a slow reader gets less, and holds nobody up" {
	"$SM_BIN/smgen" -n 20000 >in
	mkfifo p; { sleep 1; cat; } <p >slow & s=$!
	t=$(ms "$T" --out p,fast in); wait $s
	cat slow fast | sort | cmp - <(sort in)
	[ "$(wc -l <fast)" -gt $(($(wc -l <slow) * 4)) ]
}

@test "--out: an output whose reader is gone" {
	"$SM_BIN/smgen" -n 20000 >in
	mkfifo p
	# The others take over what was not yet written to it: what the pipe held is all that is lost.
	head -5 <p >some & run --separate-stderr "$T" --out p,rest in
	[ "$status" = 1 ]; [[ "$stderr" == *"1 of 2 outputs"* ]]; [ "$(sort -u rest | wc -l)" -gt 19000 ]
	# With marks, or by hash, the stream must not go on.
	head -5 <p >some & run --separate-stderr "$T" --out p,rest --balance hash:id in
	[ "$status" = 4 ]
	[[ "$stderr" == "smrate: output 'p': "* ]]
	{ echo '{"$mark":{"v":1,"seq":1}}'; cat in; echo '{"$mark":{"v":1,"end":"done"}}'; } >m
	head -5 <p >some & run --separate-stderr "$T" --out p,rest m; [ "$status" = 4 ]; run ! grep -q '"end"' rest
	# Nobody is left: as any filter.
	head -5 <p >some & run --separate-stderr "$T" --out p in; [ "$status" = 141 ]; [ -z "$stderr" ]
	run --separate-stderr "$T" --out /dev/full,rest in
	[ "$status" = 4 ]
	[[ "$stderr" == "smrate: output '/dev/full': "* ]]
}

@test "--stats: a line at the end, at intervals, and on SIGUSR1" {
	{ cat good; echo '{"$mark":{"v":1,"seq":1}}'; } >m
	"$T" --stats fd:3 m 3>st >out
	[ "$(wc -l <st)" = 1 ]
	[ "$(jq -c '[.in.records,.in.marks,.out.records,.out.marks,.last]' st)" = '[200,1,200,1,true]' ]
	[ "$(stat out.bytes st)" = "$(wc -c <m)" ]; [ "$(stat in.bytes st)" = "$(wc -c <m)" ]
	"$T" --stats st2 --stats-every 100ms -r 400/s good >out; [ "$(wc -l <st2)" -ge 3 ]; jq -e . st2 >/dev/null
	for o in "" "--full block"; do
		"$T" -r 1/s $o good >out 2>err & p=$!
		sleep .3; kill -USR1 $p; sleep .2; kill $p; wait $p || true
		[ "$(wc -l <err)" = 1 ]; jq -e '.out.records == 1 and (.last | not)' err >/dev/null
	done
	run --separate-stderr "$T" --stats fd:77 good; [ "$status" = 4 ]
	run --separate-stderr "$T" --stats /dev/full good; [ "$status" = 4 ]; [ "${#output}" -gt 100 ]
}

@test "queues end as filters do: full devices, closed readers, bad lines, SIGTERM" {
	for o in "--full block" "--full drop-old" "--key id --fair" "--full spill:sp"; do
		rc=0; "$T" $o good >/dev/full 2>err || rc=$?; [ "$rc" = 4 ]; grep -q "^smrate: standard output" err
		(yes '{"a":1}' | "$T" $o 2>err || echo $? >rc) | head -1 >out; [ "$(cat rc)" = 141 ]; [ ! -s err ]
		rm -rf sp
		printf '{"id":1}\n{"id":2}\n{bad\n{"id":3}\n' >b
		run --separate-stderr "$T" $o b
		[ "$status" = 3 ]
		[ "$output" = $'{"id":1}\n{"id":2}' ]
		[[ "$stderr" == "smrate: b:3:"* ]]
		run --separate-stderr "$T" $o --on-error=skip b; [ "$status" = 1 ]; [ "$(wc -l <<<"$output")" = 3 ]
		{ printf '{"id":1}\n'; sleep 1.5; } | "$T" $o |
			{ b=$(date +%s%N); read -r _; echo $((($(date +%s%N) - b) / 1000000)); } >t
		[ "$(cat t)" -lt 1000 ]
		"$T" $o < <(sleep 5) >/dev/null 2>err & sleep .2; kill $!
		b=$(date +%s%N); wait $! || true
		[ $((($(date +%s%N) - b) / 1000000)) -lt 1000 ]
		rm -rf sp
	done
	# The writer fails while the reader waits for input.
	{ cat good; sleep 3; } | { rc=0; b=$(date +%s%N)
		"$T" --full drop-new >/dev/full 2>err || rc=$?; [ $rc = 4 ]
		[ $((($(date +%s%N) - b) / 1000000)) -lt 2500 ]; }
}

@test "usage error: status 2, says what" {
	for bad in "-r 0/s" "-r x" "-b 0/s" "-b 1/x" "--burst 5" "-r 1/s --burst 0" "-r 1/s --burst x" "--speed 1" \
		"--time t" "--max-gap 1s" "--time t --speed 0" "--time t --speed -1x" "--on-error=maybe" \
		"--key id" "--key-rate 1/s" "--fair" "--key id --fair --key-burst 3" \
		"--key id --key-rate 1/s --key-burst x" "--max-keys 3" "--key id --fair --max-keys 0" \
		"--weights good --key id --key-rate 1" "--queue 0" "--queue x" "--full maybe" "--full sample:2" \
		"--full sample:" "--full spill:" "--full spill:x:0" \
		"--dropped d" "--dropped d --full block" "--watermark 1s" "--late drop" "--idle 1s" \
		"--time id --watermark 1s --late x" "--time id --watermark 1s --idle 0" \
		"--share q" "--adapt aimd" "--adapt aimd --min 1 --max 2 -r 3" "--adapt aimd --min 3 --max 2" \
		"--min 1" "--adapt pid --min 1 --max 2" \
		"--balance hash:id" "--out a --balance x" "--out a --balance hash:" "--out a,,b" "--out fd:x" \
		"--out fd:1,fd:1" "--stats-every 1s" \
		"--stats a --stats-every 0" "--stats fd:x" "--key a..b --fair"; do
		run --separate-stderr "$T" $bad good
		[ "$status" = 2 ] || { echo "$bad: $status"; false; }
		[ -z "$output" ]; [ -n "$stderr" ]
	done
}


@test "--full spill: on a full disk the input waits, and all records come, whoever filled it" {
	mkdir m; mount -t tmpfs -o size=1m none m 2>/dev/null || skip "needs the right to mount"
	"$SM_BIN/smgen" -n 8000 >in
	for i in 1 2 3 4 5 6; do
		if [ $i = 4 ]; then head -c 2000000 /dev/zero >m/others 2>/dev/null || :; fi
		rc=0; timeout 100 "$T" -r 20000/s --queue 100 --full spill:m/sp --stats stats in >out 2>err || rc=$?
		left=$(ls m/sp)
		if [ $rc != 0 ] || [ "$left" != lock ] || ! cmp in out || [ "$(tail -1 stats | jq .spill.read)" -lt 1000 ]; then
			echo "run $i: status $rc, left $left"; cat err; umount m; return 1
		fi
	done
	umount m
}
