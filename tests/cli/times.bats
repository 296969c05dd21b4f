#!/usr/bin/env bats
# Options that take a time (docs/times.md): the same forms in every tool. The table of forms is in tests/unit/test_when.c.
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"; export HOME=$PWD XDG_CONFIG_HOME=$PWD PATH=$SM_BIN:$PATH TZ=America/New_York
	# COMMAND OPTION: every option of every tool that takes a TIME.
	TIMES=('smfetch --since' 'smfetch --until' 'smfetch files --as x-recent --observed-at' 'smgen -n 0 --start' 'smreplay t --count --since' 'smreplay t --count --until'
		'smreplay t --timestamp-as-of' 'smtable describe t --timestamp-as-of' 'smtable schema t --timestamp-as-of' 'smtable files t --timestamp-as-of' 'smtable check t --timestamp-as-of')
	BERLIN=CET-1CEST,M3.5.0,M10.5.0/3
}

@test "every option that takes a time is in the matrix, and its command has --zone" {
	for t in "$SM_BIN"/*; do
		t=$(basename "$t")
		for c in '' $("$t" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
			"$t" $c --help >help
			for o in $(sed -nE 's/^  (-., |    )--([a-z-]+)=TIME .*/\2/p' help); do
				found=; for r in "${TIMES[@]}"; do [[ $r == "$t${c:+ $c} "*"--$o" ]] && found=1; done
				[ -n "$found" ] || { echo "not in the matrix: $t $c --$o"; return 1; }
				grep -q -- '--zone=ZONE' help || { echo "no --zone: $t $c"; return 1; }
			done
		done
	done
}

@test "every option takes every form, and says which there are" {
	for r in "${TIMES[@]}"; do
		read -ra c <<<"$r"
		for v in '10.11.2026' tomorrow 7d '2026-11-10 25:00' ''; do
			run -2 --separate-stderr "${c[@]}" "$v"
			for form in 2026-01-31T12:00:00Z '2026-01-31 12:00' '7d ago' "'$v'"; do [[ $stderr == *"$form"* ]] || { echo "$r $v: $stderr"; return 1; }; done
		done
		for v in 2026-11-10T12:00:00Z 2026-11-10T12:00:00+01:00 2026-11-10 '2026-11-10 12:00' now today yesterday '7d ago' -7d; do
			rc=0; "${c[@]}" "$v" --zone $BERLIN </dev/null >out 2>err || rc=$?
			[ $rc != 2 ] || grep -qE 'missing operand|no source' err || { echo "$r $v: $(cat err)"; return 1; }
			run ! grep -q 'is not a time' err
		done
		run -2 --separate-stderr "${c[@]}" now --zone Nowhere/Land; [[ $stderr == *"--zone: there is no zone 'Nowhere/Land'"* ]]
	done
}

@test "what a time means: --zone before or behind it, from the environment; never TZ" {
	for i in 0 1 2 3; do echo "{\"id\":\"$i\",\"created_at\":\"2026-11-0$((9 + i / 3))T2$((i % 3 + 1)):30:00Z\"}" | sed 's/-010T/-10T/'; done >in
	smpartition -q t in | smcommit -q >/dev/null
	[ "$(smreplay t --since 2026-11-10 | jq -r .id | xargs)" = 3 ]
	[ "$(smreplay t --since 2026-11-10 --zone $BERLIN | jq -r .id | xargs)" = '2 3' ]
	[ "$(smreplay t --zone +02:00 --since '2026-11-10 00:00' | jq -r .id | xargs)" = '1 2 3' ]
	[ "$(SM_REPLAY_ZONE=+02:00 smreplay t --since 2026-11-10T00:00 --until '2026-11-10 02:00' | jq -r .id | xargs)" = '1 2' ]
	[ "$(smreplay t --since -1d --count) $(smreplay t --since '3650000d ago' --count 2>/dev/null || echo refused)" = '0 refused' ]
	[ "$(smtable describe t --timestamp-as-of now | jq .version)" = 0 ]; run -4 smtable describe t --timestamp-as-of '1d ago'
}

@test "a jobs file takes the same forms" {
	for v in '"7d ago"' '"2026-11-10 12:00"' '"yesterday"' '"2026-11-10T12:00:00+01:00"'; do
		echo "{\"source\":\"mastodon-tag\",\"vars\":{\"tag\":\"a\"},\"since\":$v}" >jobs
		smfetch --jobs jobs --dry-run >out 2>err || { cat err; return 1; }
	done
	for v in '"soon"' 7 '"7d"'; do
		echo "{\"source\":\"mastodon-tag\",\"vars\":{\"tag\":\"a\"},\"since\":$v}" >jobs
		run ! --separate-stderr smfetch --jobs jobs --dry-run; [[ $stderr == *'"since" must be a time such as'*'7d ago'* ]]
	done
}
