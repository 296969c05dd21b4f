#!/usr/bin/env bats
# Relative bounds with --resume: the words are compared, not the instants (docs/times.md). SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }

# The definition of api_jobs.bats: pages of 20, newest first.
items() { define items "$ITEMS"; }

@test "a walk under --since and --until that are relative goes on in the next run, and ends" {
	sim generic --posts 100
	d=$(items)
	for i in 1 2 3; do
		run_ck all "$d" --since '3650d ago' --until now --max-requests 2; [ "$RC" = 0 ]; [ "$SAVED" = 0 ]
		[ "$(wc -l <all)" = $((i * 40 > 100 ? 100 : i * 40)) ]
		place=$(tail -1 ck/journal | jq -c '.cursor.jobs[]'); [ "$(jq -r .since_as <<<"$place")" = '3650d ago' ]; [ "$(jq -r .until_as <<<"$place")" = now ]
		if [ $i = 1 ]; then first=$(jq -c '[.since, .until]' <<<"$place"); elif [ $i = 2 ]; then [ "$(jq -c '[.since, .until]' <<<"$place")" = "$first" ]; fi
	done
	same all
	[ "$(requests)" -le 7 ]
	# What is posted later comes in the next walk, under its own times; other words are another walk.
	ctl 'grow?n=5'; sleep 1
	run_ck all "$d" --since '3650d ago' --until now; [ "$RC" = 0 ]
	place=$(tail -1 ck/journal | jq -c '.cursor.jobs[]'); [ "$(jq -c '[.since, .until]' <<<"$place")" != "$first" ]
	[ "$(jq -r .id all | sort | uniq -d | wc -l)" = 0 ]
}

@test "a --split under relative bounds keeps its parts" {
	sim generic --posts 100
	d=$(items); since=$(world | sed -n 1p | jq -r .created_at)
	days=$(( ($(date +%s) - $(date -d "$since" +%s)) / 86400 + 2 ))
	for i in $(seq 60); do
		run_ck all "$d" --since "${days}d ago" --until now --split "$((days * 6))h" --max-requests 1; [ "$RC" = 0 ]
		place=$(tail -1 ck/journal | jq -c '.cursor.jobs[]')
		[ "$(jq -r .done <<<"$place")" = null ] || break
		now=$(jq -c '[.since, .until]' <<<"$place"); [ "$now" = "${was-$now}" ] || { echo "run $i: $now, not $was"; return 1; }; was=$now
	done
	[ "$(jq -r .done <<<"$place")" != null ]; [ $i -gt 4 ]
	[ "$(jq -r .id all | sort -u | wc -l)" = 100 ]
}
