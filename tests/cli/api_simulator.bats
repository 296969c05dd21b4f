#!/usr/bin/env bats
# The simulator itself, by curl: what the tests of smfetch stand on. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; A="Authorization: Bearer sim-token"; }
teardown() { api_teardown; }
get() { curl -gs -H "$A" -A test "$@"; }
code() { curl -gs -o body -w '%{http_code}' -H "$A" -A test "$@"; }

@test "the same seed and end make the same world, it grows, is edited, loses posts" {
	sim x --posts 50 --seed 7 --end 1790000000; world >a
	sim x --posts 50 --seed 7 --end 1790000000; world | cmp - a
	sim x --posts 50 --seed 8 --end 1790000000; world >c; not cmp -s a c
	ctl 'grow?n=3'; ctl 'edit?i=1'; ctl 'delete?i=2'
	world >b; [ "$(wc -l <b)" = 53 ]; [ "$(jq -s '[.[] | select(.gone)] | length' b)" = 1 ]
	[ "$(sed -n 2p b | jq -r .native_id)" != "$(sed -n 2p a | jq -r .native_id)" ]
}

@test "it ends with its parent" {
	bash -c "python3 '$API_DIR/simulator.py' x --parent \$\$ >port & sleep .5"
	until_is 5 bash -c "! curl -s http://127.0.0.1:$(cat port)/_control/stats"
}

@test "x: pages to the end, errors that name the parameter, limits, tokens that belong to a query" {
	sim x --posts 230 --limit recent=6/1h
	t= n=0
	for i in 1 2 3; do get "$U/2/tweets/search/recent?query=a&max_results=100${t:+&next_token=$t}" >p; n=$((n + $(jq '.data | length' p))); t=$(jq -r '.meta.next_token // ""' p); done
	[ $n = 230 ]; [ -z "$t" ]
	[ "$(code "$U/2/tweets/search/recent?query=a&foo=1")" = 400 ]; grep -q 'parameter \[foo\]' body
	[ "$(code "$U/2/tweets/search/recent?query=a&max_results=5")" = 400 ]
	get "$U/2/tweets/search/recent?query=a&max_results=50" >p
	[ "$(code "$U/2/tweets/search/recent?query=b&max_results=50&next_token=$(jq -r .meta.next_token p)")" = 400 ]; grep -q "Invalid 'next_token'" body
	code "$U/2/tweets/search/recent?query=a" >/dev/null; [ "$(code "$U/2/tweets/search/recent?query=a")" = 429 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "$U/2/tweets/search/recent?query=a")" = 401 ]
}

@test "mastodon: max_id goes back, min_id forward; facebook: next to the end; reddit: after" {
	sim mastodon --posts 100
	get -D h "$U/api/v1/timelines/public?limit=40&min_id=0" >p
	[ "$(jq -r '.[-1].id' p)" = "$(world | head -1 | jq -r .native_id)" ]; grep -qi '^link: .*rel="next".*rel="prev"' h; grep -qiE '^x-ratelimit-reset: 20..-..-..T' h
	[ "$(get "$U/api/v1/timelines/public?limit=40&max_id=$(jq -r '.[-1].id' p)")" = '[]' ]
	sim facebook --posts 120 --set here=1
	url="$U/v26.0/1234/feed?limit=10"; : >ids; empty=0
	while [ "$url" != null ]; do get "$url" >p; jq -r '.data[].id' p >>ids; [ "$(jq '.data | length' p)" != 0 ] || empty=1; url=$(jq -r .paging.next p); done
	[ "$(sort ids | uniq | wc -l)" = 120 ]; [ "$(wc -l <ids)" = 120 ]; [ $empty = 1 ]; grep -q after p
	sim reddit --posts 250
	A="Authorization: Bearer $(curl -s -A me -u sim-id:sim-secret -d grant_type=client_credentials "$U/api/v1/access_token" | jq -r .access_token)"
	t= ; : >ids; for i in 1 2 3; do get -D h$i "$U/r/unix/new?limit=100&after=$t" >p; jq -r '.data.children[].data.name' p >>ids; t=$(jq -r .data.after p); done
	[ "$t" = null ]; [ "$(sort -u ids | wc -l)" = 250 ]; [ "$(wc -l <ids)" = 252 ]; [ "$(cat h? | grep -ci '^x-ratelimit-remaining: [0-9]*\.0')" = 2 ]
	ctl expire; [ "$(code "$U/r/unix/new")" = 401 ]
}

