#!/usr/bin/env bats
# smfetch when a server says what no server should: each fault is that of its own job, page or item. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

load peer.bash

# --- headers ---

@test "a header line of 110 kB is the fault of its job: the others go on, the run has its closing mark" {
	peer <<-'P'
	def answer(r):
	    if r.path == "/bad":
	        return 200, {}, {"X": "a" * 110000}
	    n = int(r.q.get("after", 1))
	    return {"items": [{"id": n}], "next": n + 1 if n < 6 else None}
	P
	d=$(define w "$(jq -n --argjson p "$PAGES" '$p + {vars: {path: "items"}} | .request.url = "https://api.sim.example/${path}"')")
	printf '%s\n' "{\"name\":\"good\",\"source\":\"$d\"}" "{\"name\":\"bad\",\"source\":\"$d\",\"vars\":{\"path\":\"bad\"}}" >jobs
	for run in 1 2; do
		rm -f all; run_ck all --jobs jobs
		[ "$RC" = 4 ]; grep -q '^smfetch: bad: a header is too long' err
		[ "$(tail -1 ck/journal | jq -r .end)" = error ]
		[ $run = 2 ] || [ "$(ids all)" = "1 2 3 4 5 6 " ]
	done
}

@test "a Link header of 95,000 '<' is read in one go" {
	peer <<-'P'
	def answer(r):
	    more = {"Link": "<" * 95000} if r.q.get("page") == "2" else {"Link": "<?page=2>; rel=\"next last\""}
	    return 200, {"items": [{"id": r.n}]}, more
	P
	run timeout 300 smfetch http-json url="$U/a" records=items; [ "$status" = 0 ]
	[ "$output" = "$(printf '{"id": 1}\n{"id": 2}' | tr -d ' ')" ]
}

# --- what a status means ---

# statuses: a script for pages, a stream, a login and rules, each answered with the status that its address names twice, then as it should be. A server
# counts what it was asked, so each status has its own.
statuses() {
	cat >script <<-'P'
	asked = {}
	def answer(r):
	    kind, status = r.path.split("/")[1:3]
	    what = r.path.split("/")[3] if len(r.path.split("/")) > 3 else ""
	    asked[r.path] = asked.get(r.path, 0) + 1
	    if kind in ("pages", "stream") or what in ("login", "rules"):
	        if asked[r.path] <= 2:
	            return int(status), {"message": "not now"}
	    if what == "login":
	        return {"token": "sessiontoken"}
	    if what == "rules":
	        return {"data": []}
	    if kind in ("stream", "rules"):
	        return 200, iter([b'{"id": 1}\n'])
	    return {"items": [{"id": 1}]}
	P
	define pages '{"vars":{"s":null},"request":{"url":"https://api.sim.example/pages/${s}"}}' >/dev/null
	define stream '{"vars":{"s":null},"transport":"lines","records":".","request":{"url":"https://api.sim.example/stream/${s}"}}' >/dev/null
	define login '{"vars":{"s":null},"request":{"url":"https://api.sim.example/login/${s}"},"secrets":{"p":"peer-password"},
		"auth":{"login":{"url":"https://api.sim.example/login/${s}/login","json":{"p":{"secret":"p"}},"token":".token"}}}' >/dev/null
	define rules '{"vars":{"s":null},"transport":"lines","records":".","request":{"url":"https://api.sim.example/rules/${s}"},
		"rules":{"list":{"request":{"url":"https://api.sim.example/rules/${s}/rules"},"values":".data[]?"},
		"add":{"request":{"url":"https://api.sim.example/rules/${s}/rules","body":"{add: .}"}},
		"remove":{"request":{"url":"https://api.sim.example/rules/${s}/rules","body":"{delete: .}"}}}}' >/dev/null
}

@test "a status means the same for pages, streams, logins and rules: try again" {
	statuses
	for s in 408 425 429 500 502 599; do
		peer <script
		for kind in pages stream login rules; do
			r=(); [ $kind != rules ] || r=(--rule cats)
			fetch ./$kind.json s=$s --max-records 1 "${r[@]}" >out 2>err || { echo "$kind $s: $? $(cat err)"; false; }
			[ "$(wc -l <out)" = 1 ] || { echo "$kind $s"; false; }
		done
	done
}

