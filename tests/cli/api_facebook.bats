#!/usr/bin/env bats
# smfetch against a simulated Graph API: feeds, comments, Instagram. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }

@test "fb-page-feed: empty pages, short ones and a last one with a cursor: every post once" {
	sim facebook --posts 260
	fetch fb-page-feed page_id=1234 page_size=20 >out
	same out
	jq -s -e 'all(.[]; .network == "facebook" and .thread_id != "" and .metrics.likes != null)' out
	[ "$(jq -s '[.[] | select(.items == 0)] | length' "$J")" -ge 1 ]
	# The token goes in the header, and not in addresses, though the API puts it there.
	[ "$(requests access_token)" = 0 ]
	[ "$(jq -r 'select(.method) | .headers.authorization' "$J" | sort -u)" = "Bearer $TOKEN" ]
}

@test "fb-page-feed: next addresses are followed byte for byte, of the real host or the one asked" {
	for here in 0 1; do
		sim facebook --posts 60 --set here=$here
		fetch "$(quick fb-page-feed '.request.url = "https://graph.facebook.com/${version}/${page_id}/posts"')" page_id=1234 page_size=20 >out
		same out
		# Empty parameters stay.
		[ "$(requests '&since=&until=[0-9]+&__paging_token=')" -ge 2 ]
	done
}

@test "fb-page-feed: a second run gives what is new, and edits; nothing twice" {
	sim facebook --posts 100 --step 3600
	run_ck all fb-page-feed page_id=1234 page_size=20; [ "$RC" = 0 ]; same all
	before=$(requests)
	run_ck all fb-page-feed page_id=1234 page_size=20; [ "$RC" = 0 ]; same all
	[ $(($(requests) - before)) -le 4 ]      # a day is read again, not everything
	ctl 'grow?n=7'; ctl 'edit?i=95,97'
	run_ck more fb-page-feed page_id=1234 page_size=20; [ "$RC" = 0 ]
	same more '.i >= 100 or .i == 95 or .i == 97'
	jq -s -e '[.[] | select(.edited_at)] | length == 2' more
	run_ck none fb-page-feed page_id=1234 page_size=20; [ "$RC" = 0 ]; [ ! -s none ]
}

@test "fb-page-feed: kill -9 in the middle: on with the next address, which is kept without the token" {
	sim facebook --posts 300 --fault delay:0.05
	start_ck all fb-page-feed page_id=1234 page_size=20
	until_is 10 at_least 6; kill_ck
	check secret ck/journal -- "$TOKEN" sim-token
	grep -q 'after=' ck/journal
	run_ck all fb-page-feed page_id=1234 page_size=20; [ "$RC" = 0 ]
	same all
	[ "$(check repeats "$J" | wc -l)" -le 1 ]
}

@test "fb-page-feed: --since and --until go as epoch seconds" {
	sim facebook --posts 200
	since=$(world | sed -n 51p | jq -r .created_at) until=$(world | sed -n 151p | jq -r .created_at)
	fetch fb-page-feed page_id=1234 --since "$since" --until "$until" >out
	same out '.i >= 50 and .i < 150'
	[ "$(requests "[?&]since=$(date -d "$since" +%s)")" -ge 1 ]
}

@test "fb-page-feed: from the percent that the definition names on requests wait; above it the minutes count: status 75" {
	sim facebook --posts 200 --limit page=10/1h --limit app=1000/1h
	run_ck all "$(quick fb-page-feed '.pace = {soft_pct: 75, hard_pct: 95}')" page_id=1234 page_size=10 --max-wait 2s
	[ "$RC" = 75 ]; [ "$SAVED" = 75 ]
	check over "$J"; [ "$(requests)" -le 10 ]
	# Whoever does not look at percent is told off once, with minutes to wait, and does not ask again.
	sim facebook --posts 200 --limit page=5/1h --set usage=0
	rm -rf ck all
	run_ck all "$(quick fb-page-feed)" page_id=1234 page_size=10 --max-wait 2s
	[ "$RC" = 75 ]; [ "$(tail -1 ck/journal | jq -r .end)" = quota ]
	[ "$(requests)" -le 6 ]
	check waits "$J"
}

@test "fb-page-feed: minutes to regain access are minutes" {
	long
	sim facebook --posts 80 --limit page=3/62s --limit app=1000/1h --set usage=0
	fetch "$(quick fb-page-feed)" page_id=1234 page_size=20 --max-wait 10m >out
	same out; check waits "$J"
}

@test "fb-page-feed: 'reduce the amount of data' halves the page" {
	sim facebook --posts 90 --set heavy=30
	fetch "$(quick fb-page-feed)" page_id=1234 page_size=100 >out
	same out
	[ "$(requests 'limit=100')" = 1 ]; [ "$(requests 'limit=50')" = 1 ]; [ "$(requests 'limit=25')" -ge 3 ]
}

@test "fb-page-feed: a token that has ended, one that is wrong: status 4 and the place kept" {
	sim facebook --posts 200 --fault expire-token:at=3
	run_ck all fb-page-feed page_id=1234 page_size=20
	[ "$RC" = 4 ]; [ "$SAVED" = 4 ]; grep -q smfetch: err
	check secret err ck/journal all -- "$TOKEN"
	[ "$(tail -1 ck/journal | jq -r .end)" = error ]
	[ "$(requests)" -le 4 ]
	printf sim-token-2 >config/smtools/secrets/fb-page-token
	sim facebook --posts 200 --token sim-token-2
	run_ck all fb-page-feed page_id=1234 page_size=20; [ "$RC" = 0 ]
	[ "$(wc -l <all)" = 200 ]
}

@test "fb-comments: values from a pipe; comments without id; posts that are gone are passed over" {
	sim facebook --posts 30
	world | jq -r .native_id >posts; sed -i '5i1234_999' posts
	fetch fb-comments - <posts >out
	world | jq -r '.comments[]' | sort >want
	jq -r .native_id out | sort | diff want -
	[ "$(wc -l <want)" -gt 100 ]
	jq -s -e 'all(.[]; .kind == "comment") and ([.[].id] | unique | length) == length and all(.[]; .thread_id)' out
	[ "$(requests comments)" -ge 31 ]
	fetch fb-comments post_id="$(sed -n 3p posts)" >one
	world | jq -r 'select(.i == 2) | .comments[]' | sort | diff - <(jq -r .native_id one | sort)
}

@test "fb-comments: several pages a post, four posts at once" {
	sim facebook --posts 12 --set comments=200 --fault delay:0.05
	world | jq -r .native_id | fetch fb-comments - page_size=25 >out
	world | jq -r '.comments[]' | sort | diff - <(jq -r .native_id out | sort)
}

@test "ig-media: every post once, a second run only new captions" {
	sim facebook --posts 130
	run_ck all ig-media ig_user=1784; [ "$RC" = 0 ]
	same all '.gone | not' .native_id .media_id
	ctl 'grow?n=3'; ctl 'edit?i=128'
	run_ck more ig-media ig_user=1784; [ "$RC" = 0 ]
	same more '.i >= 130 or .i == 128' .native_id .media_id
}
