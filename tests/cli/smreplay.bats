#!/usr/bin/env bats
# smreplay: the rows of a table, of its versions, and what changed between them. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"; smreplay="$SM_BIN/smreplay"
}

# Write records of standard input to table $1; more arguments go to smpartition.
load() { "$SM_BIN/smpartition" -q "$@" 2>part.err | "$SM_BIN/smcommit" -q >/dev/null; }

canonical() { jq -cS 'def c: if type == "object" then with_entries(select(.value != null) | .value |= c) elif type == "array" then map(c) else . end; c' "$@" | sort; }

# ten rows in three partitions, two versions
small() {
	printf '{"id":%s,"lang":"%s","n":%s,"created_at":"2024-05-0%sT10:00:00Z","a":{"b":%s,"c":"c%s"}}\n' \
		9007199254740993 en 1 1 1 1  2 en 2 1 2 2  3 de 3 2 3 3  4 de 4 2 4 4  5 '' 5 3 5 5 | load --by lang t
	printf '{"id":%s,"lang":%s,"n":%s,"created_at":"2024-05-0%sT10:00:00Z"}\n' 6 '"en"' 6 4  7 '"fr"' 7 4  8 null 8 5  9 '"fr"' 9 5  10 '"en"' null 6 | load t
}

@test "what went in comes out: 2000 posts of every kind, any number of threads, one order" {
	"$SM_BIN/smgen" -n 2000 >posts
	load --by 'network,created_date=day(created_at)' t <posts
	"$smreplay" t >out
	jq -c '.created_date = (.created_at[:10])' posts | canonical >want
	canonical out >got
	cmp want got
	for j in 1 2 5; do "$smreplay" -j $j t | cmp - out; done
}

@test "--select: order, nested members, names in backticks; ids keep their digits" {
	small
	"$smreplay" t --select 'n, a.c, id' --where 'n = 1' >out
	[ "$(cat out)" = '{"n":1,"a":{"c":"c1"},"id":9007199254740993}' ]
	[ "$("$smreplay" t --select '`a`.b,a.c,A.B' -w 'n=2')" = '{"a":{"b":2,"c":"c2"}}' ]
	[ "$("$smreplay" t --select lang -w 'n=2')" = '{"lang":"en"}' ]
	[ "$("$smreplay" t --select a.c -w 'a.b = 2 AND a IS NOT NULL')" = '{"a":{"c":"c2"}}' ]
	[ "$("$smreplay" t --select a.c,n --nulls -w 'n=6')" = '{"a":null,"n":6}' ]
}

@test "--select and --where: what is wrong is named, with the nearest column, status 2" {
	small
	run -2 --separate-stderr "$smreplay" t --select id,lnag
	[ "$stderr" = "smreplay: --select: expression, column 1: no column 'lnag', did you mean 'lang'?" ]
	run -2 --separate-stderr "$smreplay" t --select 'n+1'
	[ "$stderr" = "smreplay: --select: 'n+1' is not a column" ]
	run -2 --separate-stderr "$smreplay" t --where "n = 'x'"
	[ "$stderr" = "smreplay: --where: expression, column 5: 'x' is not a valid bigint, the type that it is compared with" ]
	run -2 --separate-stderr "$smreplay" t --where "n"
	[[ "$stderr" == *"a condition needs a boolean, not bigint" ]]
	run -2 "$smreplay" t --where 'n = 1 --' --since nonsense
	run -2 --separate-stderr "$smreplay" t --time text --since 2024-01-01
	[[ "$stderr" == *"no column 'text'"* ]]
}

@test "--where skips files by partition values and statistics" {
	small
	"$smreplay" t -v --where "lang = 'en'" >out 2>err
	[ "$(grep -o '"id":[0-9]*' out | sort | tr '\n' ' ')" = '"id":10 "id":2 "id":6 "id":9007199254740993 ' ]
	grep -q 'read 2 of 6 files' err
	"$smreplay" t -v --where "n >= 8" >out 2>err
	[ "$(jq -c .id out | sort | tr '\n' ' ')" = '8 9 ' ]
	grep -q 'read 2 of 6 files' err
	"$smreplay" t -v --where "lang IS NULL" >out 2>err
	[ "$(jq -c .id out | sort | tr '\n' ' ')" = '5 8 ' ]
	grep -q 'read 2 of 6 files' err
	"$smreplay" t -v --where "a.b > 4 AND lang <> 'en' OR upper(lang) = 'DE' AND n < 4" --select id >out 2>err
	[ "$(cat out)" = '{"id":3}' ]
	grep -q 'read 1 of 6 files' err
	"$smreplay" t -v --where "false" >out 2>err
	[ ! -s out ]; grep -q 'read 0 of 6 files' err
}

