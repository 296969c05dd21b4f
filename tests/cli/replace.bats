#!/usr/bin/env bats
# Replacing what a table holds: who vouches that the input is the whole, over producers, faults and modes. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	PATH=$SM_BIN:$PATH
	cd "$BATS_TEST_TMPDIR" || return 1
	smgen -n 120 --networks x,reddit --seed 1 >all.ndjson
	grep -c '"network":"x"' all.ndjson >of_x
	smgen -n 30 --networks x --seed 2 >new.ndjson
	smgen -n 10 --networks x --seed 3 >more.ndjson
	smpartition --schema smpost --by network t0 all.ndjson | smcommit >/dev/null
	{ cat new.ndjson; echo '{"id":7}'; } >bad.ndjson
	OTHERS=$((120 - $(cat of_x)))
	mkdir in; cp new.ndjson in/
	fresh
}

# The table as it was.
fresh() { rm -rf t; cp -r t0 t; }
rows() { smreplay t --count; }
versions() { ls t/_delta_log/*.json | wc -l; }

# one WANT NEW PIPE MODE…: the status of smcommit; where it is 0, NEW rows of x are there instead of the old ones.
one() {
	local want=$1 new=$2 pipe=$3 status have; shift 3
	local expect=120
	[ "$(versions)" = 1 ] || fresh
	if [ "$want" = 0 ]; then expect=$new; [[ $1 == --mode* ]] || expect=$((OTHERS + new)); fi
	status=$(PIPE=$pipe bash -c 'eval "$PIPE" 2>err.front | smcommit "$@" >out 2>err; echo $?' _ "$@")
	have=$(rows)
	if [ "$status" != "$want" ] || [ "$have" != "$expect" ] || { [ "$want" != 0 ] && [ "$(versions)" != 1 ]; }; then
		echo "$pipe | smcommit $*: status $status, wants $want; $have rows, wants $expect"; cat err.front err
		return 1
	fi
	if [ "$want" = 5 ] && ! grep -Eq -e '--vouch|--marks' err; then echo "no way out: $(cat err)"; return 1; fi
}

# Lines of "WANT WITH_VOUCH NEW PIPE": each without and with --vouch, and as a replacement of one partition.
table() {
	local plain vouched new pipe bad=0 n=0
	while read -r plain vouched new pipe; do
		[[ -n $plain && $plain != '#' ]] || continue
		one "$plain" "$new" "$pipe" --mode=overwrite || bad=1
		one "$vouched" "$new" "$pipe" --mode=overwrite --vouch || bad=1
		if [ "$plain" = 0 ]; then set --; else set -- --vouch; fi
		one "$vouched" "$new" "$pipe" "--replace-where=network = 'x'" "$@" || bad=1
		n=$((n + 1))
	done
	[ "$bad" = 0 ]; [ "$n" -ge 2 ]
}

@test "files that smpartition read whole replace; pipes, and files that were not, do not" {
	mkfifo fifo
	table <<-'END'
	0 0 30 smpartition t new.ndjson
	0 0 40 smpartition t new.ndjson more.ndjson
	0 0 30 gzip -kf new.ndjson; smpartition t new.ndjson.gz
	5 0 30 cat new.ndjson | smpartition t
	5 0 40 cat new.ndjson more.ndjson | smpartition t
	5 0 30 smpartition t <new.ndjson
	5 0 30 smpartition t - <new.ndjson
	5 0 40 cat more.ndjson | smpartition t new.ndjson -
	5 0 30 cat new.ndjson | smpartition t /dev/stdin
	5 0 30 smpartition t <(cat new.ndjson)
	5 0 30 cat new.ndjson >fifo & smpartition t fifo
	4 4 0 smpartition t new.ndjson gone.ndjson
	4 4 0 smpartition t in
	4 4 0 smpartition t bad.ndjson
	5 0 30 smpartition -q --on-error=skip t bad.ndjson
	5 0 70 smpartition -q --on-error=reject=r t new.ndjson bad.ndjson more.ndjson
	END
}

@test "what is read from a table replaces with --marks and --vouch, and never when reading it failed" {
	cp -r t0 torn; rm "$(find torn -name '*.parquet' | sort | tail -1)"
	table <<-'END'
	5 0 30 smgen -n 30 --networks x | smpartition t
	5 0 30 smgen -n 30 --networks x --marks | smpartition t
	4 4 0 smgen -n 30 --networks x --marks --rate 20/s | head -20 | smpartition t
	4 4 0 timeout -s KILL 0.5 smgen -n 30 --networks x --marks --rate 10/s | smpartition t
	4 4 0 timeout -s TERM 0.5 smgen -n 30 --networks x --marks --rate 10/s | smpartition t
	5 0 10 smreplay t0 --where "network = 'x'" --limit 10 --marks | smpartition t
	5 5 0 smreplay t0 --version-as-of 7 | smpartition t
	4 4 0 smreplay t0 --version-as-of 7 --marks | smpartition t
	4 4 0 smreplay gone --marks | smpartition t
	5 5 0 smreplay t0 --where "lnag = 'en'" | smpartition t
	4 4 0 smreplay t0 --where "lnag = 'en'" --marks | smpartition t
	5 5 0 smreplay t0 --wehre "lang = 'en'" --marks | smpartition t
	5 5 0 smrepaly t0 --marks | smpartition t
	4 4 0 smreplay torn --marks | smpartition t
	4 4 0 timeout -s KILL 0.5 smreplay t0 --where "network = 'x'" --marks --speed 1x | smpartition t
	4 4 0 timeout -s TERM 0.5 smreplay t0 --where "network = 'x'" --marks --speed 1x | smpartition t
	5 0 0 smreplay t0 --where "id = 'nobody'" --marks | smpartition t
	END
}

@test "a stream replaces when it gave all from its beginning, and nothing was left out on the way" {
	rm -rf ck; smfetch files in --resume ck >saved
	rm -rf gone; smfetch files in --resume gone >lost; rm -rf gone
	sed 's/"stream":"[^"]*"/"stream":"11111111-1111-1111-1111-111111111111"/' saved >forged
	head -c -100 saved >cut; grep -v '"end"' saved >open
	for end in error quota signal; do sed "s/\"end\":\"done\"/\"end\":\"$end\"/" saved >$end; done
	sed 's/,"all":true//' saved >part
	{ echo '{"$mark":{"v":1,"seq":1}}'; cat new.ndjson; echo '{"$mark":{"v":1,"seq":2,"end":"done","all":true}}'; } >anybody
	mkdir bad; cp bad.ndjson bad/; echo '{"id":' >>bad/bad.ndjson; sed -i '/{"id":7}/d' bad/bad.ndjson
	table <<-'END'
	0 0 30 rm -rf k; smfetch files in --resume k | smpartition t
	0 0 30 cat saved | smpartition t
	0 0 0 rm -rf k; smfetch files in --resume k | smjq 'select(.id == "nobody")' | smpartition t
	0 0 30 rm -rf k; smfetch files in --resume k | smrate -r 100000/s | smpartition t
	5 0 30 smfetch files in --marks | smpartition t
	5 0 29 rm -rf k torn; mkdir torn; head -c -5 new.ndjson >torn/new.ndjson; smfetch files torn --resume k | smpartition t
	5 0 30 rm -rf k; cat new.ndjson | smfetch files --resume k | smpartition t
	5 0 30 rm -rf k; smfetch files bad --resume k --on-error=skip | smpartition t
	4 4 0 rm -rf k; smfetch files bad --resume k | smpartition t
	4 4 0 rm -rf k; smfetch files in gone.ndjson --resume k | smpartition t
	5 0 30 cat part | smpartition t
	5 0 30 cat lost | smpartition t
	5 0 30 cat anybody | smpartition t
	4 4 0 cat forged | smpartition t
	4 4 0 cat cut | smpartition t
	4 4 0 cat open | smpartition t
	4 4 0 cat error | smpartition t
	4 4 0 cat quota | smpartition t
	4 4 0 cat signal | smpartition t
	4 4 0 cat saved saved | smpartition t
	4 4 0 cat saved new.ndjson | smpartition t
	3 3 0 echo new.ndjson more.ndjson | xargs -n 1 smpartition t
	3 3 0 smpartition t new.ndjson; smpartition t more.ndjson
	END
}

@test "a folder in which there is no file to read gives nobody's word: it may not be mounted" {
	mkdir empty hidden dangling none; cp new.ndjson hidden/.new; cp new.ndjson none/; cp new.ndjson dangling/; ln -s nowhere dangling/other
	tar cf empty.tar -T /dev/null; tar cf none.tar new.ndjson; : >void
	table <<-'END'
	5 0 0 rm -rf k; smfetch files empty --resume k | smpartition t
	5 0 0 rm -rf k; smfetch files hidden --resume k | smpartition t
	5 0 0 rm -rf k; smfetch files none --include '*.jsn' --resume k | smpartition t
	5 0 30 rm -rf k; smfetch files dangling --resume k | smpartition t
	5 0 0 rm -rf k; smfetch files empty.tar --resume k | smpartition t
	5 0 0 rm -rf k; smfetch files none.tar --include '*.jsn' --resume k | smpartition t
	0 0 0 rm -rf k; smfetch files void --resume k | smpartition t
	0 0 30 rm -rf k; smfetch files in --resume k | smpartition t
	END
	smfetch files none --include '*.jsn' 2>err; grep -q "warning: --include '\*.jsn' matches none of 1 files" err
	smfetch files dangling 2>err >out; grep -q 'dangling/other: warning: a link to a file that does not exist; skipped' err; [ "$(wc -l <out)" = 30 ]
	smfetch files empty 2>err; [ ! -s err ]
}

@test "a stream that lost its beginning is seen: records before the first mark" {
	smfetch files in --resume k >whole
	table <<-'END'
	4 4 0 tail -n +2 whole | smpartition t
	4 4 0 (cat more.ndjson; cat whole) | smpartition t
	END
	run smpartition t <(tail -n +2 whole); [ "$status" = 3 ]
	[[ "$output" == *":31: 30 records before the first mark: the stream's opening mark is missing"* ]]
}

@test "whoever leaves a record out takes the word away" {
	BAD=$(sed -n 3p new.ndjson | jq -r .id); export BAD
	table <<-'END'
	5 0 29 rm -rf k; smfetch files in --resume k | smjq -q --on-error=skip "if .id == \"$BAD\" then error(\"no\") else . end" | smpartition t
	5 0 30 rm -rf k; { smfetch files in --resume k | sed '2s/^/{"a":\n/'; } | smsentiment -q --on-error=skip | smjq 'del(.sentiment)' | smpartition t
	END
}

@test "smrate takes the word away when a record was dropped, also while the mark was waiting" {
	rate() { smgen -n 3000 --marks | smrate "$@" | tail -1 | jq -c '."$mark"|[.end,.all]'; }
	[ "$(rate -r 1000000/s)" = '["done",true]' ]
	[ "$(rate --full drop-new --queue 1000000)" = '["done",true]' ]
	[ "$(rate --full drop-new --queue 50 -r 10000/s)" = '["done",null]' ]
	[ "$(rate --full drop-old --queue 50 -r 10000/s)" = '["done",null]' ]
	[ "$(rate --full sample:0.5 --queue 50 -r 10000/s)" = '["done",null]' ]
	late() { { smgen -n 3 --marks | head -1; printf '{"t":"2026-01-01T0%s:00:00Z"}\n' 1 5 "$1"; echo '{"$mark":{"v":1,"seq":2,"end":"done","all":true}}'; } |
		smrate --time t --watermark 1h "${@:2}" | tail -1 | jq -c '."$mark".all'; }
	[ "$(late 6 --late drop)" = true ]
	[ "$(late 2 --late pass)" = true ]
	[ "$(late 2 --late tag --queue 10)" = true ]
	[ "$(late 2 --late drop)" = null ]
	[ "$(late 2 --late drop --queue 10)" = null ]
	[ "$(late 2 --late file:aside)" = null ]; [ "$(wc -l <aside)" = 1 ]
	# so does smtrend for a post that came too late for any window
	trend() { { smgen -n 3 --marks | head -1; printf '{"id":%s,"created_at":"2026-01-0%sT01:00:00Z","tags":["a"]}\n' 1 1 2 5 3 "$1"
		echo '{"$mark":{"v":1,"seq":2,"end":"done","all":true}}'; } | smtrend -q | tail -1 | jq -c '."$mark".all'; }
	[ "$(trend 5)" = true ]; [ "$(trend 2)" = null ]
	smgen -n 300 --marks | smrate --out fd:3,fd:4 3>a 4>b
	for f in a b; do [ "$(tail -1 $f | jq -c '."$mark"|[.end,.all]')" = '["done",null]' ]; done
}

@test "the recipes of docs/operations.md" {
	doc=$BATS_TEST_DIRNAME/../../docs/operations.md
	mapfile -t line < <(sed -n '/^## Taking a table back/,/^## After/p' "$doc" | grep '^    smreplay' | sed 's/version-as-of 7/version-as-of 0/')
	[ ${#line[@]} = 3 ]
	rm -rf t; cp -r t0 landing
	rows() { smreplay landing --count; }
	smpartition landing more.ndjson | smcommit >/dev/null; [ "$(rows)" = 130 ]
	bash -eo pipefail -c "${line[1]}" >/dev/null; [ "$(rows)" = 120 ]
	smpartition landing more.ndjson | smcommit >/dev/null; [ "$(rows)" = 130 ]
	bash -eo pipefail -c "${line[0]}" >/dev/null; [ "$(rows)" = 120 ]
	bash -eo pipefail -c "${line[2]}" >/dev/null; [ "$(rows)" = 120 ]
	run bash -c "${line[0]/version-as-of 0/version-as-of 99}"
	[ "$status" = 4 ]; [ "$(rows)" = 120 ]
}

@test "a resumed stream that runs twice leaves the table as the first run made it" {
	run_it() { smfetch files in --resume ck | smpartition t | smcommit "$@" 2>>err | smcheckpoint save 2>/dev/null; echo "${PIPESTATUS[*]} $(rows)"; }
	[ "$(run_it --mode=overwrite)" = "0 0 0 0 30" ]
	[ "$(run_it --mode=overwrite)" = "0 0 5 4 30" ]
	cp more.ndjson in/
	[ "$(run_it --mode=overwrite)" = "0 0 5 4 30" ]
	grep -q 'resumed from' err
	smcheckpoint rewind ck 2>/dev/null
	[ "$(run_it --mode=overwrite)" = "0 0 0 0 40" ]
}

@test "what others commit between reading and replacing is a conflict, wherever it comes in between" {
	append() { smpartition t more.ndjson | smcommit >/dev/null; }
	conflict() { # COMMAND: smcommit's status is 5 and the ten rows stay
		run -5 --separate-stderr bash -c "set -o pipefail; $1"
		[[ $stderr == *"another writer committed first"* ]]; [ "$(rows)" = 130 ]
		fresh
	}
	export -f append
	conflict 'smreplay t --marks | (cat >x; append; cat x) | smpartition t | smcommit --mode=overwrite --vouch >/dev/null'
	conflict 'smreplay t --marks | smpartition t >x; append; smcommit --mode=overwrite --vouch <x >/dev/null'
	conflict 'smreplay t | smpartition t >x; append; smcommit --mode=overwrite --vouch <x >/dev/null'
	conflict 'smpartition t new.ndjson >x; append; smcommit --mode=overwrite <x >/dev/null'
	conflict "smreplay t --where \"network = 'x'\" --marks >x; append; smpartition t <x | smcommit --replace-where \"network = 'x'\" --vouch >/dev/null"
	# what was added elsewhere is none
	smreplay t --where "network = 'reddit'" --marks >x; append
	smpartition t <x | smcommit --replace-where "network = 'reddit'" --vouch >/dev/null
	[ "$(rows)" = 130 ]
	# nor is what only makes a stream's seq last, nor another table
	fresh; smreplay t --marks >x; cp -r t u
	smpartition u more.ndjson | smcommit >/dev/null
	smpartition t <x | smcommit --mode=overwrite --vouch >/dev/null; [ "$(rows)" = 120 ]
	[ "$(jq -c 'select(.commitInfo).commitInfo.read|[.id,.version]' t/_delta_log/*1.json)" = "[\"$(jq -r 'select(.metaData).metaData.id' t/_delta_log/*0.json)\",0]" ]
	# an older version: what came behind it is not dropped
	run -5 --separate-stderr bash -c 'smreplay t --version-as-of 0 --marks | smpartition t | smcommit --mode=overwrite --vouch'
	[[ $stderr == *"read from version 0"* ]]
	# a version that is not there any more
	fresh; append; smreplay t --marks >x; fresh
	run -5 --separate-stderr bash -c 'smpartition t <x | smcommit --mode=overwrite --vouch'
	[[ $stderr == *"read from version 1"* ]]; [ "$(rows)" = 120 ]
}

@test "a stream continues when its table is replaced by what was read from it, and ends with 5 when it is rolled back" {
	stream() { smfetch files in --resume ck 2>err | smpartition t | smcommit 2>>err | smcheckpoint save 2>>err; echo "${PIPESTATUS[*]} $(rows)"; }
	[ "$(stream)" = "0 0 0 0 150" ]
	smreplay t --marks | smpartition t | smcommit --mode=overwrite --vouch >/dev/null; [ "$(rows)" = 150 ]
	cp more.ndjson in/
	[ "$(stream)" = "0 0 0 0 160" ]
	smreplay t --version-as-of 0 >old.ndjson
	smpartition t old.ndjson | smcommit --mode=overwrite >/dev/null
	[ "$(rows)" = 120 ]
	smgen -n 5 --networks x --seed 9 >in/last.ndjson
	run stream
	[[ $output == "5 "*" 120" ]]
}

@test "a table is not appended to itself" {
	run -5 --separate-stderr bash -c 'smreplay t --marks | smpartition t | smcommit'
	[[ $stderr == *"duplicate its rows"* ]]; [ "$(rows)" = 120 ]; [ "$(versions)" = 1 ]
	run -5 --separate-stderr bash -c 'smreplay t --where "id = 1" --marks | smpartition t | smcommit'
	smreplay t --marks | smpartition --by network u | smcommit >/dev/null
	[ "$(smreplay u --count)" = 120 ]
	{ smreplay t --marks | head -1; smreplay u --marks | tail -n +2; } >x
	run -3 --separate-stderr bash -c 'smpartition u <x | smcommit'
	[[ $stderr == *"a pipe reads only one table"* ]]
}

@test "the closing mark counts: a program that passes marks on and loses records cannot vouch for them" {
	run_it() { # PIPE_IN_THE_MIDDLE MODE…: smcommit's status and the rows then
		local middle=$1; shift; rm -rf ck; fresh
		smfetch files in --resume ck | bash -c "$middle" 2>/dev/null | smpartition t 2>/dev/null | smcommit "$@" >/dev/null 2>err; echo "${PIPESTATUS[3]} $(rows)"
	}
	fails='if ."$mark" then . elif .id == $id then error("x") else . end'; id=$(sed -n 7p new.ndjson | jq -r .id); export id fails
	[ "$(run_it cat --mode=overwrite)" = "0 30" ]
	# jq goes on behind an error, and says so in its status alone.
	[ "$(run_it 'jq -c --arg id "$id" "$fails"' --mode=overwrite)" = "5 120" ]
	grep -q 'the source gave 30 records, but 29 arrived.*--vouch, or smjq' err
	[ "$(run_it 'jq -c --arg id "$id" "$fails"' --mode=overwrite --vouch)" = "0 29" ]; grep -q 'warning: the source gave 30 records, but 29 arrived' err
	[ "$(run_it "sed -e 5d" --mode=overwrite)" = "5 120" ]
	[ "$(run_it "sed -e 5p" --mode=overwrite)" = "5 120" ]; grep -q 'gave 30 records, but 31 arrived' err
	[ "$(run_it "grep mark" --mode=overwrite)" = "5 120" ]
	[ "$(run_it "sed -e 5d" --replace-where "network = 'x'")" = "5 120" ]
	# Appending a part does no harm.
	[ "$(run_it "sed -e 5d")" = "0 149" ]
	# Filters of ours keep the number true, and what was lost in front of them stays lost.
	keep='select(.text | length % 2 == 0)' n=$(jq -c 'select(.text | length % 2 == 0)' new.ndjson | wc -l); export keep
	[ "$n" -gt 0 ]; [ "$n" -lt 30 ]
	[ "$(run_it 'smjq "$keep" | smsentiment | smjq "del(.sentiment)" | smrate -r 100000/s --queue 10' --mode=overwrite)" = "0 $n" ]
	[ "$(run_it 'smjq empty' --mode=overwrite)" = "0 0" ]
	[ "$(run_it 'smjq ., | cat' --mode=overwrite | cut -c1)" != 0 ]
	[ "$(run_it 'smjq "(.id |= . + \"a\"), ." | smsentiment | smjq "del(.sentiment)"' --mode=overwrite)" = "0 60" ]
	for at in 'sed -e 5d | smjq "$keep"' 'sed -e 5d | smsentiment | smjq "del(.sentiment)" | smjq .' 'smjq . | sed -e 5d | smrate' 'sed -e 5d | smjq "., ."' 'smjq "$keep" | sed -e 2p | smjq empty'; do
		got=$(run_it "$at" --mode=overwrite); [ "$got" = "5 120" ] || { echo "$at: $got"; false; }
	done
	[ "$(smgen -n 100 --marks | smtrend -q | tee rows | tail -1 | jq '."$mark".records')" = "$(($(wc -l <rows) - 2))" ]
	# Between smpartition and smcommit as well, and of files that smpartition has read.
	fresh; smpartition t new.ndjson all.ndjson --max-rows 40 | smcommit --mode=overwrite >/dev/null; [ "$(rows)" = 150 ]
	fresh; smpartition t new.ndjson all.ndjson --max-rows 40 >acts; [ "$(grep -c '"add"' acts)" -gt 3 ]
	sed 2d acts >less; run -5 smcommit --mode=overwrite <less; [ "$(rows)" = 120 ]
	# A mark of an older version says no number.
	sed 's/,"records":[0-9]*//' less >old; grep -q '"all":true' old; smcommit --mode=overwrite <old >/dev/null; [ "$(rows)" -lt 150 ]
}