@test "a status means the same for pages, streams, logins and rules: an error, asked for once" {
	statuses
	for s in 400 403 404 410 422; do
		peer <script
		for kind in pages stream login rules; do
			: >"$J"; r=(); [ $kind != rules ] || r=(--rule cats)
			run fetch ./$kind.json s=$s --max-records 1 "${r[@]}"
			[ "$status" = 4 ] || { echo "$kind $s: $status"; false; }
			[[ "$output" == *"$s"* ]] || { echo "$kind $s: $output"; false; }
			[ "$(asked | wc -l)" = 1 ] || { echo "$kind $s: asked $(asked)"; false; }
		done
	done
}

@test "a word of outcome that means nothing is an error that says so, for pages and streams" {
	peer <<-'P'
	def answer(r):
	    return 400, {}
	P
	define p '{"request":{"url":"https://api.sim.example/x"},"outcome":"\"retryy\""}' >/dev/null
	define s '{"transport":"lines","request":{"url":"https://api.sim.example/x"},"outcome":"\"retryy\""}' >/dev/null
	for d in p s; do
		run fetch ./$d.json; [ "$status" = 3 ]; [ "$output" = "smfetch: 'outcome' returned 'retryy', which is not an outcome" ]
	done
	define k '{"transport":"lines","request":{"url":"https://api.sim.example/x"},"outcome":"\"shrink:n\""}' >/dev/null
	run fetch ./k.json; [ "$status" = 4 ]; [[ "$output" == *"shrink: is not possible for a stream" ]]
}

@test "after a 429 nothing that was queued goes out" {
	peer <<-'P'
	import time
	state = {"n": 0}
	def answer(r):
	    if r.path == "/list":
	        return list(range(1, 31))
	    state["n"] += 1
	    if state["n"] == 1:
	        return 429, {}, {"Retry-After": "3"}
	    if state["n"] <= 16:    # the 429 is the first answer, on any machine
	        time.sleep(1)
	    return {"items": [{"id": int(r.path.split("/")[-1])}]}
	P
	d=$(define l '{"vars":{"item":""},"each":"item","parallel":16,"request":{"url":"https://api.sim.example/item/${item}"},
		"list":{"request":{"url":"https://api.sim.example/list"},"values":".[]"},"cursor":{"value":".id","cmp":"num","order":"asc"}}')
	fetch "$d" >out; [ "$(ids out)" = "$(seq 1 30 | tr '\n' ' ')" ]
	# What had gone out before the first answer came: one a connection.
	jq -s -e '[.[] | select(.[1] | startswith("/item"))] | .[0][0] as $t | [.[] | select(.[0] - $t < 2.5)] | length <= 6' "$J"
}

@test "nobody listens, a name is not known: status 4, also when a login fails so" {
	d=$(define w "$PAGES")
	run smfetch "$d" --endpoint http://127.0.0.1:1 --max-wait 0s; [ "$status" = 4 ]
	run smfetch "$d" --endpoint http://127.0.0.1:1; [ "$status" = 4 ]; [[ "$output" == *"giving up after 5 tries" ]]
	d=$(define l '{"request":{"url":"https://api.sim.example/i"},"secrets":{"p":"peer-password"},"retry":{"net":"lin:10s:20s","tries":3},
		"auth":{"login":{"url":"https://api.sim.example/login","json":{"p":{"secret":"p"}},"token":".token"}}}')
	run smfetch "$d" --endpoint http://127.0.0.1:1 --max-wait 1s; [ "$status" = 4 ]; [[ "$output" == *"the login failed"* ]]
	# A real limit is another thing.
	peer <<-'P'
	def answer(r):
	    return 429, {}, {"Retry-After": "7200"}
	P
	d=$(define w "$PAGES"); run fetch "$d"; [ "$status" = 75 ]
}

