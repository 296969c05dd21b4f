#!/usr/bin/env bats
# smfetch against a simulated Mastodon: the walk back, the walk forward, Link headers, two budgets, ISO resets. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }

@test "mastodon-tag: back to the beginning, in the order of ids, though created_at runs backwards" {
	sim mastodon --posts 300
	fetch mastodon-tag tag=caturday >out
	same out '.tag == "caturday" and (.gone | not)'
	same out '.tag == "caturday"' .id .id
	jq -s -e 'all(.[]; (.tags | index("caturday")) and (.text | test("<") | not) and .author.handle)' <(jq -c 'select(.text | test("<b>") | not)' out)
	n=$(wc -l <out); [ "$(requests)" -le $((n / 40 + 2)) ]
}

@test "mastodon-public: a second run goes forward from the greatest id, page by page, without gaps" {
	sim mastodon --posts 90
	run_ck all mastodon-public; [ "$RC" = 0 ]; same all
	newest=$(world | tail -1 | jq -r .native_id); before=$(requests)
	ctl 'grow?n=130'
	run_ck all mastodon-public; [ "$RC" = 0 ]; same all
	[ "$(requests "min_id=$newest")" -ge 1 ]
	[ "$(($(requests) - before))" -le 6 ]
	before=$(requests)
	run_ck all mastodon-public; [ "$RC" = 0 ]; same all
	[ "$(($(requests) - before))" = 1 ]
}

@test "mastodon-public: the first walk is killed, posts come, it goes on: nothing is lost or doubled" {
	sim mastodon --posts 400 --fault delay:0.05
	start_ck all mastodon-public
	until_is 10 at_least 5; kill_ck
	ctl 'grow?n=60'
	ctl clear
	run_ck all mastodon-public; [ "$RC" = 0 ]
	run_ck all mastodon-public; [ "$RC" = 0 ]
	same all
	[ "$(check repeats "$J" | wc -l)" -le 1 ]
}

@test "mastodon-public: the walk forward is killed and goes on" {
	sim mastodon --posts 30
	run_ck all mastodon-public; [ "$RC" = 0 ]
	ctl 'grow?n=400'; ctl 'fault?spec=delay:0.05'
	start_ck all mastodon-public
	until_is 10 at_least 6; kill_ck
	run_ck all mastodon-public; [ "$RC" = 0 ]
	same all
	[ "$(check repeats "$J" | wc -l)" -le 2 ]
}

@test "mastodon-tag: two budgets under the same names, resets in ISO 8601: no request is above one" {
	sim mastodon --posts 300 --limit first=2/2s --limit paged=4/2s
	start=$SECONDS
	fetch "$(quick mastodon-tag '.pace = "1000/s"')" tag=all >out
	same out
	check over "$J"; check waits "$J"
	[ $((SECONDS - start)) -lt $((10 * PATIENCE)) ]
}

@test "mastodon-tag: a 429 without Retry-After waits for the reset that the header names" {
	for skew in 5000; do
		sim mastodon --posts 120 --fault 429:at=2 --fault "skew:$skew"
		fetch "$(quick mastodon-tag)" tag=all >out
		same out; check waits "$J"
		[ "$(jq -s '[.[] | select(.status == 429)] | length' "$J")" = 1 ]
	done
}

@test "mastodon-tag: with a token, without one, with a wrong one" {
	sim mastodon --posts 20 --set auth=1
	fetch mastodon-tag tag=all >out; same out
	[ "$(jq -r 'select(.method) | .headers.authorization' "$J" | sort -u)" = "Bearer $TOKEN" ]
	rm config/smtools/secrets/mastodon-token
	run fetch mastodon-tag tag=all; [ "$status" = 4 ]; [[ "$output" == *"is missing or was rejected (status 401): secret mastodon-token"* || "$output" == *authenticated* ]]
	ctl 'set?auth=0'
	fetch mastodon-tag tag=all >out; same out
	printf bad >config/smtools/secrets/mastodon-token; chmod 600 config/smtools/secrets/mastodon-token
	run fetch mastodon-tag tag=all; [ "$status" = 4 ]
}

@test "a definition that follows Link: next addresses that name the real host or the one asked" {
	for name in '' https://social.sim.example; do
		sim mastodon --posts 200 ${name:+--canonical $name}
		d=$(quick mastodon-public '.next = {link: "next"} | .cursor = {field: "native_id", cmp: "lenlex", order: "desc"} | .request = {url: "https://${host}/api/v1/timelines/public", query: {limit: "40"}}')
		fetch "$d" host=social.sim.example >out
		same out
	done
}

@test "mastodon-public: short pages and empty ones do not end the walk forward; a server of old sends no limits" {
	sim mastodon --posts 200 --set old=1 --fault short:7,every=2
	fetch mastodon-public >out; same out
	fetch mastodon-public --marks >out; [ "$(check marks out)" = done ]
}

@test "mastodon-tag: --since ends the walk behind a page that lies wholly before it, not at the first old post" {
	sim mastodon --posts 600 --step 300
	since=$(world | sed -n 400p | jq -r .created_at)
	fetch mastodon-tag tag=all --since "$since" >out
	world >world
	jq -r --arg s "$since" 'select(.created_at >= $s) | .native_id' world | sort >want
	jq -r .native_id out | sort >got
	# Who came hours late may stand behind the page that ends it.
	[ -z "$(comm -13 want got)" ]; [ "$(comm -23 want got | wc -l)" -le 3 ]
	[ "$(requests)" -lt 12 ]
}

@test "every request has a User-Agent" {
	sim mastodon --posts 5
	fetch mastodon-tag tag=all >out; same out
	jq -s -e '[.[] | select(.method)] | all(.[]; .headers["user-agent"] | test("smfetch|smtools"))' "$J"
}
