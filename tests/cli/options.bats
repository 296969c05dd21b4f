#!/usr/bin/env bats
# docs/options.md is what the tools have: every shared name, the exceptions, and what is reserved. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PAGE=$BATS_TEST_DIRNAME/../../docs/options.md
	# tool, command, option, letter, type, placeholder
	for t in "${SM_BIN:?}"/*; do "$t" --generate=options | sed "s/^/${t##*/}\t/"; done >all
	# shared: option, letter, placeholder of those that several tools have, in any of their commands
	cut -f1,3 all | sort -u | cut -f2 | sort | uniq -d >several
}
# table HEADING: the rows below it, without bars in cells: option, letter or -, value or -
table() {
	awk -v h="## $1" '/^## / { on = $0 == h } on && /^\| `/' "$PAGE" | sed 's/\\|/\x01/g; s/\*\*//g; s/``//g' | awk -F'|' '{
		name = $2; value = $3; letter = "-"
		if (match(name, /`-[a-zA-Z]`/)) letter = substr(name, RSTART + 2, 1)
		sub(/^.*`[a-z ]*--/, "", name); sub(/`.*/, "", name); gsub(/[` ]/, "", value)
		print name "\t" letter "\t" (value == "" ? "-" : value) }' | tr '\001' '|'
}

@test "the options of every tool and of several are in the page, with their values" {
	{ table 'Every tool'; table 'Names of several tools'; } | sort >page
	[ "$(wc -l <page)" -ge 25 ]
	table 'Names with a meaning of their own' | cut -f1 | sort >own; [ -s own ]
	# all that several tools have are there, and nothing else
	diff <(cut -f1 page | sort -u) <(grep -vxFf own several)
	while IFS=$'\t' read -r name letter value; do
		awk -F'\t' -v n="$name" '$3 == n { print $6 }' all | sort -u >values
		[ "$(cat values)" = "$value" ] || { echo "--$name: $(cat values), in the page $value"; return 1; }
		# a letter that any tool gives it is the page's
		if [ "$letter" != - ]; then awk -F'\t' -v n="$name" '$3 == n && $4 != "-" { print $4 }' all | sort -u >letters; [ "$(cat letters)" = "$letter" ] || { echo "-$letter: $(cat letters)"; return 1; }; fi
	done <page
}

@test "the exceptions are those that there are" {
	cut -f3,5,6 all | sort -u | cut -f1 | uniq -d >differ
	diff differ <(table 'Names with a meaning of their own' | cut -f1 | sort)
}

@test "what is reserved is not there, or is what was reserved" {
	table Reserved >reserved; [ "$(wc -l <reserved)" -ge 10 ]
	while IFS=$'\t' read -r name _ value; do
		awk -F'\t' -v n="$name" '$3 == n { print $6 }' all | sort -u | while read -r have; do
			# words of an enumeration may come to be; --mode has some of them
			case $value in "$have"* | "$have") ;; *) echo "--$name: $have, reserved $value"; exit 1 ;; esac
		done
	done <reserved
	for n in on from changes shard latest order-by; do grep -q "^$n	" reserved || { echo "--$n is not reserved"; return 1; }; done
	# --version is the program's, behind every command
	[[ "$("$SM_BIN/smtable" history --version)" == "smtable "* ]]
}

@test "the grammar that is said to be there is there" {
	for o in 'smcommit mode' 'smcommit replace-where' 'smreplay version-as-of' 'smreplay timestamp-as-of' 'smreplay starting-version' 'smreplay ending-version' 'smreplay follow' 'smfetch resume'; do
		awk -F'\t' -v t="${o% *}" -v n="${o#* }" '$1 == t && $3 == n { found = 1 } END { exit !found }' all || { echo "$o"; return 1; }
	done
}
