#!/usr/bin/env bats
# smfetch: many jobs, values from a pipe, shared budgets, reading again and again, looking before. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }
items() { define "${1:-items}" "$(jq -n --argjson i "$ITEMS" "\$i | ${2:-.}")"; }

# --- values from a pipe ---

# The comments of a page's posts, by way of a pipe; the marks are the parent's.
comments() {
	smfetch ./fb-page-feed.json --endpoint "$U" page_id=1234 page_size=10 --resume ck 2>>err | smjq -r .native_id |
		smfetch ./fb-comments.json --endpoint "$U" --max-wait 500ms - 2>>err | keeper all | smcheckpoint save ck 2>>err
}
family() { # REQUESTS an hour
	sim facebook --posts 60 --set comments=12 --limit app="$1/1h" --fault delay:0.05
	quick fb-page-feed >/dev/null; quick fb-comments >/dev/null
	export U; export -f comments keeper
}
all_comments() { world | jq -r '.comments[]' | sort >want; jq -r .native_id all | sort | diff want -; }

@test "a parent's marks come out behind what their values brought; the next run reads what is new" {
	family 100000
	comments; all_comments
	[ "$(tail -1 ck/journal | jq -r .end)" = done ]
	ctl 'grow?n=10'
	comments; all_comments
	[ "$(requests access_token)" = 0 ]
}

@test "a family of smfetch is killed and goes on: every comment once" {
	family 100000
	setsid bash -c 'echo $$ >pid; comments' 3>&- & pid=$!
	until_is 10 at_least 25 comments; pkill -9 -g "$(cat pid)" smfetch; wait $pid || true
	n=$(requests comments); [ "$n" -lt 60 ]
	comments; all_comments
	# The parent went on at its page: few posts were asked for their comments twice.
	[ "$(check repeats "$J" comments | wc -l)" -le 25 ]
}

@test "a child that ends early vouches for nothing: no closing mark, status 4; then it goes on, every comment once" {
	family 40
	rc=0; comments || rc=$?
	[ "$rc" = 4 ]
	family 100000; rm -rf ck all
	setsid bash -c 'echo $$ >pid; comments; echo $? >rc' 3>&- & pid=$!
	until_is 10 at_least 20 comments; pkill -TERM -g "$(cat pid)" smfetch; wait $pid || true
	[ "$(cat rc)" = 4 ]
	comments; all_comments
}

@test "values: text, objects with several variables, blank lines; what is none is an error with its line" {
	sim facebook --posts 20 --set comments=10
	a=$(world | sed -n 3p | jq -r .native_id) b=$(world | sed -n 5p | jq -r .native_id)
	printf '%s\n\n{"post_id":"%s","page_size":3}\n' "$a" "$b" | fetch fb-comments - >out
	world | jq -r 'select(.i == 2 or .i == 4) | .comments[]' | sort | diff - <(jq -r .native_id out | sort)
	[ "$(requests 'limit=3')" -ge 1 ]
	run bash -c "printf '%s\n{\"nope\":1}\n' '$a' | smfetch fb-comments - --endpoint $U"
	[ "$status" = 3 ] || [ "$status" = 2 ]; [[ "$output" == *nope* ]]
	run fetch fb-comments - --resume ck </dev/null; [ "$status" = 2 ]
	run fetch fb-page-feed - </dev/null; [ "$status" = 2 ]
}

# --- jobs ---

@test "--jobs: all of them, one mark for all, each goes on where it was" {
	sim generic --posts 200
	items a >/dev/null; items b >/dev/null
	for n in 1 2 3 4 5; do echo "{\"name\":\"j$n\",\"source\":\"./a.json\",\"vars\":{\"page_size\":$((n * 7))}}"; done >jobs
	run_ck all --jobs jobs; [ "$RC" = 0 ]; [ "$SAVED" = 0 ]
	same all                     # what one job gave out does not come from another
	[ "$(tail -1 ck/journal | jq -r '.cursor.jobs | keys | join(" ")')" = "j1 j2 j3 j4 j5" ]
	ctl 'grow?n=10'
	# One leaves, one comes.
	{ sed 1d jobs; echo '{"source":"./b.json"}'; } >jobs2
	run_ck more --jobs jobs2; [ "$RC" = 0 ]
	same more '.i >= 200'
	# The places of those that left are kept.
	[ "$(tail -1 ck/journal | jq -r '.cursor.jobs | keys | join(" ")')" = "b j1 j2 j3 j4 j5" ]
}

