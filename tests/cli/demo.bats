#!/usr/bin/env bats
# The demo: runs, says what it should, runs again, fails when a count is wrong, and touches nothing that it has not made.
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

TOOLS='smfetch smrate smpartition smcommit smcheckpoint smreplay smjq smtrend smsentiment smtable'

# It takes a quarter of a minute, most of it waiting: two runs serve all tests. In the first one the line is done before it can be killed.
setup_file() {
	demo="$BATS_TEST_DIRNAME/../../share/demo/demo.sh"
	export demo
	for t in $TOOLS; do
		[ -x "$SM_BIN/$t" ] || skip "no $t in this build"
	done
	cd "$BATS_FILE_TMPDIR"
	DEMO_RATES='1000000 300 100 30' bash "$demo" d >first
	SM_BIN=$(realpath --relative-to=. "$SM_BIN") bash "$demo" d >out
}

setup() { cd "$BATS_FILE_TMPDIR"; }

# What the demo printed for the lines that have TEXT in them: up to the next line or the end of the act.
after() { # FILE TEXT
	awk -v text="$2" '
		/^\$ / { on = index($0, text) > 0; next }
		/^ *$/ || /^   [A-Z]/ { on = 0 }
		on' "$1"
}

@test "the demo leaves a table with every post once" {
	[ "$("$SM_BIN/smreplay" d/posts --count)" = 5000 ]
	"$SM_BIN/smgen" -n 5000 | jq -cS 'del(..|nulls)' | sort >want
	"$SM_BIN/smreplay" d/posts | jq -cS . | sort | cmp - want
}

@test "a kill in the middle: the counts before, after it, and after the same line again" {
	run after out 'smreplay posts --count'
	[ "${#lines[@]}" = 3 ]
	[ "${lines[0]}" = 2688 ]
	[ "${lines[1]}" -gt 2688 ]
	[ "${lines[1]}" -lt 5000 ]
	[ "${lines[2]}" = 5000 ]
	grep -Fqx '$ kill -9 %1' out
	# the line that was killed is the line that was run again
	grep -F '$ smfetch files inbox --resume ck --mark-every' out | sed 's/ &$//' >slow
	[ "$(wc -l <slow)" = 2 ]
	[ "$(sort -u slow | wc -l)" = 1 ]
	[ "$(after out 'uniq -d')" = 0 ]
	run ! grep -q 'before it could be killed' out
}

@test "a line that is done before it can be killed is run again, slower" {
	grep -q 'before it could be killed' first
	run after first 'smreplay posts --count'
	[ "${lines[1]}" -gt 2688 ]
	[ "${lines[1]}" -lt 5000 ]
	[ "${lines[2]}" = 5000 ]
}

@test "it tells of trends and moods, in plain text on a pipe" {
	grep -q '#dataleak' out
	grep -Eq '#coffee +[0-9]+ posts +\+0' out
	grep -Eq '#taxes +[0-9]+ posts +-0' out
	run ! grep -q "$(printf '\033')" out
}

@test "two versions: how many posts, what was added, and an edited post then and now" {
	[ "$(after out '--version-as-of 0 --count')" = 2688 ]
	[ "$(after out '--starting-version 1' | awk '{ n += $1 } END { print n }')" = 2312 ]
	grep -q '^> {"edited_at":.*(edited)"}$' out
}

@test "a rate limit: all posts pass, and never more than allowed" {
	[ "$(wc -l <d/slow.ndjson)" = 5000 ]
	after out 'smrate -r 2000/s' | sed 1d >rates
	awk '$3 > 2000 * ($1 + 0.101) + 1 { bad = 1 } END { exit bad || $3 != 5000 || $1 < 2.39 }' rates
}

@test "a replay: fourteen days, one after the other" {
	after out '--speed 500000x' | sed 1d | cut -c1-10 >days
	seq -f '2026-11-%02g' 9 22 | cmp - days
	jq -r '.created_at[:19]' d/replay.ndjson | LC_ALL=C sort -c
	[ "$(jq -r .id d/replay.ndjson | sort -u | wc -l)" = 690 ]
}

@test "a wrong count ends it, and it says which" {
	mkdir bin
	for t in $TOOLS; do ln -s "$SM_BIN/$t" "bin/$t"; done
	rm bin/smreplay
	printf '#!/bin/sh\n"%s/smreplay" "$@" | sed s/2688/2687/\n' "$SM_BIN" >bin/smreplay
	chmod +x bin/smreplay
	SM_BIN=$PWD/bin run bash "$demo" wrong
	[ "$status" = 1 ]
	[[ "$output" == *'demo.sh: 2687 instead of 2688: smreplay posts --count'* ]]
}

@test "a line that fails ends it" {
	mkdir bin2
	for t in $TOOLS; do ln -s "$SM_BIN/$t" "bin2/$t"; done
	rm bin2/smcommit
	printf '#!/bin/sh\ncat >/dev/null; exit 4\n' >bin2/smcommit
	chmod +x bin2/smcommit
	SM_BIN=$PWD/bin2 run bash "$demo" failed
	[ "$status" = 1 ]
	[[ "$output" == *'demo.sh: status '*': smfetch files inbox'* ]]
}

@test "a demo that is ended while the pipe works leaves nothing running" {
	DEMO_RATES=30 bash "$demo" ended >ended.out 2>&1 3>&- &
	pid=$!
	running=false
	for ((i = 0; i < 3000; i++)); do
		if grep -q 'save &$' ended.out && "$SM_BIN/smcheckpoint" show ended/ck --output json | grep -q '"running":true'; then
			running=true
			break
		fi
		sleep 0.1
	done
	[ "$running" = true ]
	kill "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 143 ]
	for ((i = 0; i < 300; i++)); do
		"$SM_BIN/smcheckpoint" show ended/ck --output json >show
		if grep -q '"running":false' show; then break; fi
		sleep 0.1
	done
	grep -q '"running":false' show
}

@test "a folder that it has not made stays as it is" {
	mkdir mine; echo mine >mine/file
	run bash "$demo" mine
	[ "$status" = 1 ]; [[ "$output" == *"no earlier run made it"* ]]
	[ "$(cat mine/file)" = mine ]
}