@test "row groups are skipped by their statistics" {
	seq 1 5000 | sed 's/.*/{"n":&}/' | load --row-group-rows 1000 t
	"$smreplay" t -v --where 'n BETWEEN 2500 AND 2501' >out 2>err
	[ "$(cat out)" = "$(printf '{"n":2500}\n{"n":2501}')" ]
	grep -q '1 of 5 row groups in them, 2 of 1000 rows matched' err
}

@test "a deletion vector takes its own bytes, and rows that the file lacks are refused" {
	seq 1 24 | sed 's/.*/{"n":&}/' | load t
	# 8,192 containers of one run each: 115 kB that name 2^29 rows. Then one that names row 3 only.
	python3 - <<'EOF'
import json, struct, zlib
def vector(name, containers, rows, run):
    head = b"".join(struct.pack("<HH", i, rows // containers - 1) for i in range(containers))
    offsets = struct.pack("<%dI" % containers, *([0] * containers)) if containers >= 4 else b""
    body = struct.pack("<IQI", 1681511377, 1, 0) + struct.pack("<I", 12347 | (containers - 1) << 16)
    body += b"\xff" * ((containers + 7) // 8) + head + offsets + struct.pack("<HHH", 1, *run) * containers
    with open("t/" + name, "wb") as f:
        f.write(struct.pack(">I", len(body)) + body + struct.pack(">I", zlib.crc32(body)))
    return {"storageType": "p", "pathOrInlineDv": name, "offset": 0, "sizeInBytes": len(body), "cardinality": rows}
log = [json.loads(x) for x in open("t/_delta_log/00000000000000000000.json")]
add = next(x["add"] for x in log if "add" in x)
protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}
for version, dv in ((1, vector("bomb.bin", 8192, 8192 * 65536, (0, 65535))), (2, vector("beyond.bin", 1, 1, (24, 0))), (3, vector("good.bin", 1, 1, (3, 0)))):
    with open("t/_delta_log/%020d.json" % version, "w") as f:
        for x in ([{"protocol": protocol}] if version == 1 else []) + [{"remove": {**old, "deletionTimestamp": 1, "dataChange": True}}, {"add": {**add, "deletionVector": dv}}] \
                if version > 1 else [{"protocol": protocol}, {"remove": {"path": add["path"], "deletionTimestamp": 1, "dataChange": True}}, {"add": {**add, "deletionVector": dv}}]:
            f.write(json.dumps(x) + "\n")
    old = {"path": add["path"], "deletionVector": dv}
EOF
	run -3 --separate-stderr bash -c "[ -n '${SM_SANITIZE-}' ] || ulimit -v 400000; exec '$smreplay' -j1 t --version-as-of 1"
	[[ $stderr == *"too many for a file of 24 rows"* ]]
	run -3 --separate-stderr "$smreplay" t --version-as-of 2
	[[ $stderr == *"row 24 of a file of 24 rows"* ]]
	[ "$("$smreplay" t | jq .n | tr '\n' ' ')" = "1 2 3 $(seq -s ' ' 5 24) " ]
}

@test "row groups are skipped by texts, dates, times and decimals, and never one that holds a match" {
	local where
	# 50 row groups of 100 rows in one file: s, t, d, x ascend; the texts have 40 bytes in common, more than statistics keep of some.
	python3 -c '
import datetime
p = "x" * 20
for i in range(5000):
    t = datetime.datetime(2026, 1, 1) + datetime.timedelta(minutes=i)
    print("{\"n\":%d,\"s\":\"%s%05d\",\"t\":\"%sZ\",\"d\":\"%s\",\"x\":%d.25}" % (i, p, i, t.isoformat(), (t.date() + datetime.timedelta(days=i)).isoformat(), i))' >in
	load --schema <(echo '{"fields":[["n","long"],["s","string"],["t","timestamp"],["d","date"],["x","decimal(9,2)"]]}') --row-group-rows 100 t <in
	for where in "s = '$(printf 'x%.0s' {1..20})02345'" "t = TIMESTAMP '2026-01-02T15:05:00Z'" "d = DATE '2032-06-04'" "x = 2345.25" \
		"s > '$(printf 'x%.0s' {1..20})02344' AND s < '$(printf 'x%.0s' {1..20})02346'" \
		"t >= TIMESTAMP '2026-01-02T15:05:00Z' AND t < TIMESTAMP '2026-01-02T15:06:00Z'"; do
		"$smreplay" t -v --select n --where "$where" >out 2>err
		[ "$(cat out)" = '{"n":2345}' ] || { echo "$where: $(cat out)"; return 1; }
		grep -q '1 of 50 row groups in them' err || { echo "$where: $(cat err)"; return 1; }
	done
	"$smreplay" t -v --count --where "s LIKE 'x%' AND t < TIMESTAMP '2026-01-01T01:00:00Z'" >out 2>err
	[ "$(jq .count out 2>/dev/null || cat out)" = 60 ]
	grep -q '1 of 50 row groups in them' err
}

@test "--version-as-of, --timestamp-as-of, and versions that are not there" {
	small
	[ "$("$smreplay" t --version-as-of 0 -c)" = 5 ]
	[ "$("$smreplay" t -c)" = 10 ]
	touch -d 2024-01-01T00:00:00Z t/_delta_log/*0.json; touch -d 2024-02-01T00:00:00Z t/_delta_log/*1.json
	[ "$("$smreplay" t --timestamp-as-of 2024-01-31T23:59:59Z -c)" = 5 ]
	[ "$("$smreplay" t --timestamp-as-of 2024-02-01T00:00:00Z -c)" = 10 ]
	run -4 --separate-stderr "$smreplay" t --timestamp-as-of 2023-12-31
	[[ "$stderr" == *2024-01-01* ]]
	run -4 --separate-stderr "$smreplay" t --version-as-of 7
	[[ "$stderr" == *7* && "$stderr" == *1* ]]
	run -2 "$smreplay" t --version-as-of 0 --timestamp-as-of 2024-01-01
}

@test "changes: what versions added and removed, with version and time" {
	small
	printf '{"id":%s,"lang":"en","n":%s}\n' 11 11 12 12 | "$SM_BIN/smpartition" -q t | "$SM_BIN/smcommit" -q --replace-where "lang = 'en'" --vouch >/dev/null
	"$smreplay" t --starting-version 2 --select id >out
	[ "$(command jq -c '[._change_type, .id, ._commit_version]' out | sort | tr '\n' ' ')" = \
		'["delete",10,2] ["delete",2,2] ["delete",6,2] ["delete",9007199254740992,2] ["insert",11,2] ["insert",12,2] ' ]
	grep -q '"id":9007199254740993,"_change_type":"delete","_commit_version":2,"_commit_timestamp":"20' out
	[ "$("$smreplay" t --starting-version 0 --ending-version 1 -c)" = 10 ]
	[ "$("$smreplay" t --starting-version 1 --ending-version 1 --where "lang = 'fr'" | jq -c '[.id,._change_type]' | tr '\n' ' ')" = '[7,"insert"] [9,"insert"] ' ]
	run -4 --separate-stderr "$smreplay" t --starting-version 3
	[[ "$stderr" == *"the newest is 2"* ]]
	run -2 "$smreplay" t --ending-version 3
	run -2 "$smreplay" t --starting-version 3 --ending-version 2
}

@test "changes need names of their own" {
	printf '{"_change_type":1,"a":2}\n' | load t
	run -2 --separate-stderr "$smreplay" t --starting-version 0
	[[ "$stderr" == *_change_type* ]]
	[ "$("$smreplay" t --starting-version 0 --select a | jq -c '[.a,._change_type]')" = '[2,"insert"]' ]
}

@test "--since and --until: half open, on a column of choice, of text too" {
	small
	[ "$("$smreplay" t --since 2024-05-02T10:00:00Z --until 2024-05-04T10:00:00Z --select id | sort | tr '\n' ' ')" = '{"id":3} {"id":4} {"id":5} ' ]
	printf '{"w":"2024-05-01T12:00:00+02:00"}\n{"w":"2024-05-01T10:30:00Z"}\n{"w":"soon"}\n' | load u
	[ "$("$smreplay" u --time w --since 2024-05-01T10:00:00Z --until 2024-05-01T10:30:00Z)" = '{"w":"2024-05-01T12:00:00+02:00"}' ]
	[ "$("$smreplay" t --since 2024-05-03 --where 'n < 7' --select id | sort | tr '\n' ' ')" = '{"id":5} {"id":6} ' ]
}

@test "--limit, --count, --jq" {
	small
	for j in 1 3; do
		[ "$("$smreplay" t -j $j -n 3 | wc -l)" = 3 ]
		[ "$("$smreplay" t -j $j -n 0 | wc -l)" = 0 ]
		[ "$("$smreplay" t -j $j -n 99 | wc -l)" = 10 ]
		[ "$("$smreplay" t -j $j --jq 'select(.n == 1) | .id, {n}' | tr '\n' ' ')" = '9007199254740993 {"n":1} ' ]
	done
	[ "$("$smreplay" t -c -n 4)" = 4 ]
	[ "$("$smreplay" t -c --where "n > 4")" = 5 ]
	run -2 --separate-stderr "$smreplay" t --jq '.a['
	[ -n "$stderr" ]
	run -3 --separate-stderr "$smreplay" t --jq '.id | error("no")'
	[[ "$stderr" == "smreplay: lang="*".parquet:1: --jq: "* ]]
	run -2 "$smreplay" t -c --jq .
}

@test "--speed: in the order of event time, at its pace" {
	printf '{"n":%s,"created_at":"2024-05-01T00:00:%sZ"}\n' 3 20 1 00 2 10 4 20 | load t
	start=$(date +%s%N)
	"$smreplay" t --speed 20x --select n >out
	took=$((($(date +%s%N) - start) / 1000000))
	[ "$(jq .n out | tr '\n' ' ')" = '1 2 3 4 ' ]
	[ $took -ge 1000 ]; [ $took -lt 15000 ]        # 20 s of event time
	[ "$("$smreplay" t --speed max --select n | jq .n | tr '\n' ' ')" = '1 2 3 4 ' ]
	start=$(date +%s%N)
	"$smreplay" t --speed 1x --max-gap 100ms >out
	[ $((($(date +%s%N) - start) / 1000000)) -lt 15000 ]
	# Files come by their earliest time, whatever their place in the log; some within one file are sorted.
	local n
	for n in 7 3 9 1 5; do
		printf '{"n":%s,"created_at":"2024-05-01T00:00:0%sZ"}\n' "$n" "$n" $((n - 1)) $((n - 1)) | load v
	done
	[ "$("$smreplay" v --select n | jq -c .n | tr '\n' ' ')" != '0 1 2 3 4 5 6 7 8 9 ' ]
	[ "$("$smreplay" v --speed max --select n | jq -c .n | tr '\n' ' ')" = '0 1 2 3 4 5 6 7 8 9 ' ]
	[ "$("$smreplay" v --speed 100x --select n | jq -c .n | tr '\n' ' ')" = '0 1 2 3 4 5 6 7 8 9 ' ]
	run -2 "$smreplay" t --speed fast
	printf '{"n":1}\n' | load u
	run -2 --separate-stderr "$smreplay" u --speed 1x
	[[ "$stderr" == *"--time"* ]]
}

@test "--follow: what is there, then what comes; a version that removed rows ends it" {
	small
	"$smreplay" t --follow --poll 50ms --select id >out 2>err 3>&- & pid=$!
	until [ "$(wc -l <out)" = 10 ]; do sleep .05; kill -0 $pid; done
	printf '{"id":11,"lang":"en"}\n' | load t
	until [ "$(wc -l <out)" = 11 ]; do sleep .05; kill -0 $pid; done
	[ "$(tail -1 out)" = '{"id":11}' ]
	printf '{"id":12,"lang":"en"}\n' | "$SM_BIN/smpartition" -q t | "$SM_BIN/smcommit" -q --mode overwrite --vouch >/dev/null
	status=0; wait $pid || status=$?
	[ $status = 5 ]
	grep -q 'version 3 removed rows' err
	run -2 "$smreplay" t --follow --version-as-of 1
}

@test "--follow with --starting-version: changes for ever; a reader that goes away ends it" {
	small
	"$smreplay" t --follow --poll 50ms --starting-version 1 --select id 2>err 3>&- | head -n 6 >out & pid=$!
	until [ "$(wc -l <t/_delta_log/00000000000000000001.json)" -gt 0 ]; do sleep .05; done
	printf '{"id":11,"lang":"en"}\n' | load t
	wait $pid
	[ "$(wc -l <out)" = 6 ]
	grep -q '"id":11,"_change_type":"insert","_commit_version":2' out
	mkfifo pipe
	"$smreplay" t --follow --poll 50ms >pipe 2>err 3>&- & pid=$!
	head -n 1 <pipe >/dev/null
	status=0; wait $pid || status=$?
	[ $status = 141 ]; [ ! -s err ]
}

@test "no table, no file, a damaged file: named" {
	run -4 --separate-stderr "$smreplay" nowhere
	[[ "$stderr" == *"nowhere is not a Delta table"* ]]
	mkdir empty
	run -4 --separate-stderr "$smreplay" empty
	[[ "$stderr" == *"is not a Delta table"* ]]
	small
	f=$(ls t/lang=de/*.parquet)
	mv "$f" gone
	run -4 --separate-stderr "$smreplay" t
	[[ "$stderr" == *"$(basename "$f")"*"does not exist"* ]]
	[ "$("$smreplay" t -c --where "lang = 'en'")" = 4 ]
	head -c 300 gone >"$f"
	for j in 1 3; do
		run -3 --separate-stderr "$smreplay" t -j $j
		[[ "$stderr" == *"$(basename "$f")"* ]]
	done
	cp gone "$f"; printf '\377\377\377\377\377\377\377\377\377\377' | dd of="$f" bs=1 seek=20 conv=notrunc 2>/dev/null
	run -3 --separate-stderr "$smreplay" t
	[[ "$stderr" == *"$(basename "$f")"* ]]
}

@test "a column that older files lack is null" {
	printf '{"a":1}\n' | load t
	printf '{"a":2,"b":{"c":"x"}}\n' | "$SM_BIN/smpartition" -q --merge-schema t | "$SM_BIN/smcommit" -q --merge-schema >/dev/null
	[ "$("$smreplay" t | tr '\n' ' ')" = '{"a":1} {"a":2,"b":{"c":"x"}} ' ]
	[ "$("$smreplay" t --where 'b.c IS NULL')" = '{"a":1}' ]
	[ "$("$smreplay" t --where "b.c = 'x'")" = '{"a":2,"b":{"c":"x"}}' ]
	[ "$("$smreplay" t --select b)" = "$(printf '{}\n{"b":{"c":"x"}}')" ]
}

@test "a full device, a closed output, a reader that stops early" {
	seq 1 20000 | sed 's/.*/{"n":&,"t":"some text that fills a pipe soon enough"}/' | load t
	for j in 1 2; do
		rc=0; "$smreplay" -j $j t >/dev/full 2>err || rc=$?
		[ $rc = 4 ]; grep -q '^smreplay: standard output' err
		rc=0; "$smreplay" -j $j t >&- 2>err || rc=$?
		[ $rc = 4 ]
		set +o pipefail
		"$smreplay" -j $j t 2>err | head -n 1 >/dev/null; rc=${PIPESTATUS[0]}
		[ "$rc" = 141 ]; [ ! -s err ]
	done
}

@test "usage: one table, sensible numbers" {
	run -2 --separate-stderr "$smreplay"
	[[ "$stderr" == *"missing operand: TABLE"* ]]
	run -2 "$smreplay" a b
	run -2 "$smreplay" t --threads 1000
	run -2 "$smreplay" t --poll 1s
	run -2 "$smreplay" t --max-gap 1s
	run -2 "$smreplay" t --version-as-of -1
}
