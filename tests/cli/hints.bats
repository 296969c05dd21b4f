#!/usr/bin/env bats
# What is mistyped gets a suggestion: options, commands, values, sources, variables, columns. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PATH=${SM_BIN:?}:$PATH
	export HOME=$PWD XDG_CONFIG_HOME=$PWD
}

# hint STATUS TEXT COMMAND…: the first line of the errors is TEXT.
hint() {
	local st=$1 text=$2; shift 2
	run --separate-stderr "$@" </dev/null
	if [ "$status" != "$st" ] || [ "${stderr_lines[0]}" != "$text" ]; then echo "$*: status $status: ${stderr_lines[0]}"; return 1; fi
}

@test "every option of every tool and command, with two letters exchanged or one left out" {
	local bad=0 n=0 t c o typo
	for t in "$SM_BIN"/*; do
		t=${t##*/}
		for c in '' $("$t" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
			"$t" $c --help | grep -oE '^ .{4,6}--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' >options
			while read -r o; do
				[ "${#o}" -ge 6 ] || continue
				# the second and third letter, or the third alone
				for typo in "--${o:2:1}${o:4:1}${o:3:1}${o:5}" "${o:0:4}${o:5}"; do
					if grep -qx -- "$typo" options || [ "$typo" = "$o" ]; then continue; fi
					n=$((n + 1)); rc=0
					"$t" $c "$typo" >/dev/null 2>err || rc=$?
					if [ "$rc" != 2 ] || ! grep -q "unknown option '$typo', did you mean .*'$o'" err; then echo "$t $c $typo: $rc $(head -1 err)"; bad=1; fi
				done
			done <options
		done
	done
	[ "$n" -ge 300 ]; [ "$bad" = 0 ]
}

@test "options: no abbreviation is taken, nothing far is suggested, settings are looked at too" {
	hint 2 "smrate: unknown option '--verison', did you mean '--version'?" smrate --verison
	hint 2 "smrate: unknown option '--versio', did you mean '--version'?" smrate --versio
	hint 2 "smfetch: unknown option '--observed', did you mean '--observed-at'?" smfetch --observed
	hint 2 "smrate: unknown option '--frobnicate'" smrate --frobnicate
	hint 2 "smtable: unknown option '--version-asof', did you mean '--version-as-of'?" smtable --version-asof 3 files t
	mkdir smtools; echo 'brust = 3' >smtools/smrate.conf
	hint 2 "smrate: $PWD/smtools/smrate.conf:1: unknown option 'brust', did you mean 'burst'?" smrate
}

@test "a variable of the environment that sets nothing is a warning" {
	hint 0 "smrate: warning: SM_RATE_MAX_GPA is set, but smrate has no such option, did you mean 'SM_RATE_MAX_GAP'?" env SM_RATE_MAX_GPA=1s smrate
	hint 0 "smrate: warning: SM_RATE_X is set, but smrate has no such option" env SM_RATE_X=1 smrate
	hint 0 "" env SM_RATE_ERRORS=text SM_RATER_X=1 SM_FETCH_X=1 smrate -q
	SM_TABLE_LIMIT=1 run --separate-stderr smtable files nosuch; [[ $stderr != *warning* ]]
}

@test "smfetch: a mistyped command in front of an operand" {
	while read -r typed meant; do
		read -ra c <<<"${typed//_/ }"
		run -2 --separate-stderr "$SM_BIN/smfetch" "${c[@]}"
		[[ "$stderr" == *"no source or command '${c[0]}', did you mean '$meant'?"* ]] || { echo "$typed: $stderr"; return 1; }
	done <<-'E'
	setpu_x-recent setup
	describ_x-recent describe
	chek_x check
	fils_posts files
	lst list
	E
}

