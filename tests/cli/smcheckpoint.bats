#!/usr/bin/env bats
# smcheckpoint: what save records and how it ends, show, list, rewind. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	T=${SM_BIN:?}/smcheckpoint
	cd "$BATS_TEST_TMPDIR" || return 1
	CK=$PWD/ck
	make_ck ck
}

# make_ck DIR: a checkpoint as docs/checkpoint.md describes it, with three marks in its journal
make_ck() {
	mkdir "$1"
	echo 'smtools checkpoint 1' >"$1/FORMAT"
	echo '{"v":1,"id":"stream-1","generation":1,"created":"2026-01-01T00:00:00Z"}' >"$1/id"
	: >"$1/lock"
	for i in 1 2 3; do echo "{\"seq\":$i,\"from\":0,\"gen\":1,\"at\":\"2026-01-01T00:00:0${i}Z\",\"cursor\":{\"n\": $i}}"; done >"$1/journal"
}

# mark SEQ [MEMBERS]
mark() { echo "{\"\$mark\":{\"v\":1,\"stream\":\"${STREAM-stream-1}\",\"from\":0,\"seq\":$1,\"cursor\":{\"n\":$1},\"ck\":\"$CK\"${2:+,$2}}}"; }
commit() { echo "{\"commit\":{\"table\":\"/t\",\"version\":$1}}"; }
seq_of() { jq .seq <ck/table; }

@test "save records table, seq and version of the newest mark" {
	{ commit 0; mark 1 '"table":"/t","version":0'; commit 1; mark 3 '"table":"/t","version":1,"end":"done"'; } >in
	run --separate-stderr "$T" save -v <in
	[ "$status" = 0 ]; [ -z "$output" ]
	[[ "$stderr" == "smcheckpoint: $CK: seq 3 of /t at version 1, 2 commits, ended: done" ]]
	[ "$(jq -c '[.v,.stream,.table,.seq,.version]' ck/table)" = '[1,"stream-1","/t",3,1]' ]
	run --separate-stderr "$T" save ck <in; [ "$status" = 0 ]; [ -z "$stderr" ]
}

@test "save never moves backwards" {
	{ mark 3 '"table":"/t","version":4,"end":"done"'; } | "$T" save
	{ mark 2 '"table":"/t","version":3,"end":"done"'; } | "$T" save
	[ "$(seq_of)" = 3 ]
	{ mark 3 '"table":"/t"'; mark 1 '"table":"/t","end":"done"'; } | "$T" save
	[ "$(seq_of)" = 3 ]
}

@test "save records while the stream goes on" {
	mkfifo p
	"$T" save <p & pid=$!
	exec 7>p
	mark 2 '"table":"/t","version":1' >&7
	for _ in $(seq 100); do [ -e ck/table ] && break; sleep .05; done
	[ "$(seq_of)" = 2 ]
	mark 3 '"table":"/t","version":2,"end":"signal"' >&7
	exec 7>&-
	wait $pid
	[ "$(seq_of)" = 3 ]
}

@test "save ends as the stream did: done and signal 0, quota 75, error 4" {
	for end in done:0 signal:0 quota:75 error:4; do
		rc=0; mark 2 "\"table\":\"/t\",\"end\":\"${end%:*}\"" | "$T" save 2>err || rc=$?
		[ $rc = "${end#*:}" ] || { echo "$end: $rc"; false; }
		[ $rc = 0 ] || [ -s err ]
		[ "$(seq_of)" = 2 ]
	done
}

@test "save: an input without a closing mark is status 4; what came is recorded" {
	rc=0; mark 2 '"table":"/t"' | "$T" save 2>err || rc=$?
	[ $rc = 4 ]; grep -q 'without a closing mark' err; [ "$(seq_of)" = 2 ]
	rc=0; "$T" save </dev/null 2>err || rc=$?
	[ $rc = 4 ]
}

@test "save: a recovered mark puts the record right and is status 75" {
	rc=0; mark 3 '"table":"/t","version":7,"recovered":true' | "$T" save 2>err || rc=$?
	[ $rc = 75 ]; [ "$(jq -c '[.seq,.version,.table]' ck/table)" = '[3,7,"/t"]' ]; grep -q 'run the same line again' err
}

