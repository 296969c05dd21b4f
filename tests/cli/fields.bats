#!/usr/bin/env bats
# What a record says, judged from outside: tests/api/fields has answers made up after the networks' documentation, and the records that this
# documentation and smpost want of them. Both were written by hand; nothing there is to be made from what a map prints. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0

load peer.bash

FIELDS=$BATS_TEST_DIRNAME/../api/fields

# same NAME: the records in ./out are those wanted. An instant may be written with more digits; observed_at is not the network's.
same() {
	command jq -S 'def instants: if type == "string" and test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]+Z$") then sub("0+Z$"; "Z") | sub("\\.Z$"; "Z") else . end;
		del(.observed_at) | .created_at |= instants | .edited_at |= instants | .indexed_at |= instants | del(.[] | nulls)' out >got
	command jq -S '.[]' "$FIELDS/$1.want.json" >want
	diff -u want got
}

@test "answers and events: the fields are what the networks' documentation says" {
	for f in "$FIELDS"/*.json; do
		n=$(basename "$f" .json); case $n in *.want | yt-plain) continue ;; esac           # yt-plain: below
		for m in jq auto; do
			"$SM_BIN/smfetch" files --as "$n" --map=$m "$f" >out || { echo "$n"; return 1; }
			same "$n" || { echo "$n, --map=$m"; return 1; }
		done
	done
}

@test "RSS and Atom: the fields are what their specifications say" {
	peer <<-P
	def answer(r):
	    return 200, open("$FIELDS" + r.path, "rb").read(), {"Content-Type": "application/xml"}
	P
	for n in rss atom; do
		fetch rss url=https://feeds.example/$n.xml >out
		same $n || { echo "$n"; return 1; }
	done
}

@test "YouTube: a text that was asked for as plain text is no HTML" {
	printf 'key-of-a-test-1' >config/smtools/secrets/yt-api-key; chmod -R go= config
	peer <<-P
	def answer(r):
	    assert r.q["textFormat"] == "plainText"
	    return 200, open("$FIELDS/yt-plain.json", "rb").read(), {"Content-Type": "application/json"}
	P
	fetch yt-comments video_id=vid-_000002 >out
	same yt-plain
}

@test "every source is judged, by itself or as the one that it extends" {
	cd "$BATS_TEST_DIRNAME/../../share/sources"
	# "NAME MAP" a line: whose map each source uses; RSS and Atom are read by one.
	jq -n '[inputs | {key: (input_filename | ltrimstr("./") | rtrimstr(".json")), value: .}] | from_entries as $all
		| def map_of: . as $n | if ($all[$n] | has("map")) or ($all[$n].extends | not) then $n else $all[$n].extends | map_of end;
		$all | to_entries[] | select(.value.network != "web" or .key == "rss") | "\(.key) \(.key | map_of)"' -r ./*.json | sort >"$BATS_TEST_TMPDIR/map"
	for g in "$FIELDS"/*.want.json; do basename "$g" .want.json; done | sed 's/^atom$/rss/; s/^yt-plain$/yt-comments/' | sort -u >"$BATS_TEST_TMPDIR/fixtures"
	cd "$BATS_TEST_TMPDIR"
	join map fixtures | cut -d' ' -f2 | sort -u >judged
	[ -s judged ]
	awk 'NR == FNR { ok[$1] = 1; next } !($2 in ok) { print "no fixture for the map of " $1; bad = 1 } END { exit bad }' judged map
}
