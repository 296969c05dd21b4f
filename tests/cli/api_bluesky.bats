#!/usr/bin/env bats
# smfetch against a simulated Bluesky: sessions, searches, repositories. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }

@test "bsky-search: a session, all pages, three forms of createdAt, every post once" {
	sim bluesky --posts 330
	fetch bsky-search query=cats >out
	same out
	[ "$(stat_of logins)" = 1 ]
	# The times are the world's, to the millisecond, in UTC.
	jq -n -e --slurpfile w world '($w | INDEX(.native_id)) as $w | [inputs | {want: $w[.native_id].created_at, got: .created_at}]
		| length == 330 and all(.[]; .want[:23] == (.got | rtrimstr("Z") | (if test("\\.") then . else . + "." end) + "000")[:23])' out
}

@test "bsky-search: the session ends in the middle: a new one, and no page lost" {
	sim bluesky --posts 450 --fault expire-token:at=3
	fetch bsky-search query=cats >out
	same out
	[ "$(stat_of logins)" = 2 ]
	[ "$(jq -s '[.[] | select(.status == 400)] | length' "$J")" = 1 ]
}

@test "bsky-search: a second run reads ten minutes again and gives only what is new" {
	sim bluesky --posts 300
	run_ck all bsky-search query=cats; [ "$RC" = 0 ]; same all
	before=$(requests searchPosts)
	ctl 'grow?n=12'
	run_ck all bsky-search query=cats; [ "$RC" = 0 ]; same all
	[ $(($(requests searchPosts) - before)) -le 2 ]
}

@test "bsky-search: kill -9 in the middle of a walk" {
	sim bluesky --posts 900 --fault delay:0.06
	start_ck all bsky-search query=cats
	until_is 10 at_least 5 searchPosts; kill_ck
	run_ck all bsky-search query=cats; [ "$RC" = 0 ]
	same all
	[ "$(check repeats "$J" searchPosts | wc -l)" -le 1 ]
}

@test "bsky-search: limits as epoch seconds, a 429 with Retry-After, a login that is refused" {
	sim bluesky --posts 550 --limit data=4/2s
	fetch "$(quick bsky-search '.pace = "1000/s"')" query=cats >out
	same out; check over "$J"; check waits "$J"
	sim bluesky --posts 250 --fault 429:at=2
	fetch "$(quick bsky-search)" query=cats >out; same out; check waits "$J"
	printf bad-pass-word >config/smtools/secrets/bsky-app-password
	run fetch bsky-search query=cats; [ "$status" = 4 ]; [[ "$output" != *bad-pass-word* ]]
}

@test "bsky-search: --token-cache keeps the session of the last run" {
	sim bluesky --posts 30
	for i in 1 2 3; do fetch bsky-search query=cats --token-cache cache >out; same out; done
	[ "$(stat_of logins)" = 1 ]
}

@test "bsky-repo: without a login, to the empty page behind the last full one" {
	sim bluesky --posts 300
	run_ck all bsky-repo repo=me.bsky.social; [ "$RC" = 0 ]
	same all '.gone | not' .native_id .repo_id
	[ "$(stat_of logins)" = 0 ]
	[ "$(jq -r 'select(.method) | .headers.authorization // "none"' "$J" | sort -u)" = none ]
	ctl 'grow?n=9'; before=$(requests)
	run_ck all bsky-repo repo=me.bsky.social; [ "$RC" = 0 ]
	same all '.gone | not' .native_id .repo_id
	[ $(($(requests) - before)) -le 2 ]
	run fetch bsky-repo repo=nobody.example; [ "$status" = 4 ]; [[ "$output" == *"Could not find repo"* ]]
}
