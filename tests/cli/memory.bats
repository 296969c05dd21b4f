#!/usr/bin/env bats
# What each tool may hold (docs/memory.md), with the input that hurts it most. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0

load peer.bash

skip_sanitized() {
	[ -z "${SM_SANITIZE-}" ] || skip "memory is counted otherwise under sanitizers"
}
# in_mib N COMMAND…: run it with so many MiB of addresses, its output to the file out; WANT is its status. The libraries of a tool take some of them before it begins: 20 to 100 MiB.
in_mib() {
	local mib=$1; shift
	run -"$WANT" --separate-stderr bash -c 'ulimit -v "$1"; shift; exec timeout 300 "$@" >out' - $((mib * 1024)) "$@"
}

# heavy [N]: a record of 16 MiB that is eight million values, or N.
heavy() {
	python3 -c 'import sys; print("{\"id\":\"x:1\",\"created_at\":\"2026-01-01T00:00:00Z\",\"a\":[%s0]}" % ("0," * int(sys.argv[1])))' "${1-8000000}"
}

@test "smfetch: a page whose values would take too much is set aside without building them" {
	skip_sanitized
	peer <<-'P'
	import gzip
	bomb = gzip.compress(b'{"items":[{"id":1,"a":[' + b'0,' * 7000000 + b'0]}]}', 9)
	def answer(r):
	    return 200, bomb, {"Content-Encoding": "gzip"}
	P
	# 16 MiB each: what came, its copy for the report, and what curl and the pages of a heap need.
	WANT=4 in_mib 250 smfetch http-json url="$U/x" records=items --max-answer 16MiB
	[[ "$stderr" == *"as values: more than 64 MiB"* ]]
}

@test "smfetch files: a record that libjq would cut is weighed first" {
	skip_sanitized
	heavy >in
	WANT=3 in_mib 350 smfetch files --records '.a | map(.)' in
	[[ "$stderr" == *"in:1:1: "*"as values: more than 256 MiB"* ]]
}

@test "smjq: a record whose values would take more than --memory is a bad one, the next is read" {
	skip_sanitized
	{ heavy; echo '{"id":"x:2"}'; } >in
	WANT=3 in_mib 200 smjq . in
	[[ "$stderr" == "smjq: in:1: "*"as values: more than 256 MiB"* ]]
	WANT=1 in_mib 200 smjq --memory 16MiB --on-error=skip -c . in
	[ "$(<out)" = '{"id":"x:2"}' ]
	run -2 smjq --memory 0 . in
}

@test "smreplay: pages, and what --jq is given, are bounded by --memory" {
	skip_sanitized
	python3 -c 'print("{\"id\":\"x:1\",\"text\":\"%s\",\"n\":[%s0]}" % ("a" * 12000000, "0," * 500000))' >in
	smpartition t in | smcommit >/dev/null
	for j in 1 4; do
		WANT=3 in_mib $((50 + j * 100)) smreplay -j$j t --memory 2MiB
		[[ "$stderr" == *"column text: its pages take more memory than the 8 MiB that they may (--memory)" ]]
	done
	WANT=3 in_mib 150 smreplay -j1 t --select n --memory 8MiB --jq .
	[[ "$stderr" == *"--jq: "*"as values: more than 32 MiB"* ]]
	# As much as it needs is no fault.
	[ "$(smreplay t | md5sum)" = "$(md5sum <in)" ]
	[ "$(smreplay t --jq . | md5sum)" = "$(md5sum <in)" ]
}