@test "a filter that does not even start replaces nothing" {
	for bad in "smjq 'syntax error('" 'jq "syntax error("' nosuchprogram 'smsentiment --nope' false; do
		for mode in '--mode=overwrite' '--mode=overwrite --vouch' "--replace-where network='x' --vouch"; do
			for from in 'smreplay t --marks' 'smreplay t' 'smfetch files in --resume ck'; do
				rm -rf ck
				# shellcheck disable=SC2086 # words
				rc=0; $from 2>/dev/null | bash -c "$bad" 2>/dev/null | smpartition t 2>/dev/null | smcommit $mode >/dev/null 2>err || rc=$?
				if [ "$rc" != 5 ] || [ "$(versions)" != 1 ]; then echo "$from | $bad | $mode: $rc"; cat err; return 1; fi
			done
		done
	done
}

@test "a copy that went another way is another table; one that did not is the same, and so is one of which nothing is known" {
	over() { smpartition t <x | smcommit --mode=overwrite --vouch >/dev/null; }
	# Both were written to since: what was read from u was not read from t, so t's own rows are no conflict …
	cp -r t u; smpartition u more.ndjson | smcommit >/dev/null; smpartition t more.ndjson | smcommit >/dev/null
	smreplay u --marks >x; over; [ "$(rows)" = 130 ]
	# … and nobody may say that t holds on to what it had, because it "read itself".
	fresh; smfetch files in --resume ck | smpartition t | smcommit | smcheckpoint save; rm -rf u; cp -r t0 u; smpartition u more.ndjson | smcommit >/dev/null
	smreplay u --marks >x; over; [ "$(rows)" = 130 ]
	cp more.ndjson in/; run ! smfetch files in --resume ck >/dev/null
	[ "$(jq -c 'select(.commitInfo).commitInfo.read.version' t/_delta_log/*2.json)" = 1 ]
	# It may be appended, too: the rows are others.
	fresh; smpartition t new.ndjson | smcommit >/dev/null; smreplay u --where "id = '$(head -1 more.ndjson | jq -r .id)'" --marks >x
	smpartition t <x | smcommit >/dev/null; [ "$(rows)" = 151 ]
	# The version that both have is one and the same.
	fresh; smpartition t more.ndjson | smcommit >/dev/null; smreplay u --version-as-of 0 --marks >x
	run -5 --separate-stderr over; [[ $stderr == *"read from version 0"* ]]
	run -5 --separate-stderr bash -c 'smpartition t <x | smcommit'; [[ $stderr == *"duplicate its rows"* ]]
	# Marks of an older version, and a version whose commit is gone: the id decides, as ever.
	for how in old gone; do
		fresh; rm -rf u; cp -r t0 u; smpartition t more.ndjson | smcommit >/dev/null; smpartition u more.ndjson | smcommit >/dev/null
		smreplay u --marks >x
		if [ $how = old ]; then
			sed -i 's/,"log":"[0-9a-f]*"//' x
		else
			for i in 2 3 4 5 6 7 8 9 10 11; do smpartition t more.ndjson | smcommit >/dev/null; done
			ls t/_delta_log/*10.checkpoint.parquet >/dev/null; rm t/_delta_log/*0[0-9].json
		fi
		n=$(rows)
		run -5 --separate-stderr bash -c 'smpartition t <x | smcommit'; [[ $stderr == *"duplicate its rows"* ]]; [ "$(rows)" = "$n" ]
	done
	# In one pipe the same version has one log.
	{ smreplay t --marks | head -1; smreplay t --marks | tail -1 | sed 's/"log":"[0-9a-f]*"/"log":"0"/'; } >x
	run -3 --separate-stderr bash -c 'smpartition v <x | smcommit'; [[ $stderr == *"a pipe reads only one table"* ]]
}

@test "--vouch is for what replaces; the marks of smgen and smreplay" {
	run -2 smcommit --vouch </dev/null
	smgen -n 3 --marks >out
	[ "$(sed -n 1p out)" = '{"$mark":{"v":1,"seq":1,"cursor":null}}' ]
	[ "$(sed -n 5p out)" = '{"$mark":{"v":1,"seq":2,"cursor":null,"end":"done","all":true,"records":3}}' ]
	cmp <(sed '1d;$d' out) <(smgen -n 3)
	smreplay t --marks >out
	id=$(jq -r 'select(.metaData).metaData.id' t/_delta_log/*0.json)
	[ "$(sed -n 1p out | command jq -c '."$mark"|.read.log |= test("^[0-9a-f]{16}$")')" = "{\"v\":1,\"seq\":1,\"cursor\":null,\"read\":{\"id\":\"$id\",\"version\":0,\"log\":true}}" ]
	[ "$(tail -1 out | jq -c '."$mark"|[.end,.all,.read.version]')" = '["done",true,0]' ]
	cmp <(sed '1d;$d' out) <(smreplay t)
	[ "$(smreplay t --marks --limit 3 | tail -1 | jq -c '."$mark"|[.end,.all]')" = '["done",null]' ]
	run -2 smreplay t --marks --count
	run -4 --separate-stderr smreplay t --marks --version-as-of 5
	[ "$output" = '{"$mark":{"v":1,"seq":1,"cursor":null,"end":"error"}}' ]
	# a failed source is not committed, not even appended
	run -4 --separate-stderr bash -c '{ smreplay t --marks | sed "s/\"done\"/\"error\"/"; } | smpartition --by network u | smcommit'
	[[ $stderr == *"ended with an error"* ]]; [ ! -e u/_delta_log ]
	# signals end the stream with a mark, and status 0
	{ timeout -s TERM 0.5 smgen --marks --rate 10/s || true; } >out
	[ "$(tail -1 out | jq -r '."$mark".end')" = signal ]
	{ timeout -s TERM 1 smreplay t --marks --follow; } >out || true
	[ "$(jq -c 'select(."$mark")|."$mark"|[.seq,.end]' out | xargs)" = '[1,null] [2,null] [3,signal]' ]
}
