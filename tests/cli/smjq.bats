#!/usr/bin/env bats
# smjq: bytes and ids kept, marks, options, errors. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"
unset -f jq   # what smjq is compared with is jq itself

setup() {
	T=${SM_BIN:?}/smjq
	cd "$BATS_TEST_TMPDIR" || return 1
	printf '%s\n' '{"id": 675127116845989889, "t":"a b","x":1.0}' '{"id":2,"t":"\u00e9\n","x":1.50}' >good
}

@test "a record that passes unchanged keeps its bytes" {
	"$T" . good | cmp - good
	"$T" 'select(.id == 2)' good | cmp - <(tail -1 good)
	"$T" '.x |= .' good | cmp - good
}

@test "ids keep their digits as values, text and literals" {
	[ "$("$T" .id good)" = $'675127116845989889\n2' ]
	[ "$("$T" -r '"x\(.id)"' good)" = $'x675127116845989889\nx2' ]
	[ "$("$T" -c '{id}' good | head -1)" = '{"id":675127116845989889}' ]
	[ "$("$T" 'select(.id == 675127116845989888)' good)" = "" ]
	[ "$("$T" 'select(.id == 675127116845989889) | .t' good)" = '"a b"' ]
	[ "$("$T" --argjson id 675127116845989889 2>&1; echo $?)" != 0 ]
	[ "$("$T" --argjson id=675127116845989889 'select(.id == $id) | .t' good)" = '"a b"' ]
}

@test "ids of a whole sample come out as jq cannot bring them out" {
	"$SM_BIN/smgen" -n 3000 >posts
	"$T" . posts | cmp - posts
	"$T" -r '.native_id' posts >a
	jq -r '.native_id' posts | cmp - a
	"$T" '{n: (.native_id | tonumber? // 0), o: .}' posts | "$T" -c '.o' | jq -c . >b
	jq -c . posts | cmp - b
}

@test "marks pass unchanged and in their place" {
	printf '%s\n' '{"$mark":{"v":1,"stream":"s","from":0,"seq":1,"cursor":null,"new":[1]}}' '{"a":1}' '{"a":2}' \
		'{"$mark":{"v":1,"stream":"s","from":0,"seq":2,"cursor":{"x": 1}}}' '{"a":3}' '{"$mark":{"v":1,"stream":"s","from":0,"seq":3,"cursor":3,"end":"done"}}' >m
	"$T" . m | cmp - m
	"$T" 'select(.a == 2) | .a' m >out
	printf '%s\n' "$(sed -n 1p m)" 2 "$(sed -n 4p m)" "$(sed -n 6p m)" | cmp - out
	"$T" empty m | cmp - <(grep mark m)
}

@test "a line that begins as a mark and is none stops it, whatever --on-error says" {
	printf '{"a":1}\n{"$mark":{"v":1,"seq":"x"}}\n' >m
	run --separate-stderr "$T" --on-error=skip . m
	[ "$status" = 3 ]; [[ "$stderr" == "smjq: m:2:"*'"seq"'* ]]; [ "$output" = '{"a":1}' ]
}

@test "a program cannot forge a mark" {
	run --separate-stderr "$T" '{"$mark": .x}' good
	[ "$status" = 3 ]; [ -z "$output" ]; [[ "$stderr" == *"good:1: jq: a record must not begin with the member \$mark"* ]]
	run --separate-stderr "$T" -r '"{\"$mark\":1}"' good
	[ "$status" = 3 ]; [ -z "$output" ]
}

