#!/usr/bin/env bats
# smfetch against a simulated YouTube: threads with replies, a quota a day, videos from a pipe. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }
V=video_id=abcDEF12345
# Top comments, and the replies that come along with them or all of them.
whole() { world >world; jq -r '.native_id, .inline[]' world | sort >least; jq -r '.native_id, .replies[]' world | sort >most; jq -r .native_id "$1" | sort >got
	[ -z "$(uniq -d got)" ]; [ -z "$(comm -23 least got)" ]; [ -z "$(comm -13 most got)" ]; }

@test "yt-comments: all pages, comments and replies once" {
	sim youtube --posts 350
	fetch yt-comments $V >out
	whole out
	jq -s -e 'all(.[]; .kind == "comment" or .kind == "reply") and all(.[]; .author.id and .refs[0].id)' out
	# The key is in a header or a parameter, and in no record.
	check secret out -- "$TOKEN"
}

@test "yt-comments: twenty a page whatever is asked, a processingFailure that passes" {
	sim youtube --posts 130 --set twenty=1 --set processing=4
	fetch "$(quick yt-comments)" $V >out
	whole out
}

@test "yt-comments: the quota of the day is used up: status 75, the mark says quota, no further request" {
	sim youtube --posts 350 --set quota=2
	run_ck all yt-comments $V
	[ "$RC" = 75 ]; [ "$SAVED" = 75 ]; [ "$(tail -1 ck/journal | jq -r .end)" = quota ]
	[ "$(requests)" = 3 ]
	ctl 'set?quota=10000'
	run_ck all yt-comments $V; [ "$RC" = 0 ]
	whole all
}

@test "yt-comments: the day of the definition ends at midnight in Los Angeles: own count, shared by runs" {
	sim youtube --posts 350
	q=$(quick yt-comments '.pace = "2/day@America/Los_Angeles"')
	run_ck all "$q" $V --share budget --max-wait 1s
	[ "$RC" = 75 ]; [ "$(requests)" = 2 ]
	run_ck all "$q" $V --share budget --max-wait 1s
	[ "$RC" = 75 ]; [ "$(requests)" = 2 ]
	run_ck all "$q" $V --max-wait 1s --share other; [ "$RC" = 0 ] || [ "$RC" = 75 ]
	[ "$(requests)" = 4 ]
}

@test "yt-comments: rateLimitExceeded waits and goes on" {
	sim youtube --posts 150 --fault 429:at=2
	fetch "$(quick yt-comments)" $V >out
	whole out
}

@test "yt-comments: videos from a pipe, one without comments, one that is gone" {
	sim youtube --posts 120 --set videos=3
	printf '%s\n' abcDEF12345 off abcDEF123451 abcDEF123452 | fetch yt-comments - >out
	whole out
}

@test "yt-comments: a wrong key is status 4" {
	sim youtube --posts 20
	for f in config/smtools/secrets/yt*; do printf nokeynokey >"$f"; done
	run fetch yt-comments $V; [ "$status" = 4 ]; [[ "$output" != *nokeynokey* ]]
}
