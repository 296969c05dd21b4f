#!/usr/bin/env bats
# smfetch files reads CSV and TSV (docs/sources.md). SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"; export HOME=$PWD XDG_CONFIG_HOME=$PWD PATH=$SM_BIN:$PATH LC_ALL=C.UTF-8
}
eq() { diff -u <(printf '%s\n' "$@") out; }

@test "names become members, values stay text, an empty field is null" {
	printf 'id,text,\n0012,"a ""q"", b\nnext",x\n\n"",,\r\n9007199254740993,5" é,"日本"\n' >a.csv
	smfetch files a.csv >out
	eq '{"id":"0012","text":"a \"q\", b\nnext","column3":"x"}' '{"id":"","text":null,"column3":null}' '{"id":"9007199254740993","text":"5\" é","column3":"日本"}'
	printf '\xef\xbb\xbf"id",b\n1,2\n' >b.csv; smfetch files b.csv >out; eq '{"id":"1","b":"2"}'
	printf 'id,b\n' >c.csv; [ -z "$(smfetch files c.csv)" ]; : >d.csv; [ -z "$(smfetch files d.csv)" ]
	printf 'a\tb\n\\\\x\\ty\t"q,\n\t\n' >e.tsv; smfetch files e.tsv >out; eq '{"a":"\\x\ty","b":"\"q,"}' '{"a":null,"b":null}'
}

@test "which files: by name, compressed, in archives and folders; --format" {
	printf 'id\n1\n' >a.csv; printf 'id\tx\n2\ty\n' >b.TSV; echo '{"id":"3"}' >c.json; cp a.csv a.csv.1; cp c.json d.csv.json; mkdir f; cp a.csv b.TSV c.json f
	for f in a.csv a.csv.1; do smfetch files $f >out; eq '{"id":"1"}'; done
	smfetch files d.csv.json >out; eq '{"id":"3"}'
	gzip -k a.csv; zstd -q b.TSV; smfetch files a.csv.gz b.TSV.zst >out; eq '{"id":"1"}' '{"id":"2","x":"y"}'
	tar cf t.tar a.csv b.TSV c.json a.csv.gz; smfetch files t.tar >out; eq '{"id":"1"}' '{"id":"2","x":"y"}' '{"id":"3"}' '{"id":"1"}'
	smfetch files f >out; eq '{"id":"1"}' '{"id":"2","x":"y"}' '{"id":"3"}'
	cp a.csv plain; smfetch files --format csv plain >out; eq '{"id":"1"}'; smfetch files --format csv <plain >out; eq '{"id":"1"}'
	run -3 smfetch files plain; cp c.json named.csv; smfetch files --format json named.csv >out; eq '{"id":"3"}'
	for bad in '--format csv' '--csv-types a=number'; do run -2 --separate-stderr smfetch x-recent $bad query=a; [[ $stderr == *'only for smfetch files'* ]]; done
}