@test "faults: cut, cut packed, truncated, silent, redirects, skew, slow" {
	sim generic --posts 60
	whole=$(get "$U/items?limit=20" | wc -c)
	f() { ctl clear >/dev/null; ctl "fault?spec=$1" >/dev/null; }
	f cut; rc=0; get "$U/items?limit=20" >p || rc=$?; [ $rc = 18 ]; [ "$(wc -c <p)" -lt "$whole" ]
	f cutchunk; rc=0; get "$U/items?limit=20" >p || rc=$?; [ $rc = 18 ]
	f reset; rc=0; get "$U/items?limit=20" >p || rc=$?; [ $rc = 52 ] || [ $rc = 56 ]
	f cutgzip; rc=0; get --compressed "$U/items?limit=20" >p || rc=$?; [ "$(wc -c <p)" -lt "$whole" ]
	f truncate; get "$U/items?limit=20" >p; not jq . p >/dev/null 2>&1
	f silent:0.3; rc=0; get "$U/items" >p || rc=$?; [ $rc = 52 ]
	f redirect:evil; get -D h "$U/items" >p; grep -q '^Location: https://evil.example/items' h
	f skew:3600; get -D h "$U/items" >p; d=$(date -d "$(sed -n 's/\r//; s/^Date: //p' h)" +%s); [ $((d - EPOCHSECONDS)) -ge 3590 ]
	f slow:20000; s=${EPOCHREALTIME/./}; get "$U/items?limit=40" >p; [ $((${EPOCHREALTIME/./} - s)) -ge 300000 ]
	f 429:at=2,retry-after=7; [ "$(code "$U/items")" = 200 ]; get -D h "$U/items" >p; grep -q '^Retry-After: 7' h; [ "$(code "$U/items")" = 200 ]
	f echo; get "$U/items" | grep -q 'Bearer sim-token'
	f gzip; get -D h --compressed "$U/items?limit=20" | jq -e '.items | length == 20'; grep -qi 'content-encoding: gzip' h
}

@test "x: a reader that takes nothing is dropped" {
	sim x --posts 10 --set rules=1 --set queue=50000 --set sndbuf=8192 --set backlog=10
	(get -N "$U/2/tweets/search/stream" | sleep 4) 3>&- & pid=$!
	until_is 5 [ "$(stat_of streams_open)" = 1 ]; ctl 'grow?n=4000'
	dropped() { [ "$(stat_of streams_dropped)" = 1 ]; }
	until_is 8 dropped
	kill $pid 2>/dev/null || true
}

@test "the journal has every request with its answer; the judge sees what is wrong" {
	sim generic --posts 60 --limit items=4/1h
	for i in 1 2 3 4 5; do get "$U/items?limit=20" >/dev/null; done
	[ "$(requests)" = 5 ]; [ "$(jq -s '[.[] | select(.status)] | length' "$J")" = 5 ]
	not check over "$J"; not check windows "$J" 3/1m; check windows "$J" 5/1m
	get "$U/items" >/dev/null; not check waits "$J"
	[ "$(check repeats "$J" | wc -l)" = 4 ]
	get "$U/lines" >/dev/null; ctl 'set?headers=0'
	world | jq -c '{native_id}' >out; same out; sed -i 1d out; not same out; head -2 out >>out; not same out
	printf 'x%sy' "$(printf 'ab%s' "$TOKEN" | base64 -w0)" >f; not check secret f -- "$TOKEN"
	printf '%s' "$TOKEN" | xxd -p -c 99 2>/dev/null >f || printf '%s' "$TOKEN" | od -An -tx1 | tr -d ' \n' >f; not check secret f -- "$TOKEN"
	jq -n --arg t "$TOKEN" '{$t}' >f; not check secret f -- "$TOKEN"
	echo nothing >f; check secret f -- "$TOKEN"
}

@test "websockets: handshake, frames in parts, pings, close" {
	sim jetstream --posts 60 --set fragments=1 --set ping=0.1 --set pong=0.3
	python3 - "$P" <<-'E'
	import base64, os, socket, struct, sys
	def client(port, path):
	    s = socket.create_connection(("127.0.0.1", port))
	    key = base64.b64encode(os.urandom(16)).decode()
	    s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
	    f = s.makefile("rb")
	    assert b"101" in f.readline()
	    while f.readline().strip(): pass
	    return s, f
	def frame(f):
	    a, b = f.read(2); n = b & 127
	    if n == 126: n = struct.unpack(">H", f.read(2))[0]
	    return a >> 7, a & 15, f.read(n)
	s, f = client(int(sys.argv[1]), "/subscribe?cursor=1&wantedCollections=app.bsky.feed.post")
	whole, pings, part = 0, 0, b""
	while whole < 60:
	    fin, op, body = frame(f)
	    if op == 9: pings += 1; s.sendall(bytes([0x8a, 0x80 | len(body), 0, 0, 0, 0]) + body); continue
	    part += body
	    if fin: whole += 1; assert part[0:1] == b"{" and part[-1:] == b"}"; part = b""
	assert pings >= 60, pings
	# Whoever does not answer pings is dropped without a close frame.
	while True:
	    h = f.read(2)
	    if not h: break
	    f.read(h[1] & 127)
	E
	[ "$(stat_of late_pongs)" = 1 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "$U/subscribe")" = 426 ]
}
