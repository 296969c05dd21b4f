#!/usr/bin/env bats
# smfetch against a simulated Reddit: a login, lists in no order, limits that are at times not told. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }
ua="user_agent=linux:test:1.0 (by /u/test)"

@test "reddit-new: one login, all pages, posts that stand twice come once" {
	sim reddit --posts 450
	fetch reddit-new sub=unix "$ua" >out
	same out
	[ "$(stat_of logins)" = 1 ]
	[ "$(jq -r 'select(.method) | .headers["user-agent"]' "$J" | sort -u)" = "${ua#*=}" ]
	jq -s -e 'all(.[]; .group == "unix" and (.url | startswith("https://www.reddit.com/")) and (.text // "" | test("&amp;") | not))' out
}

@test "reddit-new: lists end near 1000" {
	sim reddit --posts 1300 --set disorder=10
	fetch reddit-new sub=unix "$ua" >out
	same out '.i >= 300'
}

@test "reddit-new: out of order within hours: a second run loses none, edits come again" {
	sim reddit --posts 300 --set disorder=60
	run_ck all reddit-new sub=unix "$ua"; [ "$RC" = 0 ]; same all
	ctl 'grow?n=45'; ctl 'edit?i=290,292'
	run_ck more reddit-new sub=unix "$ua"; [ "$RC" = 0 ]
	same more '.i >= 300 or .i == 290 or .i == 292'
	run_ck none reddit-new sub=unix "$ua"; [ "$RC" = 0 ]; [ ! -s none ]
}

@test "reddit-new: kill -9 in the middle of a list that moves on" {
	sim reddit --posts 900 --fault delay:0.1
	start_ck all reddit-new sub=unix "$ua"
	until_is 10 at_least 5; kill_ck
	ctl 'grow?n=30'; ctl clear
	run_ck all reddit-new sub=unix "$ua"; [ "$RC" = 0 ]
	run_ck all reddit-new sub=unix "$ua"; [ "$RC" = 0 ]
	same all
}

@test "reddit-new: a token that ends in the middle is renewed once; credentials stay out of the data's requests" {
	sim reddit --posts 450 --fault expire-token:at=3
	fetch reddit-new sub=unix "$ua" >out
	same out
	[ "$(stat_of logins)" = 2 ]
	[ "$(jq -r 'select(.method and (.path | test("/r/"))) | .headers.authorization | split(" ")[0]' "$J" | sort -u)" = Bearer ]
	[ "$(jq -r 'select(.method and (.path | test("access_token"))) | .headers.authorization | split(" ")[0]' "$J" | sort -u)" = Basic ]
}

@test "reddit-new: a token is renewed before it ends" {
	long
	sim reddit --posts 300 --set expires=3 --fault delay:1
	fetch reddit-new sub=unix "$ua" >out
	same out
	[ "$(jq -s '[.[] | select(.status == 401)] | length' "$J")" -le 1 ]
}

@test "reddit-new: a budget told in seconds left and floats, and not always: none is above it" {
	sim reddit --posts 700 --limit data=4/2s
	fetch "$(quick reddit-new '.pace = "1000/s"')" sub=unix "$ua" >out
	same out
	check waits "$J"
	# A third of the answers do not tell: then one may be too many, and the Retry-After is kept.
	[ "$(jq -s '[.[] | select(.over)] | length' "$J")" -le 1 ]
}

@test "reddit-new: a 429 is HTML with Retry-After; that of the login is JSON without" {
	sim reddit --posts 150 --fault 429:at=2,retry-after=2
	start=$SECONDS
	fetch "$(quick reddit-new)" sub=unix "$ua" >out
	same out; check waits "$J"; [ $((SECONDS - start)) -ge 1 ]
	sim reddit --posts 50 --fault '429:count=2,path=access_token'
	fetch "$(quick reddit-new)" sub=unix "$ua" >out
	same out
	[ "$(requests access_token)" = 3 ]
}

@test "reddit-new: a wrong secret is status 4, without the secret in what is said" {
	sim reddit --posts 20
	printf wrong-secret >config/smtools/secrets/reddit-secret
	run fetch reddit-new sub=unix "$ua"
	[ "$status" = 4 ]; [[ "$output" != *wrong-secret* ]]
	[ "$(requests access_token)" -le 3 ]; [ "$(requests /r/)" = 0 ]
}

@test "reddit-new: --token-cache: the next run does not log in, the file is nobody else's" {
	sim reddit --posts 50
	fetch reddit-new sub=unix "$ua" --token-cache cache >out; same out
	fetch reddit-new sub=unix "$ua" --token-cache cache >out; same out
	[ "$(stat_of logins)" = 1 ]
	[ -z "$(find cache -type f -perm /077)" ]; [ -n "$(find cache -type f)" ]
	ctl expire
	fetch reddit-new sub=unix "$ua" --token-cache cache >out; same out
	[ "$(stat_of logins)" = 2 ]
}

@test "reddit-new: 5xx with nothing in it, 520, 522, a redirect of the same host" {
	sim reddit --posts 350 --fault 500:at=2 --fault 520:at=3,body=html --fault 522:at=4,body=empty --fault redirect:same,at=6
	fetch "$(quick reddit-new)" sub=unix "$ua" >out
	same out
}