@test "--jobs: one that fails leaves the others alone, the status is that of the worst" {
	sim generic --posts 100
	items good >/dev/null; items bad '.request.url = "https://api.sim.example/nothing"' >/dev/null
	printf '%s\n' '{"name":"good","source":"./good.json"}' '{"name":"bad","source":"./bad.json"}' >jobs
	run_ck all --jobs jobs
	[ "$RC" = 4 ]; same all; grep -q bad err
	# A quota is 75, an error is worse.
	sim generic --posts 100
	items q '.outcome = "\"quota\""' >/dev/null
	printf '%s\n' '[{"name":"good","source":"./good.json"},' ' {"name":"q","source":"./q.json"}]' >jobs
	rm -rf ck all
	run_ck all --jobs jobs; [ "$RC" = 75 ]; [ "$(tail -1 ck/journal | jq -r .end)" = quota ]; same all
	printf '%s\n' '{"name":"bad","source":"./bad.json"}' >>jobs; jq -s 'flatten' jobs >jobs3
	rm -rf ck all
	run_ck all --jobs jobs3; [ "$RC" = 4 ]; same all
}

@test "--jobs: mistakes name line and column, nothing is asked" {
	sim generic --posts 5; items >/dev/null
	for j in '{"source":"./items.json","nope":1}' '{"source":"./items.json","vars":{"x":1}}' '{"vars":{}}' '{"source":"nosuch"}' '{"source":"./items.json","every":"x"}' '[{"source":1}]' '{"source":'; do
		printf '{"name":"ok","source":"./items.json"}\n%s\n' "$j" >jobs
		run fetch --jobs jobs
		[ "$status" = 2 ] || [ "$status" = 3 ] || { echo "$j: $status $output"; false; }
		[[ "$output" == *jobs:2:* || "$output" == *nosuch* ]] || { echo "$j: $output"; false; }
	done
	[ "$(requests)" = 0 ]
	printf '{"name":"a","source":"./items.json"}\n{"name":"a","source":"./items.json"}\n' >jobs
	run fetch --jobs jobs; [ "$status" = 2 ] || [ "$status" = 3 ]
	printf '{"source":"./items.json"}\n' | fetch --jobs - >out; same out
}

@test "--jobs: kill -9 in the middle: every job goes on at its page" {
	sim generic --posts 300 --fault delay:0.03
	for n in 1 2 3 4; do items "s$n" ".dedup = \"\\\"$n\\\" + .id\" | .map = \"{id: (\\\"s$n:\\\" + .id), native_id: .id, created_at}\"" >/dev/null; echo "{\"source\":\"./s$n.json\"}"; done >jobs
	start_ck all --jobs jobs --parallel 3
	until_is 10 at_least 25; kill_ck
	run_ck all --jobs jobs; [ "$RC" = 0 ]
	[ "$(wc -l <all)" = 1200 ]; [ "$(jq -r .id all | sort -u | wc -l)" = 1200 ]
}

@test "--jobs: since, until, max_records, max_requests of each job" {
	sim generic --posts 200
	items a >/dev/null
	since=$(world | sed -n 151p | jq -r .created_at) until=$(world | sed -n 171p | jq -r .created_at)
	items b '.map = "{id: (\"b:\" + .id), native_id: .id, created_at}"' >/dev/null; items c '.map = "{id: (\"c:\" + .id), native_id: .id, created_at}"' >/dev/null
	printf '%s\n' "{\"source\":\"./a.json\",\"since\":\"$since\",\"until\":\"$until\"}" '{"source":"./b.json","max_records":33}' '{"source":"./c.json","max_requests":2}' >jobs
	fetch --jobs jobs >out
	grep -v '"id":"[bc]:' out >a; same a '.i >= 150 and .i < 170'
	[ "$(grep -c '"id":"b:' out)" = 33 ]; [ "$(grep -c '"id":"c:' out)" = 40 ]
}

@test "--jobs: so many that the cursor is long: a few marks a second, not one a page" {
	sim generic --posts 60
	items a >/dev/null
	for n in $(seq 300); do echo "{\"name\":\"a job with a long name, number $n\",\"source\":\"./a.json\"}"; done >jobs
	run_ck all --jobs jobs --parallel 32 --per-host 16; [ "$RC" = 0 ]
	same all
	[ "$(requests)" = 900 ]
	ctl 'grow?n=50'; before=$(jq -s '.[-1].seq' ck/journal) start=$SECONDS
	run_ck all --jobs jobs --parallel 32 --per-host 16; [ "$RC" = 0 ]
	same all
	[ $(($(jq -s '.[-1].seq' ck/journal) - before)) -le $(((SECONDS - start + 1) * 6 + 6)) ]
	[ "$(tail -1 ck/journal | jq '.cursor.jobs | length')" = 300 ]
}

