#!/usr/bin/env bats
# Tables that are rolled back behind a stream: RESTORE, overwrites, copies; and what people then decide (accept, rewind --table).
# Foreign commits are written by hand, as other writers write them. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	PATH=$SM_BIN:$PATH
	cd "$BATS_TEST_TMPDIR" && mkdir in
}

make_posts() { seq -f "{\"id\":\"$1-%g\",\"text\":\"a post\"}" "$2"; }   # make_posts NAME N
posts() { make_posts "$1" "$2" >"in/$1.ndjson"; }
run_stream() { # statuses of the four in $st, what they say in err
	smfetch files in --resume ck 2>err.1 | smpartition "${1-t}" 2>err.2 | smcommit 2>err.3 | smcheckpoint save >/dev/null 2>err.4 &&
		st='0 0 0 0' || st="${PIPESTATUS[*]}"
	cat err.? >err
}
rows() { smreplay t --count; }
distinct() { smreplay t --select id | sort -u | wc -l; }
newest() { find t/_delta_log -name '0*.json' | sort | tail -1 | sed -E 's/.*\/0*([0-9]+)\.json/\1/; s/^$/0/'; }
log_file() { printf 't/_delta_log/%020d.json' "$1"; }
live_at() { # the add lines of version V, by path
	local v; for v in $(seq 0 "$1"); do cat "$(log_file "$v")"; done | jq -cn 'reduce inputs as $a ({}; if $a.add then .[$a.add.path] = $a
		elif $a.remove then del(.[$a.remove.path]) else . end) | .[]' | sort
}
removes() { jq -c '{remove:{path:.add.path,deletionTimestamp:1,dataChange:true}}'; }
foreign() { # foreign OPERATION PARAMETERS: a commit with the actions on standard input
	{ echo "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"$1\",\"operationParameters\":{$2}}}"; cat; } >"$(log_file $(($(newest) + 1)))"
}
restore() { # what RESTORE writes: files go and come, every txn stays
	live_at "$(newest)" >now; live_at "$1" >then
	{ comm -23 now then | removes; comm -13 now then; } >actions
	foreign RESTORE "\"version\":${2-$1},\"timestamp\":null" <actions
}
move() { # what OPTIMIZE writes: every file under a new name
	live_at "$(newest)" >now
	{ removes <now | jq -c '.remove.dataChange = false'; jq -r .add.path now | while read -r p; do cp "t/$p" "t/moved-$p"; done
	  jq -c '.add.path |= "moved-" + . | .add.dataChange = false' now; } >actions
	foreign OPTIMIZE '"predicate":"[]"' <actions
}
two_runs() { posts 1 100; run_stream; [ "$st" = '0 0 0 0' ]; posts 2 50; run_stream; [ "$st" = '0 0 0 0' ]; [ "$(rows)" = 150 ]; }

@test "a RESTORE between two runs: status 5 with the ways out, nothing written; restored again, the stream goes on" {
	two_runs; restore 0; [ "$(rows)" = 100 ]
	posts 3 10; ls t/_delta_log >before; cp ck/table ck-before
	run_stream
	[ "${st%% *}" = 5 ]
	grep -q 'rolled back: version 2 (RESTORE) went back to version 0, which does not hold version 1' err
	grep -q "smcheckpoint accept $PWD/ck" err; grep -q "smcheckpoint rewind $PWD/ck --table" err
	ls t/_delta_log | cmp - before; cmp ck/table ck-before
	smcheckpoint show ck -o table | grep -q 'resumes     no: .*rolled back'
	restore 1; [ "$(rows)" = 150 ]
	run_stream; [ "$st" = '0 0 0 0' ]; [ "$(rows)" = 160 ]
}

@test "accept: what was rolled back stays away, the rest comes" {
	two_runs; restore 0
	smcheckpoint accept ck 2>said; grep -q 'continues from seq .* as it is at version 3' said
	posts 3 10; run_stream; [ "$st" = '0 0 0 0' ]; [ "$(rows)" = 110 ]
	run_stream; [ "$st" = '0 0 0 0' ]; [ "$(rows)" = 110 ]
	smcheckpoint accept ck 2>said; grep -q 'nothing to accept' said
	restore 0; run_stream; [ "${st%% *}" = 5 ]
}

