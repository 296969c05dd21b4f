#!/usr/bin/env bats
# smfetch: where secrets come from, and that none ever comes out. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }
items() { define items "$(jq -n --argjson i "$ITEMS" "\$i | ${1:-.}")"; }
used() { jq -r 'select(.method) | .headers.authorization // "none"' "$J" | tail -1; }
# Every byte that was written in this folder, but for what the test itself put there.
written() { find . -type f ! -path './config/*' ! -name 'journal*' ! -name '*.json' ! -name tok ! -name helper ! -name port ! -name world; }
clean() { local -a f; mapfile -t f < <(written); [ "${#f[@]}" -ge 3 ]; check secret "${f[@]}" -- "$@"; }

@test "the places in their order: given, systemd's, the user's, the environment, a program" {
	sim generic --posts 5 --set auth=0
	d=$(items)
	printf '#!/bin/sh\necho from-helper-$1\n' >helper; chmod +x helper
	fetch "$d" >out; [ "$(used)" = "Bearer $TOKEN" ]
	mkdir cred; printf from-systemd >cred/http-token
	CREDENTIALS_DIRECTORY=$PWD/cred fetch "$d" >out; [ "$(used)" = "Bearer from-systemd" ]
	printf 'from-file\n' >tok
	CREDENTIALS_DIRECTORY=$PWD/cred fetch "$d" --secret http-token=@tok >out; [ "$(used)" = "Bearer from-file" ]
	fetch "$d" --secret http-token=fd:9 9<<<'from-fd' >out; [ "$(used)" = "Bearer from-fd" ]
	rm config/smtools/secrets/http-token
	SM_SECRET_HTTP_TOKEN=from-env fetch "$d" --secret-command ./helper >out; [ "$(used)" = "Bearer from-env" ]
	fetch "$d" --secret-command ./helper >out; [ "$(used)" = "Bearer from-helper-http-token" ]
	run fetch "$d"; [ "$status" != 0 ]; [[ "$output" == *http-token* ]]
}

@test "a file that others can read is refused, so is a secret on the command line" {
	sim generic --posts 5
	chmod 644 config/smtools/secrets/http-token
	run fetch "$(items)"; [ "$status" != 0 ]; [[ "$output" == *config/smtools/secrets/http-token* ]]; [[ "$output" != *"$TOKEN"* ]]
	chmod 600 config/smtools/secrets/http-token
	run fetch "$(items)" --secret http-token=literal-secret; [ "$status" = 2 ]; [[ "$output" != *literal-secret* ]]
	run fetch "$(items)" --secret nothing=@tok; [ "$status" != 0 ]
	printf 'two\nlines' >config/smtools/secrets/http-token
	run fetch "$(items)"; [ "$status" != 0 ]; [[ "$output" != *lines* ]]
	[ "$(requests)" = 0 ]
}