@test "--parallel bounds requests under way, --per-host connections" {
	sim generic --posts 40 --fault delay:0.1
	for n in $(seq 12); do items "p$n" '.vars.page_size = 40' >/dev/null; echo "{\"source\":\"./p$n.json\"}"; done >jobs
	fetch --jobs jobs --parallel 4 --per-host 3 >out
	[ "$(jq -s '[.[] | select(.method) | .conn] | unique | length' "$J")" -le 3 ]
	python3 - "$J" <<-'P'
	import json, sys
	at, open_, most = {}, [], 0
	ev = []
	for l in open(sys.argv[1]):
	    j = json.loads(l)
	    ev.append((j["t"], 1) if "method" in j else (j["ended"], -1))
	n = 0
	for _, d in sorted(ev):
	    n += d; most = max(most, n)
	assert most <= 3, most
	assert most >= 2, most
	P
}

# --- budgets ---

@test "--share: two processes have one budget" {
	sim generic --posts 200
	d=$(items items '.pace = "6/1s" | .rate = "null" | .vars.page_size = 20')
	fetch "$d" --share budget >a & p=$!
	fetch "$d" --share budget >b; wait $p
	same a; same b
	check windows "$J" 6/1s
	[ -n "$(find budget -type f)" ]
}

@test "--share: what one learns of a limit the other keeps to" {
	long
	sim generic --posts 160 --limit items=10/2s
	d=$(items)
	fetch "$d" --share budget >a & p=$!
	fetch "$d" --share budget >b; wait $p
	same a; same b
	check waits "$J"
	[ "$(jq -s '[.[] | select(.over)] | length' "$J")" -le 2 ]
}

@test "jobs with one budget share it; with budgets of their own they do not wait for each other" {
	sim generic --posts 120
	items a '.pace = "5/1s" | .rate = "null" | .budget = "one"' >/dev/null; items b '.pace = "5/1s" | .rate = "null" | .budget = "one" | .map = "{id: (\"b:\" + .id), native_id: .id, created_at}"' >/dev/null
	printf '%s\n' '{"source":"./a.json"}' '{"source":"./b.json"}' >jobs
	fetch --jobs jobs >out; [ "$(wc -l <out)" = 240 ]
	check windows "$J" 5/1s
}

# --- again and again ---

@test "--every: a walk, a pause, the next walk; --for ends it; new posts come once" {
	sim generic --posts 50
	start_ck all "$(items)" --every 300ms --for 3s
	until_is 5 at_least 3; sleep .2; ctl 'grow?n=7'; sleep .8; ctl 'grow?n=30'
	wait_ck; [ "$RC" = 0 ]; [ "$SAVED" = 0 ]
	same all
	[ "$(tail -1 ck/journal | jq -r .end)" = done ]
	n=$(requests); [ "$n" -ge 8 ]; [ "$n" -le $((20 * PATIENCE)) ]
}

@test "an ascending source: the cursor moves with each page; --since, --until" {
	sim generic --posts 130
	d=$(define asc '{"request":{"url":"https://api.sim.example/asc","query":{"limit":"20","after":"${cursor}","since":"${since}","until":"${until}"}},"records":".[]","times":"epoch",
		"cursor":{"field":"native_id","cmp":"lenlex","order":"asc"}}')
	run_ck all "$d"; [ "$RC" = 0 ]; same all
	ctl 'grow?n=25'
	run_ck all "$d"; [ "$RC" = 0 ]; same all
	[ -z "$(check repeats "$J" | grep -v after=$(world | sed -n 130p | jq -r .native_id))" ]
	since=$(world | sed -n 31p | jq -r .created_at) until=$(world | sed -n 61p | jq -r .created_at)
	fetch "$d" --since "$since" --until "$until" >out
	same out '.i >= 30 and .i < 60'
}

@test "a checkpoint belongs to its jobs: another source is status 5, two at once too" {
	sim generic --posts 30 --fault delay:0.2
	run_ck all "$(items)"; [ "$RC" = 0 ]
	run_ck other "$(items b)"; [ "$RC" = 5 ]; [ "$SAVED" != 0 ]
	ctl 'fault?spec=delay:2'; n=$(requests)
	start_ck x "$(items)"; until_is 10 at_least $((n + 1))
	run fetch "$(items)" --resume ck; [ "$status" = 5 ]
	wait_ck
}

