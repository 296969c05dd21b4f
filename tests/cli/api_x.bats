#!/usr/bin/env bats
# smfetch against a simulated X: paging, going on, edits, limits, what is wrong. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }

@test "x-recent: all pages, every post once, whole texts" {
	sim x --posts 250
	fetch x-recent query=cats >out
	same out
	[ "$(requests)" = 3 ]
	# The text of a retweet is that of the original, nothing is HTML.
	jq -r 'select(.kind == "repost") | .refs[0].id' out | sort -u >originals
	[ "$(wc -l <originals)" -gt 10 ]
	# An original that X does not give leaves the cut text.
	jq -n -e --slurpfile w world '($w | INDEX(.native_id)) as $w | [inputs | {kind, text, own: $w[.native_id].text, orig: $w[.refs[0].id[2:] // ""].text}]
		| all(.[]; if .kind == "repost" then .text == .orig or (.text | startswith("RT @")) else .text == .own end)
		and ([.[] | select(.kind == "repost" and .text == .orig)] | length > 20)' out
	jq -s -e 'all(.[]; .network == "x" and .id == "x:" + .native_id and .op == "upsert" and .author.id and .author.handle and .metrics.likes != null)' out
}

@test "x-recent: a second run asks for what is new, once, and gives nothing twice" {
	sim x --posts 150
	run_ck all x-recent query=cats; [ "$RC" = 0 ]; [ "$SAVED" = 0 ]
	same all
	before=$(requests); newest=$(world | tail -1 | jq -r .native_id)
	run_ck all x-recent query=cats; [ "$RC" = 0 ]
	same all
	[ "$(requests)" = $((before + 1)) ]; [ "$(requests "since_id=$newest")" = 1 ]
	ctl 'grow?n=120'
	run_ck all x-recent query=cats; [ "$RC" = 0 ]
	same all
	[ "$(requests "since_id=$newest")" = 3 ]
	[ "$(requests "start_time")" = 0 ]
}

@test "x-recent: an edit is a new post that names the old one" {
	sim x --posts 60
	run_ck all x-recent query=cats
	old=$(world | sed -n 50p | jq -r .native_id)
	ctl 'edit?i=49'
	run_ck more x-recent query=cats; [ "$RC" = 0 ]
	[ "$(grep -c . more)" = 1 ]
	jq -e --arg old "x:$old" '.prior_ids == [$old]' more
}

@test "x-recent: kill -9 in the middle of a walk: on with the next page, no page twice" {
	sim x --posts 300 --fault delay:0.05
	start_ck all x-recent query=cats page_size=10
	until_is 10 at_least 8; kill_ck
	seq=$(jq .seq ck/table); [ "$seq" -ge 3 ]
	page=$(jq -r "select(.seq == $seq) | .cursor.jobs[].page" ck/journal)
	before=$(requests)
	run_ck all x-recent query=cats page_size=10; [ "$RC" = 0 ]
	same all
	# It began at the page that the mark names.
	[ "$(jq -r 'select(.method) | .query | map(select(.[0] == "next_token"))[0][1]' "$J" | sed -n "$((before + 1))p")" = "$page" ]
	[ "$(check repeats "$J" | wc -l)" -le 1 ]
	[ "$(requests)" -le 31 ]
	jq -e '.jobs | to_entries | length == 1 and (.[0].key | test("^x-recent .*query=cats")) and .[0].value.page == null and .[0].value.committed != null' <(tail -1 ck/journal | jq .cursor)
}

@test "x-recent: posts that come while a walk is interrupted are not lost" {
	sim x --posts 100 --fault delay:0.05
	start_ck all x-recent query=cats page_size=10
	until_is 10 at_least 4; kill_ck
	ctl 'grow?n=35'
	run_ck all x-recent query=cats page_size=10; [ "$RC" = 0 ]
	run_ck all x-recent query=cats page_size=10; [ "$RC" = 0 ]
	same all
}

