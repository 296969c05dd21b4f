#!/usr/bin/env bats
# smfetch when things go wrong on the way: storms, cut and false bodies, silence, redirects, clocks. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }
items() { define items "$ITEMS"; }
status_count() { jq -s "[.[] | select(.status == $1)] | length" "$J"; }

@test "a storm of 5xx, 429, 408: tried again, every post once" {
	sim generic --posts 300 --fault 500:every=3 --fault 503:every=7,body=html --fault 408:at=5 --fault 429:at=9,retry-after=1 --fault 425:at=12
	fetch "$(items)" >out
	same out; check waits "$J"
}

@test "Retry-After: seconds, a date, a date of a server whose clock is wrong, none" {
	for f in '429:at=2,retry-after=1 0' '429:at=2,retry-after=1,date=1 0' '429:at=2,retry-after=1,date=1 -5000' '503:at=2,retry-after=1 5000' '429:at=2,bare=1 -5000'; do
		sim generic --posts 60 --fault "${f% *}" --fault "skew:${f#* }"
		fetch "$(items)" >out
		same out; check waits "$J"
		[ "$(requests)" = 4 ]
	done
}

@test "an answer that never gets better ends after the tries of the definition: status 4, the place kept" {
	sim generic --posts 100 --fault 502:after=2
	run_ck all "$(items)"
	[ "$RC" = 4 ]; [ "$SAVED" = 4 ]; [ "$(tail -1 ck/journal | jq -r .end)" = error ]
	grep -q '^smfetch: .*502' err
	[ "$(requests)" -ge 6 ]; [ "$(requests)" -le 8 ]
	[ "$(wc -l <all)" = 40 ]
	ctl clear
	run_ck all "$(items)"; [ "$RC" = 0 ]
	same all
	[ "$(check repeats "$J" | wc -l)" = 0 ]
}

@test "bodies that break: cut at Content-Length, in a chunk, by a reset, before the first byte" {
	for f in cut cut:rst=1 cutchunk reset; do
		sim generic --posts 90 --fault "${f%%:*}:at=2,${f#*:}" --fault "${f%%:*}:at=4,count=2,${f#*:}"
		fetch "$(items)" >out || { echo "$f"; false; }
		same out || { echo "$f"; false; }
		[ "$(requests)" = 8 ] || { echo "$f: $(requests)"; false; }
	done
}

@test "bodies that are no whole JSON are never pages: truncated, packed and cut short, garbage, nothing, HTML, something behind" {
	for f in truncate cutgzip badjson empty html trailing nul; do
		sim generic --posts 90 --fault "$f:at=2" --fault "$f:at=4,count=2"
		fetch "$(items)" >out
		same out || { echo "$f"; false; }
		[ "$(requests)" = 8 ] || { echo "$f: $(requests)"; false; }
	done
}

@test "a 204 is an empty page, and nothing is behind it" {
	sim generic --posts 90 --fault 204:at=2
	fetch "$(items)" >out; [ "$(wc -l <out)" = 20 ]; [ "$(requests)" = 2 ]
}

@test "a truncated page that does not get better: status 4, nothing of it given out" {
	sim generic --posts 90 --fault truncate:after=1
	run_ck all "$(items)"
	[ "$RC" = 4 ]; [ "$(wc -l <all)" = 20 ]
	ctl clear; run_ck all "$(items)"; [ "$RC" = 0 ]; same all
}

@test "packed, in chunks, header names in capitals, byte by byte: all the same" {
	sim generic --posts 90 --fault gzip:every=2 --fault chunked:every=3 --fault shout
	fetch "$(items)" >out; same out
	sim generic --posts 40 --fault slow:20000
	fetch "$(items)" >out; same out
}

@test "an answer longer than --max-answer: status 4, the option is named; packed ones count unpacked" {
	for f in '' '--fault gzip'; do
		sim generic --posts 90 $f
		run_ck all "$(items)" --max-answer 500
		[ "$RC" = 4 ]; [ ! -s all ]; grep -q -e 'longer than 500 bytes (--max-answer)' err
		run_ck all "$(items)" --max-answer 1MiB; [ "$RC" = 0 ]; same all
		rm -rf ck all err
	done
	run smfetch "$(items)" --max-answer 0; [ "$status" = 2 ]
}

@test "empty pages, short pages, pages that repeat what was there: only the missing token ends a walk" {
	sim generic --posts 200 --fault emptypage:every=3 --fault short:3,every=2 --fault dup:5,every=2
	fetch "$(items)" >out
	same out
}

@test "next as an address: byte for byte, without the token; as a Link header" {
	for kind in urls links; do
		for name in '' https://api.sim.example; do
			sim generic --posts 90 ${name:+--canonical $name}
			d=$(jq -n --argjson i "$ITEMS" --arg k $kind '$i + {request: {url: "https://api.sim.example/\($k)", query: {limit: "20"}},
				records: (if $k == "urls" then ".items[]" else ".[]" end), next: (if $k == "urls" then {url: ".paging.next"} else {link: "next"} end)}')
			fetch "$(define $kind "$d")" >out
			same out
			[ "$(requests 'limit=20&mark=[0-9]+&empty=&odd=a\+b%2Bc%2F%25$')" = 4 ]
			[ "$(requests access_token)" = 0 ]
		done
	done
}

