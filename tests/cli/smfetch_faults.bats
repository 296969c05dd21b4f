#!/usr/bin/env bats
# smfetch when a server says what no server should: each fault is that of its own job, page or item. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0

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
	run timeout 20 smfetch http-json url="$U/a" records=items; [ "$status" = 0 ]
	[ "$output" = "$(printf '{"id": 1}\n{"id": 2}' | tr -d ' ')" ]
}