@test "save: commits without a mark of a stream are status 1, and it says so" {
	rc=0; { commit 0; echo '{"$mark":{"v":1,"end":"done","table":"/t","version":0}}'; } | "$T" save 2>err || rc=$?
	[ $rc = 1 ]; grep -q '1 commit but no mark of a stream: nothing was recorded' err; [ ! -e ck/table ]
	rc=0; echo '{"$mark":{"v":1,"end":"done"}}' | "$T" save 2>err || rc=$?
	[ $rc = 1 ]
	rc=0; commit 0 | "$T" save 2>err || rc=$?
	[ $rc = 4 ]
}

@test "save: a table that has nothing of the stream yet is nothing to record" {
	{ mark 0; mark 2 '"table":"/t","end":"done"'; } | "$T" save
	[ "$(jq -c '[.seq,.table]' ck/table)" = '[2,"/t"]' ]
}

@test "save: records that nobody took are an error, with their line" {
	{ mark 1 '"table":"/t"'; echo '{"id":1}'; mark 2 '"table":"/t","end":"done"'; } >in
	run --separate-stderr "$T" save <in
	[ "$status" = 3 ]; [[ "$stderr" == "smcheckpoint: <stdin>:2: neither a commit nor a mark"* ]]
	[ "$(seq_of)" = 1 ]
	run --separate-stderr "$T" save <<<'{"commit":'; [ "$status" = 3 ]; [[ "$stderr" == "smcheckpoint: <stdin>:1:"* ]]
	{ mark 2 '"end":"done"'; mark 3; } >in
	run --separate-stderr "$T" save <in; [ "$status" = 3 ]; [[ "$stderr" == *"<stdin>:2: a mark after the closing mark" ]]
}

@test "save: another generation, another table, another folder are status 5; a stream that CK does not name is 3" {
	mark 1 '"table":"/t","end":"done"' | "$T" save
	STREAM=other mark 2 '"table":"/t","end":"done"' >in
	run --separate-stderr "$T" save <in; [ "$status" = 3 ]; [[ "$stderr" == *"<stdin>:1: mark:"*"is the checkpoint of stream stream-1, not of other"* ]]
	STREAM=stream-1.2 mark 2 '"table":"/t","end":"done"' >in
	run --separate-stderr "$T" save <in; [ "$status" = 5 ]; [[ "$stderr" == *"stream stream-1.2"*"is for stream stream-1"* ]]
	grep -q '"seq":1' ck/table
	mark 2 '"table":"/other","end":"done"' >in
	run --separate-stderr "$T" save <in; [ "$status" = 5 ]; [[ "$stderr" == *"/t, not to /other"* ]]
	make_ck ck2
	mark 2 '"table":"/t","end":"done"' >in
	run --separate-stderr "$T" save ck2 <in; [ "$status" = 5 ]; [[ "$stderr" == *"$CK, not to ck2"* ]]
	{ mark 2 '"table":"/t"'; STREAM=stream-1.2 mark 3 '"table":"/t","end":"done"'; } >in
	run --separate-stderr "$T" save <in; [ "$status" = 3 ]; [[ "$stderr" == *"a pipe carries only one stream"* ]]
}

@test "save: no such checkpoint, no checkpoint at all, a newer format" {
	CK=$PWD/nope mark 1 '"end":"done"' >in
	run --separate-stderr "$T" save <in; [ "$status" = 4 ]; [[ "$stderr" == *nope* ]]
	mkdir plain; touch plain/x
	CK=$PWD/plain mark 1 '"end":"done"' >in
	run --separate-stderr "$T" save <in; [ "$status" != 0 ]; [[ "$stderr" == *"not a checkpoint folder"* ]]
	echo 'smtools checkpoint 2' >ck/FORMAT
	mark 1 '"end":"done"' >in
	run --separate-stderr "$T" save <in; [ "$status" = 3 ]; [[ "$stderr" == *"format 2"* ]]
}

@test "show: a fresh checkpoint, one with a record, one whose table is gone" {
	run "$T" show -o table ck
	[ "$status" = 0 ]; [[ "$output" == *"resumes     from the start"* ]]; [[ "$output" == *"3 marks, seq 1 to 3"* ]]
	mark 2 '"end":"done"' | "$T" save
	[[ "$("$T" show -o table ck)" == *'resumes     at seq 2, cursor {"n": 2}'* ]]
	"$T" show --json ck | jq -e '.resumes_at == 2 and .cursor.n == 2 and .recorded.seq == 2 and .marks == 3 and .last.seq == 3
		and .running == false and .problem == null'
	rm ck/table; mark 2 "\"table\":\"$PWD/gone\",\"end\":\"done\"" | "$T" save
	[[ "$("$T" show -o table ck)" == *"resumes     no: the table does not exist"* ]]
	"$T" show --json ck | jq -e '.problem == "the table does not exist" and (has("resumes_at") | not)'
	run "$T" show nope; [ "$status" = 4 ]
	run "$T" show; [ "$status" = 2 ]
}