@test "accept is kept in the table: a later rewind --table does not read again what was accepted" {
	# A whole overwrite by others, who brought the first rows along under new names: the rows are right, the walk does not know it.
	wrote_anew() {
		live_at "$(newest)" >now
		{ removes <now; jq -r .add.path now | while read -r p; do cp "t/$p" "t/$1-$p"; done; jq -c ".add.path |= \"$1-\" + ." now; } >actions
		foreign WRITE '"mode":"Overwrite"' <actions
	}
	for to in accepted before; do
		rm -rf t ck in; mkdir in
		posts 1 10; run_stream; [ "$st" = '0 0 0 0' ]; wrote_anew x
		posts 2 5; run_stream; [ "${st%% *}" = 5 ]; was=$(newest)
		smcheckpoint accept ck 2>said; grep -q "as it is at version $((was + 1))" said
		smcheckpoint show --json ck | jq -e '.generation == 2 and .problem == null'
		run_stream; [ "$st" = '0 0 0 0' ]; [ "$(rows)" = 15 ]; [ "$(distinct)" = 15 ]
		# Back to the table that was accepted, or to the same rows as they were in front of the commit that says so.
		restore "$([ $to = accepted ] && echo $((was + 1)) || echo "$was")"; [ "$(rows)" = 10 ]
		posts 3 2; run_stream; [ "${st%% *}" = 5 ]
		smcheckpoint rewind --table ck 2>said; run_stream
		[ "$st $(rows) $(distinct)" = '0 0 0 0 17 17' ]
		run_stream; [ "$st $(rows)" = '0 0 0 0 17' ]
	done
	# What was given up stays away then, too.
	rm -rf t ck in; mkdir in; two_runs; restore 0; smcheckpoint accept ck; posts 3 7; run_stream; [ "$(rows)" = 107 ]
	restore 3; smcheckpoint rewind --table ck; run_stream; [ "$st $(rows) $(distinct)" = '0 0 0 0 107 107' ]
	# It may die behind its commit: done again, it is right; behind CK/id, the next run hears it from the table.
	rm -rf t ck in; mkdir in; two_runs; restore 0; cp ck/id ck/table .; smcheckpoint accept ck; cp id table ck/
	posts 3 7; run_stream; [ "${st%% *}" = 5 ]
	smcheckpoint accept ck; run_stream; [ "$st $(rows) $(distinct)" = '0 0 0 0 107 107' ]
	rm -rf t ck in; mkdir in; two_runs; restore 0; cp ck/table .; smcheckpoint accept ck; cp table ck/
	posts 3 7; run_stream; [ "${st##* }" = 75 ]; run_stream; [ "$st $(rows) $(distinct)" = '0 0 0 0 107 107' ]
	# And an smcommit that was at work meanwhile commits nothing any more.
	rm -rf t ck in; mkdir in; two_runs; posts 3 7; smfetch files in --resume ck | smpartition t >late.acts
	restore 0; smcheckpoint accept ck
	run -5 --separate-stderr smcommit <late.acts; [[ $stderr == *'rolled back'* ]]; [ "$(rows)" = 100 ]
	run_stream; [ "$st $(rows) $(distinct)" = '0 0 0 0 107 107' ]
}

@test "rewind --table: what was rolled back is read again, and every row is there once" {
	two_runs; posts 3 30; run_stream; [ "$(rows)" = 180 ]
	restore 1; [ "$(rows)" = 150 ]
	smcheckpoint rewind ck --table 2>said; grep -q 'resumes after version 1 of ' said
	smcheckpoint show --json ck | jq -e '.generation == 2 and .resumes_at == .table_seq and .problem == null'
	run_stream; [ "$st" = '0 0 0 0' ]; [ "$(rows)" = 180 ]; [ "$(distinct)" = 180 ]
	# Once more, to before the rewind: the place is found in the generation before.
	restore 0; run_stream; [ "${st%% *}" = 5 ]
	smcheckpoint rewind --table ck 2>said; run_stream; [ "$st" = '0 0 0 0' ]; [ "$(rows)" = 180 ]; [ "$(distinct)" = 180 ]
	# Nothing of the stream is left.
	live_at "$(newest)" | removes | foreign WRITE '"mode":"Overwrite"'
	run_stream; [ "${st%% *}" = 5 ]; grep -q '(WRITE) does not hold' err
	smcheckpoint rewind --table ck 2>said; grep -q 'holds no commit of the stream; .* starts at 0' said
	run_stream; [ "$st" = '0 0 0 0' ]; [ "$(rows)" = 180 ]; [ "$(distinct)" = 180 ]
}

@test "a RESTORE to before a rewind --table is noticed: its rows would come twice" {
	two_runs; restore 0; smcheckpoint rewind --table ck; restore 1
	run_stream; [ "${st%% *}" = 5 ]; [ "$(rows)" = 150 ]
	smcheckpoint rewind --table ck; run_stream; [ "$st" = '0 0 0 0' ]; [ "$(distinct) $(rows)" = '150 150' ]
	live_at "$(newest)" >all; removes <all | foreign WRITE '"mode":"Overwrite"'
	smcheckpoint rewind --table ck 2>said; grep -q 'starts at 0' said
	foreign RESTORE "\"version\":$(($(newest) - 2))" <all
	run_stream; [ "${st%% *}" = 5 ]; [ "$(rows)" = 150 ]
}

