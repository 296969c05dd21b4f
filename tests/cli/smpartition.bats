# smpartition: what it prints, what is on disk then, and the outcome of every odd input.
# SPDX-License-Identifier: MIT

bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	T=${SM_BIN:?}/smpartition
	cd "$BATS_TEST_TMPDIR" || return 1
	S1='"v":1,"stream":"s","from":0'
}

adds() { command jq -c 'select(.add).add' "${1:-out}"; }
schema() { jq -r 'select(.metaData).metaData.schemaString' "${1:-out}" | command jq -c "${2:-[.fields[]|[.name,.type]]}"; }
# commit TABLE ACTIONS: what smcommit does, without it.
commit() {
	mkdir -p "$1/_delta_log"
	local n; n=$(find "$1/_delta_log" -name '*.json' | wc -l)
	grep -v '^{"$mark"' "$2" >"$1/_delta_log/$(printf %020d "$n").json"
}
# Every file that was announced is there with its size, and no other is.
whole() {
	adds "${2:-out}" | jq -r '[.size,.path]|@tsv' | sort >want
	(cd "$1" && find . -name '*.parquet' -printf '%s\t%P\n') | sort >have
	diff want have
}
fails() { local want=$1 part=$2; shift 2; run --separate-stderr "$@"; [ "$status" = "$want" ] || { echo "status $status: $stderr"; return 1; }
	[[ $stderr == *"$part"* ]] || { echo "says: $stderr"; return 1; }; }

