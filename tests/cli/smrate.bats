#!/usr/bin/env bats
# smrate: rates, bursts, event time, marks, bad lines. SPDX-License-Identifier: MIT
# Upper bounds on times are wide: the machine may be busy. Rates are checked exactly in tests/unit/test_gcra.c.
bats_require_minimum_version 1.5.0

setup() {
	T=${SM_BIN:?}/smrate
	cd "$BATS_TEST_TMPDIR" || return 1
	for i in $(seq 200); do echo "{\"id\":$i, \"at\":\"2026-01-01T00:00:00.${i}Z\"}"; done >good
}

# ms COMMAND...: how long it takes
ms() { local b; b=$(date +%s%N); "$@" >out 2>err; echo $((($(date +%s%N) - b) / 1000000)); }

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
	"$T" -r 2/s <(head -2 good) | { read -r a; b=$(date +%s%N); read -r c; echo $((($(date +%s%N) - b) / 1000000)) >gap; }
	[ "$(cat gap)" -ge 400 ]; [ "$(cat gap)" -lt 1500 ]
}

@test "marks pass in their place and do not count" {
	{ for i in $(seq 100); do echo "{\"\$mark\":{\"v\":1,\"seq\":$i}}"; done; echo '{"a":1}'; echo '{"$mark":{"v":1,"end":"done"}}'; echo '{"a":2}'; } >m
	t=$(ms "$T" -r 2/s m); cmp out m
	[ "$t" -ge 495 ]; [ "$t" -lt 2000 ]
	printf '{"$mark":{"v":9}}\n' >m
	run --separate-stderr "$T" m; [ "$status" = 3 ]; [[ "$stderr" == "smrate: m:1:"*newer* ]]
}

@test "--speed: event time, faster; pauses cut short; older records at once" {
	printf '{"t":"2026-01-01T00:%s:00Z"}\n' 00 10 05 20 >e
	t=$(ms "$T" --time t --speed 2000x e); cmp out e
	[ "$t" -ge 595 ]; [ "$t" -lt 2000 ]
	t=$(ms "$T" --time t --speed 1 --gap-max 200ms e); cmp out e
	[ "$t" -ge 395 ]; [ "$t" -lt 2000 ]
	printf '{"t":"2026-01-01T00:00:00Z"}\n{"t":"yesterday"}\n{"u":1}\n{"t":7}\n' >e
	run --separate-stderr "$T" --time t --speed 10x e
	[ "$status" = 3 ]; [[ "$stderr" == "smrate: e:2:6: field t is no RFC 3339 time" ]]
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

@test "wrong usage: status 2, says what" {
	for bad in "-r 0/s" "-r x" "-b 0/s" "-b 1/x" "--burst 5" "-r 1/s --burst 0" "-r 1/s --burst x" "--speed 1" \
		"--time t" "--gap-max 1s" "--time t --speed 0" "--time t --speed -1x" "--on-error=maybe"; do
		run --separate-stderr "$T" $bad good
		[ "$status" = 2 ] || { echo "$bad: $status"; false; }
		[ -z "$output" ]; [ -n "$stderr" ]
	done
}

