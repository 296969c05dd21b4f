#!/usr/bin/env bats
# smfetch reading streams of simulated servers: lines, server-sent events, websockets; breaks, silence, slow readers. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; }
teardown() { api_teardown; }
opened() { [ "$(stat_of streams_opened)" -ge "$1" ]; }
open_now() { [ "$(stat_of streams_open)" = "$1" ]; }
the_rules() { [ "$(stat_of 'rules | map([.value, .tag // ""] | join("|")) | sort | join(";")')" = "$1" ]; }
rules_become() { # RULES OPTION…: with these options the stream opens and the server has these rules
	local want=$1 n; shift
	n=$(stat_of streams_opened)
	smfetch x-stream "$@" --endpoint "$U" >out 2>>err 3>&- & FETCH_PID=$!
	until_is 10 opened $((n + 1))
	the_rules "$want"
	kill -TERM $FETCH_PID; wait $FETCH_PID; FETCH_PID=; until_is 5 open_now 0
}
stop_ck() { kill -TERM "$FETCH_PID"; wait_ck; }
# A stream's definition with short pauses; its heartbeat is that of the second argument.
live() { quick "$1" ".heartbeat = ${2:-20} * $PATIENCE | ${3:-.}"; }

# --- X ---

@test "x-stream: without rules it says what to do; --rule and --rules make the server's rules those" {
	sim x --posts 20
	run fetch x-stream --for 2s
	[ "$status" = 4 ]; [[ "$output" == *--rule* ]]
	sim x --posts 20 --set rules=2
	rules_become 'lang:en cats|cats;rule1|' --rule 'cats=lang:en cats' --rule rule1
	printf '%s\n' '{"value":"lang:en cats","tag":"cats"}' '{"value":"dogs"}' >rules
	rules_become 'dogs|;lang:en cats|cats' --rules rules
	before=$(requests rules)
	rules_become 'dogs|;lang:en cats|cats' --rules rules
	[ $(($(requests rules) - before)) = 1 ]        # they are there already: looked at, not made anew
}

@test "x-stream: posts as they come, once though sent twice, with the tags of their rules" {
	sim x --posts 20 --set rules=2
	start_ck all "$(live x-stream)"
	until_is 10 opened 1; sleep .3
	for i in 1 2 3; do ctl 'grow?n=60'; sleep .2; done
	until_is 10 stat_is streamed -ge 180; sleep .3
	stop_ck; [ "$RC" = 0 ]; [ "$SAVED" = 0 ]
	same all '.i >= 20'
	jq -s -e 'all(.[]; .source.rule == ["tag 0", "tag 1"])' all
	[ "$(tail -1 ck/journal | jq -r .end)" = signal ]
}

@test "x-stream: keep-alives keep it open; silence opens it anew" {
	sim x --posts 5 --set rules=1 --set keepalive=0.2
	fetch "$(live x-stream 0.8)" --for 1800ms >out
	[ "$(stat_of streams_opened)" = 1 ]
	sim x --posts 5 --set rules=1 --set keepalive=100
	fetch "$(live x-stream 0.4 ".retry.tries = 99")" --for 3s >out
	[ "$(stat_of streams_opened)" -ge 2 ]; [ "$(stat_of streams_opened)" -le 14 ]
}

@test "x-stream: after a break it is opened anew; what was left out is said, or sent again" {
	sim x --posts 5 --set rules=1 --step 3600 --fault break:10,count=1
	start_ck all "$(live x-stream)" backfill=5
	until_is 10 opened 1; sleep .3
	ctl 'grow?n=30'
	until_is 10 opened 2; sleep .4
	stop_ck; [ "$RC" = 0 ]
	same all '.i >= 5'
	sim x --posts 5 --set rules=1 --fault break:10,count=1
	rm -rf ck all; : >err
	start_ck all "$(live x-stream)"
	until_is 10 opened 1; sleep .3
	ctl 'grow?n=10'; until_is 10 opened 2; sleep .2; ctl 'grow?n=4'; sleep .4
	stop_ck
	grep -qiE 'gap|missing|left out' err
}

@test "x-stream: one connection alone: two do not fight" {
	sim x --posts 5 --set rules=1
	start_ck all "$(live x-stream)"
	until_is 10 opened 1
	timeout "$(secs 3)" "$SM_BIN/smfetch" "$(quick x-stream '.outcome = "if .connection_issue == \"TooManyConnections\" then \"wait:1\" else null end"')" --endpoint "$U" --for "$(stretched 2500ms)" >out2
	[ "$(stat_of streams_opened)" = 1 ]
	ctl 'grow?n=5'; sleep .4; stop_ck
	same all '.i >= 5'
	[ "$(requests 'stream$|stream\?')" -le 5 ]
}

