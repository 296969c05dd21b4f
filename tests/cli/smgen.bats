#!/usr/bin/env bats
# smgen: made-up posts. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() { cd "$BATS_TEST_TMPDIR"; smgen="$SM_BIN/smgen"; }

@test "the same seed gives the same bytes, another seed others" {
	"$smgen" -n 2000 --seed 7 >a; "$smgen" -n 2000 --seed 7 >b; "$smgen" -n 2000 --seed 8 >c
	cmp a b
	run ! cmp -s a c
}

@test "the bytes are those of the day it was written" {
	[ "$("$smgen" -n 3000 --seed 42 | sha256sum | cut -c1-16)" = 3c9ce395e0302ce3 ]
	[ "$("$smgen" -n 3000 --seed 42 --profile bench --networks x=3,reddit --langs en,ja=2 | sha256sum | cut -c1-16)" = a58b34d622a697ae ]
}

@test "-n gives exactly that many lines, 0 none" {
	[ "$("$smgen" -n 1234 | wc -l)" = 1234 ]
	[ "$("$smgen" -n 1 | wc -l)" = 1 ]
	run "$smgen" -n 0
	[ "$status" = 0 ]; [ -z "$output" ]
}

@test "every line is JSON with the fields that smpost/1 requires" {
	"$smgen" -n 5000 | jq -es 'length == 5000 and all(.[]; .id and .network and .native_id and .kind and .created_at
		and .observed_at and (.created_date == .created_at[:10]) and (.op == "upsert" or .op == "delete"))'
}

@test "variety: all networks, many languages, kinds, edits, deletions, tags, mentions, emoji" {
	"$smgen" -n 8000 >a
	jq -es '(map(.network) | unique | length) == 7 and (map(.lang) | unique | length) >= 12
		and (map(.kind) | unique) == ["comment","post","quote","reply","repost"]
		and (map(select(.edited_at)) | length) > 40 and (map(select(.op == "delete")) | length) > 20
		and any(.[]; .place.lat) and any(.[]; .mentions) and any(.[]; .media) and any(.[]; .links)
		and any(.[]; has("author") and .author == null) and any(.[]; .text == "")' a
	grep -q '😀' a
}

@test "ids are unique, but for edits and deletions of posts that came before" {
	"$smgen" -n 20000 >a
	jq -rs 'map(select(.op == "upsert" and .edited_at == null) | .id) | (unique | length) == length' a | grep -qx true
	jq -es 'group_by(.id) | all(.[]; map(.op == "upsert" and .edited_at == null) | .[0] and (.[1:] | any | not))' a
}

@test "64-bit ids: some need more than 53 bits" {
	"$smgen" -n 200 --networks x | grep -Eq '"native_id":"[0-9]{19}"'
}

@test "an edit keeps id, created_at and created_date" {
	"$smgen" -n 3000 >a
	jq -es '(map(select(.op == "upsert" and .edited_at == null)) | INDEX(.id)) as $o | map(select(.edited_at))
		| length > 10 and all(.[]; $o[.id].created_at == .created_at and .edited_at > .created_at)' a
}

@test "a repost repeats the text of the post it names" {
	"$smgen" -n 3000 >a
	jq -es '(map(select(.op == "upsert" and .edited_at == null)) | INDEX(.id)) as $o
		| map(select(.kind == "repost" and .op == "upsert" and .refs)) | length > 50 and all(.[]; $o[.refs[0].id].text == .text)' a
}

@test "the span and the start are kept" {
	"$smgen" -n 500 --start 2025-03-01T12:00:00Z --span 1h >a
	jq -es 'all(.[]; .created_at >= "2025-03-01T12:00:00Z" and .created_at <= "2025-03-01T13:00:00Z")' a
}

@test "a burst: its tag leads in its hours and is not heard of before" {
	"$smgen" -n 20000 --bursts 1 --span 2d >a
	run jq -rs 'map(select(.tags) | . as $r | .tags[] | {t: ., at: $r.created_at[:13]}) | group_by(.t)
		| map({t: .[0].t, n: length, hours: (map(.at) | unique | length)}) | map(select(.hours < 12)) | .[0].n > 500' a
	[ "$output" = true ]
}

@test "--rate: 200 records at 400/s take half a second, the first at once" {
	b=$(date +%s%N)
	"$smgen" -n 200 --rate 400/s >a
	ms=$((($(date +%s%N) - b) / 1000000))
	[ "$ms" -ge 490 ]; [ "$ms" -lt 3000 ]
	"$smgen" -n 200 >b; cmp a b
}

@test "usage error: status 2, no output, says what" {
	for bad in "--networks nope" "--networks x=0" "--langs xx" "--span 0s" "--start 1999-01-01" "--edits 60" "--bursts 5000" \
		"--profile fast" "-n -1" "-n 99999999999999" "--rate 0/s" "FILE"; do
		run --separate-stderr "$smgen" $bad
		[ "$status" = 2 ] || { echo "$bad: $status"; false; }
		[ -z "$output" ]
		[ -n "$stderr" ]
	done
}

@test "help, version, man page; /dev/full and a closed output fail; SIGPIPE is silent" {
	"$smgen" --help | grep -q -- --seed
	"$smgen" --version | grep -Eq '^smgen [0-9]+\.[0-9]+\.[0-9]+$'
	"$smgen" --generate=man >m.1
	[ -z "$(groff -man -ww -z m.1 2>&1)" ]
	run sh -c "'$smgen' -n 1000 >/dev/full"; [ "$status" = 4 ]
	run sh -c "'$smgen' -n 10 >&-"; [ "$status" != 0 ]
	run bash -c "'$smgen' -n 1000000 2>err | head -1 >/dev/null; echo \${PIPESTATUS[0]}"
	[ "$output" = 141 ]; [ ! -s err ]
}

@test "the sample that ships is what smgen makes" {
	sample="$BATS_TEST_DIRNAME/../../share/sample/posts.ndjson.zst"
	"$smgen" -n 5000 >a
	zstd -qdc "$sample" | cmp - a
	[ "$(stat -c %s "$sample")" -le 512000 ]
}
