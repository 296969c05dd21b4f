#!/usr/bin/env bats
# smfetch files: what else lies among the files: other kinds of files, what belongs to the run itself, pages with bad items; names mistaken for sources.
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
	PATH=$SM_BIN:$PATH
	mkdir in; echo '{"id":1}' >in/y
}
records() { grep -v '^{"$mark"' "$1"; }

@test "Parquet, pictures and other binary files, whole or cut: bad records that say what they are, with and without --resume" {
	for k in 'PAR1\25\4\25:a Parquet file' 'Obj\1\2:an Avro file' 'ORC\0:an ORC file' 'ARROW1\0\0:an Arrow file' 'SQLite format 3\0:a SQLite database' \
		'%%PDF-1.7:a PDF' 'Rar!\32\7:a RAR archive' '\211PNG\r\n\32\n:a PNG picture' '\377\330\377\340:a JPEG picture' '\177ELF\2:a program' \
		'\377\376{\0"\0:UTF-16 text' '\320\317\21\340:an Excel or Word file'; do
		printf "${k%%:*}" >in/x; rm -rf ck rej
		for o in "" "--resume ck"; do
			run -3 --separate-stderr smfetch files in $o
			[[ $stderr == "smfetch: in/x: is ${k#*:}, not JSON"* ]] || { echo "$k: $stderr"; false; }
			rc=0; smfetch files in $o --on-error=reject=rej >out 2>err || rc=$?
			[ $rc = 1 ]; [ "$(records out)" = '{"id":1}' ]; [ "$(jq -r .file rej | sort -u)" = in/x ]
		done
		tar cf t.tar in/x; run -3 smfetch files t.tar; [[ $output == *"t.tar:in/x: is ${k#*:}, not JSON"* ]]
	done
	printf 'ORCID,PAR1\n1,2\n' >o.csv; [ "$(smfetch files o.csv)" = '{"ORCID":"1","PAR1":"2"}' ]
	printf 'PAR1\25\4\0\0' >o.csv; run -3 smfetch files o.csv; [[ $output == *"o.csv: is a Parquet file, not CSV"* ]]
	# Nothing that could become a record: it is not waited for.
	for t in 'PAR' '123' '\1\2\3' '["a"' '{"a":]'; do
		printf "{\"id\":2}\n$t" >in/x; rm -rf ck
		run -3 --separate-stderr smfetch files in --resume ck; [[ $stderr == *"in/x:2:"* ]]
		rc=0; smfetch files in --resume ck --on-error=skip >out 2>err || rc=$?; [ $rc = 1 ]; grep -q '1 bad record skipped' err
	done
	# Room that a writer has made, or what it has written so far.
	for t in '\0\0\0\0' '{"a":\0\0\0' '{"a":"x'; do
		printf "{\"id\":2}\n$t" >in/x; rm -rf ck
		smfetch files in --resume ck >out 2>err; grep -q 'in/x:2: .*the last line is incomplete' err
		[ "$(records out)" = "$(printf '{"id":2}\n{"id":1}')" ]
	done
}

@test "zstd that begins with a frame to be skipped, in every tool, named and piped" {
	{ printf '\120\52\115\30\4\0\0\0abcd'; zstd -qc in/y; printf '\135\52\115\30\0\0\0\0'; zstd -qc in/y; } >x
	for t in "smfetch files" "smjq -c ."; do
		[ "$($t x)" = "$(printf '{"id":1}\n{"id":1}')" ]
		[ "$(cat x | $t -)" = "$(printf '{"id":1}\n{"id":1}')" ]
		[ "$({ head -c 3 x; sleep .1; tail -c +4 x; } | $t -)" = "$(printf '{"id":1}\n{"id":1}')" ]
	done
	# What begins with the same byte.
	[ "$(printf '[{"id":1}]' | smfetch files -)" = '{"id":1}' ]; [ "$(printf '[' >z; printf '{"id":1}]' >>z; smfetch files z)" = '{"id":1}' ]
}

@test "the checkpoint and the reject file lie in the folder that is read: they are not, with a note; named as input they are refused" {
	echo '{"id":' >in/z; mkdir in/sub
	for i in 1 2 3; do
		rc=0; smfetch files in --resume in/sub/ck --on-error=reject=in/rej >out 2>err || rc=$?
		[ $rc = 1 ] || [ $i -gt 1 ]
		grep '^{"$mark"' out | smcheckpoint save >/dev/null 2>&1 || true
		records out >>all || true
		[ $i = 1 ] || grep -q 'in/.*: warning: belongs to this run' err
	done
	[ "$(cat all)" = '{"id":1}' ]; [ "$(wc -l <in/rej)" = 1 ]
	# Under another name, and without taking `all` away.
	rm -r in/z in/sub; ln in/rej in/rej2; smfetch files in --marks --on-error=reject=in/rej >out 2>err; [ "$(records out)" = '{"id":1}' ]
	grep -q 'belongs to this run' err; tail -1 out | jq -e '."$mark".all'
	run -2 smfetch files in/rej --on-error=reject=in/rej; [[ $output == *"in/rej: belongs to this run"* ]]
	run -2 smfetch files ck --resume ck; [[ $output == *"ck: belongs to this run"* ]]
}

@test "a file where the name of a source belongs: is smfetch files meant?" {
	cp in/y posts.ndjson; cp in/y posts.json; echo '{"smsource":1' >def.json
	for f in posts.ndjson posts.json ./posts.ndjson in ./in -; do
		run -2 smfetch "$f"; [[ $output == *"'$f' is not a source, did you mean 'smfetch files $f'?"* ]] || { echo "$output"; false; }
	done
	run -2 smfetch file x; [[ $output == *"did you mean 'smfetch files x'?"* ]]
	run -2 smfetch nothing; [[ $output == *"no source definition 'nothing'"* ]]
	run -3 smfetch ./def.json; [[ $output == *"./def.json:"* ]]; echo '{' >def.json; run -3 smfetch ./def.json; [[ $output == *"./def.json:"* ]]
}

@test "a bad item of a page in a file: its place, or its number where a program made it" {
	printf '{"x":1}\n{"x":{"a":1},"items":[{"id":1},7,{"id":3}]}\n' >p
	run -3 --separate-stderr smfetch files p --records '.items[]?'; [[ $stderr == "smfetch: p:2:32: a record must be an object"* ]]
	run -3 --separate-stderr smfetch files p --records '.items | .[]?'; [[ $stderr == "smfetch: p:2:1: item 2 of the page: a record must be an object"* ]]
	smfetch files p --records '.items[]?' --on-error=skip 2>err >out || [ $? = 1 ]; [ "$(cat out)" = "$(printf '{"x":1}\n{"id":1}\n{"id":3}')" ]
}