@test "x-stream: a pipe that is full does not stop the reading: records wait in memory, then in a file" {
	sim x --posts 5 --set rules=1 --set queue=${SM_SANITIZE:+2}4000000 --set sndbuf=65536
	mkdir tmp
	(TMPDIR=$PWD/tmp smfetch "$(live x-stream)" --endpoint "$U" --queue 1MiB --for "$(secs 5)" 2>err; echo $? >rc) | (sleep 3; cat >out) 3>&- & pid=$!
	until_is 10 opened 1; sleep .2
	for i in $(seq 12); do ctl 'grow?n=1000'; sleep .1; done
	wait $pid
	[ "$(cat rc)" = 0 ]
	[ "$(stat_of streams_dropped)" = 0 ]
	same out '.i >= 5'
	[ -z "$(ls -A tmp)" ]; [ "$(wc -c <out)" -gt 8000000 ]       # twice what the server would keep for a reader that waits
}

@test "a stream ends by --max-records and --for; marks come without posts" {
	sim x --posts 5 --set rules=1 --set backlog=5
	fetch "$(live x-stream)" --max-records 3 --marks >out
	[ "$(grep -vc '^{"$mark"' out)" = 3 ]; [ "$(check marks out)" = done ]
	if [ -n "${SM_LONG-}" ]; then
		ctl 'set?backlog=0'
		fetch "$(live x-stream)" --for 25s --marks >out
		[ "$(grep -c mark out)" -ge 4 ]
	fi
}

@test "x-stream: its connects have a limit of their own" {
	sim x --posts 5 --set rules=1 --fault break:1 --set backlog=3 --limit stream=4/2s
	timeout "$(secs 20)" "$SM_BIN/smfetch" "$(live x-stream)" --endpoint "$U" --for "$(secs 5)" >out || [ $? = 0 ]
	check over "$J"; check waits "$J"
	[ "$(requests 'stream\?')" -ge 4 ]
}

# --- Mastodon ---

@test "mastodon-stream: new posts, edits, deletions; comments keep it alive" {
	sim mastodon --posts 30 --set thump=0.2
	start_ck all "$(live mastodon-stream 0.8)"
	until_is 10 opened 1; sleep .2
	ctl 'grow?n=20'; sleep 1.2; ctl 'edit?i=35'; ctl 'delete?i=36'; ctl 'delete?i=2'
	until_is 10 lines_in all 22 || true; sleep .5
	stop_ck; [ "$RC" = 0 ]
	[ "$(stat_of streams_opened)" = 1 ]
	world >world
	jq -c 'select(.op == "upsert" and .edited_at == null)' all >some; same some '.i >= 30'
	jq -s -e '[.[] | select(.edited_at)] | length == 1' all
	[ "$(jq -r 'select(.op == "delete") | .native_id' all | sort)" = "$(jq -r 'select(.gone) | .native_id' world | sort)" ]
}

@test "mastodon-stream: what a break leaves out is read by min_id, beside the open stream" {
	sim mastodon --posts 30 --fault break:5,count=1
	start_ck all "$(live mastodon-stream)"
	until_is 10 opened 1; sleep .2
	ctl 'grow?n=60'
	until_is 10 opened 2
	sleep .3; ctl 'grow?n=10'; sleep 1
	stop_ck; [ "$RC" = 0 ]
	same all '.i >= 30'
	[ "$(requests min_id=)" -ge 1 ]
}

@test "mastodon-stream: killed and started again: the time between is read" {
	sim mastodon --posts 30
	start_ck all "$(live mastodon-stream)"
	until_is 10 opened 1; sleep .2; ctl 'grow?n=15'; sleep .3; stop_ck
	ctl 'grow?n=55'
	start_ck all "$(live mastodon-stream)"
	until_is 10 opened 2; sleep .3; ctl 'grow?n=5'; sleep 1; stop_ck
	same all '.i >= 30'
}

@test "mastodon-stream: a server without this stream is asked for a websocket" {
	sim mastodon --posts 30 --set sse=0 --set fragments=1
	start_ck all "$(live mastodon-stream)"
	until_is 10 opened 1; sleep .2
	ctl 'grow?n=20'; sleep .5; ctl 'edit?i=31'; sleep .6
	stop_ck; [ "$RC" = 0 ]
	world >world
	jq -c 'select(.edited_at == null)' all >some; same some '.i >= 30'
	# The token is in a header, never in the address.
	[ "$(requests "access_token")" = 0 ]
	jq -e -s '[.[] | select(.headers.upgrade)] | length >= 1 and all(.[]; .headers.authorization | startswith("Bearer "))' "$J"
}

@test "mastodon-stream-ws: pings are answered in time, also while the pipe is full" {
	long
	sim mastodon --posts 10 --set ping=0.2 --set pong=1
	(smfetch "$(live mastodon-stream-ws 30)" --endpoint "$U" --queue 64KiB --for "$(secs 4)" 2>err; echo $? >rc) | (sleep 3; cat >out) 3>&- & pid=$!
	until_is 10 opened 1; sleep .2
	for i in 1 2 3; do ctl 'grow?n=300'; sleep .4; done
	wait $pid
	[ "$(stat_of late_pongs)" = 0 ]; [ "$(stat_of streams_opened)" = 1 ]; [ "$(cat rc)" = 0 ]
	same out '.i >= 10'
}

