#!/usr/bin/env bats
# smfetch against simulated feeds: RSS, Atom, what is no feed, lists that move on. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }
# The last number of the id: feeds are free in what they make of a guid.
posts_of() { jq -r '.native_id' "$1" | grep -oE '[0-9]+$' | sort -n; }
url() { echo "url=https://feed.example/$1"; }

@test "rss: RSS and Atom: every item of the list once, with its time, text and author" {
	sim rss --posts 30 --set length=20
	for f in index.xml atom.xml; do
		fetch rss "$(url $f)" >out
		posts_of out | diff <(seq 10 29) -
		jq -s -e 'all(.[]; .title and .url and (.text | test("<p>|&lt;") | not) and .author)' out
	done
	# Whole seconds of the world's times.
	jq -r '[(.native_id | capture("(?<n>[0-9]+)$").n), .created_at[:19]] | join(" ")' out | sort -n | diff - <(world | jq -r 'select(.i >= 10) | "\(.i) \(.created_at[:19])"')
}

@test "rss: what is read again is not given out again; a gap between two reads is said" {
	sim rss --posts 30
	run_ck all rss "$(url index.xml)"; [ "$RC" = 0 ]
	ctl 'grow?n=5'
	run_ck all rss "$(url index.xml)"; [ "$RC" = 0 ]
	posts_of all | diff <(seq 10 34) -
	ctl 'grow?n=50'
	run_ck all rss "$(url index.xml)"; [ "$RC" = 0 ]
	posts_of all | diff <(seq 10 34; seq 65 84) -
}

@test "rss: an edit of an Atom entry comes again" {
	sim rss --posts 10
	run_ck all rss "$(url atom.xml)"; [ "$RC" = 0 ]
	ctl 'edit?i=4'
	run_ck more rss "$(url atom.xml)"; [ "$RC" = 0 ]
	[ "$(posts_of more)" = 4 ]
}

@test "rss: what is no feed is an error, no empty list; so is one that ends early" {
	sim rss --posts 10 --set garbage=1
	run fetch "$(quick rss)" "$(url index.xml)"; [ "$status" = 4 ] || [ "$status" = 3 ]
	sim rss --posts 30 --fault truncate:count=2
	fetch "$(quick rss)" "$(url index.xml)" >out
	[ "$(wc -l <out)" = 20 ]; [ "$(requests)" = 3 ]
	run fetch rss "$(url nothing.xml)"; [ "$status" = 4 ]
}
