#!/usr/bin/env bats
# smrate: rates, bursts, event time, marks, bad lines, keys, what does not fit into the queue. The rest is in smrate_stream.bats. SPDX-License-Identifier: MIT
# Upper bounds on times are wide: the machine may be busy. Rates are checked exactly in tests/unit/test_gcra.c.
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

load smrate.bash

@test "what passes is what came, byte for byte, with and without limits" {
	"$T" good | cmp - good
	"$T" -r 100000/s good | cmp - good
	"$T" -b 100MB/s -r 1000000 good | cmp - good
	"$SM_BIN/smgen" -n 30000 >posts
	"$T" -r 10000000/s <posts | cmp - posts
	"$T" --time created_at --speed max posts | cmp - posts
}

@test "-r: 200 records at 400/s take half a second, 100 at 50/s two" {
	t=$(ms "$T" -r 400/s good); cmp out good
	[ "$t" -ge 495 ]; [ "$t" -lt 2000 ]
	t=$(ms "$T" -r 3000/m <(head -100 good))
	[ "$t" -ge 1975 ]; [ "$t" -lt 4000 ]
}

@test "-b: bytes count with their line ends; a line is never split" {
	printf '{"a":"%088d"}\n' 1 2 3 4 5 6 >l   # 97 bytes each
	t=$(ms "$T" -b 970/s l); cmp out l
	[ "$t" -ge 495 ]; [ "$t" -lt 2000 ]
	t=$(ms "$T" -b 1MiB/s -r 10/s l)
	[ "$t" -ge 495 ]; [ "$t" -lt 2000 ]
}

@test "--burst: so many at once, then the rate" {
	t=$(ms "$T" -r 10/s --burst 200 good); [ "$t" -lt 1000 ]
	t=$(ms "$T" -r 100/s --burst 150 good); [ "$t" -ge 495 ]; [ "$t" -lt 2000 ]
	t=$(ms "$T" -r 100/s --burst 1500ms good); [ "$t" -ge 480 ]; [ "$t" -lt 2000 ]
	t=$(ms "$T" -b 1/s --burst 1MiB good); [ "$t" -lt 1000 ]
}

@test "at a low rate the first record comes at once and the second on its own" {
	"$T" -r 2/s <(head -2 good) | { read -r a; b=$(date +%s%N); read -r c
		echo $((($(date +%s%N) - b) / 1000000)) >gap; }
	[ "$(cat gap)" -ge 400 ]; [ "$(cat gap)" -lt 1500 ]
}

@test "marks pass in their place and do not count" {
	{ for i in $(seq 100); do echo "{\"\$mark\":{\"v\":1,\"seq\":$i}}"; done
	  echo '{"a":1}'; echo '{"$mark":{"v":1,"end":"done"}}'; echo '{"a":2}'; } >m
	t=$(ms "$T" -r 2/s m); cmp out m
	[ "$t" -ge 495 ]; [ "$t" -lt 2000 ]
	printf '{"$mark":{"v":9}}\n' >m
	run --separate-stderr "$T" m; [ "$status" = 3 ]; [[ "$stderr" == "smrate: m:1:"*newer* ]]
}

@test "--speed: event time, faster; pauses cut short; older records at once" {
	printf '{"t":"2026-01-01T00:%s:00Z"}\n' 00 10 05 20 >e
	t=$(ms "$T" --time t --speed 2000x e); cmp out e
	[ "$t" -ge 595 ]; [ "$t" -lt 2000 ]
	local gap
	for gap in max-gap gap-max; do      # the older name is accepted
		t=$(ms "$T" --time t --speed 1 --$gap 200ms e); cmp out e
		[ "$t" -ge 395 ]; [ "$t" -lt 2000 ]
	done
	"$T" --help | grep -q -e --max-gap; [ "$("$T" --help | grep -c -e --gap-max)" = 0 ]
	printf '{"t":"2026-01-01T00:00:00Z"}\n{"t":"yesterday"}\n{"u":1}\n{"t":7}\n' >e
	run --separate-stderr "$T" --time t --speed 10x e
	[ "$status" = 3 ]; [[ "$stderr" == "smrate: e:2:6: field t is not an RFC 3339 time in the years 1 to 9999: \"yesterday\"" ]]
	run --separate-stderr "$T" --time t --speed 10x --on-error=reject=rej e
	[ "$status" = 1 ]; [ "$output" = '{"t":"2026-01-01T00:00:00Z"}' ]; [ "$(wc -l <rej)" = 3 ]
}