@test "mastodon-stream: a wrong token is status 4, silence opens it anew and reads the gap" {
	sim mastodon --posts 30 --fault silentstream:60,count=1 --set thump=0.2
	start_ck all "$(live mastodon-stream 0.6)"
	until_is 10 opened 1; sleep .2; ctl 'grow?n=3'; sleep .3; ctl 'grow?n=10'
	until_is 10 opened 2; sleep .6; stop_ck
	same all '.i >= 30'
	printf wrong-token >config/smtools/secrets/mastodon-token
	run timeout "$(secs 10)" "$SM_BIN/smfetch" "$(live mastodon-stream)" --endpoint "$U" --for "$(secs 5)"
	[ "$status" = 4 ]; [[ "$output" != *wrong-token* ]]
}

# --- Jetstream ---

@test "jetstream: posts, edits and deletions; events of accounts pass without records" {
	sim jetstream --posts 20
	start_ck all "$(live jetstream)"
	until_is 10 opened 1; sleep .3
	ctl 'grow?n=50'; sleep .5; ctl 'edit?i=30'; ctl 'delete?i=31'; sleep .6
	stop_ck; [ "$RC" = 0 ]; [ "$SAVED" = 0 ]
	world >world
	jq -c 'select(.op == "upsert" and .edited_at == null)' all >some; same some '.i >= 20'
	jq -s -e '([.[] | select(.op == "delete")] | length == 1) and ([.[] | select(.edited_at)] | length == 1)' all
	[ "$(requests wantedCollections=app.bsky.feed.post)" -ge 1 ]
	jq -e -s 'any(.[]; .headers["sec-websocket-extensions"]) | not' "$J"
}

@test "jetstream: kill -9, then on from its cursor: nothing lost, nothing twice" {
	sim jetstream --posts 20
	start_ck all "$(live jetstream)"
	until_is 10 opened 1; sleep .3
	ctl 'grow?n=300'; until_is 10 lines_in all 300; ctl 'grow?n=200'; sleep .1
	kill_ck
	ctl 'grow?n=100'
	start_ck all "$(live jetstream)"
	until_is 10 opened 2; sleep .3; ctl 'grow?n=20'; sleep .8; stop_ck
	same all '.i >= 17'     # the server begins a little early
	[ "$(requests 'cursor=[0-9]{16}')" -ge 1 ]
}

@test "jetstream: breaks, a close with 1001, messages in parts with pings between them, 503 while it starts" {
	for f in 'break:37,at=3,count=2' 'break:37,at=3,count=2 --fault close:1001,at=3,count=2'; do
		sim jetstream --posts 10 --set early=0 --set fragments=1 --set starting=2 --fault $f
		rm -rf ck all
		start_ck all "$(live jetstream)"
		until_is 10 opened 1; sleep .3
		ctl 'grow?n=200'; until_is 10 opened 3; sleep .8
		stop_ck; [ "$RC" = 0 ]
		same all '.i >= 10'
	done
}

@test "jetstream: pings are answered while the pipe is full; a server that is silent is left" {
	sim jetstream --posts 10 --set early=0 --set ping=0.2 --set pong=1
	(smfetch "$(live jetstream 30)" --endpoint "$U" --queue 64KiB --for "$(secs 5)" 2>err; echo $? >rc) | (sleep 4; cat >out) 3>&- & pid=$!
	until_is 10 opened 1; sleep .3
	for i in 1 2 3; do ctl 'grow?n=500'; sleep .3; done
	wait $pid
	[ "$(stat_of late_pongs)" = 0 ]
	[ "$(stat_of streams_opened)" = 1 ]
	same out '.i >= 10'
	sim jetstream --posts 10 --set early=0 --fault silentstream:60,count=1
	start_ck all "$(live jetstream 0.6)"
	until_is 10 opened 1; sleep .2; ctl 'grow?n=3'; sleep .2; ctl 'grow?n=5'
	until_is 10 opened 2; sleep .6; stop_ck
	same all '.i >= 10'
}

@test "jetstream: a place that is older than what is kept is moved up by the server: the gap is said" {
	sim jetstream --posts 20
	start_ck all "$(live jetstream)"; until_is 10 opened 1; sleep .3; ctl 'grow?n=30'; sleep .4; stop_ck
	sleep 1
	ctl 'grow?n=300&gap=1000'; ctl 'set?keep=50'
	: >err
	start_ck more "$(live jetstream 20 '.cursor = {field: "indexed_at", cmp: "time", order: "asc", overlap: 0, as: "epoch_us"}')"
	until_is 10 opened 2; sleep .8; stop_ck
	same more '.i >= 300'
	grep -qiE 'gap|missing|left out' err
}