@test "a RESTORE while smcommit runs: its next commit ends with 5, and its marks never say that it looked further" {
	make_posts 0 10 | smpartition t | smcommit >/dev/null
	mark() { echo "{\"\$mark\":{\"v\":1,\"stream\":\"s1\",\"from\":0,\"seq\":$1,\"cursor\":$1${2-}}}"; }
	{ mark 1; make_posts 1 100; mark 2 ',"end":"done"'; } | smpartition t >acts.1
	{ mark 1; make_posts 2 100; mark 3 ',"end":"done"'; } | smpartition t >acts.2
	mkfifo q; { smcommit <q >out 2>err || echo $? >status; } 3>&- & pid=$!
	exec 7>q
	sed '$s/,"end":"done"//' acts.1 >&7
	for _ in $(seq 600); do grep -q '"seq":2' out 2>/dev/null && break; sleep .1; done
	[ "$(rows)" = 110 ]
	restore 0; [ "$(rows)" = 10 ]
	tail -n +2 acts.2 >&7 || true; exec 7>&-
	wait $pid || true
	[ "$(cat status)" = 5 ]; grep -q 'rolled back: version 2 (RESTORE)' err; [ "$(rows)" = 10 ]
	[ "$(grep -c '"version":[23]' out)" = 0 ]
}

@test "a commit that the checkpoint has not heard of, rolled back: 5, not \"recovered\"" {
	two_runs; posts 3 20
	smfetch files in --resume ck | smpartition t | smcommit >/dev/null                # no save
	restore 1
	run_stream; [ "${st%% *}" = 5 ]; grep -q 'version 3 (RESTORE) went back to version 1, which does not hold version 2' err
	# The same, met by smcommit: its source resumed before that.
	rm -rf t ck; posts 1 100; run_stream; smfetch files in --resume ck | smpartition t >acts.a; posts 4 5
	smfetch files in --resume ck | smpartition t >acts.b
	smcommit <acts.b >/dev/null; restore 0
	run -5 --separate-stderr smcommit <acts.a
	[[ $stderr == *'rolled back: version 2 (RESTORE)'* ]]; [[ $output != *recovered* ]]
}