@test "x-recent: SIGTERM ends it with a mark, the same line goes on" {
	sim x --posts 300 --fault delay:0.1
	start_ck all x-recent query=cats page_size=10
	until_is 10 at_least 4; kill -TERM "$FETCH_PID"; wait_ck
	[ "$RC" = 0 ]; [ "$SAVED" = 0 ]
	[ "$(tail -1 ck/journal | jq -r .end)" = signal ]
	ctl clear
	run_ck all x-recent query=cats page_size=10; [ "$RC" = 0 ]
	same all
	[ -z "$(check repeats "$J")" ]
}

@test "x-recent: --since and --until: nothing else comes, the API is asked for just that" {
	sim x --posts 250
	since=$(world | sed -n 101p | jq -r .created_at) until=$(world | sed -n 181p | jq -r .created_at)
	fetch x-recent query=cats --since "$since" --until "$until" >out
	same out ".i >= 100 and .i < 180"
	[ "$(requests 'start_time=')" = 1 ]; [ "$(requests 'end_time=')" = 1 ]; [ "$(requests)" = 1 ]
	run_ck a x-recent query=cats --until "$until"; [ "$RC" = 0 ]
	same a ".i < 180"
	before=$(requests)
	run_ck a x-recent query=cats --until "$until"; [ "$RC" = 0 ]    # it is through: nothing is left to read
	same a ".i < 180"
	[ "$(requests)" = "$before" ]
}

@test "x-recent: --max-records and --max-requests end a run with its place kept" {
	sim x --posts 250
	fetch x-recent query=cats --max-records 137 >out
	[ "$(wc -l <out)" = 137 ]
	for i in 1 2; do run_ck all x-recent query=cats page_size=50 --max-requests 2; [ "$RC" = 0 ]; [ "$SAVED" = 0 ]; [ "$(wc -l <all)" = $((i * 100)) ]; done
	for i in 1 2 3; do run_ck all x-recent query=cats page_size=50 --max-records 20; [ "$RC" = 0 ]; [ "$(tail -1 ck/journal | jq -r .end)" = done ]; done
	same all
}

@test "x-recent: with a limit of 5 in 2 s no request is above it, and none waits longer than it must" {
	sim x --posts 90 --limit recent=5/2s
	start=$EPOCHREALTIME
	fetch "$(quick x-recent '.pace = "1000/s"')" query=cats page_size=10 >out
	took=$(bc <<<"($EPOCHREALTIME - $start) * 1000 / 1" 2>/dev/null || python3 -c "print(int(($EPOCHREALTIME - $start) * 1000))")
	same out
	check over "$J"; check waits "$J"
	[ "$took" -lt $((6000 * PATIENCE)) ]
}

@test "x-recent: the definition's own pace holds in every sliding window" {
	sim x --posts 120
	fetch "$(quick x-recent '.pace = ["5/1s", "2/100ms"]')" query=cats page_size=10 >out
	same out
	check windows "$J" 5/1s
	check windows "$J" 2/0.1s
}

@test "x-recent: a quota that comes back after --max-wait: status 75, the mark says quota, later it goes on" {
	sim x --posts 50 --limit recent=3/4s
	q=$(quick x-recent '.pace = "1000/s"')
	run_ck all "$q" query=cats page_size=10 --max-wait 1s
	[ "$RC" = 75 ]; [ "$SAVED" = 75 ]
	[ "$(tail -1 ck/journal | jq -r .end)" = quota ]
	check over "$J"
	n=$(wc -l <all); [ "$n" -ge 10 ]; [ "$n" -le 30 ]
	run_ck all "$q" query=cats page_size=10 --max-wait 20s; [ "$RC" = 0 ]
	same all
	check waits "$J"
}

@test "x-recent: a 429 is kept until its reset, also with a clock that is wrong" {
	for skew in -3600; do
		sim x --posts 60 --fault 429:at=3 --fault "skew:$skew"
		fetch "$(quick x-recent)" query=cats page_size=10 >out
		same out
		check waits "$J"
		[ "$(requests)" = 7 ]
	done
}

