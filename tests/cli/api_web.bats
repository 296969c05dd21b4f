#!/usr/bin/env bats
# smfetch http-json and http-ndjson against an API of nobody's. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }
at() { echo "url=https://api.sim.example/$1"; }

@test "http-json: a token, an address, a Link header, an array: every object once, as it came" {
	sim generic --posts 90
	fetch http-json "$(at 'items?limit=20')" records=items next=next next_param=after >out; same out '.gone | not' .id
	[ "$(requests)" = 5 ]
	# Numbers that no double holds are whole.
	world | jq -r '"\"big\":" + .native_id' >big; [ "$(grep -cFf big out)" = 90 ]
	fetch http-json "$(at 'urls?limit=20')" records=items next=paging.next >out; same out '.gone | not' .id
	fetch http-json "$(at 'links?limit=20')" >out; same out '.gone | not' .id
	fetch http-json "$(at 'asc?limit=500')" >out; same out '.gone | not' .id
	fetch http-json "$(at 'items?limit=20')" records=items >out; [ "$(wc -l <out)" = 20 ]
}

@test "http-json: a second run gives what is new, and what has changed; with key=id what is new alone" {
	sim generic --posts 60
	run_ck all http-json "$(at 'items?limit=20')" records=items next=next next_param=after key=id; [ "$RC" = 0 ]; same all '.gone | not' .id
	ctl 'grow?n=5'; ctl 'edit?i=3'
	run_ck more http-json "$(at 'items?limit=20')" records=items next=next next_param=after key=id; [ "$RC" = 0 ]; same more '.i >= 60' .id
	rm -rf ck
	run_ck a http-json "$(at 'asc?limit=500')"; [ "$RC" = 0 ]; ctl 'edit?i=4'
	run_ck b http-json "$(at 'asc?limit=500')"; [ "$RC" = 0 ]; same b '.i == 4' .id
}

@test "the closing mark says that all came: not when a run goes on, nor when a bound was reached or a record left out" {
	sim generic --posts 60
	walk() { fetch http-json "$(at 'items?limit=20')" records=items next=next next_param=after "$@" 2>err | tail -1 | jq -c '."$mark"|[.end,.all]'; }
	[ "$(walk --marks)" = '["done",true]' ]
	[ "$(walk --marks --max-records 1000)" = '["done",true]' ]
	[ "$(walk --marks --max-records 30)" = '["done",null]' ]
	[ "$(walk --marks --max-requests 1)" != '["done",true]' ]
	[ "$(walk --resume ck)" = '["done",true]' ]; fetch http-json "$(at 'items?limit=20')" records=items next=next next_param=after --resume ck | sed -n "/^{\"\$mark/p" | smcheckpoint save
	[ "$(walk --resume ck)" = '["done",null]' ]
	echo '{"source":"http-json","vars":{"url":"https://api.sim.example/items?limit=20","records":"items"},"max_records":5}' >jobs
	[ "$(fetch --jobs jobs --marks | tail -1 | jq -c '."$mark"|[.end,.all]')" = '["done",null]' ]
}

@test "http-ndjson: a line a record; a body that is cut is read again, nothing of it twice" {
	sim generic --posts 500 --fault cut:at=1 --fault truncate:at=2
	fetch "$(quick http-ndjson)" "$(at lines)" >out; same out '.gone | not' .id
	[ "$(requests)" = 3 ]
}

@test "http-json: goes without a token where there is none, and only to its own host with one" {
	sim generic --posts 10
	fetch http-json "$(at 'items?limit=20')" records=items >out
	[ "$(jq -r 'select(.method) | .headers.authorization' "$J")" = "Bearer $TOKEN" ]
	rm config/smtools/secrets/http-token
	fetch http-json "$(at 'items?limit=20')" records=items >out
	[ "$(jq -r 'select(.method) | .headers.authorization // "none"' "$J" | tail -1)" = none ]
	run fetch http-json "$(at items)" records=nothing.here; [ "$status" = 4 ]; [[ "$output" == *"the response has no nothing.here: it has items, next"* ]]
	run fetch http-json "$(at items)" 'records=nothing.here?'; [ "$status" = 0 ]; [ -z "$output" ]
	run fetch http-json url=file:///etc/passwd; [ "$status" = 2 ] || [ "$status" = 4 ]
	run fetch http-json url=; [ "$status" = 2 ]
}