@test "a failing record: file and line; skip and reject go on, nothing of it is written" {
	printf '{"a":"1"}\n{"a":{}}\n{"a":"3"}\n' >r
	run --separate-stderr "$T" '1, (.a | tonumber)' r
	[ "$status" = 3 ]; [ "$output" = $'1\n1' ]; [[ "$stderr" == "smjq: r:2: jq: "*"cannot be parsed as a number"* ]]
	run --separate-stderr "$T" --on-error=skip '1, (.a | tonumber)' r
	[ "$status" = 1 ]; [ "$output" = $'1\n1\n1\n3' ]; [[ "$stderr" == *"1 bad record skipped"* ]]
	run --separate-stderr "$T" --on-error=reject=rej '.a | tonumber' r
	[ "$status" = 1 ]; [ "$output" = $'1\n3' ]
	[ "$(jq -c '[.tool,.file,.line,.record]' rej)" = '["smjq","r",2,"{\"a\":{}}"]' ]
}

@test "what is not an object is a bad record" {
	for bad in '[1]' '"x"' '7' '{"a":1' '{"a":1}}' '{"a":"\ud800"}' $'{"a":"\xff"}'; do
		printf '%s\n' "$bad" >b
		run --separate-stderr "$T" . b
		[ "$status" = 3 ] || { echo "$bad: $status"; false; }
		[ -z "$output" ]; [[ "$stderr" == "smjq: b:1:"* ]]
	done
}

@test "--arg and --argjson: two words as jq has it, or NAME=VALUE; all digits stay" {
	for form in '--arg who ana --argjson n 675127116845989889' '--arg who=ana --argjson n=675127116845989889' '--arg=who ana --argjson=n=675127116845989889'; do
		run -0 "$T" $form '{who: $who, n: $n}' <<<'{"a":1}'
		[ "$output" = '{"who":"ana","n":675127116845989889}' ]
	done
	run -0 "$T" --arg x '' --arg y 'a=b' --arg z=c=d '[$x, $y, $z]' <<<'{"a":1}'
	[ "$output" = '["","a=b","c=d"]' ]
	run -0 "$T" '[$x]' --arg x -1 <<<'{"a":1}'
	[ "$output" = '["-1"]' ]
}

@test "options: -f, --arg, -r, -e, several files, compressed input" {
	echo '.t == $a # comment' >prog
	[ "$("$T" -f prog --arg a='a b' good good)" = $'true\nfalse\ntrue\nfalse' ]
	gzip -k good
	[ "$("$T" -r .t good.gz | od -An -c | tr -d ' \n')" = 'ab\n303251\n\n' ]
	"$T" -e '.id' good >/dev/null
	run "$T" -e '.nope' good; [ "$status" = 1 ]
	run "$T" -e 'empty' good; [ "$status" = 1 ]
	run --separate-stderr "$T" . good --arg nope; [ "$status" = 2 ]; [[ "$stderr" == *'--arg nope requires a value'* ]]
	run --separate-stderr "$T" --arg 'a b' c . good; [ "$status" = 2 ]
	run --separate-stderr "$T" --argjson 'x={' . good; [ "$status" = 2 ]; [[ "$stderr" == *'$x'* ]]
}

@test "a program that does not compile: status 2, what and where, nothing read" {
	run --separate-stderr "$T" '.a |
foo' good
	[ "$status" = 2 ]; [ -z "$output" ]; [[ "$stderr" == *"foo/0 is not defined (line 2 of the program)"* ]]
	run --separate-stderr "$T"; [ "$status" = 2 ]
	run --separate-stderr "$T" -f nope good; [ "$status" = 4 ]; [[ "$stderr" == *nope* ]]
}

@test "~/.jq does not change what a pipe does; the environment is visible as in jq" {
	mkdir h; echo 'def foo: 1;' >h/.jq
	HOME=$PWD/h run "$T" foo good; [ "$status" = 2 ]
	[ "$(X=y "$T" -r '$ENV.X + env.X' good | head -1)" = yy ]
}

@test "a rejected record is in its file before the mark behind it is passed" {
	mkfifo p
	"$T" --on-error=reject=rej '.a.b' <p >out 2>err &
	pid=$!
	exec 7>p
	printf '{"a":1}\n{"$mark":{"v":1,"seq":1}}\n' >&7
	for _ in $(seq 100); do [ -s out ] && break; sleep .05; done
	[ -s out ]; [ "$(wc -l <rej)" = 1 ]
	kill -9 $pid; exec 7>&-
}