@test "bad lines: what came before is written, the line is named" {
	printf '{"a":1}\n{"a":2}\n{"a":}\n{"a":4}\n[5]\n' >b
	run --separate-stderr "$T" b
	[ "$status" = 3 ]; [ "$output" = $'{"a":1}\n{"a":2}' ]; [[ "$stderr" == "smrate: b:3:6: "* ]]
	run --separate-stderr "$T" --on-error=skip b
	[ "$status" = 1 ]; [ "$output" = $'{"a":1}\n{"a":2}\n{"a":4}' ]
}

@test "memory does not grow with the input" {
	[ -z "${SM_SANITIZE-}" ] || skip "a sanitizer needs memory of its own"
	"$SM_BIN/smgen" -n 300000 >posts
	python3 - "$T" <<-'EOF'
		import resource, subprocess, sys
		for o in [], ["--full", "block"], ["--key", "network", "--fair"], \
				["--key", "id", "--fair", "--max-keys", "1000", "--queue", "1MiB"]:
		    subprocess.run([sys.argv[1], *o, "posts"], stdout=subprocess.DEVNULL, check=True)
		sys.exit(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 40000)
	EOF
}

@test "--queue alone passes everything as it is, marks in their places" {
	{ cat good; echo '{"$mark":{"v":1,"seq":1}}'; cat good; echo '{"$mark":{"v":1,"end":"done"}}'; } >m
	for o in "--queue 1" "--queue 1KiB" "--queue 1MiB -r 100000" "--full block" \
		"--full drop-new --queue 10000" "--full spill:sp --queue 3" "--key id --fair"; do
		"$T" $o m | cmp - m || { echo "$o"; false; }
	done
	[ "$(ls sp)" = lock ]
}

@test "--key-rate: a key over its rate waits, others pass, order stays within a key" {
	posts "a" 20 >in; posts "b" 3 >>in
	t=$(ms "$T" --key k --key-rate 20/s in)
	[ "$t" -ge 930 ]; [ "$t" -lt 3000 ]; in_order out; sort out | cmp - <(sort in)
	[ "$(grep -n '"b"' out | tail -1 | cut -d: -f1)" -le 8 ]
	t=$(ms "$T" --key k --key-rate 20/s --key-burst 20 in); [ "$t" -lt 900 ]
	t=$(ms "$T" --key k --key-rate 20/s --key-burst 1s in); [ "$t" -lt 900 ]
	# Both limits at once.
	t=$(ms "$T" --key k --key-rate 1000/s -r 46/s in); [ "$t" -ge 440 ]; [ "$t" -lt 2000 ]
}

@test "--key: strings, numbers, null and nothing at all are keys of their own" {
	printf '{"k":"1"}\n{"k":1}\n{"k":null}\n{}\n{"k":"\\u0031"}\n{"k":{"x":1}}\n' >in
	"$T" --key k --key-rate 1/h --key-burst 1 --full drop-new --queue 1000 --stats st <in >out & p=$!
	sleep .5; kill -USR1 $p; sleep .2; kill -9 $p; wait $p || true
	[ "$(wc -l <out)" = 4 ]
}

@test "--max-keys: memory is bounded, no key exceeds its rate, nothing is lost" {
	seq -f '{"k":%.0f}' 3000 >in
	"$T" --key k --key-rate 10000/s --max-keys 5 --stats st in | sort | cmp - <(sort in)
	[ "$(stat queue.keys st)" -le 5 ]
	posts "a b c d" 5 >in
	t=$(ms "$T" --key k --key-rate 20/s --max-keys 2 --stats st in)
	[ "$t" -ge 430 ]; in_order out; sort out | cmp - <(sort in); [ "$(stat queue.shared st)" -gt 0 ]
}

@test "--fair: a quiet key does not wait behind a loud one" {
	{ posts loud 1000; posts quiet 10; } >in
	"$T" --key k --fair -r 20000/s in >out
	in_order out; sort out | cmp - <(sort in)
	# A part of the loud one may have left before the quiet one was read; from then on they take turns.
	f=$(grep -n quiet out | head -1 | cut -d: -f1); l=$(grep -n quiet out | tail -1 | cut -d: -f1)
	[ $((l - f)) -le 18 ]; [ "$l" -lt 900 ]
}