@test "--csv-types: integer, number, boolean, json; a misfit is a bad record with its place" {
	printf 'id,n,i,b,j,a=b\n1,1.50,-7,TRUE,"{""k"": [1,\n2]}",0\n2,,,,,\n' >a.csv
	smfetch files --csv-types 'n=number,i=integer,b=boolean,j=json,`a=b`=integer' a.csv >out
	eq '{"id":"1","n":1.50,"i":-7,"b":true,"j":{"k": [1, 2]},"a=b":0}' '{"id":"2","n":null,"i":null,"b":null,"j":null,"a=b":null}'
	while read -r type value; do
		printf 'id,text,v\n1,"two\nlines",%s\n' "$value" >b.csv
		run -3 --separate-stderr smfetch files --csv-types "v=$type" b.csv
		[[ $stderr == "smfetch: b.csv:3:"[789]": column v is not of type $type: '"* ]] || { echo "$type $value: $stderr"; return 1; }
	done <<-'E'
		integer 1.5
		integer 0012
		integer +1
		integer 1e3
		integer ""
		number 0012
		number "1,"
		number .5
		number NaN
		number " 1"
		number 0x10
		boolean yes
		boolean 1
		json {
		json "{""a"":1}x"
	E
	run -3 --separate-stderr smfetch files --csv-types nope=number a.csv; [[ $stderr == "smfetch: a.csv:1:1: --csv-types: the header has no column 'nope'" ]]
	for bad in n n= n=float =number 'n=number,' '`n=number'; do run -2 --separate-stderr smfetch files --csv-types "$bad" a.csv; [[ $stderr == *--csv-types* ]] || return 1; done
}

@test "bad records: counted, placed, kept whole; the next one is read" {
	printf 'a,b\n1,2\n3\n4,5,6\n"7"x,8\n9,"\xff"\n10,"x\ny",z\n11,12\n13,"open\n' >a.csv
	run -1 --separate-stderr smfetch files --on-error reject=bad a.csv
	[ "$output" = $'{"a":"1","b":"2"}\n{"a":"11","b":"12"}' ]
	jq -r '"\(.line):\(.column) \(.error)"' bad >out
	eq '3:1 the record has 1 field, the header 2' '4:5 the record has 3 fields, the header 2' '5:4 text follows a closing quote' '6:4 field 2 is not UTF-8' \
		'8:4 the record has 3 fields, the header 2' '10:4 the quote that begins this field is not closed'
	[ "$(jq -r 'select(.line == 8).record' bad)" = $'10,"x\ny",z' ]
	run -3 --separate-stderr smfetch files a.csv; [ "$output" = '{"a":"1","b":"2"}' ]; [[ $stderr == *'a.csv:3:1: the record has 1 field, the header 2'* ]]
	printf 'a,a\n1,2\n' >two.csv; printf 'a\nx\n' >next.csv
	run -1 --separate-stderr smfetch files --on-error reject=bad2 two.csv next.csv; [ "$output" = '{"a":"x"}' ]; [ "$(jq -r .error bad2)" = "the header has two columns 'a'" ]
	printf '$mark,b\n1,2\n' >m.csv; run -3 --separate-stderr smfetch files m.csv; [[ $stderr == *m.csv:2:1:*mark* ]]
	{ printf 'a,b\n1,"'; head -c 3000000 /dev/zero | tr '\0' x; printf '"\n2,3\n'; } >long.csv
	run -3 --separate-stderr smfetch files --max-record 1MiB long.csv; [[ $stderr == *'long.csv:2:1: the record is longer than 1048576 bytes'* ]]
	smfetch files long.csv | jq -c '[.a, (.b | length)]' >out; eq '["1",3000000]' '["2",1]'
}

@test "--as: a CSV export is mapped like other records" {
	printf 'id,text\n1,cats\n' >a.csv
	echo '{"smsource":1,"name":"mine","network":"m","map":"{id: (\"m:\" + .id), network: \"m\", native_id: .id, created_at: \"2026-01-01T00:00:00Z\", text}"}' >mine.json
	smfetch files --as ./mine.json a.csv | jq -c '[.id, .text]' >out || smfetch --check ./mine.json
	eq '["m:1","cats"]'
}

@test "a short record under a long header: bounded memory" {
	python3 - <<-'P'
	with open('wide.csv', 'w') as f:
	    f.write(','.join('c' * 900 + str(i) for i in range(9000)) + '\n')
	    for i in range(60): f.write(',' * 8999 + '\n')
	P
	([ -n "${SM_SANITIZE-}" ] || ulimit -v 600000; smfetch files wide.csv | wc -l >out); eq 60
}

# Cut the file anywhere, read, let it grow to its end, read again: every record once, in order, and marks in between count right.
@test "--resume: wherever the file had got to, nothing is lost or doubled" {
	printf '\xef\xbb\xbfid,"te\nxt"\r\n1,"a\n""b"""\r\n2,\n3,"x,y"\n"4",z\n' >whole
	printf '{"id":"%s","te\\nxt":%s}\n' 1 '"a\n\"b\""' 2 null 3 '"x,y"' 4 '"z"' >want
	for n in $(seq 0 "$(wc -c <whole)"); do
		rm -rf ck in; mkdir in
		head -c "$n" whole >in/a.csv
		smfetch files in --resume ck 2>/dev/null >got1 || { echo "status of the first run at $n"; return 1; }
		grep '^{"$mark"' got1 | smcheckpoint save ck 2>/dev/null
		cat whole >in/a.csv
		smfetch files in --resume ck 2>/dev/null >got2 || { echo "status of the second run at $n"; return 1; }
		first=$(tail -1 got1 | jq -c '.["$mark"].seq') from=$(head -1 got2 | jq -c '.["$mark"].from')
		[ "$first" = "$from" ] || { echo "at $n: from $from, not $first"; return 1; }
		cat got1 got2 | grep -v '^{"$mark"' | cmp - want || { echo "cut at $n"; cat got1 got2; return 1; }
	done
}

@test "--resume: an unfinished last record waits, with a note; a compressed file has an end" {
	printf 'a,b\n1,2\n3,4' >a.csv
	smfetch files a.csv --resume ck 2>err >got; grep -v mark got >out; eq '{"a":"1","b":"2"}'; grep -q 'a.csv:3' err
	[ "$(tail -1 got | jq '.["$mark"].all')" = null ]
	gzip -c a.csv >b.csv.gz; smfetch files b.csv.gz --resume ck2 2>err | grep -v mark >out; eq '{"a":"1","b":"2"}' '{"a":"3","b":"4"}'
	smfetch files a.csv >out; eq '{"a":"1","b":"2"}' '{"a":"3","b":"4"}'
}

# A stream into a table, killed at any moment, run again until it is done.
@test "kill -9 while CSV is read, and the file grows: every row is in the table once" {
	rows() { python3 -c 'import sys
for i in range(*map(int, sys.argv[1:])): print(f"{i},\"line\n{i}, \"\"q\"\" " + "x" * (i % 50) + "\",z")' "$@"; }
	{ echo 'id,text,z'; rows 0 40000; } >a.csv
	line() { smfetch files a.csv --resume ck --mark-every 500 -q | smpartition -q t | smcommit -q | smcheckpoint save 2>/dev/null; }
	export -f line
	for round in 1 2 3 4 5; do
		setsid bash -c line >/dev/null 2>&1 & pid=$!
		sleep 0.0$((RANDOM % 9 + 1)); kill -9 -- -$pid 2>/dev/null || true; wait $pid 2>/dev/null || true
		rows $((40000 + (round - 1) * 100)) $((40000 + round * 100)) >>a.csv
	done
	for try in $(seq 40); do rc=0; bash -c line >/dev/null || rc=$?; [ $rc = 75 ] || [ $rc = 5 ] || break; sleep 0.2; done
	[ $rc = 0 ]
	smreplay t -o csv --select id | sed 1d | sort -n | cmp - <(seq 0 40499)
	[ "$(smreplay t --where "id = '40499'" --select text)" = '{"text":"line\n40499, \"q\" '"$(printf 'x%.0s' $(seq 49))"'"}' ]
}

@test "out of a table and back: CSV and TSV of smreplay are read unchanged" {
	smgen -n 500 --seed 4 | smpartition -q --schema smpost t | smcommit -q >/dev/null
	smreplay t --select id,text,lang,url --nulls >want
	for f in csv tsv; do
		smreplay t --select id,text,lang,url -o $f >x.$f
		smfetch files x.$f >got
		if [ $f = tsv ]; then jq -c 'map_values(if . == "" then null else . end)' want | cmp - <(jq -c . got); else cmp want got; fi
	done
	types=$(smtable describe t | jq -r '[.schema.fields[] | if (.type | type) == "object" then "\(.name)=json" elif .type == "boolean" then "\(.name)=boolean" else empty end] | join(",")')
	[[ $types == *author=json* && $types == *sensitive=boolean* ]]
	smreplay t -o csv >all.csv; smfetch files --csv-types "$types" all.csv | command jq -cS 'del(.. | nulls)' >got; smreplay t | command jq -cS . >want; cmp got want
}