@test "arithmetic gives jq's doubles, never another id; numbers from text keep their digits" {
	echo '{"a":9007199254740993,"b":9007199254740992,"s":"9007199254740993","j":"{\"id\":282324313233842177}"}' >n
	[ "$("$T" '.b + 2' n)" = 9007199254740994 ]
	[ "$("$T" '.b + 2' n)" = "$(jq '.b + 2' n)" ]
	[ "$("$T" '.a - .b, ([.a, .b] | add), .a == .b' n)" = $'0\n18014398509481984\nfalse' ]
	[ "$("$T" -c '(.s | tonumber), ((.s | tonumber) == .a), (.j | fromjson)' n)" = $'9007199254740993\ntrue\n{"id":282324313233842177}' ]
	[ "$("$T" -c '(.s | tonumber) == 9007199254740993' <<<'{"s":"9007199254740993"}')" = true ]
	jq -nc '{ids: [range(1000) | 1]}' | sed 's/1,/1400000000000000000,/; s/1]/1400000000000000999]/' >ids
	[ "$("$T" '.ids[999] - .ids[0]' ids)" = 1024 ]
	run --separate-stderr "$T" --on-error=skip '.s + "7" | tonumber' n
	[ "$status" = 1 ]; [ -z "$output" ]
}

@test "a program that begins with - goes after --, and the error says so" {
	run -2 "$T" '-.id' <<<'{"id":1}'
	[[ "$output" == *"unknown option '-.': what begins with - goes after --"* ]]
	[ "$("$T" -- '-.id' <<<'{"id":1}')" = -1 ]
}

@test "a record on which libjq would abort, crash or hang is a bad record" {
	printf '%s\n' '{"ts":1,"s":"a"}' '{"ts":1e300,"s":"é"}' '{"ts":2,"s":""}' >r
	run --separate-stderr "$T" --on-error=skip '.ts|todate' r
	[ "$status" = 1 ]; [ "$output" = $'"1970-01-01T00:00:01Z"\n"1970-01-01T00:00:02Z"' ]; [[ "$stderr" == *"1 bad record skipped"* ]]
	run --separate-stderr "$T" '.ts|todate' r
	[ "$status" = 3 ]; [[ "$stderr" == "smjq: r:2: jq: "*"is not a time"* ]]
	run --separate-stderr "$T" '.|todate' <<<12345678901234567891
	[ "$status" = 3 ]; [[ "$stderr" != *12345678901234570000* ]]      # another number than the record's
	[ "$(timeout 60 "$T" -c '[.s | match("";"g").offset], (.s | gsub("x*";"-")), (.s | index(""))' r | tail -6 | head -3)" = $'[0]\n"-é"\nnull' ]
	run --separate-stderr "$T" --on-error=skip '.[.ts|tostring], .a[.ts]=1 | length' r
	[ "$status" = 1 ]
	[ "$("$T" 'reduce range(1000000) as $i (0;[.])|length' r | head -1)" = 1 ]
	run --separate-stderr "$T" 'reduce range(1000000) as $i (0;[.])' r
	[ "$status" = 3 ]; [[ "$stderr" == *"nested more than 128 levels"* ]]
}

@test "modules are refused when the program is compiled" {
	for p in 'import "a" as a; .' 'include "a"; .' 'import "a" as $a; .' 'module {}; .'; do
		run --separate-stderr "$T" "$p" good
		[ "$status" = 2 ] || { echo "$p: $status"; false; }
		[[ "$stderr" == *"no modules are loaded"* ]]
	done
	run --separate-stderr "$T" debug good
	[ "$status" = 3 ]; [[ "$stderr" == *"debug is not for a stream"* ]]
}
