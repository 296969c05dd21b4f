#!/usr/bin/env bats
# What a record says, judged from outside: tests/api/fields has answers made up after the networks' documentation, and the records that this
# documentation and smpost want of them. Both were written by hand; nothing there is to be made from what a map prints. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0

load peer.bash

FIELDS=$BATS_TEST_DIRNAME/../api/fields

# same NAME: the records in ./out are those wanted. An instant may be written with more digits; observed_at is not the network's.
same() {
	jq -S 'def instants: if type == "string" and test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]+Z$") then sub("0+Z$"; "Z") | sub("\\.Z$"; "Z") else . end;
		del(.observed_at) | .created_at |= instants | .edited_at |= instants | .indexed_at |= instants | del(.[] | nulls)' out >got
	jq -S '.[]' "$FIELDS/$1.want.json" >want
	diff -u want got
}

@test "answers and events: the fields are what the networks' documentation says" {
	for f in "$FIELDS"/*.json; do
		n=$(basename "$f" .json); case $n in *.want | rss | atom) continue ;; esac
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

@test "every network that fetches posts is judged" {
	for f in "$BATS_TEST_DIRNAME"/../../share/sources/*.json; do
		n=$(jq -r .network "$f")
		case $n in web | facebook | youtube) continue ;; esac             # facebook and youtube: smfetch_map.bats
		cat "$FIELDS"/*.want.json | jq -es --arg n "$n" 'any(.[][]; .network == $n)' >got || { echo "$n"; return 1; }
	done
}