@test "smreplay: --memory bounds all threads together, not each" {
	skip_sanitized
	# Texts that do not compress.
	python3 -c '
import base64, random
for k in range(1, 13):
    print("{\"id\":\"x:%d\",\"text\":\"%s\"}" % (k, base64.b64encode(random.Random(k).randbytes(10500000)).decode()))' >in
	smpartition t in --max-rows 1 | smcommit >/dev/null
	[ "$(ls t/*.parquet | wc -l)" = 12 ]
	rss() { python3 -c 'import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr)' "$@" 2>mib | md5sum; }
	for j in 4 16; do
		[ "$(rss smreplay t -j$j --memory 16MiB)" = "$(md5sum <in)" ]
		[ "$(<mib)" -le 300 ] || { echo "-j$j: $(<mib) MiB"; false; }
	done
	# A footer of bytes that each stand for a row group.
	python3 -c 'n = 4000000; f = b"\x49\xfc" + bytes([n & 127 | 128, n >> 7 & 127 | 128, n >> 14 & 127 | 128, n >> 21]) + bytes(n + 1); import sys; sys.stdout.buffer.write(b"PAR1" + f + len(f).to_bytes(4, "little") + b"PAR1")' >bomb
	add=$(ls t/*.parquet | head -1); size=$(stat -c %s "$add"); cp bomb "$add"; sed -i "s/\"size\":$size/\"size\":$(stat -c %s bomb)/" t/_delta_log/*.json
	WANT=3 in_mib 150 smreplay -j1 t --memory 16MiB
	[[ "$stderr" == *"its footer takes more memory than the 64 MiB that it may (--memory)" ]]
}

@test "smpartition: --memory, and twenty times a record that is longer than a sixteenth of it" {
	skip_sanitized
	for i in 1 2; do heavy 2500000; done >in
	WANT=0 in_mib 350 smpartition -j2 --memory 32MiB t in
	# Many records of a megabyte stay within the flag.
	python3 -c 'for i in range(40): print("{\"id\":\"x:%d\",\"text\":\"%s\"}" % (i, chr(97 + i % 26) * 1000000))' >in
	WANT=0 in_mib 250 smpartition -j2 --memory 32MiB t2 in
}

@test "smpartition: values of partitions, and the actions of many files, are counted too" {
	skip_sanitized
	python3 -c 'for i in range(80): print("{\"id\":\"%d%s\",\"n\":1}" % (i, "k" * 1000000))' >in
	WANT=0 in_mib 150 smpartition -j2 --memory 32MiB --by id t in
	[ "$(find t -name '*.parquet' | wc -l)" = 80 ]
}

@test "smtrend: a record that names millions of topics is a bad one" {
	skip_sanitized
	python3 -c 'print("{\"id\":\"x:1\",\"created_at\":\"2026-01-01T00:00:00Z\",\"tags\":[%s\"a\"]}" % ("\"a\"," * 4000000))' >in
	WANT=3 in_mib 300 smtrend in
	[[ "$stderr" == "smtrend: in:1: the record names more than 1048576 topics"* ]]
	WANT=1 in_mib 300 smtrend --on-error=skip in
}

@test "smsentiment, smrate: some times the longest record, and a text is 4 MiB at most" {
	skip_sanitized
	{ heavy; python3 -c 'print("{\"id\":\"x:1\",\"text\":\"%s\"}" % ("\U0001f604" * 1048000))'; } >in
	WANT=0 in_mib 700 smsentiment in
	WANT=0 in_mib 200 smrate in
	python3 -c 'print("{\"id\":\"x:1\",\"text\":\"%s\"}" % ("good " * 1000000))' >in2
	WANT=3 in_mib 200 smsentiment in2
	[[ "$stderr" == *"in2:1:"*": field text is longer than 4 MiB"* ]]
	WANT=0 in_mib 250 smrate --rate 1000/s --queue 1MiB in
}

@test "every tool: a mark of millions of values is refused before they are built" {
	skip_sanitized
	python3 -c 'print("{\"$mark\":{\"v\":1,\"stream\":\"s\",\"from\":0,\"seq\":1,\"cursor\":[%s0]}}" % ("0," * 8000000))' >in
	for t in 'smjq .' smsentiment smrate smtrend 'smpartition t' smcommit 'smcheckpoint save ck'; do
		WANT=3 in_mib 460 $t <in
		[[ "$stderr" == *"<stdin>:1:"*": mark: more than two million values"* ]]
	done
}

@test "smcommit, smtable, smreplay: nor does a line of the log build more" {
	skip_sanitized
	python3 -c 'print("{\"add\":{\"path\":\"a\",\"partitionValues\":{},\"size\":1,\"modificationTime\":0,\"dataChange\":true,\"tags\":[%s0]}}" % ("0," * 8000000))' >in
	WANT=3 in_mib 400 smcommit <in
	[[ "$stderr" == *"<stdin>:1:"*": more than two million values"* ]]
	echo '{"id":"x:1"}' | smpartition t | smcommit >/dev/null
	# The statistics of a file are a text in the line: what cannot be read of them is as if it were not there.
	python3 - t/_delta_log/*0.json <<-'P'
	import json, sys
	lines = [json.loads(l) for l in open(sys.argv[1])]
	for l in lines:
	    if "add" in l:
	        l["add"]["stats"] = '{"numRecords":1,"minValues":[' + "0," * 7000000 + "0]}"
	open(sys.argv[1], "w").write("".join(json.dumps(l) + "\n" for l in lines))
	P
	for t in 'smtable files t' 'smtable describe t' 'smreplay t --where id=1'; do
		WANT=0 in_mib 600 $t
	done
}

@test "smgen: nothing that grows" {
	skip_sanitized
	run -0 bash -c 'ulimit -v 100000; smgen -n 100000 | wc -l'
	[ "$output" = 100000 ]
}