@test "--dedup bounds what is remembered; edits come again" {
	sim generic --posts 60
	d=$(items items 'del(.cursor)')
	run_ck all "$d"; [ "$RC" = 0 ]; same all
	run_ck all "$d"; [ "$RC" = 0 ]; same all
	ctl 'edit?i=5,6'
	run_ck more "$d"; [ "$RC" = 0 ]; same more '.i == 5 or .i == 6'
	run_ck more "$d" --dedup 10; [ "$RC" = 0 ]
}

@test "marks come at least every 10 s, also while nothing does" {
	long
	sim generic --posts 10
	fetch "$(items)" --every 5m --for 32s --marks >out
	[ "$(grep -c '^{"$mark"' out)" -ge 5 ]
}

@test "what is remembered of given records is damaged: an error, no doubled records" {
	sim generic --posts 60
	d=$(items items 'del(.cursor)')
	run_ck all "$d"; [ "$RC" = 0 ]; same all
	truncate -s -16 ck/seen-*
	run_ck all "$d"; [ "$RC" != 0 ]; [ "$(wc -l <all)" = 60 ]; grep -q seen err
	# A longer one is what a run that was killed left behind.
	rm -rf ck all; run_ck all "$d"; printf 12345678901 >>"$(ls ck/seen-* | tail -1)"
	run_ck all "$d"; [ "$RC" = 0 ]; same all
}

# --- looking before ---

@test "--dry-run prints the first request of each job, redacted, and sends nothing" {
	sim x --posts 5
	run fetch x-recent query='secret cats' --dry-run
	[ "$status" = 0 ]; [[ "$output" == *"/2/tweets/search/recent"* ]]; [[ "$output" != *sim-token* ]]
	[[ "$output" == *"query=secret%20cats&"* ]]; [[ "$output" == *"Authorization: …"* ]]
	# where it comes from, and what bounds the rest of the walk
	smfetch x-recent query='secret cats' page_size=50 --dry-run --since 2026-11-01 --max-records 7 >out
	grep -q '^# variables: {.*"query":"secret cats".*"page_size":"50"' out; grep -q '^# limits: 450 in 15m' out
	grep -qx '# max-records: 7' out; grep -qx '# since: 2026-11-01T00:00:00.000Z' out
	# a secret that stands in a variable as well is masked there, too
	smfetch x-recent query="$TOKEN" --dry-run --secret x-bearer=@config/smtools/secrets/x-bearer >out; not grep -qF "$TOKEN" out
	[ "$(requests)" = 0 ]
	run fetch yt-comments video_id=abc --dry-run; [ "$status" = 0 ]; [[ "$output" != *sim-token* ]]
	run fetch reddit-new sub=unix user_agent=me --dry-run; [ "$status" = 0 ]; [[ "$output" != *sim-secret* ]]
	[ "$(requests)" = 0 ]
}

@test "--verbose tells paths and names of parameters, no values" {
	sim x --posts 150
	fetch x-recent query='lang:en privatewords' --verbose >out 2>err
	same out
	grep -q /2/tweets/search/recent err; grep -q max_results err
	not grep -q privatewords err; not grep -q sim-token err
	fetch x-recent query=cats >out 2>err; [ ! -s err ]
}

@test "--describe and --list tell of sources, variables and secrets" {
	smfetch --list >list
	for s in x-recent x-all x-stream fb-page-feed fb-comments ig-media mastodon-tag mastodon-public mastodon-stream bsky-search bsky-repo jetstream reddit-new yt-comments hn-items rss http-json http-ndjson; do
		grep -q "$s" list || { echo "$s is not in the list"; false; }
		smfetch --describe $s >out || { echo $s; false; }
	done
	smfetch --describe x-recent >out; grep -q query out; grep -q page_size out; grep -q x-bearer out; grep -q 450 out
}

@test "usage error: status 2, nothing is asked" {
	sim x --posts 5
	for bad in "x-recent" "x-recent query=" "x-recent query=a --since tomorrow" "x-recent query=a --split 1d" "x-recent query=a --max-records -1" "x-recent query=a --resume ck --marks" \
		"x-recent query=a --jobs f" "x-recent query=a query=b" "x-recent query=a --secret x-bearer=literal"; do
		run smfetch $bad --endpoint "$U" </dev/null
		[ "$status" = 2 ] || { echo "$bad: $status $output"; false; }
	done
	run smfetch x-recent query=a --endpoint nowhere; [ "$status" = 2 ]
	[ "$(requests)" = 0 ]
}