@test "legitimate writers stop nobody: optimize, delete, merge, replaced partitions, truncate, other streams, an undone RESTORE" {
	two_runs; n=10
	next() { n=$((n + 1)); posts $n 3; run_stream; [ "$st" = '0 0 0 0' ] || { echo "$1: $st"; cat err; return 1; }; }
	move; next optimize; move; move; run_stream; [ "$st" = '0 0 0 0' ]; next 'optimize, twice'
	for op in 'DELETE "predicate":"a"' UPDATE MERGE TRUNCATE 'WRITE "mode":"Overwrite","predicate":"d"' 'WRITE "mode":"Overwrite","isDynamicPartitionOverwrite":true'; do
		parameters=${op#* }; [ "$parameters" != "$op" ] || parameters=
		live_at "$(newest)" | removes | foreign "${op%% *}" "$parameters"
		next "$op"
	done
	v=$(newest); live_at "$v" | head -1 | jq -c '.add.path = "b" | .add.size = 1' >add; echo >t/b
	{ cat add; echo '{"txn":{"appId":"another","version":7}}'; } | foreign 'STREAMING UPDATE' '"outputMode":"Append"'; next 'another stream'
	v=$(newest); move; restore 0; restore $((v + 1)); run_stream; [ "$st" = '0 0 0 0' ]; next 'an undone RESTORE'
	v=$(newest); restore "$v" "\"$v\""; next 'a RESTORE to the newest version'
}

@test "a checkpoint from before the commit was kept: it is sought in the log; where that is gone, accepted once, with a note" {
	two_runs
	old() { jq -c 'del(.id, .commit)' ck/table >x; mv x ck/table; }
	old; run_stream; [ "$st" = '0 0 0 0' ]; [ ! -s err ]; jq -e '.commit.version == 1 and (.commit.path | type) == "string" and .id' ck/table
	old; restore 0; run_stream; [ "${st%% *}" = 5 ]; restore 1
	for i in $(seq 8); do echo "{\"add\":$(live_at 0 | head -1 | jq -c ".add | .path = \"x$i\"")}" | foreign WRITE '"mode":"Append"'; done
	[ "$(newest)" = 11 ]; cp t/part-* keep-me 2>/dev/null || true
	posts 3 5; smpartition t <in/3.ndjson | smcommit >/dev/null; rm in/3.ndjson
	for i in $(seq 20); do [ -e t/_delta_log/*checkpoint.parquet ] && break; make_posts 1$i 1 | smpartition t | smcommit >/dev/null; done
	v=$(basename t/_delta_log/*.checkpoint.parquet .checkpoint.parquet)
	for f in t/_delta_log/0*.json; do [[ $(basename "$f" .json) > $v ]] || rm "$f"; done
	old; jq -c '.version = 0' ck/table >x; mv x ck/table
	run_stream; [ "$st" = '0 0 0 0' ]; grep -q 'assuming once that version' err
	run_stream; [ "$st" = '0 0 0 0' ]; [ ! -s err ]
	# One that has kept it needs the log between.
	jq -c '.version = 1 | .commit = {"version":1,"path":"gone"}' ck/table >x; mv x ck/table
	run_stream; [ "${st%% *}" = 5 ]; grep -q "is missing in the log of $PWD/t" err
}

@test "a table that was copied back behind its checkpoint: accept leaves out what is gone, rewind --table reads it again" {
	for how in accept 'rewind --table'; do
		rm -rf t ck in; mkdir in; posts 1 100; run_stream; cp -r t saved; posts 2 50; run_stream; [ "$(rows)" = 150 ]
		rm -rf t; mv saved t; posts 3 10
		run_stream; [ "${st%% *}" = 5 ]; grep -q 'without its checkpoint' err
		smcheckpoint $how ck 2>said
		run_stream; [ "$st" = '0 0 0 0' ]
		[ "$(rows)" = "$([ "$how" = accept ] && echo 110 || echo 160)" ]; [ "$(distinct)" = "$(rows)" ]
		run_stream; [ "$st" = '0 0 0 0' ]; [ "$(distinct)" = "$(rows)" ]
	done
}

@test "generations fence: an smcommit that outlived one rewind, or two, finds the table ahead" {
	posts 1 100
	smfetch files in --resume ck | smpartition t >acts.1
	smcheckpoint rewind ck; smfetch files in --resume ck | smpartition t >acts.2
	smcheckpoint rewind ck; run_stream; [ "$st" = '0 0 0 0' ]; [ "$(rows)" = 100 ]
	for i in 1 2; do
		run -75 --separate-stderr smcommit <acts.$i
		[ "$(rows)" = 100 ]
	done
	smfetch files in --resume ck >/dev/null                      # a generation that has committed goes on as ever
	posts 2 7; smfetch files in --resume ck | smpartition t >acts.3
	smcheckpoint rewind --table ck
	run -75 --separate-stderr smcommit <acts.3
	run_stream; [ "$st" = '0 0 0 0' ]; [ "$(rows)" = 107 ]; [ "$(distinct)" = 107 ]
}

@test "rewind and accept need a recorded table, and no running source" {
	posts 1 10; smfetch files in --resume ck >/dev/null
	run -5 --separate-stderr smcheckpoint accept ck; [[ $stderr == *'has recorded no table'* ]]
	run -5 --separate-stderr smcheckpoint rewind ck --table; [[ $stderr == *'has recorded no table'* ]]
	run_stream; mv t u
	run -5 --separate-stderr smcheckpoint accept ck; [[ $stderr == *'there is no table'* ]]
	run -5 --separate-stderr smcheckpoint rewind --table ck; [[ $stderr == *'there is no table'* ]]
	run -4 smcheckpoint accept nope
	run -2 smcheckpoint accept; run -2 smcheckpoint rewind --table a b
}

@test "one table under several names is one table" {
	posts 1 10; run_stream; mkdir sub; ln -s t link; ln -s "$PWD" here; n=1
	for name in link "$PWD/t" ./t t/ sub/../t here/link here/t/. "file://$PWD/link"; do
		n=$((n + 1)); posts $n 5; run_stream "$name"
		[ "$st" = '0 0 0 0' ] || { echo "$name: $st"; cat err; false; }
	done
	[ "$(rows)" = 50 ]; [ "$(distinct)" = 50 ]
	mv t moved; ln -s moved t; posts 20 5; run_stream; [ "$st" = '0 0 0 0' ]; [ "$(rows)" = 55 ]
	[ "$(jq -r .table ck/table)" = "$PWD/moved" ]
	# Another table is another one, whatever it is called.
	rm t; echo '{"id":"x"}' | smpartition t 2>/dev/null | smcommit >/dev/null || true
	posts 21 5; cp ck/table before; run_stream; [ "$st" != '0 0 0 0' ]; cmp before ck/table
}

@test "a checkpoint that was copied back: the table knows the place" {
	posts 1 100; run_stream; cp -r ck old; posts 2 50; run_stream; posts 3 20; run_stream; [ "$(rows)" = 170 ]
	rm -r ck; mv old ck; posts 4 5
	run_stream; [ "${st%% *}" = 5 ]
	smcheckpoint rewind --table ck 2>said; grep -q 'resumes after version 2' said
	smcheckpoint show --json ck | jq -e '.resumes_at == 7 and .cursor.done == 3 and .problem == null'
}
