#!/usr/bin/env bats
# smcommit: actions and marks to atomic commits. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() { cd "$BATS_TEST_TMPDIR"; T=$PWD/t; mkdir -p t; smcommit="$SM_BIN/smcommit"; }

# What smpartition prints, by hand. Files need not be Parquet: smcommit looks at their names and sizes.
SCHEMA='{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"d\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}'
create() { printf '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n'; meta; }
meta() { printf '{"metaData":{"id":"i-%s","format":{"provider":"parquet","options":{}},"schemaString":"%s","partitionColumns":["d"],"configuration":{%s}}}\n' "$$" "${1:-$SCHEMA}" "${2-}"; }
add() { # add PATH D [SIZE]
	[ -n "${3-}" ] || { mkdir -p "t/${1%/*}"; printf 'hello %s' "$1" >"t/$1"; }
	printf '{"add":{"path":"%s","partitionValues":{"d":"%s"},"size":%s,"modificationTime":1,"dataChange":true,"stats":"{\\"numRecords\\":2}"}}\n' "$1" "$2" "${3:-$(stat -c %s "t/$1")}"
}
mark() { # mark FROM SEQ [END] [STREAM]
	printf '{"$mark":{"v":1,"stream":"%s","from":%s,"seq":%s,"cursor":{"at":%s},"ck":"/ck","table":"%s"%s}}\n' "${4:-s}" "$1" "$2" "${CURSOR:-$2}" "$T" "${3:+,\"end\":\"$3\"}"
}
plain() { printf '{"$mark":{"v":1,"table":"%s","end":"done"}}\n' "$T"; }
versions() { ls t/_delta_log 2>/dev/null | grep -c '^[0-9]*\.json$'; }
log() { cat t/_delta_log/*.json; }
files() { log | jq -r 'if .add then "+"+.add.path elif .remove then "-"+.remove.path else empty end'; }
seq_of() { log | jq -s --arg s "${1:-s}" '[.[]|select(.txn.appId==$s).txn.version]|last'; }
# A schema of the given columns, all long; @d is the partition column.
schema_of() { local f= c; for c; do f+=',{\"name\":\"'$c'\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}'; done; printf '%s' '{\"type\":\"struct\",\"fields\":[{\"name\":\"d\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}'"$f]}"; }
fields() { log | jq -r 'select(.metaData).metaData.schemaString|fromjson|[.fields[].name]|join(",")'; }

@test "creates a table: protocol, metaData, the adds, txn, commitInfo with metrics; prints commit and mark" {
	{ create; add d=x/1 x; add d=y/2 y; mark 0 7 done; } >in
	run "$smcommit" <in
	[ "$status" = 0 ]
	[ "$(jq -c '[.commit.version,.commit.num_files,.commit.num_rows,.commit.seq]' <<<"${lines[0]}")" = '[0,2,4,7]' ]
	[ "$(jq -c '."$mark"|[.seq,.version,.table,.end,.cursor.at]' <<<"${lines[1]}")" = "[7,0,\"$T\",\"done\",7]" ]
	[ "$(log | jq -c 'keys[0]' | tr -d '\n')" = '"commitInfo""protocol""metaData""add""add""txn"' ]
	[ "$(log | jq -c 'select(.commitInfo).commitInfo|[.operation,.isBlindAppend,.operationMetrics.numFiles,.operationMetrics.numOutputRows,.mark.seq]')" = '["STREAMING UPDATE",true,"2","4",7]' ]
	[ "$(seq_of)" = 7 ]
}

@test "an action's bytes go into the log as they came" {
	{ create; add d=x/1 x | sed 's/"dataChange":true/"dataChange" : true, "later":{"k":[1,2.50]}/'; plain; } >in
	"$smcommit" <in
	grep -qxF "$(grep add in)" t/_delta_log/*0.json
}

@test "each mark closes one transaction; the stream goes on from its own seq" {
	{ create; add d=x/1 x; mark 0 3; add d=x/2 x; mark 0 4; add d=x/3 x; mark 0 9 done; } | "$smcommit" >out
	[ "$(versions)" = 3 ]; [ "$(seq_of)" = 9 ]
	[ "$(jq -c 'select(.commit).commit.version' out | tr '\n' ' ')" = "0 1 2 " ]
}

@test "without a stream there is no txn" {
	{ create; add d=x/1 x; plain; } | "$smcommit"
	[ "$(log | jq -c 'select(.txn)')" = "" ]; [ "$(log | jq -r 'select(.commitInfo).commitInfo.operation')" = WRITE ]
}

@test "what no mark closes is not committed, and an input without an end gives 4" {
	{ create; add d=x/1 x; mark 0 3; add d=x/2 x; } >in
	run -4 --separate-stderr "$smcommit" <in
	[ "$(versions)" = 1 ]; [[ $stderr == *"1 actions were not committed"* ]]
	run -4 "$smcommit" </dev/null
}

@test "the same input again: the table is ahead, nothing is committed, 75, the table's seq goes down the pipe" {
	{ create; add d=x/1 x; mark 0 3; add d=x/2 x; mark 0 4 done; } >in
	"$smcommit" <in >/dev/null
	run -75 --separate-stderr "$smcommit" <in
	[ "$(versions)" = 2 ]
	[ "$(jq -c '."$mark"|[.seq,.recovered,.version,.end,.cursor]' <<<"$output")" = '[4,true,1,null,null]' ]
}

@test "a table behind its checkpoint: 5, naming both, nothing written" {
	{ create; add d=x/1 x; mark 0 3 done; } | "$smcommit" >/dev/null
	{ add d=x/2 x; mark 8 9 done; } >in
	run -5 --separate-stderr "$smcommit" <in
	[ "$(versions)" = 1 ]; [[ $stderr == *"up to 3, the checkpoint up to 8"* ]]
	rm -r t/_delta_log
	run -5 "$smcommit" <in
	[ "$(versions)" = 0 ]
}

@test "a zombie: another copy of the stream committed meanwhile; the compare-and-swap sees it on every attempt" {
	{ create; add d=x/1 x; mark 0 3; } >one; { add d=x/2 x; mark 0 4 done; } >two
	mkfifo p; "$smcommit" <p >out 2>err & pid=$!
	exec 5>p; cat one >&5; for i in $(seq 100); do [ -s out ] && break; sleep 0.05; done
	{ add d=x/3 x; mark 3 5 done; } | "$smcommit" >/dev/null
	cat two >&5; exec 5>&-
	rc=0; wait $pid || rc=$?
	[ "$rc" = 75 ]; [ "$(seq_of)" = 5 ]; [ "$(files | grep -c d=x/2)" = 0 ]
	[ "$(tail -1 out | jq -c '."$mark"|[.seq,.recovered]')" = '[5,true]' ]
}

@test "a mark without actions is passed on with the table's seq, and never runs ahead of it" {
	{ CURSOR=0 mark 0 1; create; add d=x/1 x; mark 0 3; CURSOR=3 mark 0 4; CURSOR=3 mark 0 5 done; } | "$smcommit" >out
	[ "$(jq -c 'select(."$mark")."$mark"|[.seq,.version]' out | tr '\n' ' ')" = '[0,null] [3,0] [3,0] [3,0] ' ]
	[ "$(versions)" = 1 ]
}

@test "a cursor that moved is made lasting by a commit of txn alone when the stream ends" {
	{ create; add d=x/1 x; mark 0 3; mark 0 4; mark 0 5 done; } | "$smcommit" >out
	[ "$(versions)" = 2 ]; [ "$(seq_of)" = 5 ]
	[ "$(jq -c 'keys[0]' t/_delta_log/*1.json | tr -d '\n')" = '"commitInfo""txn"' ]
	[ "$(tail -1 out | jq -c '."$mark"|[.seq,.version]')" = '[5,1]' ]
}

@test "no table yet and no actions: the mark names no table that is not there" {
	{ mark 0 1; mark 0 2 done; } | "$smcommit" >out
	[ "$(jq -c '."$mark"|[.seq,.table,.version]' out | tr '\n' ' ')" = '[0,null,null] [0,null,null] ' ]
	[ ! -e t/_delta_log ]
}

@test "a missing file, a wrong size: 3, named, nothing committed" {
	{ create; add d=x/1 x; add d=x/gone x 5; plain; } >in
	run -3 --separate-stderr "$smcommit" <in
	[[ $stderr == *"d=x/gone"*"does not exist"* ]]; [ "$(versions)" = 0 ]
	{ create; add d=x/1 x 3; plain; } >in
	run -3 --separate-stderr "$smcommit" <in
	[[ $stderr == *"d=x/1"*"11 bytes"*"says 3"* ]]; [ "$(versions)" = 0 ]
}

@test "partition values must be there, be whole, and be of their type" {
	for bad in '{}' '{"d":"x","e":"y"}' '{"e":"x"}'; do
		{ create; add d=x/1 x | sed "s/{\"d\":\"x\"}/$bad/"; plain; } >in
		run -3 "$smcommit" <in
	done
	[ "$(versions)" = 0 ]
}

@test "an add that the table has is not added again; one that was removed does not come back" {
	{ create; add d=x/1 x; plain; } | "$smcommit" >/dev/null
	{ add d=x/1 x; add d=x/2 x; plain; } | "$smcommit" >/dev/null
	[ "$(files | grep -c '+d=x/1')" = 1 ]; [ "$(versions)" = 2 ]
	{ add d=x/1 x; plain; } | "$smcommit" >out
	[ "$(versions)" = 2 ]; [ "$(jq -c '."$mark".version' out)" = 1 ]
	{ add d=x/3 x; plain; } | "$smcommit" --mode overwrite --vouch >/dev/null
	{ add d=x/1 x; plain; } >in
	run -5 --separate-stderr "$smcommit" <in
	[[ $stderr == *"has since been removed"* ]]
}

@test "garbage, records, unknown actions, a metaData that takes away: 3 with file and line" {
	printf 'garbage\n' >in; run -3 --separate-stderr "$smcommit" <in; [[ $stderr == "smcommit: <stdin>:1:"* ]]
	{ create; printf '{"id":1}\n'; } >in; run -3 --separate-stderr "$smcommit" <in; [[ $stderr == "smcommit: <stdin>:3:"*"neither"* ]]
	printf '{"add":{"path":1}}\n' >in; run -3 --separate-stderr "$smcommit" <in; [[ $stderr == *"add.path"* ]]
	printf '{"add":{"path":"a","size":1,\n' >in; run -3 "$smcommit" <in
	{ create; meta "$(schema_of b)"; } >in; run -3 "$smcommit" <in
	printf '{"cdc":{"path":"a"}}\n' >in; run -3 "$smcommit" <in
	printf '{"$mark":{"v":9}}\n' >in; run -3 "$smcommit" <in
	{ mark 0 1 done; mark 0 2; } >in; run -3 "$smcommit" <in
	{ mark 0 1; mark 0 2 "" other; } >in; run -3 "$smcommit" <in
	{ create; add d=x/1 x; mark 0 3; add d=x/2 x; mark 0 3; } >in; run -3 "$smcommit" <in
	[ "$(versions)" = 1 ]
}

@test "the table by name and by mark must agree; with none of them it is a usage error" {
	{ create; add d=x/1 x; plain; } >in
	run -5 "$smcommit" "$PWD/other" <in
	ln -s t link; run -0 "$smcommit" link <in
	printf '{"$mark":{"v":1,"end":"done"}}\n' >in; run -2 "$smcommit" <in
	# Actions are smpartition's, which names the table in its marks; records that look like them are nobody's.
	{ create; add d=x/1 x; printf '{"$mark":{"v":1,"end":"done"}}\n'; } >in
	run -3 --separate-stderr "$smcommit" t <in; [[ "$stderr" == "smcommit: <stdin>:4"*"names no table"* ]]
	[ "$(versions)" = 1 ]
	run -2 "$smcommit" a b </dev/null
	run -2 "$smcommit" --overwrite-schema </dev/null
}

@test "overwrite replaces every file in one commit, at the end of the stream" {
	{ create; add d=x/1 x; add d=y/2 y; plain; } | "$smcommit" >/dev/null
	{ add d=x/3 x; mark 0 3; add d=x/4 x; mark 0 4 done; } | "$smcommit" --mode=overwrite --vouch >out
	[ "$(versions)" = 2 ]; [ "$(seq_of)" = 4 ]
	[ "$(files | tail -4 | sort | tr '\n' ' ')" = "-d=x/1 -d=y/2 +d=x/3 +d=x/4 " ] || [ "$(files | tail -4 | LC_ALL=C sort | tr '\n' ' ')" = "+d=x/3 +d=x/4 -d=x/1 -d=y/2 " ]
	[ "$(log | jq -c 'select(.remove)|.remove|[.extendedFileMetadata,.partitionValues.d,.dataChange]' | sort | tr '\n' ' ')" = '[true,"x",true] [true,"y",true] ' ]
	{ add d=x/5 x; mark 4 5; add d=x/6 x; mark 4 6 error; } >in
	run -4 "$smcommit" --mode overwrite --vouch <in
	[ "$(versions)" = 2 ]
}

@test "--replace-where replaces the partitions that match; every new file must match" {
	{ create; add d=x/1 x; add d=y/2 y; plain; } | "$smcommit" >/dev/null
	{ add d=x/3 x; plain; } | "$smcommit" --replace-where "d = 'x'" --vouch >/dev/null
	[ "$(files | tail -2 | LC_ALL=C sort | tr '\n' ' ')" = "+d=x/3 -d=x/1 " ]
	[ "$(log | jq -r 'select(.commitInfo.operationParameters.predicate).commitInfo.operationParameters.predicate')" = "d = 'x'" ]
	{ add d=y/4 y; plain; } >in
	run -3 --separate-stderr "$smcommit" --replace-where "d = 'x'" --vouch <in
	[[ $stderr == *"do not satisfy"* ]]
	run -2 "$smcommit" --replace-where "a > 1" --vouch <in
	run -2 "$smcommit" --replace-where "d = " <in
	[ "$(versions)" = 2 ]
}

@test "the loser of version 0 drops its metaData when it fits, else 5 and the files stay" {
	{ create; add d=x/1 x; plain; } | "$smcommit" >/dev/null
	{ create; add d=x/2 x; plain; } | "$smcommit" >/dev/null
	[ "$(log | jq -c 'select(.metaData)' | wc -l)" = 1 ]; [ "$(versions)" = 2 ]
	{ meta "${SCHEMA/long/string}"; add d=x/3 x; plain; } >in
	run -5 --separate-stderr "$smcommit" <in
	[[ $stderr == *"column 'a' is string in the files and long in the table"* ]]; [ -e t/d=x/3 ]
	{ meta | sed 's/"partitionColumns":\["d"\]/"partitionColumns":[]/'; plain; } >in
	run -5 "$smcommit" <in
}

@test "--merge-schema widens the table, without it new columns are an error that names them" {
	{ create; add d=x/1 x; plain; } | "$smcommit" >/dev/null
	{ meta "${SCHEMA/\{\\\"name\\\":\\\"d/\{\\\"name\\\":\\\"new\\\",\\\"type\\\":\\\"double\\\",\\\"nullable\\\":true,\\\"metadata\\\":\{\}\},\{\\\"name\\\":\\\"d}"; add d=x/2 x; plain; } >in
	run -5 --separate-stderr "$smcommit" <in
	[[ $stderr == *"column 'new' is not in the table (--merge-schema"* ]]
	"$smcommit" --merge-schema <in >/dev/null
	[ "$(jq -r 'select(.metaData)|.metaData|[.id,(.schemaString|fromjson|[.fields[].name]|join(","))]|join(" ")' t/_delta_log/*1.json)" = "i-$$ a,d,new" ]
	"$smcommit" --merge-schema <<<"$(plain)" >/dev/null
	{ add d=x/3 x; plain; } | "$smcommit" >/dev/null
	[ "$(log | jq -c 'select(.metaData)' | wc -l)" = 2 ]
}

@test "several metaData before one mark: each widens the one before, the newest is committed" {
	{ meta "$(schema_of a)"; add d=x/1 x; meta "$(schema_of a b)"; add d=x/2 x; meta "$(schema_of a b c)"; add d=x/3 x; plain; } >in
	"$smcommit" <in >/dev/null
	[ "$(versions)" = 1 ]
	[ "$(fields)" = d,a,b,c ]
	[ "$(files | wc -l)" = 3 ]
	# A table that is there: once by the newest, too.
	{ meta "$(schema_of a b c e)"; add d=x/4 x; meta "$(schema_of a b c e f)"; add d=x/5 x; plain; } >in
	run -5 --separate-stderr "$smcommit" <in
	[[ $stderr == *"column 'e' is not in the table (--merge-schema"* ]]
	"$smcommit" --merge-schema <in >/dev/null
	[ "$(fields | tail -n 1)" = d,a,b,c,e,f ]
	[ "$(fields | wc -l)" = 2 ]
	# One that loses or changes something would make the files before it wrong.
	local other
	for other in "$(schema_of a)" "$(schema_of a b c e | sed 's/"a\\",\\"type\\":\\"long/"a\\",\\"type\\":\\"string/')"; do
		{ meta "$(schema_of a b)"; add d=x/6 x; meta "$other"; add d=x/7 x; plain; } >in
		run -3 --separate-stderr "$smcommit" <in
		[[ $stderr == *"<stdin>:3:"*"second metaData"* ]]
	done
	[ "$(versions)" = 2 ]
}

@test "several protocols before one mark: the newest asks for all that the others did" {
	local ntz='{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz"],"writerFeatures":["timestampNtz"]}}'
	{ create; add d=x/1 x; echo "$ntz"; meta "$(schema_of a b)"; add d=x/2 x; plain; } | "$smcommit" >/dev/null
	[ "$(log | jq -c 'select(.protocol).protocol.minReaderVersion')" = 3 ]
	rm -rf t
	{ echo "$ntz"; meta; add d=x/1 x; printf '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n'; plain; } >in
	run -3 --separate-stderr "$smcommit" <in
	[[ $stderr == *"second protocol"* ]]
}

@test "smpartition --merge-schema: fields that come late in a new table, and several in one that is there" {
	(seq -f '{"id":%.0f}' 1 10000; echo '{"id":10001,"likes":5}'; echo '{"id":10002,"lang":"en"}') >in
	"$SM_BIN/smpartition" --merge-schema n in | "$smcommit" >/dev/null
	[ "$("$SM_BIN/smreplay" n --count)" = 10002 ]
	(echo '{"id":1,"a":1}'; echo '{"id":2,"b":1}'; echo '{"id":3,"c":1}') | "$SM_BIN/smpartition" --merge-schema n | "$smcommit" --merge-schema >/dev/null
	[ "$("$SM_BIN/smreplay" n --where 'c = 1')" = '{"id":3,"c":1}' ]
	# A resumed stream goes on from where it was.
	printf '%s\n' '{"a":1}' '{"a":2,"b":1}' >f
	"$SM_BIN/smfetch" files f --resume ck | "$SM_BIN/smpartition" --sample-rows 1 --merge-schema r | "$smcommit" | "$SM_BIN/smcheckpoint" save >/dev/null
	printf '%s\n' '{"c":3}' '{"d":4}' >>f
	"$SM_BIN/smfetch" files f --resume ck | "$SM_BIN/smpartition" --merge-schema r | "$smcommit" --merge-schema | "$SM_BIN/smcheckpoint" save >/dev/null
	[ "$("$SM_BIN/smreplay" r | sort | tr -d '\n')" = '{"a":1}{"a":2,"b":1}{"c":3}{"d":4}' ]
}

@test "--overwrite-schema gives the table another schema and keeps its id" {
	{ create; add d=x/1 x; plain; } | "$smcommit" >/dev/null
	{ meta "${SCHEMA/long/string}"; add d=x/2 x; plain; } | "$smcommit" --mode overwrite --vouch --overwrite-schema >/dev/null
	[ "$(jq -r 'select(.metaData).metaData.schemaString' t/_delta_log/*1.json)" = "$(echo "${SCHEMA/long/string}" | sed 's/\\//g')" ]
}

@test "a table that asks for what we lack is refused by name, and nothing is written" {
	for p in '"minReaderVersion":1,"minWriterVersion":8' '"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["frobnicate"],"writerFeatures":["frobnicate"]' \
		'"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["rowTracking"]'; do
		rm -rf t/_delta_log; mkdir -p t/_delta_log
		{ printf '{"protocol":{%s}}\n' "$p"; meta; } >t/_delta_log/00000000000000000000.json
		{ add d=x/1 x; plain; } >in
		run -3 --separate-stderr "$smcommit" <in
		[[ $stderr == *version\ 8* || $stderr == *frobnicate* || $stderr == *rowTracking* ]]
		[ "$(versions)" = 1 ]
	done
}

@test "append-only tables refuse an overwrite; constraints and invariants are refused by name" {
	mkdir -p t/_delta_log
	{ printf '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n'; meta "$SCHEMA" '"delta.appendOnly":"true"'; add d=x/0 x; } >t/_delta_log/00000000000000000000.json
	{ add d=x/1 x; plain; } >in
	run -5 --separate-stderr "$smcommit" --mode overwrite --vouch <in; [[ $stderr == *append-only* ]]
	run -0 "$smcommit" <in
	rm t/_delta_log/*1.json
	{ printf '{"protocol":{"minReaderVersion":1,"minWriterVersion":3}}\n'; meta "$SCHEMA" '"delta.constraints.pos":"a > 0"'; } >t/_delta_log/00000000000000000000.json
	run -3 --separate-stderr "$smcommit" <in; [[ $stderr == *"constraint 'pos'"* ]]
	{ printf '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n'; meta "${SCHEMA/\{\}/\{\\\"delta.invariants\\\":\\\"x\\\"\}}"; } >t/_delta_log/00000000000000000000.json
	run -3 --separate-stderr "$smcommit" <in; [[ $stderr == *"column 'a' has an invariant"* ]]
}

@test "a torn or empty commit file is an error that names file and line" {
	{ create; add d=x/1 x; plain; } | "$smcommit" >/dev/null
	{ add d=x/2 x; plain; } >in
	: >t/_delta_log/00000000000000000001.json
	run -3 --separate-stderr "$smcommit" <in; [[ $stderr == *"00000000000000000001.json"*empty* ]]
	printf '{"commitInfo":{}}\n{"add":{"path":"d=x/' >t/_delta_log/00000000000000000001.json
	run -3 --separate-stderr "$smcommit" <in; [[ $stderr == *"00000000000000000001.json:2:"* ]]
	rm t/_delta_log/00000000000000000001.json; touch t/_delta_log/.00000000000000000001.json.x.tmp t/_delta_log/00000000000000000000.crc
	run -0 "$smcommit" <in
}

@test "a schema that changed under the producer is seen by the mark's version" {
	{ create; add d=x/1 x; plain; } | "$smcommit" >/dev/null
	{ meta "${SCHEMA/long/string}"; add d=x/2 x; plain; } | "$smcommit" --mode overwrite --vouch --overwrite-schema >/dev/null
	{ add d=x/3 x; plain | sed 's/"end"/"version":0,"end"/'; } >in
	run -5 --separate-stderr "$smcommit" <in
	[[ $stderr == *"column 'a' is long in the files and string in the table"* ]]
	sed 's/"version":0/"version":1/' in | "$smcommit" >/dev/null
	[ "$(versions)" = 3 ]
}

@test "two committers racing: every commit of both lands exactly once" {
	{ create; add d=x/0 x; plain; } | "$smcommit" >/dev/null
	for w in a b; do
		for i in $(seq 1 40); do add d=x/$w$i x; mark 0 $i "$([ $i = 40 ] && echo done)" $w; done >in.$w
	done
	"$smcommit" <in.a >out.a & "$smcommit" <in.b >out.b & wait -n; wait
	[ "$(versions)" = 81 ]
	[ "$(files | sort | uniq | wc -l)" = 81 ]; [ "$(files | wc -l)" = 81 ]
	[ "$(seq_of a)" = 40 ]; [ "$(seq_of b)" = 40 ]
}

@test "racing creators: one makes the table, the others join it" {
	for w in a b c d; do { create; add d=x/$w x; mark 0 1 done $w; } >in.$w; done
	for w in a b c d; do "$smcommit" <in.$w >/dev/null & done; wait
	[ "$(versions)" = 4 ]; [ "$(log | jq -c 'select(.metaData)' | wc -l)" = 1 ]; [ "$(files | sort -u | wc -l)" = 4 ]
}

@test "a log checkpoint behind every tenth commit, and delta.checkpointInterval is obeyed" {
	{ create; add d=x/0 x; mark 0 1; for i in $(seq 2 12); do add d=x/$i x; mark 0 $i "$([ $i = 12 ] && echo done)"; done; } | "$smcommit" >/dev/null
	[ -s t/_delta_log/00000000000000000010.checkpoint.parquet ]
	[ "$(jq -c '[.version,.numOfAddFiles]' t/_delta_log/_last_checkpoint)" = '[10,11]' ]
	rm -r t/_delta_log
	{ printf '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n'; meta "$SCHEMA" '"delta.checkpointInterval":"2"'; add d=x/0 x; mark 0 1
	  for i in 2 3 4; do add d=x/$i x; mark 0 $i "$([ $i = 4 ] && echo done)"; done; } | "$smcommit" >/dev/null
	[ -s t/_delta_log/00000000000000000002.checkpoint.parquet ]
}

@test "the table is read from its checkpoint when the commits before it are gone, or from the commits when it is damaged" {
	{ create; add d=x/0 x; mark 0 1; for i in $(seq 2 11); do add d=x/$i x; mark 0 $i "$([ $i = 11 ] && echo done)"; done; } | "$smcommit" >/dev/null
	cp -r t t2
	rm t/_delta_log/0000000000000000000*.json
	{ add d=x/new x; mark 11 12 done; } >in
	"$smcommit" <in >/dev/null
	[ "$(seq_of)" = 12 ]
	rm -r t; mv t2 t; printf damaged >t/_delta_log/00000000000000000010.checkpoint.parquet; printf '{' >t/_delta_log/_last_checkpoint
	{ add d=x/new x; mark 11 12 done; } | "$smcommit" >/dev/null
	[ "$(seq_of)" = 12 ]
}

@test "a full disk or a closed standard output: status 4, and the commit stands" {
	{ create; add d=x/1 x; plain; } >in
	run -4 bash -c '"$0" <in >/dev/full' "$smcommit"
	[ "$(versions)" = 1 ]
	run -4 bash -c '"$0" <in >&-' "$smcommit"
}

@test "killed at any moment, run again to the end: every file once" {
	{ create; add d=x/0 x; plain; } | "$smcommit" >/dev/null
	from=0
	for round in $(seq 12); do
		for i in $(seq 1 6); do n=$((from + i)); add d=x/$n x; mark $from $n "$([ $i = 6 ] && echo done)"; done >in
		timeout -s KILL "0.0$((RANDOM % 3))$((RANDOM % 10))" "$smcommit" <in >/dev/null 2>&1 || true
		from=$(seq_of); [ "$from" != null ] || from=0
	done
	[ "$(files | sort | uniq -d | wc -l)" = 0 ]
	[ "$(files | wc -l)" = $((from + 1)) ]
}

@test "a log without its version 0 is refused by every tool, and nothing is made anew under it" {
	for i in 0 1 2 3; do echo "{\"id\":\"$i\"}" | "$SM_BIN/smpartition" g | "$smcommit" >/dev/null; done
	echo '{"id":"9"}' >post
	"$SM_BIN/smpartition" g <post >in
	mv g/_delta_log/00000000000000000000.json first
	ls g/_delta_log >before
	for line in 'smcommit <in' 'smpartition g <post' 'smreplay g' 'smtable files g' 'smtable history g' 'smtable describe g'; do
		run -4 --separate-stderr bash -c "PATH=$SM_BIN:\$PATH; $line"
		[[ $stderr == *"the log of $PWD/g has a gap: version 0 is missing"* ]] || { echo "$line: $stderr"; false; }
		ls g/_delta_log | cmp - before
	done
	mv g/_delta_log/00000000000000000002.json second; cp first g/_delta_log/00000000000000000000.json
	run -4 --separate-stderr "$smcommit" <in
	[[ $stderr == *"version 2 is missing"* ]]
}
