#!/usr/bin/env bats
# The examples of README.md and of every tool's help, as they stand there. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }

# Where to: the simulator of the network that a source reads.
networks() {
	SIM=x sim x --posts 120
	SIM=mastodon sim mastodon --posts 120
	SIM=facebook sim facebook --posts 30 --set comments=3
}
# simulated LINE: sources of networks read simulators.
simulated() { sed -E "s#(smfetch x-recent )#\1--endpoint $U_x #g; s#(smfetch mastodon-tag )#\1--endpoint $U_mastodon #g; s#(smfetch fb-[a-z-]+ )#\1--endpoint $U_facebook #g; s#(smfetch --jobs )#smfetch --endpoint $U_x --jobs #" <<<"$1"; }

# block N SECTION: the Nth block of shell lines below that heading of README.md.
block() { awk -v n="$1" -v h="$2" '/^#/ && !code { in_section = ($0 == h) } /^```/ { code = !code; if (code && in_section) k++; next } code && in_section && k == n' "$ROOT/README.md"; }
ran() { bash -e -o pipefail -c "$1" >out 2>err </dev/null || { rc=$?; echo "status $rc: $1"; head -5 err; return 1; }; [ ! -s err ] || { echo "$1"; head -5 err; return 1; }; }

@test "README.md: the lines at its top" {
	networks
	block 1 '# smtools' >lines; [ "$(grep -c '^smfetch\|^smreplay' lines)" = 2 ]
	ran "$(simulated "$(cat lines)")"
	[ "$(smreplay landing --count)" = 120 ]
	ran "$(simulated "$(cat lines)")"; [ "$(smreplay landing --count)" = 120 ]
}

@test "README.md: the tour" {
	block 1 '## A tour' >tour; [ "$(grep -c '^sm' tour)" -ge 7 ]
	# `head` ends before the rest has been read, which is not the reader's failure.
	sed -E 's/\| head( -[0-9]+)?$/| sed -n "1,3p"/' tour >lines
	ran "$(cat lines)"
	[ "$(smreplay landing --count)" = 50000 ]
	[ "$(tail -1 out)" = 50000 ]; grep -q '"operation"' out
	[ "$(grep -c '"label":' out)" -ge 3 ]; [ "$(grep -c '"tag":null' out)" = 0 ]
}

@test "README.md: the error is one that is printed" {
	want=$(sed -n 's/^`\(smpartition: .*\)`\.$/\1/p' "$ROOT/README.md"); [ -n "$want" ]
	seq -f '{"id":"%.0f","metrics":{"likes":1}}' 16 >posts.ndjson
	printf '{"id":"%s","metrics":{"likes":"many"}}\n' 1234567890123 >>posts.ndjson
	run -3 smpartition -q landing posts.ndjson
	[ "$output" = "$want" ]
}

# --- of the tools ---

# What the examples find in their folder.
scene() {
	mkdir posts logs jobs
	smgen -n 60 >posts.ndjson; cp posts.ndjson posts/1.ndjson; cp posts.ndjson logs/1.ndjson; gzip -k posts.ndjson
	jq -c '{id, date: "2024-05-01"}' posts.ndjson >day.ndjson; head -8 posts.ndjson | jq -c '{id}' >ids.ndjson
	echo '{"source":"x-recent","vars":{"query":"cats"}}' >jobs.ndjson
	echo '{"statuses":[{"id":675127116845989888,"id_str":"675127116845989888","created_at":"Thu Dec 10 20:59:29 +0000 2015","full_text":"cats","user":{"id_str":"1","screen_name":"a"}}]}' >search.json
	case $1 in
	smpartition* | smfetch*smpartition* | smgen*smpartition*) ;;  # makes the table
	*landing*) for k in 0 1 2 3 4 5 6 7; do smgen -n 4 --seed "$k" | smpartition --schema smpost --by network,created_date landing | smcommit >/dev/null; done ;;
	esac
	case $1 in smcheckpoint*)
		for c in ck jobs/one; do smfetch files posts --resume $c | smpartition --schema smpost "$c.table" | smcommit | smcheckpoint save; done
		;;
	esac
}
# Some go on for ever, or for long: they are watched for a while.
endless() { [[ "$1" =~ --follow|--rate|'-r 1000/s'|--speed|300/15m ]]; }

