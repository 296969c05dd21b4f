# SPDX-License-Identifier: MIT
# tests/cli/smrate.bash - what the two suites of smrate share. bats loads it.

setup() {
	T=${SM_BIN:?}/smrate
	cd "$BATS_TEST_TMPDIR" || return 1
	for i in $(seq 200); do echo "{\"id\":$i, \"at\":\"2026-01-01T00:00:00.${i}Z\"}"; done >good
}

# ms COMMAND...: how long it takes
ms() { local b; b=$(date +%s%N); "$@" >out 2>err; echo $((($(date +%s%N) - b) / 1000000)); }

# stat NAME FILE: a member of the last line of statistics
stat() { tail -1 "$2" | jq -r ".$1"; }
# posts KEYS N: N records of each key, one after the other
posts() { local k; for k in $1; do seq -f "{\"k\":\"$k\",\"i\":%.0f}" "$2"; done; }
# in_order FILE: the numbers of each key rise
in_order() {
	jq -r '"\(.k) \(.i)"' "$1" |
		awk '$2 <= last[$1] { print "out of order: " $0; bad = 1 } { last[$1] = $2 } END { exit bad }'
}