@test "a new table: protocol, metaData, an add for each partition, a closing mark" {
	printf '%s\n' '{"id":1,"k":"a"}' '{"id":2,"k":"b"}' '{"id":3,"k":"a"}' >in
	"$T" --by k t in >out
	[ "$(jq -rc 'keys[0]' out | tr '\n' ' ')" = 'protocol metaData add add $mark ' ]
	[ "$(jq -c 'select(.protocol).protocol' out)" = '{"minReaderVersion":1,"minWriterVersion":2}' ]
	[ "$(jq -c 'select(.metaData).metaData|[.partitionColumns,.format.provider,.configuration]' out)" = '[["k"],"parquet",{}]' ]
	[ "$(schema)" = '[["id","long"],["k","string"]]' ]
	[ "$(adds | command jq -c '[.partitionValues.k,.dataChange,(.stats|fromjson)]' | sort)" = \
	'["a",true,{"numRecords":2,"minValues":{"id":1},"maxValues":{"id":3},"nullCount":{"id":0}}]
["b",true,{"numRecords":1,"minValues":{"id":2},"maxValues":{"id":2},"nullCount":{"id":0}}]' ]
	[ "$(tail -1 out)" = "{\"\$mark\":{\"v\":1,\"end\":\"done\",\"table\":\"$PWD/t\",\"all\":true,\"records\":3}}" ]
	adds | jq -r .path | grep -qE '^k=a/part-[0-9]{5}-[0-9a-f-]{36}-c000\.snappy\.parquet$'
	whole t
	[ ! -e t/_delta_log ]
}

@test "without --by there is one file, in the table's folder" {
	printf '{"id":%d}\n' 1 2 3 | "$T" t >out
	adds | jq -r .path | grep -qE '^part-00000-[^/]*$'
	[ "$(jq -c 'select(.metaData).metaData.partitionColumns' out)" = '[]' ]
	whole t
}

@test "partition values: null, empty and absent are one; odd characters are encoded twice in the path" {
	printf '%s\n' '{"i":1,"k":null}' '{"i":2,"k":""}' '{"i":3}' '{"i":4,"k":"a/ü %20:"}' >in
	"$T" --by k t in >out
	[ "$(adds | jq -c '[.partitionValues.k,(.path|sub("/part.*";"")),(.stats|fromjson.numRecords)]' | sort)" = \
	'["a/ü %20:","k=a%252F%C3%BC%20%252520%253A",1]
[null,"k=__HIVE_DEFAULT_PARTITION__",3]' ]
	[ -d 't/k=a%2Fü %2520%3A' ]
}

@test "partition columns of every type" {
	printf '%s\n' '{"fields":[["x","int"],["b","boolean"],["l","long"],["d","date"],["t","timestamp"],["f","double"],["m","decimal(6,2)"],["y","binary"]]}' >s.json
	printf '%s\n' '{"x":1,"b":true,"l":-5,"d":"2020-02-29","t":"2020-02-29T12:00:00.5Z","f":1e10,"m":1.5,"y":"aGk="}' >in
	"$T" --schema s.json --by b,l,d,t,f,m,y t in >out
	[ "$(adds | command jq -c .partitionValues)" = \
	'{"b":"true","l":"-5","d":"2020-02-29","t":"2020-02-29T12:00:00.500000Z","f":"1.0E10","m":"1.50","y":"hi"}' ]
}

@test "computed columns: added to the schema, remembered, in UTC" {
	printf '%s\n' '{"t":"2026-01-31T23:30:00Z","s":"lemon"}' '{"t":"2026-02-01T00:30:00Z","s":"lime"}' >in
	"$T" --by 'd=day(t),h=hour(t),m=month(t),y=year(t),p=truncate(s,2)' t in >out
	[ "$(adds | command jq -c .partitionValues)" = '{"d":"2026-01-31","h":"2026-01-31T23","m":"2026-01","y":"2026","p":"le"}
{"d":"2026-02-01","h":"2026-02-01T00","m":"2026-02","y":"2026","p":"li"}' ]
	[ "$(schema out '[.fields[2:][]|[.name,.type,.metadata."smtools.by"]]')" = \
	'[["d","date","day(t)"],["h","string","hour(t)"],["m","string","month(t)"],["y","integer","year(t)"],["p","string","truncate(s,2)"]]' ]
	commit t out
	# The table knows how: no --by is needed, a plain name will do, and another function is refused.
	"$T" t in >out2
	[ "$(adds out2 | jq -c .partitionValues.d)" = "$(printf '"2026-01-31"\n"2026-02-01"')" ]
	"$T" --by d,h,m,y,p t in >out3
	[ "$(adds out3 | wc -l)" = 2 ]
	fails 5 'partitioned by d=day(t),h=hour(t)' "$T" --by 'd=month(t),h,m,y,p' t in
}

@test "computed columns: a string that is no time, or a value that contradicts, is a bad record" {
	printf '%s\n' '{"t":"2026-01-31T23:30:00+05:00"}' '{"t":"soon"}' '{"t":"2026-01-31","d":"2026-01-31"}' '{"t":"2026-01-31","d":"2026-02-01"}' >in
	fails 3 "in:2: field 't': 'soon' is not a time" "$T" --by 'd=day(t)' t in
	rm -rf t
	fails 1 '2 bad records' "$T" --on-error=reject=bad --by 'd=day(t)' --schema <(echo '{"fields":[["t","string"],["d","date"]]}') t in
	echo "$output" >out
	[ "$(adds | jq -c '[.partitionValues.d,(.stats|fromjson.numRecords)]')" = '["2026-01-31",2]' ]
	[ "$(jq -c '[.tool,.file,.line,.record]' bad)" = '["smpartition","in",2,"{\"t\":\"soon\"}"]
["smpartition","in",4,"{\"t\":\"2026-01-31\",\"d\":\"2026-02-01\"}"]' ]
}

@test "--by: what cannot be is a usage error" {
	echo '{"a":1,"l":[1]}' >in
	fails 2 'no such column; the columns are a, l' "$T" --by z t in
	fails 2 'type array cannot be a partition column' "$T" --by l t in
	fails 2 'not one of the functions year(c)' "$T" --by 'd=week(a)' t in
	fails 2 'given twice' "$T" --by a,a t in
	fails 2 'at least one other column' "$T" --by a t <<<'{"a":1}'
	[ ! -e t ]
}

@test "inference: types that print back what was read" {
	printf '%s\n' '{"i":1,"f":1.5,"w":2,"b":true,"d":"2026-01-02","t":"2026-01-02T03:04:05Z","ms":"2026-01-02T03:04:05.000Z","z":"2026-01-02T03:04:05+01:00","s":"007","big":18446744073709551616,"m":1.50,"o":{"x":[{"y":1}]}}' \
		'{"w":2.5}' >in
	"$T" t in >out 2>err
	[ ! -s err ]
	[ "$(schema out '[.fields[]|[.name,.type]]|map(if .[1]|type=="object" then [.[0],"nested"] else . end)')" = \
	'[["i","long"],["f","double"],["w","double"],["b","boolean"],["d","date"],["t","timestamp"],["ms","timestamp"],["z","string"],["s","string"],["big","decimal(38,0)"],["m","decimal(18,2)"],["o","nested"]]' ]
	[ "$(schema out '[.fields[]|select(.metadata!={})|[.name,.metadata."smtools.form"]]')" = '[["w","whole"],["ms","ms"]]' ]
}

@test "inference: all null is left out, an empty object is a map, an empty list one of strings" {
	printf '%s\n' '{"a":1,"n":null,"o":{},"l":[]}' '{"a":2,"n":null,"o":{}}' >in
	"$T" t in >out 2>err
	grep -q "field 'n': null in every sampled record: left out" err
	[ "$(schema out '[.fields[]|[.name,(.type|if type=="object" then .type+(.elementType//.keyType) else . end)]]')" = \
	'[["a","long"],["o","mapstring"],["l","arraystring"]]' ]
}

@test "inference: mixed kinds are said, and those that do not fit are bad records" {
	printf '%s\n' '{"e":1.5}' '{"e":false}' '{"e":2.5}' >in
	fails 3 "in:2:6: field 'e': false does not fit type double" "$T" t in
	[[ $stderr == *"field 'e': numbers (2) and booleans (first in record 2) are mixed"* ]]
	[ -z "$(find . -name '*.parquet')" ]
	fails 1 '1 bad record' "$T" --on-error=skip t in
}

@test "inference: names that Delta forbids, or that differ by case only, are named" {
	fails 3 "field 'a b'" "$T" t <<<'{"a b":1}'
	fails 3 "field 'x.y='" "$T" t <<<'{"x":{"y=":1}}'
	fails 3 "field 'id': differs only in case from 'ID'" "$T" t <<<'{"ID":1,"id":2}'
	fails 3 "empty" "$T" t <<<'{"":1}'
	fails 3 'no fields' "$T" t <<<'{}'
	[ ! -e t ]
}

@test "inference: a later misfit is a bad record that names field, value and type" {
	(for i in $(seq 50); do echo "{\"a\":$i}"; done; echo '{"a":"x"}') >in
	fails 3 "in:51:6: field 'a': \"x\" does not fit type long" "$T" --sample-rows 10 t in
	fails 3 "field 'b' is not in the schema" "$T" --sample-rows 1 t < <(printf '{"a":1}\n{"a":2,"b":3}\n')
	"$T" --sample-rows 1 t < <(printf '{"a":1}\n{"a":2,"b":null}\n')
}

@test "empty input: no table, a closing mark; blank lines are no records" {
	printf '' | "$T" t >out
	[ "$(cat out)" = "{\"\$mark\":{\"v\":1,\"end\":\"done\",\"table\":\"$PWD/t\"}}" ]
	printf '\n\r\n\n' | "$T" t >out
	[ "$(wc -l <out)" = 1 ]
	[ ! -e t ]
	# With a schema, the table is made without rows.
	printf '' | "$T" --schema smpost --by network t | jq -rc 'keys[0]' >out
	[ "$(tr '\n' ' ' <out)" = 'protocol metaData $mark ' ]
}

@test "--schema: smpost, a file of ours, Delta's own form, and what is wrong with one" {
	echo '{"id":"x:1","network":"x","native_id":"1","op":"upsert","kind":"post","created_at":"2026-01-01T00:00:00Z","created_date":"2026-01-01","observed_at":"2026-01-01T00:00:00Z"}' >in
	"$T" --schema smpost --by network,created_date t in >out
	[ "$(schema out '[.fields[]|select(.nullable|not).name]')" = '["id","network","native_id","op","kind","created_at","created_date","observed_at"]' ]
	fails 3 "field 'observed_at' is missing, but must not be null" "$T" --schema smpost u < <(jq -c 'del(.observed_at)' in)
	echo '{"type":"struct","fields":[{"name":"a","type":"short","nullable":true,"metadata":{"k":[1]}}]}' >d.json
	echo '{"a":7}' | "$T" --schema d.json v >out
	[ "$(schema out .)" = "$(cat d.json)" ]
	fails 3 "field 'a': 70000 does not fit type short" "$T" --schema d.json v <<<'{"a":70000}'
	echo '{"fields":[["a","thing"]]}' >e.json
	fails 3 "e.json: schema: field 'a': type 'thing' is not supported" "$T" --schema e.json v in
	fails 4 'nosuch.json' "$T" --schema nosuch.json v in
	fails 4 'nosuch' "$T" --schema nosuch v in
}

@test "a table that is there: its schema, partition columns and version count" {
	printf '%s\n' '{"id":1,"k":"a"}' >in
	"$T" --by k t in >out
	commit t out
	"$T" t in >out2
	[ "$(jq -rc 'keys[0]' out2 | tr '\n' ' ')" = 'add $mark ' ]
	[ "$(adds out2 | jq -c .partitionValues)" = '{"k":"a"}' ]
	[ "$(jq -c 'select(."$mark")."$mark".version' out2)" = 0 ]
	fails 3 "<stdin>:1:2: field 'new' is not in the schema" "$T" t - <<<'{"new":1}'
	fails 3 '"x" does not fit type long' "$T" t <<<'{"id":"x"}'
	fails 5 'is partitioned by k' "$T" --by id t in
	fails 5 "field 'id' has type long in the table but string in --schema" "$T" --schema <(echo '{"fields":[["id","string"]]}') t in
	fails 5 'does not have; --merge-schema adds them' "$T" --schema <(echo '{"fields":[["z","string"]]}') t in
	# An input without records changes nothing.
	printf '' | "$T" t >out3
	[ "$(wc -l <out3)" = 1 ]
}

@test "partition values: NUL, 300 bytes, the ends of the calendar, bytes that are no text" {
	python3 "$BATS_TEST_DIRNAME/partition_values.py"
}

@test "one odd record never stops what may set bad ones aside, with a schema given, inferred or widened" {
	python3 "$BATS_TEST_DIRNAME/bad_records.py"
}

@test "--merge-schema: a fault of a later record is not blamed on the one before it" {
	echo '{"id":0}' | "$T" t >out
	commit t out
	printf '%s\n' '{"id":1,"likes":5}' '{"id":2,"a b":1}' '{"id":3,"lang":"en"}' >in
	fails 1 '1 bad record' "$T" --merge-schema --on-error=reject=rej t in
	[ "$(jq -r .line rej)" = 2 ]
	fails 3 "in:2: field 'a b': a name must not contain" "$T" --merge-schema t in
}

@test "an empty partition value where null is not allowed is the record's fault" {
	printf '%s\n' '{"k":"","v":1}' '{"k":"a","v":2}' >in
	fails 3 "in:1: field 'k': an empty partition value is null" "$T" --schema <(echo '{"fields":[["k","string",false],["v","long"]]}') --by k t in
	fails 1 '1 bad record' "$T" --on-error=skip --schema <(echo '{"fields":[["k","string",false],["v","long"]]}') --by k t in
	echo '{"k":"","v":1,"x":""}' >in
	fails 3 "in:1: field 'x': an empty partition value is null" "$T" --schema <(echo '{"fields":[["k","string"],["v","long"],["x","string",false]]}') --by 'x=identity(k)' t in
}

@test "--merge-schema: new fields go to the end of their struct; the table keeps its id" {
	printf '%s\n' '{"id":1,"k":"a","o":{"x":1}}' >in
	"$T" --by k t in >out
	commit t out
	printf '%s\n' '{"id":2,"k":"b","o":{"x":2}}' '{"id":3,"k":"b","n":null,"o":{"y":"s","x":3}}' '{"id":4,"k":"b","z":[true]}' '{"id":5,"w":1}' >in
	"$T" --merge-schema t in >out2
	[ "$(schema out2 '[.fields[]|[.name,(.type|if type=="object" then (.elementType//[.fields[].name]) else . end)]]')" = \
	'[["id","long"],["k","string"],["o",["x","y"]],["z","boolean"],["w","long"]]' ]
	[ "$(jq -r 'select(.metaData).metaData.id' out2)" = "$(jq -r 'select(.metaData).metaData.id' out)" ]
	[ "$(adds out2 | jq -s 'map(.stats|fromjson.numRecords)|add')" = 4 ]
	[ "$(jq -rc 'keys[0]' out2 | uniq | tr '\n' ' ')" = 'add metaData add $mark ' ]
	commit t out2
	"$T" t - <<<'{"w":5}' >out3
	[ "$(adds out3 | wc -l)" = 1 ]
	# A type never changes, and twins are no new fields.
	fails 3 '"x" does not fit type long' "$T" --merge-schema t <<<'{"id":"x"}'
	fails 3 "field 'ID': differs only in case" "$T" --merge-schema t <<<'{"ID":1}'
	fails 1 '1 bad record' "$T" --merge-schema --on-error=skip t < <(printf '{"ID":1}\n{"id":9}\n')
	# --schema may add as well.
	printf '' | "$T" --merge-schema --schema <(echo '{"fields":[["q","date",false]]}') t >out4
	[ "$(schema out4 '.fields[-1]|[.name,.nullable]')" = '["q",true]' ]
}

@test "a table that asks for what a writer lacks is refused by name" {
	echo '{"id":1}' | "$T" t >out
	sed -i 's/"protocol":{[^}]*}/"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["madeUp"]}/' out
	commit t out
	fails 3 madeUp "$T" t <<<'{"id":2}'
}

@test "bad records: stop names the line and leaves no file; skip and reject go on, status 1" {
	printf '%s\n' '{"a":1}' '{"a":2}' '{"a":' '{"a":4}' '[5]' '{"a":6,"a":7}' >in
	fails 3 'in:3:6: ' "$T" t in
	[ -z "$(find t -name '*.parquet' 2>/dev/null)" ]
	[ -z "$output" ]
	fails 1 '3 bad records' "$T" --on-error=skip t in
	echo "$output" >out
	[ "$(adds | jq -c '.stats|fromjson.numRecords')" = 3 ]
	tail -1 out | grep -q '"end":"done"'
	fails 1 '3 bad records' "$T" --on-error=reject=rej u in
	[ "$(jq -c '[.line,.record]' rej)" = "$(printf '%s\n' '[3,"{\"a\":"]' '[5,"[5]"]' '[6,"{\"a\":6,\"a\":7}"]')" ]
	fails 2 'on-error' "$T" --on-error=no v in
	# Nothing but bad lines.
	fails 1 '2 bad records' "$T" --on-error=skip w < <(printf 'x\n[1]\n')
	fails 3 '<stdin>:1:1: ' "$T" w < <(printf 'x\n[1]\n')
}

@test "marks: the first and the last are passed, those between are swallowed; actions come before theirs" {
	(echo "{\"\$mark\":{$S1,\"seq\":1,\"cursor\":{\"p\":1},\"ck\":\"/ck\"}}"
	echo '{"a":1,"k":"x"}'
	echo "{\"\$mark\":{$S1,\"seq\":2,\"cursor\":2,\"ck\":\"/ck\"}}"
	echo '{"a":2,"k":"x"}'
	echo "{\"\$mark\":{$S1,\"seq\":3,\"cursor\":3,\"ck\":\"/ck\",\"end\":\"quota\",\"mine\":[0]}}") >in
	"$T" --by k t in >out
	[ "$(jq -rc 'keys[0]' out | tr '\n' ' ')" = '$mark protocol metaData add $mark ' ]
	[ "$(head -1 out)" = "{\"\$mark\":{$S1,\"seq\":1,\"cursor\":{\"p\":1},\"ck\":\"/ck\",\"table\":\"$PWD/t\"}}" ]
	[ "$(tail -1 out | jq -c '."$mark"|[.seq,.cursor,.end,.table,.mine]')" = "[3,3,\"quota\",\"$PWD/t\",[0]]" ]
	[ "$(adds | jq -c '.stats|fromjson.numRecords')" = 2 ]
	whole t
}

@test "marks: an input that ends without an end mark is status 4, and what no mark covers is removed" {
	(echo "{\"\$mark\":{$S1,\"seq\":1}}"; echo '{"a":1}'; echo "{\"\$mark\":{$S1,\"seq\":2}}"; echo '{"a":2}') >in
	fails 4 'ended without a closing mark' "$T" t in
	echo "$output" >out
	[ "$(jq -rc 'keys[0]' out | tr '\n' ' ')" = '$mark ' ]
	[ -z "$(find . -name '*.parquet')" ]
	# When nothing follows the last mark, it is passed on.
	head -3 in >in2
	"$T" t in2 >out
	[ "$(jq -c 'select(."$mark")."$mark".seq' out | tail -1)" = 2 ]
	whole t
	fails 3 'records after the closing mark' "$T" u < <(printf '{"$mark":{"v":1,"end":"done"}}\n{"a":1}\n')
	fails 3 '<stdin>:2:' "$T" u < <(printf '{"a":1}\n{"$mark":{"v":1,"seq":"x"}}\n')
}

@test "--every: files are closed and marks passed while the input is silent" {
	mkfifo p; "$T" --every 500ms t <p >out & exec 7>p
	(echo "{\"\$mark\":{$S1,\"seq\":1}}"; echo '{"a":1}'; echo "{\"\$mark\":{$S1,\"seq\":2}}") >&7
	for _ in $(seq 1200); do [ "$(jq -c 'select(."$mark")."$mark".seq' out | tail -1)" != 2 ] || break; sleep .1; done
	[ "$(jq -c 'select(."$mark")."$mark".seq' out | tail -1)" = 2 ]
	[ "$(adds | wc -l)" = 1 ]
	(echo '{"a":2}'; echo "{\"\$mark\":{$S1,\"seq\":3,\"end\":\"done\"}}") >&7; exec 7>&-
	wait
	[ "$(adds | wc -l)" = 2 ]
	whole t
}

@test "a slow pipe: the schema is inferred when --every is up" {
	mkfifo p; "$T" --every 500ms t <p >out & exec 7>p
	echo '{"a":1}' >&7
	for _ in $(seq 1200); do [ "$(adds | wc -l)" = 0 ] || break; sleep .1; done
	[ "$(adds | wc -l)" = 1 ]
	echo '{"a":2}' >&7; exec 7>&-
	wait
	[ "$(adds | wc -l)" = 2 ]
}

@test "--max-rows and --target-file-size close files" {
	seq 1 2500 | sed 's/.*/{"a":&,"t":"text of row number & of this file"}/' >in
	"$T" --max-rows 1000 t in >out
	[ "$(adds | jq -c '.stats|fromjson.numRecords' | tr '\n' ' ')" = '1000 1000 500 ' ]
	whole t
	for i in $(seq 40); do cat in; done >big
	"$T" --target-file-size 64KiB --compression none u big >out
	[ "$(adds | wc -l)" -gt 5 ]
	[ "$(adds | jq -s 'map(.stats|fromjson.numRecords)|add')" = 100000 ]
	whole u
}

@test "codecs: the name says which, levels are checked" {
	seq 1 100 | sed 's/.*/{"a":&}/' >in
	for c in snappy zstd gzip lz4 none; do
		"$T" --compression $c "t-$c" in >out
		whole "t-$c"
	done
	ls t-zstd/*.zstd.parquet t-snappy/*.snappy.parquet t-gzip/*.gz.parquet >/dev/null
	"$T" --compression zstd --compression-level 9 z in >out
	fails 2 'has no levels' "$T" --compression-level 3 z in
	fails 2 'must be from 1 to 9' "$T" --compression gzip --compression-level 10 z in
	fails 2 compression "$T" --compression brotli z in
	fails 2 'at least 32MiB' "$T" --memory 1MiB z in
}

@test "many partitions at once stay within memory, one file each" {
	seq 1 30000 | awk '{printf "{\"id\":%d,\"p\":%d,\"t\":\"text %d\"}\n", $1, $1 % 1200, $1 * 7}' >in
	"$T" --by p t in >out
	[ "$(adds | wc -l)" = 1200 ]
	[ "$(adds | jq -s 'map(.stats|fromjson.numRecords)|add')" = 30000 ]
	whole t
}

@test "few open files allowed: partitions take turns, no row is lost" {
	seq 1 3000 | awk '{printf "{\"id\":%d,\"p\":%d}\n", $1, $1 % 200}' >in
	(ulimit -n 80; "$T" --by p t in) >out
	[ "$(adds | jq -s 'map(.stats|fromjson.numRecords)|add')" = 3000 ]
	[ "$(adds | jq -r .partitionValues.p | sort -u | wc -l)" = 200 ]
	whole t
}

@test "threads: one, two and four give the same rows" {
	seq 1 40000 | awk '{printf "{\"id\":%d,\"p\":%d,\"t\":\"text %d\"}\n", $1, $1 % 3, $1 * 7}' >in
	for j in 1 2 4; do
		"$T" -j $j --by p "t$j" in >out
		adds | jq -c '[.partitionValues,.size,.stats]' | sort >"adds$j"
	done
	cmp adds1 adds2 && cmp adds1 adds4
}

@test "a signal: no closing mark, no files but those that a mark covers, ends by the signal" {
	mkfifo p
	sleep 10 >p &
	hold=$!
	(echo "{\"\$mark\":{$S1,\"seq\":1}}"; echo '{"a":1}'; sleep 10) >p &
	more=$!
	"$T" --schema <(echo '{"fields":[["a","long"]]}') t <p >out 2>err &
	pid=$!
	sleep 1
	kill -TERM $pid
	rc=0; wait $pid || rc=$?
	kill $hold $more 2>/dev/null || true
	[ $rc = 143 ]
	[ "$(jq -rc 'keys[0]' out | tr '\n' ' ')" = '$mark ' ]
	[ -z "$(find . -name '*.parquet')" ]
}

@test "a signal that is ignored when it starts stays ignored: it lives as long as its input" {
	mkfifo p
	(trap '' TERM; exec "$T" --schema <(echo '{"fields":[["a","long"]]}') t <p >out 2>err) &
	pid=$!
	(echo '{"a":1}'; sleep .5; echo '{"a":2}') >p &
	sleep .3; kill -TERM $pid
	wait $pid
	[ "$(jq -rc 'keys[0]' out | sort -u | xargs)" = '$mark add metaData protocol' ]
}

@test "input: files in a row, standard input, compressed, CRLF, no last line feed" {
	printf '{"a":1}\r\n{"a":2}' >one
	gzip -c one >two.gz
	"$T" t one - two.gz < <(printf '{"a":3}\n') >out
	[ "$(adds | jq -c '.stats|fromjson.numRecords')" = 5 ]
	fails 4 'nope: cannot open' "$T" t nope
	fails 4 'is a directory' "$T" t "$PWD"
	fails 2 'missing operand: TABLE' "$T"
}

@test "output that cannot be written is an error, told once" {
	rc=0; echo '{"a":1}' | "$T" t >/dev/full 2>err || rc=$?
	[ $rc = 4 ]; [ "$(wc -l <err)" = 1 ]
	rc=0; echo '{"a":1}' | "$T" t >&- 2>err || rc=$?
	[ $rc = 4 ]
}

@test "a table that cannot be written to is an error that names it" {
	[ "$(id -u)" != 0 ] || skip "root may write anywhere"
	mkdir ro; chmod 555 ro
	fails 4 "ro/t" "$T" ro/t <<<'{"a":1}'
}

@test "a file where the table should be is an error" {
	echo x >t
	run -2 --separate-stderr "$T" t <<<'{"a":1}'
	[[ $stderr == *"'t' is a file, not a table"* ]]; [ "$(<t)" = x ]
}

# round_trip FILE OPTION...: into a table and out again, the same records as multisets of canonical JSON, numbers as written.
round_trip() {
	local in=$1; shift
	rm -rf rt
	"$T" "$@" rt "$in" 2>notes | "$SM_BIN/smcommit" >/dev/null
	"$SM_BIN/smreplay" rt >back
	canonical <"$in" | sort >want
	canonical <back | sort >have
	[ -s want ]
	cmp want have
}
# Members in order, those that are null left out, numbers as they are written.
canonical() {
	python3 -c '
import json, sys
def plain(members): return {k: v for k, v in members if v is not None}
for line in sys.stdin:
    v = json.loads(line, object_pairs_hook=plain, parse_int=lambda n: "#" + n, parse_float=lambda n: "#" + n)
    print(json.dumps(v, sort_keys=True))'
}

@test "round trip: the sample, by its schema and by inference" {
	zstd -dc "$BATS_TEST_DIRNAME/../../share/sample/posts.ndjson.zst" >in
	round_trip in --schema smpost --by network,created_date
	round_trip in --by network
	round_trip in --compression zstd --max-rows 700
}

@test "round trip: 64-bit ids, floating point, odd strings, nested lists and maps, by inference" {
	cat >in <<-'EOT'
		{"id":675127116845989888,"f":0.1,"g":1e300,"s":"a\"b\\\u0001\u00e9\ud83d\ude00","l":[[1,2],[],null],"o":{"x":{"y":[{"z":-0.5}]}},"e":{},"w":-75,"m":1.50,"t":"2020-02-29T23:59:59.000Z","d":"1969-12-31"}
		{"id":-9223372036854775808,"f":-12.345678,"g":5e-324,"s":"","l":null,"o":{"x":{}},"w":12.5,"m":-0.05,"t":"1900-01-01T00:00:00.123Z","d":"0001-01-01"}
		{"id":9223372036854775807,"f":100.0,"s":"\u2028 漢字 /","l":[],"o":{},"w":0,"m":99999999.99,"big":18446744073709551615}
	EOT
	round_trip in
	[ ! -s notes ]
}

@test "round trip: real posts" {
	DATA=$BATS_TEST_DIRNAME/../../../shared/data/posts
	[ -e "$DATA/politicians-2017.ndjson.gz" ] || skip "no ../shared/data here"
	zcat "$DATA/politicians-2017.ndjson.gz" | jq -c . >in
	round_trip in --schema smpost --by network,created_date
	# Whatever fields the old API had; ids stay whole.
	tr -d '\n' <"$DATA/twitter-v1-statuses.json" | "$SM_BIN/smjq" '.statuses[]' >in
	round_trip in
	diff <(grep -oE '"id":[0-9]+' in | sort) <(grep -oE '"id":[0-9]+' back | sort)
}

@test "a disk that is full: status 4, the file is named, what was not announced is gone" {
	"${SM_BIN:?}/smgen" -n 20000 >in
	mkdir t
	rc=0
	(ulimit -f 256; trap '' XFSZ; exec "$T" --schema smpost t in) >out 2>err || rc=$?
	[ $rc = 4 ]
	grep -q "$PWD/t/part-.*: File too large" err
	[ -z "$(find t -name '*.parquet')" ]
	[ -z "$(adds)" ]
}

@test "--schema takes a word for one of the tools' own, or for a file of that name" {
	echo '{"fields":[["a","int"]]}' >mine
	echo '{"a":1}' | "$T" --schema mine t >out
	[ "$(schema)" = '[["a","integer"]]' ]
}

@test "the table comes first; a table inside another one is not made" {
	echo '{"id":1}' >in.ndjson
	run -2 --separate-stderr "$T" in.ndjson t; [[ $stderr == *"'in.ndjson' is a file, not a table: the table comes first"* ]]; [ -z "$output" ]
	"$T" --schema <(echo '{"fields":[["id","long"],["day","string"]]}') --by day t /dev/null | "$SM_BIN/smcommit" >/dev/null
	mkdir -p t/day=1/x; ln -s t/day=1 link
	for in in t/sub t/day=1 t/day=1/x/y link/z "$PWD/t/a"; do
		run -2 --separate-stderr "$T" "$in" in.ndjson
		[[ $stderr == *"lies in the folder of table $PWD/t, whose vacuum would remove its files"* ]] || { echo "$in: $stderr"; false; }
	done
	# Where vacuum does not look, it may lie; and one that is there already is written to.
	for in in t/_tables/u t/.hidden/u; do "$T" "$in" in.ndjson | "$SM_BIN/smcommit" >/dev/null; [ "$("$SM_BIN/smreplay" "$in" --count)" = 1 ]; done
	"$T" v in.ndjson | "$SM_BIN/smcommit" >/dev/null; mv v t/v; "$T" t/v in.ndjson | "$SM_BIN/smcommit" >/dev/null
	[ "$("$SM_BIN/smreplay" t/v --count)" = 2 ]
}