@test "commands and values" {
	hint 2 "smtable: unknown command 'histroy', did you mean 'history'?" smtable histroy t
	hint 2 "smcheckpoint: unknown command 'sav', did you mean 'save'?" smcheckpoint sav
	hint 2 "smrate: --errors: 'jsn' is not one of text|json, did you mean 'json'?" smrate --errors jsn
	hint 2 "smreplay: --output: 'tabel' is not one of auto|ndjson|json|csv|tsv|table|pretty, did you mean 'table'?" smreplay --output tabel t
	hint 2 "smjq: --on-error: 'rejct=F' is not one of stop|skip|reject=FILE, did you mean 'reject=FILE'?" smjq --on-error rejct=F .
	hint 2 "smrate: --full: 'dropnew' is not one of block|drop-new|drop-old|sample:P|spill:DIR[:MAX], did you mean 'drop-new'?" smrate --full dropnew
	hint 2 "smrate: --late: 'tga' is not one of pass|tag|drop|file:F, did you mean 'tag'?" smrate --time t --watermark 1s --late tga
	hint 2 "smrate: --balance: 'hsh:id' is not one of least-full|hash:PATH, did you mean 'hash:PATH'?" smrate --out a --balance hsh:id
	hint 2 "smtrend: --by: 'tgas' is not one of tags|mentions|links|words, did you mean 'tags'?" smtrend --by tgas
	hint 2 "smgen: unknown network 'mastadon', did you mean 'mastodon'?" smgen --networks mastadon
	hint 2 "smfetch: --csv-types: 'interger' is not one of text|integer|number|boolean|json, did you mean 'integer'?" smfetch files --csv-types id=interger
}

@test "sources, their variables, jobs and definitions" {
	hint 2 "smfetch: no source definition 'x-recnt', did you mean 'x-recent'?" smfetch x-recnt query=cats
	hint 2 "smfetch: no source definition 'mastodon-tga', did you mean 'mastodon-tag'?" smfetch describe mastodon-tga
	hint 2 "smfetch: no source definition 'x-v1x', did you mean 'x-v1'?" smfetch files --as x-v1x
	hint 2 "smfetch: 'x-recent' has no variable 'qery' (see smfetch describe x-recent), did you mean 'query'?" smfetch x-recent qery=cats --dry-run
	echo '{"source":"rss","varz":{}}' >jobs
	hint 3 "smfetch: jobs:1:24: unknown member 'varz', did you mean 'vars'?" smfetch --jobs jobs
	echo '{"smsource":1,"name":"t","network":"t","summary":"s","mpa":"."}' >t.json
	hint 3 "smfetch: t.json:1:60: unknown key 'mpa', did you mean 'map'?" smfetch check t.json
	touch posts.ndjson
	hint 2 "smfetch: 'posts.ndjson' is not a source, did you mean 'smfetch files posts.ndjson'?" smfetch posts.ndjson
}

@test "columns and fields: --where, --select, --by, CSV" {
	smgen -n 20 | smpartition --schema smpost --by network t | smcommit >/dev/null
	hint 2 "smreplay: --where: expression, column 1: no column 'lnag', did you mean 'lang'?" smreplay t --where "lnag = 'en'"
	hint 2 "smreplay: --select: expression, column 8: no field 'handel', did you mean 'handle'?" smreplay t --select id,author.handel
	hint 2 "smreplay: --where: expression, column 1: no function 'lowr', did you mean 'lower'?" smreplay t --where "lowr(lang) = 'en'"
	echo '{"id":"1","lang":"en"}' >in
	hint 2 "smpartition: --by lagn: no such column, did you mean 'lang'?" smpartition --by lagn new in
	hint 2 "smpartition: --by frobnicate: no such column; the columns are id, lang" smpartition --by frobnicate new in
	hint 2 "smpartition: d=yaer(lang): 'yaer(lang)' is not one of the functions" smpartition --by 'd=yaer(lang)' new in || true
	[[ "${stderr_lines[0]}" == *", did you mean 'year'?" ]]
	printf 'id,likes\n1,2\n' >a.csv
	hint 3 "smfetch: a.csv:1:1: --csv-types: the header has no column 'like', did you mean 'likes'?" smfetch files --csv-types like=integer a.csv
}

@test "fields of records: as the first record has them" {
	printf '%s\n' '{"id":1,"created_at":"2026-11-10T00:00:00Z","author":{"handle":"a"},"text":"good"}' '{"id":2}' >in
	hint 1 "smsentiment: warning: no record has the field \"txet\", did you mean 'text'?" smsentiment --field txet in
	hint 1 "smsentiment: warning: no record has the field \"author.handel\", did you mean 'author.handle'?" smsentiment --field author.handel in
	hint 1 "smsentiment: warning: no record has the field \"autor.handle\", did you mean 'author.handle'?" smsentiment --field autor.handle in
	hint 1 "smsentiment: warning: no record has the field \"frobnicate\"" smsentiment --field frobnicate in
	hint 1 "smsentiment: warning: no record has the field \"id.x\"" smsentiment --field id.x in
	hint 3 "smrate: in:1: the record has no field creatd_at, did you mean 'created_at'?" smrate --time creatd_at --speed max in
	# a record that lacks it among others that have it is no misspelling of the second one's
	hint 3 "smrate: in:2: the record has no field created_at" smrate --time created_at --speed max in
}
