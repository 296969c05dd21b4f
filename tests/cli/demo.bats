#!/usr/bin/env bats
# The demo: runs, says what it should, runs again, and touches nothing that it has not made.
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	demo="$BATS_TEST_DIRNAME/../../share/demo/demo.sh"
	for t in smreplay smpartition smcommit smcheckpoint smjq smtrend smsentiment smtable; do
		[ -x "$SM_BIN/$t" ] || skip "no $t in this build"
	done
}

@test "the demo leaves a table of 5,000 rows and two versions; run again, it begins anew" {
	sh "$demo" d >out
	[ "$("$SM_BIN/smreplay" d/posts --count)" = 5000 ]
	[ "$("$SM_BIN/smtable" history d/posts | wc -l)" = 2 ]
	sh "$demo" d >again
	[ "$("$SM_BIN/smreplay" d/posts --count)" = 5000 ]
	"$SM_BIN/smgen" -n 5000 | jq -cS 'del(..|nulls)' | sort >want
	"$SM_BIN/smreplay" d/posts | jq -cS . | sort | cmp - want
}

@test "it tells of trends, moods and the past, in plain text on a pipe" {
	sh "$demo" d >out
	grep -q '#dataleak' out
	grep -Eq '#coffee +[0-9]+ posts +\+0' out
	grep -Eq '#taxes +[0-9]+ posts +-0' out
	grep -qx 2688 out
	grep -q '(edited)' out
	run ! grep -q "$(printf '\033')" out
}

@test "a folder that it has not made stays as it is" {
	mkdir d; echo mine >d/file
	run sh "$demo" d
	[ "$status" = 1 ]; [[ "$output" == *"no earlier run made it"* ]]
	[ "$(cat d/file)" = mine ]
}