# --- pages and places ---

@test "pages that lead round with nothing new are an error, however many, with --dedup 0 as well" {
	peer <<-'P'
	def answer(r):
	    n = int(r.path[1:])
	    i = int(r.q.get("after", 0))
	    return {"items": [{"id": 100 - i}], "next": (i + 1) % n if i or n > 1 else 0}
	P
	for n in 1 2 3 7; do
		for dedup in 262144 0; do
			d=$(define c "$(jq -n --argjson p "$PAGES" --arg n $n '$p + {next: {token: ".next | tostring", param: "after"}} | .request.url = "https://api.sim.example/" + $n')")
			: >"$J"; run fetch "$d" --dedup $dedup
			[ "$status" = 4 ] || { echo "$n, $dedup: $status"; false; }
			[[ "$output" == *"form a loop"* ]]
			[ "$(asked | wc -l)" -le $((5 * n + 5)) ] || { echo "$n, $dedup: $(asked | wc -l) requests"; false; }
		done
	done
}

@test "a token that stays the same leads on while something new comes; an empty page that leads to itself is the last" {
	peer <<-'P'
	state = {"n": 0}
	def answer(r):
	    state["n"] += 1
	    return {"items": [{"id": 100 - state["n"]}] if state["n"] <= 20 else [], "next": "scroll"}
	P
	d=$(define w "$PAGES")
	fetch "$d" --dedup 0 >out; [ "$(wc -l <out)" = 20 ]
}

@test "a next address that is refused is not kept as the place: the next run goes on" {
	peer <<-'P'
	import os
	def answer(r):
	    n = int(r.q.get("page", 1))
	    to = "https://evil.example/" if n == 2 and os.path.exists("bad") else ("x" * 20000 + "/?page=3" if n == 2 and os.path.exists("long") else "https://api.sim.example/i?page=%d" % (n + 1))
	    return {"items": [{"id": 100 - n}], "next": to if n < 4 else None}
	P
	d=$(define w "$(jq -n --argjson p "$PAGES" '$p + {next: {url: ".next"}}')")
	for fault in bad long; do
		rm -rf ck all; touch $fault
		run_ck all "$d"; [ "$RC" = 4 ]
		not grep -qE 'evil|xxxx' ck/journal
		rm $fault
		run_ck all "$d"; [ "$RC" = 0 ]; [ "$(ids all)" = "96 97 98 99 " ]
	done
	# One that an older release has kept.
	rm -rf ck all; touch bad; run_ck all "$d"; rm bad
	sed -i 's#https://api.sim.example/i?page=2#https://evil.example/i?page=2#g' ck/journal
	rm -f all; run_ck all "$d"; [ "$RC" = 0 ]; grep -q "restarting from the first page" err; [ "$(ids all)" = "96 97 98 99 " ] || [ "$(ids all)" = "96 97 98 " ]
}

@test "a value that is never there is left out in the end, and said" {
	peer <<-'P'
	def answer(r):
	    if r.path == "/list":
	        return list(range(1, 4))
	    i = int(r.path.split("/")[-1])
	    return None if i == 2 else {"items": [{"id": i}]}
	P
	d=$(define l '{"vars":{"item":""},"each":"item","parallel":16,"request":{"url":"https://api.sim.example/item/${item}"},"records":".items[]?",
		"list":{"request":{"url":"https://api.sim.example/list"},"values":".[]"},"cursor":{"value":".id","cmp":"num","order":"asc"},
		"outcome":"if . == null then \"later:0.01\" else null end"}')
	run --separate-stderr fetch "$d"; [ "$status" = 0 ]; [ "${#lines[@]}" = 2 ]; [[ "$stderr" == *"2 still does not exist after 10 tries: skipped"* ]]
	# Over runs, too: each asks once.
	for i in $(seq 12); do run_ck all "$d"; [ "$RC" = 0 ]; done
	[ "$(cursor | jq -c '.jobs[].open // {}')" = '{}' ]
	[ "$(asked | grep -c item/2)" -le 24 ]
}

# --- items and pages that cannot be read ---

@test "a lone surrogate, bytes that are no UTF-8, NaN: each is one bad record of its page; a BOM is none" {
	peer <<-'P'
	pages = {"lone": b'{"items":[{"id":1,"text":"\\ud83d"},{"id":2}]}', "bytes": b'{"items":[{"id":1,"text":"caf\xe9"},{"id":2}]}',
	    "nan": b'{"items":[{"id":2},{"id":1,"text":NaN}]}', "control": b'{"items":[{"id":1,"text":"a\x01"},{"id":2}]}'}
	def answer(r):
	    if r.path == "/bom":
	        return 200, b'\xef\xbb\xbf{"items":[{"id":2}]}'
	    return 200, pages[r.path[1:]]
	P
	d=$(define w "$(jq -n --argjson p "$PAGES" '$p + {vars: {path: null}} | .request.url = "https://api.sim.example/${path}"')")
	for p in lone bytes nan control; do
		rc=0; fetch "$d" path=$p --on-error=skip >out 2>err || rc=$?; [ $rc = 1 ]
		[ "$(jq -c .native_id out)" = '"2"' ] || { echo "$p: $(cat out)"; false; }
		grep -q '1 bad record skipped' err
		rm -f rej; rc=0; fetch "$d" path=$p --on-error=reject=rej >out 2>err || rc=$?; [ $rc = 1 ]
		jq -e '(.record // (.record_base64 | @base64d)) | startswith("{\"id\":1,")' rej
		run fetch "$d" path=$p; [ "$status" = 3 ]; [[ $output == *" at byte "[0-9]*" of the response: "* ]]
		# The same by a program for jq.
		run --separate-stderr smfetch http-json url="$U/$p" records=items --on-error=skip --max-wait 2s
		[ "$status" = 1 ]; [ "$output" = '{"id":2}' ]
	done
	fetch "$d" path=bom >out; [ "$(jq -c .native_id out)" = '"2"' ]
	run smfetch http-json url="$U/bom" records=items; [ "$output" = '{"id":2}' ]
}

@test "one item without an id in a page of a hundred is one bad record" {
	peer <<-'P'
	def answer(r):
	    return {"items": [{"id": i} if i != 50 else {"x": 1} for i in range(100)]}
	P
	run --separate-stderr smfetch http-json url="$U/a" records=items key=id --on-error=skip; [ "$status" = 1 ]; [ "${#lines[@]}" = 99 ]
	run smfetch http-json url="$U/a" records=items key=idd; [ "$status" = 3 ]; [[ "$output" == *"the object has no idd"* ]]
}

@test "a page that can never be read is set aside whole, and the stream goes on" {
	peer <<-'P'
	def answer(r):
	    i = int(r.path.split("/")[-1])
	    return 200, b'{"items":[{"id":%d}],"note":"\\ud83d"}' % i if i == 2 else b'{"items":[{"id":%d}]}' % i
	P
	d=$(define e '{"vars":{"item":""},"each":"item","request":{"url":"https://api.sim.example/item/${item}"}}')
	seq 3 >in; rc=0; fetch "$d" - --on-error=reject=rej <in >out 2>err || rc=$?; [ $rc = 1 ]
	[ "$(ids out)" = "1 3 " ]; grep -q 'unreadable page' err
	[ "$(jq -r .record rej)" = '{"items":[{"id":2}],"note":"\ud83d"}' ]; jq -e '.error | test("surrogate")' rej
	run fetch "$d" item=2 --on-error=skip; [ "$status" = 1 ]
	run fetch "$d" item=2; [ "$status" = 4 ]; [[ "$output" == *"unreadable page"* ]]
}

@test "an answer that holds errors alone is an error; a records path that is not there names what is" {
	peer <<-'P'
	def answer(r):
	    return {"errors": [{"message": "over capacity"}]} if r.path == "/err" else {"items": [], "meta": {"n": 0}}
	P
	for a in "" records=items; do
		run smfetch http-json url="$U/err" $a; [ "$status" = 4 ]; [[ "$output" == *"only errors: over capacity" ]]
	done
	run smfetch http-json url="$U/a" records=itmes; [ "$status" = 4 ]; [[ "$output" == *"the response has no itmes: it has items, meta"* ]]
	run smfetch http-json url="$U/a" 'records=itmes?'; [ "$status" = 0 ]; [ -z "$output" ]
	run smfetch http-json url="$U/a" records=items; [ "$status" = 0 ]; [ -z "$output" ]
	run smfetch http-json url="$U/a" records=meta.n.x; [ "$status" = 4 ]
}

# --- memory ---

@test "what an answer takes as values is bounded by --max-answer: in memory of four times as much, and some for the process" {
	[ -z "${SM_SANITIZE-}" ] || skip "ASan takes all addresses"
	peer <<-'P'
	import gzip
	n = 4000000
	bomb = gzip.compress(b'{"items":[{"id":1,"a":[' + b'0,' * n + b'0]}]}', 9)
	deep = gzip.compress(b'{"items":[' + b'{},' * n + b'{}]}', 9)
	many = gzip.compress(b'{"items":[' + b'{"id":7},' * 200000 + b'{"id":8}]}', 9)
	def answer(r):
	    return 200, {"/bomb": bomb, "/deep": deep, "/many": many}[r.path], {"Content-Encoding": "gzip"}
	P
	# Libraries take some 100 MiB of addresses before anything is read.
	for p in bomb deep; do
		run bash -c "ulimit -v 600000; smfetch http-json url=$U/$p records=items --max-answer 16MiB"
		[ "$status" = 4 ] || { echo "$p: $status $output"; false; }
		[[ "$output" == *"as values: more than 64 MiB"* ]]
	done
	# A page that a path cuts goes item by item, whatever it weighs.
	d=$(define m "$PAGES")
	define m2 '{"vars":{"path":null},"request":{"url":"https://api.sim.example/${path}"}}' >/dev/null
	run bash -c "ulimit -v 600000; smfetch ./m2.json path=many --endpoint $U --max-answer 2MiB | wc -l"; [ "$output" = 2 ]
	run bash -c "ulimit -v 600000; smfetch ./m2.json path=bomb --endpoint $U --max-answer 16MiB --on-error=skip"; [ "$status" = 1 ]
}

# --- sockets ---

@test "a binary frame of a websocket is a record when it holds JSON, a bad one when not; never nothing" {
	command -v python3 >/dev/null
	cat >ws.py <<-'P'
	import base64, hashlib, os, socket, struct, threading
	s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(8); print(s.getsockname()[1], flush=True)
	threading.Timer(600, lambda: os._exit(0)).start()
	def frame(op, b):
	    return bytes([0x80 | op, len(b)]) + b
	while True:
	    c, _ = s.accept()
	    d = b""
	    while b"\r\n\r\n" not in d:
	        d += c.recv(4096)
	    key = [l.split(b": ")[1] for l in d.split(b"\r\n") if l.lower().startswith(b"sec-websocket-key")][0]
	    a = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
	    c.sendall(b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + a + b"\r\n\r\n")
	    c.sendall(frame(1, b'{"id":1}') + frame(2, b'{"id":2}') + frame(2, b"\x00\xff\x01") + frame(1, b'{"id":3}'))
	P
	python3 ws.py >wsport 3>&- & PIDS+=($!)
	for i in $(seq 200); do [ -s wsport ] && break; sleep .02; done
	U=http://127.0.0.1:$(<wsport)
	d=$(define s '{"transport":"ws","records":".","request":{"url":"wss://api.sim.example/live"}}')
	rc=0; fetch "$d" --max-records 3 --on-error=reject=rej >out 2>err || rc=$?; [ $rc = 1 ]
	[ "$(ids out)" = "1 2 3 " ]; [ "$(jq -r .record_base64 rej)" = AP8B ]
	run fetch "$d" --max-records 3; [ "$status" = 3 ]
}