@test "next addresses and redirects to foreign hosts are refused; the credential reaches nobody" {
	SIM=foreign sim generic --posts 5
	for to in foreign evil "http://127.0.0.1:1/items" "https://api.sim.example.evil.example/items" "https://user@api.sim.example/items" "file:///etc/passwd" "ftp://api.sim.example/"; do
		sim generic --posts 60 --foreign "$U_foreign" --fault "redirect:$to,at=2"
		run fetch "$(items)"
		[ "$status" = 4 ] || { echo "$to: $status $output"; false; }
		[[ "$output" != *"$TOKEN"* ]]
		[ "$(requests)" = 2 ] || { echo "$to: $(requests)"; false; }
	done
	[ ! -s "$J_foreign" ]
	d=$(define urls "$(jq -n --argjson i "$ITEMS" '$i + {request: {url: "https://api.sim.example/urls", query: {limit: "20"}}, next: {url: ".paging.next"}}')")
	for name in "$U_foreign" https://evil.example https://api.sim.example:8443 http://api.sim.example@evil.example; do
		sim generic --posts 60 --canonical "$name"
		run fetch "$d"
		[ "$status" = 4 ] || { echo "$name: $status $output"; false; }
		[ "$(requests)" = 1 ]
	done
	[ ! -s "$J_foreign" ]
}

@test "redirects of the same host are followed, not for ever" {
	sim generic --posts 60 --fault redirect:same,at=2 --fault redirect:https://api.sim.example/items?limit=20,at=4,count=1
	fetch "$(items)" >out; [ "$(jq -r .native_id out | sort | uniq -d | wc -l)" = 0 ]
	sim generic --posts 60 --fault redirect:loop
	run fetch "$(items)"
	[ "$status" = 4 ]; [ "$(requests)" -le 60 ]
}

@test "silence before an answer and in its middle is noticed" {
	long
	sim generic --posts 60 --fault silent:300,at=2 --fault silentbody:300,at=4
	fetch "$(items)" >out
	same out
}

@test "SIGTERM while it waits, while a server is silent: it ends within 5 s, with a mark, status 0" {
	for f in silent:60,at=3 429:at=3,retry-after=300; do
		sim generic --posts 100 --fault "$f"
		rm -rf ck all
		start_ck all "$(items)"
		until_is 5 at_least 3; sleep .2
		start=$SECONDS
		kill -TERM "$FETCH_PID"; wait_ck
		[ "$RC" = 0 ] || { echo "$f: $RC"; false; }
		[ $((SECONDS - start)) -le $((6 * PATIENCE)) ]
		[ "$(tail -1 ck/journal | jq -r .end)" = signal ]
		ctl clear
		run_ck all "$(items)"; [ "$RC" = 0 ]; same all
	done
}

@test "no limit in the answers is no licence: the definition's pace holds through faults, tries and logins" {
	sim generic --posts 300 --set headers=0 --fault 500:every=4 --fault cut:every=5
	fetch "$(define items "$(jq -n --argjson i "$ITEMS" '$i + {pace: "8/1s", retry: {http5xx: "exp:1ms:2ms", net: "exp:1ms:2ms"}}')")" >out
	same out
	check windows "$J" 8/1s
}

@test "a limit told in headers is kept, also when they are at times missing" {
	sim generic --posts 400 --limit items=8/1s --fault noheaders:every=3
	fetch "$(items)" >out
	same out
	check waits "$J"
	[ "$(jq -s '[.[] | select(.over)] | length' "$J")" -le 2 ]
}

@test "shrink: half as many until the server takes it" {
	sim generic --posts 100 --set heavy=6
	fetch "$(define items "$(jq -n --argjson i "$ITEMS" '$i + {vars: {page_size: 50}, outcome: "if $status == 413 then \"shrink:page_size\" else null end"}')")" >out
	same out
	[ "$(jq -s '[.[] | select(.status == 413)] | length' "$J")" -le 4 ]
}

@test "outcomes: ok, skip, later, error in words" {
	sim generic --posts 40 --set later=2 --set gone=6
	d=$(define things '{"vars":{"id":""},"each":"id","parallel":4,"list":{"request":{"url":"https://api.sim.example/list"},"values":".ids[]"},
		"request":{"url":"https://api.sim.example/thing/${id}"},"records":".items[]?","cursor":{"field":"native_id","cmp":"lenlex","order":"asc"},
		"outcome":"if $status == 410 then \"skip\" elif $status == 200 and . == null then \"later:0.1\" else null end"}')
	fetch "$d" >out
	same out '(.i % 6) != 1'
	d=$(define items "$(jq -n --argjson i "$ITEMS" '$i + {outcome: "if $status == 418 then \"ok\" elif $status == 451 then \"error:not for your country\" else null end"}')")
	ctl 'fault?spec=451:at=2'
	run fetch "$d"; [ "$status" = 4 ]; [[ "$output" == *"not for your country"* ]]
}

@test "expired credentials: one more login at most, then status 4" {
	sim generic --posts 60 --set auth=1 --fault 401:after=1
	run fetch "$(items)"; [ "$status" = 4 ]; [ "$(requests)" -le 4 ]
}

@test "nobody listens: tried again, then status 4" {
	sim generic --posts 5; ctl stop; sleep .8
	run fetch "$(items)"
	[ "$status" = 4 ]; [[ "$output" == smfetch:* ]]
}

@test "--raw keeps an item byte for byte, with the numbers that no double holds" {
	sim generic --posts 40
	fetch "$(items)" --raw >out
	same out
	jq -r .raw out | grep -qE '"big":9007199254740[0-9]+|"big":9007199254[0-9]+'
	# `raw` is byte for byte what the server sent.
	curl -s "$U/items?limit=40" | python3 -c 'import json,sys; t = sys.stdin.read(); d = json.JSONDecoder(); k = t.index("[") + 1
while t[k] == "{": e = d.raw_decode(t, k)[1]; print(json.dumps(t[k:e])); k = e + 1' | jq -r . | sort >want
	jq -r .raw out | sort | cmp - want
}