@test "jq sees no environment and no secret" {
	sim generic --posts 20
	rm config/smtools/secrets/http-token
	SM_SECRET_HTTP_TOKEN=$TOKEN SM_OTHER=visible fetch "$(items '.map = "{id: (\"sim:\" + .id), native_id: .id, created_at, text: ([env, $ENV, $v, $h, $status, $now] | tojson)}"')" >out
	[ "$(wc -l <out)" = 20 ]
	not grep -q visible out; not grep -q SM_SECRET out
	check secret out -- "$TOKEN"
}

@test "no core dumps, no secret in the process's environment or command line" {
	sim generic --posts 40 --fault silent:20,at=2
	rm config/smtools/secrets/http-token
	SM_SECRET_HTTP_TOKEN=$TOKEN smfetch "$(items)" --endpoint "$U" >out 2>err 3>&- & FETCH_PID=$!
	until_is 5 at_least 2
	grep -q 'Max core file size *0 *0' /proc/$FETCH_PID/limits
	cat /proc/$FETCH_PID/environ /proc/$FETCH_PID/cmdline | tr '\0' '\n' >proc 2>/dev/null
	check secret proc out err -- "$TOKEN"
	kill -9 $FETCH_PID; wait $FETCH_PID || true; FETCH_PID=
}

@test "a full run of each network: records with raw, marks, checkpoint, --verbose: no secret in any byte" {
	sim facebook --posts 60 --set here=1
	run_ck all "$(quick fb-page-feed)" page_id=1234 page_size=20 --raw --verbose; [ "$RC" = 0 ]
	[ "$(wc -l <all)" = 60 ]; clean "$TOKEN"
	rm -rf ck all
	sim reddit --posts 250 --fault expire-token:at=2
	run_ck all "$(quick reddit-new)" sub=unix user_agent=me --raw --verbose; [ "$RC" = 0 ]
	session=$(jq -r 'select(.method and (.path | test("/r/"))) | .headers.authorization[7:]' "$J" | sort -u)
	[ "$(wc -l <<<"$session")" = 2 ]
	clean sim-secret $session "sim-id:sim-secret"
	rm -rf ck all
	sim bluesky --posts 150
	run_ck all "$(quick bsky-search)" query=cats --raw --verbose; [ "$RC" = 0 ]
	session=$(jq -r 'select(.method and (.path | test("search"))) | .headers.authorization[7:]' "$J" | sort -u)
	clean sim-pass-word $session
}

@test "hostile servers give the credential back in errors, headers, redirects: nothing of it is written" {
	SIM=foreign sim generic --posts 5
	for f in echo:status=400 echo:status=500 echo:status=429 echo:status=401 echo:status=403,where=body echo:where=location echo:status=200,where=body echo:status=404; do
		sim generic --posts 60 --foreign "$U_foreign" --fault "$f,after=1"
		rm -rf ck all; : >err
		run_ck all "$(items '.retry.tries = 2')" --raw --verbose --max-wait 2s
		[ "$RC" != 0 ] || { echo "$f: $RC"; false; }
		clean "$TOKEN" || { echo "$f"; false; }
		run fetch "$(items '.retry.tries = 2')" --errors=json --max-wait 2s
		printf '%s' "$output" >said; check secret said -- "$TOKEN" || { echo "$f, json"; false; }
	done
	[ ! -s "$J_foreign" ]
	# Words of a definition that repeat what the server said.
	sim generic --posts 60 --fault echo:status=400,after=1
	run_ck all "$(items '.outcome = "if $status == 400 then \"error:\" + (.error.message // \"\") + ($h | tojson) else null end"')" --verbose
	[ "$RC" = 4 ]; clean "$TOKEN"
}

@test "posts that hold the credential, in any encoding: none of it in records, raw or marks" {
	sim generic --posts 60 --set leak=1
	run_ck all "$(items '.map = "{id: (\"sim:\" + .id), native_id: .id, created_at, text: (.text + (.leak | tojson)), html: .leak.raw, title: .leak.b64, links: [.leak[]]}"')" --raw --verbose
	[ "$RC" = 0 ]; [ "$(wc -l <all)" = 60 ]
	clean "$TOKEN"
	# What is around it is there.
	jq -s -e 'all(.[]; (.raw | fromjson | .text) != null and (.text | startswith("post ")))' all
	jq -r .native_id all | sort | diff <(world | jq -r .native_id | sort) -
}

@test "next addresses and tokens that hold the credential: not in marks" {
	sim generic --posts 300 --fault delay:0.05
	d=$(define urls "$(jq -n --argjson i "$ITEMS" '$i + {request: {url: "https://api.sim.example/urls", query: {limit: "10"}}, next: {url: ".paging.next"}, auth: {query: {key: "token"}}, strip: ["session"]}')")
	start_ck all "$d" --raw --verbose
	until_is 5 at_least 5; kill_ck
	clean "$TOKEN"
	run_ck all "$d" --raw --verbose; [ "$RC" = 0 ]
	same all; clean "$TOKEN"
	[ "$(requests access_token)" = 0 ]
	# The key goes along in each request all the same.
	[ "$(requests 'key=')" = "$(requests)" ]
}

@test "a rejected record, a bad page: nothing in the rejects file or the errors" {
	sim generic --posts 40 --set leak=1
	d=$(items '.map = "if (.id[-1:] | tonumber) % 3 == 0 then {id: .id, native_id: .leak.raw, created_at: .leak.raw} else {id: (\"sim:\" + .id), native_id: .id, created_at} end"')
	smfetch "$d" --endpoint "$U" --on-error=reject=rejects --resume ck >all 2>err || [ $? = 1 ]
	[ -s rejects ]; clean "$TOKEN"
	run fetch "$d"; [ "$status" = 3 ] || [ "$status" = 4 ]; printf '%s' "$output" >said; check secret said -- "$TOKEN"
}

@test "--token-cache alone keeps a session, in files of mode 0600, and says nothing of the login" {
	sim bluesky --posts 20
	fetch bsky-search query=cats --token-cache cache --verbose >out 2>err
	session=$(jq -r 'select(.method and (.path | test("search"))) | .headers.authorization[7:]' "$J" | sort -u)
	grep -rqF "$session" cache
	[ -z "$(find cache -type f ! -perm 600)" ]
	not grep -rqF sim-pass-word cache
	check secret out err -- "$session" sim-pass-word
	chmod 644 cache/*
	run fetch bsky-search query=cats --token-cache cache
	[ "$status" != 0 ] || [ "$(stat_of logins)" = 2 ]
}