@test "--weights: shares as the file says; a bad file is named with its line" {
	printf '{"key":"a","weight":3}\n{"weight":1}\n' >w
	{ echo '{"$mark":{"v":1}}'; posts "a b" 400; } >in
	"$T" --key k --fair --weights w -r 100/s --burst 1 <in 2>err | head -200 >out || true
	sed -n '20,120p' out | grep -c '"a"' >n; [ "$(cat n)" -ge 70 ]; [ "$(cat n)" -le 80 ]
	for bad in '{"key":"a"}' '{"key":"a","weight":0}' '{"key":"a","weight":1}{' '[1]' \
		'{"key":"a","weight":2,"x":1}'; do
		printf '{"key":"z","weight":1}\n%s\n' "$bad" >w
		run --separate-stderr "$T" --key k --fair --weights w in
		[ "$status" = 3 ]; [[ "$stderr" == "smrate: w:2:"* ]]
	done
	run --separate-stderr "$T" --key k --fair --weights none in; [ "$status" = 4 ]
}

@test "--full drop-new, drop-old: the input is read while nobody reads, drops are counted and kept" {
	seq -f '{"i":%.0f}' 30000 >in
	for how in new old; do
		rm -f lost st
		# The reader takes nothing until the whole input was read.
		"$T" --full drop-$how --queue 100 --dropped lost --stats st <in | { sleep 1; cat; } >out
		[ $(($(wc -l <out) + $(wc -l <lost))) = 30000 ]
		{ cat out; jq -r .record lost; } | sort | cmp - <(sort in)
		[ "$(stat "dropped[\"drop-$how\"]" st)" = "$(wc -l <lost)" ]; [ "$(wc -l <lost)" -gt 10000 ]
		[ "$(jq -r .reason lost | sort -u)" = drop-$how ]
		jq -r .i out | sort -nc
		[ "$(stat queue.most_records st)" -le 100 ]
	done
	tail -1 out | grep -q '"i":30000}'
}

@test "no policy drops a mark or lets one be passed" {
	awk 'BEGIN { for (i = 1; i <= 20000; i++) {
		printf "{\"k\":\"%s\",\"i\":%d}\n", i % 5 ? "a" : "b", i
		if (i % 50 == 0) printf "{\"$mark\":{\"v\":1,\"seq\":%d}}\n", i
	} }' >in
	for o in "--full drop-new" "--full drop-old" "--full sample:0.1" "--full drop-old --key k --fair" \
		"--full drop-new --key k --key-rate 1000000"; do
		rm -f lost
		"$T" $o --queue 64 --dropped lost <in | { sleep .7; cat; } >out
		[ "$(grep -c mark out)" = 400 ] || { echo "$o"; false; }
		[ -s lost ]; [ $(($(wc -l <out) + $(wc -l <lost))) = 20400 ]
		# Between two marks is only what came between them.
		jq -r 'if has("$mark") then "m \(."$mark".seq)" else "r \(.i)" end' out |
			awk '$1 == "m" { if ($2 <= seq || top > $2) exit 1; seq = $2; next }
			     { if ($2 <= seq) exit 1; top = $2 > top ? $2 : top }
			     END { if (seq != 20000) exit 1 }' ||
			{ echo "order: $o"; false; }
	done
}

# sample OUT: nobody reads before the input has been taken, so that what is sampled does not depend on the machine.
sample() {
	rm -f taken lost st
	{ cat in; : >taken; } | "$T" --full sample:0.1 --queue 40000 --dropped lost --stats st |
		{ for _ in $(seq 400); do [ -e taken ] && break; sleep .05; done; cat; } >"$1"
}

@test "--full sample:P: that part of what does not fit, the same records each time; every other is in --dropped" {
	seq -f '{"i":%.0f}' 200000 >in
	sample out
	[ -e taken ]
	[ "$(stat 'dropped["drop-new"]' st)" = 0 ]
	[ "$(stat dropped.sample st)" = "$(wc -l <lost)" ]
	[ "$(jq -r .reason lost | sort -u)" = sample ]
	{ cat out; jq -r .record lost; } | sort | cmp - <(sort in)
	# The pipe and half of the queue hold less than 60000; the last 10000 may be taken while there is a reader.
	window() { jq -c 'select(.i > 60000 and .i <= 190000)' "$1"; }
	window out >kept
	n=$(wc -l <kept); [ "$n" -gt 12500 ]; [ "$n" -lt 13500 ]
	sample again
	window again | cmp - kept
	# Nothing is left out of what comes before the queue is half full.
	head -20000 out | cmp - <(head -20000 in)
}
