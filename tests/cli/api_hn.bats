#!/usr/bin/env bats
# smfetch against a simulated Hacker News: a range of items, sixteen at once, some not there yet. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }
soon='.outcome = "if $status == 200 and . == null then \"later:0.2\" else null end"'

@test "hn-items: the newest items, those that are null a little later, deleted ones as deletions" {
	sim hn --posts 200
	fetch "$(quick hn-items "$soon")" backlog=150 >out
	same out '.i >= 50' .native_id .native_id
	jq -s -e '[.[] | select(.op == "delete")] | length > 3' out
	[ "$(requests maxitem)" = 1 ]
	jq -s -e 'all(.[] | select(.op == "upsert"); .author.handle and .created_at)' out
}

@test "hn-items: the next run begins behind what was read; what was not there yet is left to it" {
	sim hn --posts 100 --set nulls=1
	q=$(quick hn-items "$soon")
	run_ck all "$q" backlog=60; [ "$RC" = 0 ]
	run_ck all "$q" backlog=60; [ "$RC" = 0 ]
	same all '.i >= 40'
	before=$(requests item/)
	ctl 'grow?n=40'
	run_ck all "$q" backlog=60; [ "$RC" = 0 ]
	run_ck all "$q" backlog=60; [ "$RC" = 0 ]
	same all '.i >= 40'
	[ $(($(requests item/) - before)) -le 50 ]
	before=$(requests item/)
	run_ck all "$q" backlog=60; [ "$RC" = 0 ]
	[ "$(requests item/)" = "$before" ]
}

@test "hn-items: an item is asked for once" {
	sim hn --posts 60 --set nulls=0
	fetch hn-items backlog=50 >out
	same out '.i >= 10'
	[ "$(requests item/)" = 50 ]
}

@test "hn-items: kill -9 in the middle: none lost, none twice, few asked again" {
	sim hn --posts 300 --fault delay:0.03 --set nulls=1
	q=$(quick hn-items "$soon")
	start_ck all "$q" backlog=250
	until_is 10 at_least 100; kill_ck
	run_ck all "$q" backlog=250; [ "$RC" = 0 ]
	run_ck all "$q" backlog=250; [ "$RC" = 0 ]
	same all '.i >= 50'
	[ "$(check repeats "$J" item/ | sort -u | wc -l)" -le 40 ]
}

@test "hn-items: several at once, no more than the definition says" {
	sim hn --posts 120 --fault delay:0.1 --set nulls=0
	start=$SECONDS
	fetch "$(quick hn-items "$soon")" backlog=100 --per-host 16 >out
	same out '.i >= 20'
	[ $((SECONDS - start)) -le $((4 * PATIENCE)) ]
	jq -s -e '[.[] | select(.method) | .conn] | unique | length <= 17' "$J"
}

@test "hn-items: an item that never comes holds up none of the others, and stays open" {
	sim hn --posts 60 --set never=30 --set nulls=0
	q=$(quick hn-items "$soon")
	run_ck all "$q" backlog=50; [ "$RC" = 0 ]
	same all '.i >= 10 and .i != 29 and .i != 59'
	[ "$(tail -1 ck/journal | jq -c '.cursor.jobs[].open | keys')" = '["45000029","45000059"]' ]
	ctl 'set?never=0'; ctl 'grow?n=5'
	run_ck all "$q" backlog=50; [ "$RC" = 0 ]
	same all '.i >= 10'
}