@test "x-recent: a since_id that is too old: the walk begins anew without it, nothing comes twice" {
	sim x --posts 100
	run_ck all x-recent query=cats; [ "$RC" = 0 ]; same all
	ctl 'set?recent_days=0.0001'; ctl 'grow?n=3'        # nine seconds: the newest that was read is a minute old
	run_ck all x-recent query=cats; [ "$RC" = 0 ]
	same all
	[ "$(jq -s '[.[] | select(.status == 400)] | length' "$J")" = 1 ]
	ctl 'set?recent_days=7'; ctl 'grow?n=1'
	run_ck all x-recent query=cats; [ "$RC" = 0 ]
	same all
}

@test "x-all: one request a second and the quarter of an hour, short pages, no end before the last" {
	sim x --posts 80
	fetch "$(quick x-all '.pace = ["1/s", "300/15m"]')" query=cats page_size=30 >out
	same out
	check windows "$J" 1/1s
	check over "$J"
}

@test "x-all: a 429 while some are left is the second's: a short wait, and no quota" {
	long
	sim x --posts 60
	fetch "$(quick x-all '.pace = "1000/s"')" query=cats page_size=40 --max-wait 10s >out
	same out
	[ "$(jq -s '[.[] | select(.status == 429)] | length' "$J")" -ge 1 ]
}

@test "x-all: --split reads a backfill part by part, the oldest first" {
	sim x --posts 120 --step 600 --limit all-second=1000/1s
	since=$(date -u -d "-3 days" +%FT00:00:00Z) until=$(world | tail -1 | jq -r .created_at)
	run_ck all "$(quick x-all '.pace = "1000/s"')" query=cats --since "$since" --until "$until" --split 6h
	[ "$RC" = 0 ]
	same all '.i < 119'
	jq -r '.created_at' all >times
	# Oldest part first: the first record is older than the last.
	[[ "$(head -1 times)" < "$(tail -1 times)" ]]
	[ "$(requests start_time=)" -ge 4 ]
	before=$(requests)
	run_ck all "$(quick x-all '.pace = "1000/s"')" query=cats --since "$since" --until "$until" --split 6h; [ "$RC" = 0 ]
	[ "$(requests)" = "$before" ]
	same all '.i < 119'
}

@test "x-all: --split killed in the middle goes on in its part" {
	sim x --posts 120 --step 600 --fault delay:0.04 --limit all-second=1000/1s
	q=$(quick x-all '.pace = "1000/s"')
	since=$(date -u -d "-2 days" +%FT00:00:00Z) until=$(world | tail -1 | jq -r .created_at)
	args=("$q" query=cats page_size=10 --since "$since" --until "$until" --split 5h)
	start_ck all "${args[@]}"
	until_is 10 at_least 9; kill_ck
	run_ck all "${args[@]}"; [ "$RC" = 0 ]
	same all '.i < 119'
	[ "$(check repeats "$J" | wc -l)" -le 1 ]
}

@test "x: what is wrong is said, without the token; status 4" {
	sim x --posts 20
	run fetch x-recent query=cats page_size=3
	[ "$status" = 4 ]; [[ "$output" == *max_results* || "$output" == *"parameters to your request was invalid"* ]]; [[ "$output" != *sim-token* ]]
	printf wrong-token >config/smtools/secrets/x-bearer
	run fetch x-recent query=cats
	[ "$status" = 4 ]; [[ "$output" == smfetch:* ]]; [[ "$output" != *wrong-token* ]]
	[ "$(requests)" -le 3 ]
	run fetch x-recent
	[ "$status" = 2 ]; [[ "$output" == *query* ]]
	run fetch x-recent query=cats nope=1
	[ "$status" = 2 ]; [[ "$output" == *nope* ]]
	rm config/smtools/secrets/x-bearer
	run fetch x-recent query=cats
	[ "$status" = 2 ] || [ "$status" = 4 ]; [[ "$output" == *x-bearer* ]]
}

@test "x-recent: an answer of errors alone, an empty one, an HTML 404" {
	sim x --posts 0
	fetch x-recent query=cats >out; [ ! -s out ]
	run_ck all x-recent query=cats; [ "$RC" = 0 ]
	ctl 'grow?n=5'
	run_ck all x-recent query=cats; [ "$RC" = 0 ]; same all
	run fetch "$(quick x-recent '.request = {url: "https://api.x.com/2/nothing", query: {query: "${query}"}}')" query=x
	[ "$status" = 4 ]
}