@test "show: the table's own word, behind and ahead" {
	mkdir -p tab/_delta_log
	cat >tab/_delta_log/00000000000000000000.json <<-'X'
	{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
	{"metaData":{"id":"1","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{}}}
	{"txn":{"appId":"stream-1","version":2}}
	X
	mark 1 "\"table\":\"$PWD/tab\",\"end\":\"done\"" | "$T" save
	"$T" show --json ck | jq -e '.recorded.seq == 1 and .table_seq == 2 and .resumes_at == 2 and .cursor.n == 2'
	mark 3 "\"table\":\"$PWD/tab\",\"end\":\"done\"" | "$T" save
	"$T" show --json ck | jq -e '.table_seq == 2 and (.problem | test("behind"))'
	sed -i 's/"version":2}}/"version":9}}/' tab/_delta_log/*0.json
	"$T" show --json ck | jq -e '.table_seq == 9 and (.problem | test("journal does not have"))'
}

@test "show: a torn journal is read up to its tear, a damaged one is an error with its line" {
	printf '{"seq":4,"from":0,"ge' >>ck/journal
	"$T" show --json ck | jq -e '.last.seq == 3'
	printf '\n{"seq":5,"from":0,"gen":1,"cursor":1}\n' >>ck/journal
	run --separate-stderr "$T" show ck
	[ "$status" = 3 ]; [[ "$stderr" == "smcheckpoint: $CK/journal:4: damaged line"* ]]
}

@test "list: the checkpoints in a folder, by name; other folders are passed over" {
	make_ck a; mkdir b; touch c; mark 3 '"table":"/t","end":"done"' | "$T" save
	[ "$("$T" list -o table | awk '{ print $1, $3 }' | xargs)" = 'checkpoint seq ./a 0 ./ck 3' ]
	[ "$("$T" list ck a | wc -l)" = 2 ]
	"$T" list --json . | jq -es 'length == 2 and .[1].recorded.table == "/t"'
	run "$T" list nope; [ "$status" = 4 ]
	[ -z "$("$T" list b)" ]
}

@test "rewind: the next generation begins at 0, and it says what that means" {
	mark 3 '"table":"/t","end":"done"' | "$T" save
	run --separate-stderr "$T" rewind ck
	[ "$status" = 0 ]; [[ "$stderr" == *"stream stream-1.2 starts at 0; its rows will be in /t twice"* ]]
	"$T" show --json ck | jq -e '.stream == "stream-1.2" and .generation == 2 and .resumes_at == 0 and .marks == 0 and .recorded == null'
	mark 3 '"table":"/t","end":"done"' >in
	run "$T" save <in; [ "$status" = 5 ]
	STREAM=stream-1.2 mark 4 '"table":"/t2","end":"done"' | "$T" save
	[ "$(seq_of)" = 4 ]
	run "$T" rewind nope; [ "$status" = 4 ]
}

@test "rewind: not while a source is running" {
	command -v python3 >/dev/null || skip "no python3"
	python3 -c 'import fcntl,struct,time,sys
f=open("ck/lock","r+"); fcntl.fcntl(f,37,struct.pack("hhqqi",fcntl.F_WRLCK,0,0,0,0)); f.write("4711\n"); f.flush(); open("locked","w"); time.sleep(30)' &
	pid=$!
	for _ in $(seq 100); do [ -e locked ] && break; sleep .05; done
	run --separate-stderr "$T" rewind ck
	"$T" show -o table ck >shown
	kill $pid
	[ "$status" = 5 ]; [[ "$stderr" == *"in use by process 4711"* ]]
	grep -q 'source      running, process 4711' shown
}

@test "usage: a command is needed, and known" {
	run "$T"; [ "$status" = 2 ]
	run "$T" nope; [ "$status" = 2 ]
	run "$T" save a b; [ "$status" = 2 ]
	"$T" --help | grep -q rewind
	"$T" save --help | grep -q verbose
	"$T" --version | grep -Eq '^smcheckpoint [0-9]+\.[0-9]+\.[0-9]+$'
	"$T" --generate=man >m.1; [ -z "$(groff -man -ww -z m.1 2>&1)" ]
	run sh -c "'$T' show ck >/dev/full"; [ "$status" = 4 ]
}