# examples_of TOOL: one a line. A help breaks long ones behind | and with \, and indents what follows.
examples_of() {
	"$1" --help | awk '/^Examples:/ { on = 1; next } !on || /^  #/ || /^    [^ ]/ { next }
		{ part = $0; sub(/^ +/, "", part); more = part ~ /( \||\\)$/; sub(/ \\$/, "", part); line = line (line == "" ? "" : " ") part }
		!more { print line; line = "" }'
}

@test "the examples in the help of every tool" {
	networks
	local t line n=0 rc most bad=0 top=$PWD
	for t in "$SM_BIN"/*; do
		examples_of "$t" >"$top/examples"
		[ -s "$top/examples" ] || { echo "$(basename "$t") has no examples"; bad=1; }
		while IFS= read -r line; do
			n=$((n + 1)); mkdir "$top/$n"; cd "$top/$n"
			scene "$line"
			rc=0; if endless "$line"; then most=3; else most=600; fi
			timeout "$most" bash -o pipefail -c "$(simulated "$line")" >out 2>err </dev/null || rc=$?
			if endless "$line" && [ "$rc" = 124 ]; then rc=0; fi
			if [ "$rc" != 0 ]; then echo "status $rc: $line"; head -3 err; bad=1; fi
			cd "$top"
		done <"$top/examples"
	done
	[ "$n" -ge 25 ]; [ "$bad" = 0 ]
}

@test "the man pages have the same examples" {
	local t line bad=0
	for t in "$SM_BIN"/*; do
		"$t" --generate=man | MANWIDTH=1000 man -l - 2>/dev/null | sed 's/^ *//; s/ \\$//' | tr '\n' ' ' >page
		while IFS= read -r line; do grep -qF -- "$line" page || { echo "$(basename "$t"): $line"; bad=1; }; done < <(examples_of "$t")
	done
	[ "$bad" = 0 ]
}

@test "smtools(7): its lines, one after the other" {
	SIM=mastodon sim mastodon --posts 120
	SIM=x sim x --posts 120
	awk '/^\.RS/ { on = 1; next } /^\.RE/ { on = 0; next } on' "$ROOT/docs/smtools.7.in" | sed 's/\\-/-/g' >lines
	[ "$(grep -c '^sm' lines)" = 6 ]
	ran "$(simulated "$(cat lines)")"
	[ "$(smreplay lake/posts --count)" = 1000 ]; [ "$(smreplay lake/cats --count)" -ge 1 ]; [ "$(smreplay landing --count)" = 120 ]
}

# recipe HEADING: the commands below it, one a line.
recipe() { awk -v h="## $1" '/^## / { on = $0 == h } /^```/ { code = !code; next } on && code' "$ROOT/docs/recipes.md"; }

@test "recipes: the sentiment of a day, in a spreadsheet" {
	recipe 'The sentiment of a day, in a spreadsheet' >lines
	[ "$(wc -l <lines)" -ge 5 ]; [ "$(wc -l <lines)" -le 10 ]
	ran "$(cat lines)"
	for label in positive negative neutral; do grep -qE "^ +[1-9][0-9]* $label$" out; done
	"${PY[@]}" - <<-'P'
	import csv, datetime
	rows = list(csv.reader(open('mood.csv', encoding='utf-8-sig', newline='')))
	assert rows[0] == ['created_at', 'network', 'author.handle', 'text', 'sentiment.label', 'sentiment.compound'], rows[0]
	assert open('mood.csv', 'rb').read(3) == b'\xef\xbb\xbf'
	assert len(rows) > 100 and all(len(r) == 6 and r[0].startswith('2026-11-10T') and -1 <= float(r[5]) <= 1 for r in rows[1:]), len(rows)
	P
}

@test "recipes: searching X, first against a simulator" {
	recipe 'Searching X, first against a simulator' >lines
	[ "$(wc -l <lines)" -ge 8 ]; [ "$(wc -l <lines)" -le 10 ]
	rm -r config/smtools/secrets; ln -s "$ROOT/tests" tests; mkdir home
	# what is said on standard error here is meant to be
	HOME=$PWD/home bash -e -o pipefail -c "trap 'kill \$(jobs -p)' EXIT; $(cat lines)" >out 2>err </dev/null || { cat err; false; }
	grep -q 'x-bearer is stored in' err; grep -q 'x accepts it' err
	[ "$(<config/smtools/secrets/x-bearer)" = practice ]
	grep -q '^GET http.*query=lang%3Aen%20cats' out; [ "$(smreplay landing --count)" = 120 ]
	[ "$(grep -c '"network":"x"' out)" -ge 3 ]
}
