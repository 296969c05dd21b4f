#!/usr/bin/env bats
# smtable: a table's history, schema and files. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"; smtable="$SM_BIN/smtable"
	mkdir -p t/_delta_log 't/d=a b'
	printf 12345 >'t/d=a b/1'; printf 123 >t/2
	cat >t/_delta_log/00000000000000000000.json <<-'E'
	{"commitInfo":{"timestamp":1700000000000,"operation":"WRITE","operationParameters":{"mode":"Append"},"operationMetrics":{"numFiles":"1","numOutputRows":"9"},"engineInfo":"x/1"}}
	{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
	{"metaData":{"id":"abc","name":"posts","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"d\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":["d"],"configuration":{"k":"v"},"createdTime":1700000000000}}
	{"add":{"path":"d=a%20b/1","partitionValues":{"d":"a b"},"size":5,"modificationTime":1700000000000,"dataChange":true,"stats":"{\"numRecords\":9,\"minValues\":{\"a\":1}}"}}
	E
	cat >t/_delta_log/00000000000000000001.json <<-'E'
	{"add":{"path":"2","partitionValues":{"d":null},"size":3,"modificationTime":1700000001000,"dataChange":true,"stats":"{\"numRecords\":1}"}}
	{"txn":{"appId":"s","version":4}}
	E
}

@test "history: the newest first, a commit without commitInfo too" {
	[ "$("$smtable" history t | jq -c '[.version,.operation,.metrics.numOutputRows,.engine]' | tr '\n' ' ')" = '[1,null,null,null] [0,"WRITE","9","x/1"] ' ]
	[ "$("$smtable" history -n 1 t | jq .version)" = 1 ]
	run -0 "$smtable" history -n 0 t; [ -z "$output" ]
	"$smtable" history t -o table >out
	[ "$(wc -l <out)" = 3 ]; grep -q 'WRITE Append  *1  *-  *9  *x/1$' out
	run ! grep -q ' $' out
}

@test "history's times grow from version to version" {
	touch -d 2024-01-01T00:00:00Z t/_delta_log/*; touch -d 2023-01-01T00:00:00Z t/_delta_log/*1.json
	[ "$("$smtable" history t | jq -r .timestamp | tr '\n' ' ')" = '2024-01-01T00:00:00.001Z 2024-01-01T00:00:00.000Z ' ]
}

@test "describe: sums, schema, properties, streams" {
	[ "$("$smtable" describe t | jq -c '[.version,.id,.name,.num_files,.num_rows,.bytes,.partition_columns,.properties.k,.txns.s,.protocol.min_writer_version,(.schema.fields|length)]')" = '[1,"abc","posts",2,10,8,["d"],"v",4,2,2]' ]
	"$smtable" describe t -o table >out
	grep -q '^rows      10$' out; grep -q '^d .*string *partition$' out; grep -q 'stream    s up to 4' out
}

@test "as of a version, as of a time" {
	touch -d 2024-01-01T00:00:00Z t/_delta_log/*0.json; touch -d 2024-01-02T00:00:00Z t/_delta_log/*1.json
	[ "$("$smtable" describe t --version-as-of 0 | jq .num_files)" = 1 ]
	[ "$("$smtable" describe t --timestamp-as-of 2024-01-01T12:00:00Z | jq .version)" = 0 ]
	[ "$("$smtable" describe t --timestamp-as-of 2024-01-02 | jq .version)" = 1 ]
	run -4 --separate-stderr "$smtable" describe t --timestamp-as-of 2023-12-31; [[ $stderr == *"2024-01-01T00:00:00.000Z"* ]]
	run -4 --separate-stderr "$smtable" describe t --version-as-of 7; [[ $stderr == *"newest is 1"* ]]
	run -2 "$smtable" describe t --version-as-of 0 --timestamp-as-of 2024-01-02
}

@test "inCommitTimestamp counts where the table has it" {
	mkdir -p i/_delta_log; sed 's/"k":"v"/"delta.enableInCommitTimestamps":"true"/; s/"timestamp":1700000000000/"inCommitTimestamp":1600000000000/' t/_delta_log/*0.json >i/_delta_log/00000000000000000000.json
	[ "$("$smtable" history i | jq -r .timestamp)" = 2020-09-13T12:26:40.000Z ]
	[ "$("$smtable" describe i --timestamp-as-of 2021-01-01 | jq .version)" = 0 ]
}

@test "files: decoded path, partition values, statistics" {
	[ "$("$smtable" files t | jq -c '[.path,.size,.partition.d,.rows,.stats.minValues.a]' | tr '\n' ' ')" = '["d=a b/1",5,"a b",9,1] ["2",3,null,1,null] ' ]
	[ "$("$smtable" files t -o table | wc -l)" = 3 ]
	[ "$("$smtable" files t --version-as-of 0 | wc -l)" = 1 ]
}

@test "check: 0 when every file is there, 1 and a line for each that is not" {
	run -0 --separate-stderr "$smtable" check t; [ -z "$output" ]
	printf 1 >t/2; rm 't/d=a b/1'
	run -1 --separate-stderr "$smtable" check t
	[ "$(jq -c '[.path,.problem,.size_found]' <<<"$output" | tr '\n' ' ')" = '["d=a b/1","missing",null] ["2","size",1] ' ]
}

@test "a table of features that we lack is still described" {
	sed -i 's/"minReaderVersion":1,"minWriterVersion":2/"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["frob"],"writerFeatures":["frob"]/' t/_delta_log/*0.json
	[ "$("$smtable" describe t | jq -c .protocol.reader_features)" = '["frob"]' ]
}

@test "no table, a damaged log, usage error" {
	run -4 "$smtable" describe nope
	run -4 bash -c '"$0" history t >/dev/full' "$smtable"
	printf '{"add":{"pa' >t/_delta_log/00000000000000000002.json
	run -3 --separate-stderr "$smtable" describe t; [[ $stderr == *"00000000000000000002.json:1:"* ]]
	run -2 "$smtable"; run -2 "$smtable" frob t; run -2 "$smtable" history; run -2 "$smtable" history a b
}

@test "the log is read past what does not belong to it; a missing commit is an error" {
	touch t/_delta_log/{00000000000000000001.crc,.tmp,00000000000000000000.00000000000000000001.compacted.json,x.json,_commits}
	[ "$("$smtable" describe t | jq .version)" = 1 ]
	printf 'not json' >t/_delta_log/_last_checkpoint
	[ "$("$smtable" describe t | jq .version)" = 1 ]
	mv t/_delta_log/00000000000000000001.json t/_delta_log/00000000000000000002.json
	run -4 --separate-stderr "$smtable" describe t; [[ $stderr == *"has a gap: version 1 is missing"* ]]
}

@test "schema: a row a column, and Delta's own form" {
	[ "$("$smtable" schema t | jq -c '[.name,.type,.nullable,.partition,.comment]' | tr '\n' ' ')" = '["a","long",true,false,null] ["d","string",true,true,null] ' ]
	[ "$("$smtable" schema t -o csv | head -1)" = name,type,nullable,partition,comment ]
	[ "$("$smtable" schema t --delta)" = '{"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}},{"name":"d","type":"string","nullable":true,"metadata":{}}]}' ]
	sed 's/\\"name\\":\\"a\\",\\"type\\":\\"long\\",\\"nullable\\":true,\\"metadata\\":{}/\\"name\\":\\"a\\",\\"type\\":{\\"type\\":\\"array\\",\\"elementType\\":\\"long\\",\\"containsNull\\":true},\\"nullable\\":false,\\"metadata\\":{\\"comment\\":\\"of \\\\\\"all\\\\\\"\\"}/' t/_delta_log/00000000000000000000.json >x
	mkdir -p u/_delta_log; mv x u/_delta_log/00000000000000000000.json
	[ "$("$smtable" schema u | head -1 | jq -c '[.type,.nullable,.comment]')" = '["array<long>",false,"of \"all\""]' ]
	[ "$("$smtable" schema t --version-as-of 0 -o tsv | tail -1)" = "$(printf 'd\tstring\ttrue\ttrue\t')" ]
	run -2 "$smtable" schema t --delta -o csv
	run -4 "$smtable" schema nosuch
}

@test "list: the tables below folders" {
	mkdir -p lake/b lake/a/deep lake/.hidden lake/empty
	cp -r t lake/b/t; cp -r t lake/a/deep/u; cp -r t lake/.hidden/t; cp -r t lake/b/t/inner; ln -s "$PWD/t" lake/link
	rm lake/a/deep/u/_delta_log/00000000000000000001.json
	[ "$("$smtable" list lake | jq -c '[.table,.version,.num_files,.bytes,.num_rows,(.last_commit|endswith("Z"))]' | tr '\n' ' ')" = '["lake/a/deep/u",0,1,5,9,true] ["lake/b/t",1,2,8,10,true] ' ]
	[ "$("$smtable" list t lake/b/ | jq -r .table | tr '\n' ' ')" = 't lake/b/t ' ]
	[ "$(cd lake/b; "$smtable" list | jq -r .table)" = ./t ]
	[ -z "$("$smtable" list lake/empty)" ]; [ "$("$smtable" list lake -o csv | wc -l)" = 3 ]
	"$smtable" list lake -o table >out; [ "$(wc -l <out)" = 3 ]
	# one that cannot be read is named, and the others are there
	echo '{bad' >lake/a/deep/u/_delta_log/00000000000000000000.json
	run --separate-stderr -3 "$smtable" list lake
	[[ "$stderr" == *lake/a/deep/u* ]]; [ "$(jq -r .table <<<"$output")" = lake/b/t ]
	run -4 "$smtable" list nosuch
	# A name that is not UTF-8 is told of, in every form; the others are listed.
	bad=$(printf 'lists/t\377'); mkdir lists; cp -r "$(dirname "$(find . -name _delta_log -path '*' | head -1)")" lists/good; cp -r lists/good "$bad"
	for form in ndjson csv table; do
		run -3 --separate-stderr "$SM_BIN/smtable" list lists -o $form
		[[ "$output" == *lists/good* ]]; [[ "$stderr" == *'not UTF-8'* ]]
	done
}
