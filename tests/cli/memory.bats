#!/usr/bin/env bats
# What each tool may hold (docs/memory.md), with the input that hurts it most. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0

load peer.bash

skip_sanitized() {
	[ -z "${SM_SANITIZE-}" ] || skip "memory is counted otherwise under sanitizers"
}
# in_mib N COMMAND…: run it with so many MiB of addresses. The libraries of a tool take some of them before it begins: 20 to 100 MiB.
in_mib() {
	local mib=$1; shift
	run -"$WANT" --separate-stderr bash -c 'ulimit -v "$1"; shift; exec timeout 300 "$@"' - $((mib * 1024)) "$@"
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
	[[ "$stderr" == *"a page that cannot be read"*"as values: more than 64 MiB"* ]]
}
