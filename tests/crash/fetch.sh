#!/bin/bash
# tests/crash/fetch.sh - kill smfetch's pipeline at random moments of long walks through a simulated API. Prints TAP.
#
#	SM_CRASH_ROUNDS=10    rounds of each kind
#	SM_CRASH_SEED=N       the random numbers of an earlier run (it prints its seed)
#
# A round reads a world of posts through `smfetch … --resume ck | smpartition | smcommit | smcheckpoint save`, kills it a few times, and runs
# the same line until it is done. In the end the table holds every post once. After each kill the checkpoint says where it goes on: the next
# run's first request must be for that page, so nothing is asked again but what lies behind the last committed mark.
# What is killed are process groups that this script made, and processes in them.
# SPDX-License-Identifier: MIT
set -u
BIN=${SM_BIN:?the folder of the tools}
here=$(cd "$(dirname "$0")" && pwd)
rounds=${SM_CRASH_ROUNDS:-10}
seed=${SM_CRASH_SEED:-$(($(date +%s) % 32768))}
RANDOM=$seed
top=$(mktemp -d) || exit 1
groups=() simpid=
cleanup() {
	local g
	for g in "${groups[@]-}"; do [ -n "$g" ] && kill -9 -- "-$g" 2>/dev/null; done
	[ -n "$simpid" ] && kill "$simpid" 2>/dev/null
	[ -n "${KEEP-}" ] || rm -rf "$top"
}
trap cleanup EXIT
cd "$top" || exit 1
export PATH=$BIN:$PATH LC_ALL=C XDG_CONFIG_HOME=$top/config
n=0 bad=0
echo "# seed $seed, $rounds rounds of each kind"
mkdir -p config/smtools/secrets; (umask 077; printf sim-token >config/smtools/secrets/http-token)
kill_9() { kill -9 -- "$1" 2>/dev/null; }

# --- definitions: newest first by tokens, oldest first by cursor, values of a list ---
common='smsource: 1, network: "sim", summary: "s", hosts: ["api.sim.example"], secrets: {token: "http-token"}, auth: {bearer: "token"},
	retry: {net: "lin:10ms:50ms", http5xx: "lin:10ms:50ms", body: "lin:10ms:50ms", rate_limited: "lin:10ms:50ms", tries: 9}'
def() { jq -n "{name: \"$1\", $common, $2, map: \"{id: (\\\"$1:\\\" + .id), native_id: .id, created_at, edited_at, text}\"}" >"$1.json"; }
asc='cursor: {field: "native_id", cmp: "lenlex", order: "asc"}'
def desc 'request: {url: "https://api.sim.example/items", query: {limit: "10"}}, records: ".items[]",
	next: {token: ".next", param: "after"}, cursor: {field: "native_id", cmp: "lenlex", order: "desc"}'
def asc 'request: {url: "https://api.sim.example/asc", query: {limit: "10", after: "${cursor}"}}, records: ".[]", '"$asc"
def each 'vars: {id: ""}, each: "id", parallel: 4, list: {request: {url: "https://api.sim.example/list"},
	values: "($v.cursor // \"\") as $c | .ids[] | select(length > ($c | length) or (length == ($c | length) and . > $c))"},
	request: {url: "https://api.sim.example/thing/${id}"}, records: ".items[]", '"$asc"
printf '%s\n' '{"name":"desc","source":"../desc.json"}' '{"name":"asc","source":"../asc.json"}' '{"name":"each","source":"../each.json"}' >jobs

# --- helpers; each round works in a folder of its own, with a simulator of its own ---
round() { # POSTS SOURCE…
	local posts=$1; shift
	[ -n "$simpid" ] && { kill "$simpid"; wait "$simpid"; } 2>/dev/null
	rm -rf "$top/round"; mkdir "$top/round" && cd "$top/round" || exit 1
	: >log; groups=()
	python3 "$here/../api/simulator.py" generic --posts "$posts" --seed $((RANDOM + 1)) --fault delay:0.01 --fault 500:every=23 --fault cut:every=41 \
		--journal journal --parent $$ --lifetime 300 >port 2>>log &
	simpid=$!
	local i; for i in $(seq 200); do [ -s port ] && break; sleep .02; done
	U=http://127.0.0.1:$(<port)
	line="smfetch $* --endpoint $U --resume ck | smpartition --by network,created_date --every 1ms -j 1 table | smcommit | smcheckpoint save"
}
start() { setsid bash -c "$line" >/dev/null 2>>log & groups+=($!); disown; }
alive() { local g; for g in "${groups[@]-}"; do [ -n "$g" ] && pgrep -g "$g" >/dev/null && return 0; done; return 1; }
quiet() { local i; for i in $(seq 400); do alive || return 0; sleep .05; done; echo "a process is left over" >>log; return 1; }
pause() { sleep "$(awk -v s="$span" -v r=$RANDOM 'BEGIN { printf "%.3f", s / 1000 * r / 32768 }')"; }
kill_group() { kill_9 "-$1"; }
kill_one() {
	local -a p
	mapfile -t p < <(pgrep -g "$1" | grep -vx "$1")
	[ ${#p[@]} -gt 0 ] && kill_9 "${p[RANDOM % ${#p[@]}]}"
}
until_done() {
	local i rc again=0
	for i in $(seq 200); do
		local busy=0; alive && busy=1
		rc=0; bash -c "set -o pipefail; $line" >/dev/null 2>>log || rc=$?
		[ $rc = 0 ] && return 0
		[ $busy = 1 ] && { sleep .05; continue; }
		[ $rc = 75 ] && [ $((again += 1)) -le 2 ] && continue
		echo "a calm run ended with $rc" >>log; return 1
	done
	return 1
}
ctl() { curl -sf "$U/_control/$1"; }
every_post_once() { # NAMES…: of each source
	local s
	ctl world | jq -r 'select(.gone | not) | .native_id' >world
	for s in "$@"; do sed "s/^/$s:/" world; done | sort >want
	smreplay table --select id 2>>log | jq -r .id | sort >rows
	if ! cmp -s rows want; then
		echo "rows: $(wc -l <rows) of $(wc -l <want), $(uniq -d rows | wc -l) doubled, $(sort -u rows | comm -13 - want | wc -l) lost" >>log
		return 1
	fi
	smcheckpoint show --json ck 2>>log | jq -e '.problem == null and .resumes_at == .table_seq' >/dev/null && return 0
	echo 'smcheckpoint show sees a problem' >>log; return 1
}
# Where the checkpoint says that job NAME goes on: a page's token, or "".
place() { # NAME
	local seq; seq=$(smcheckpoint show --json ck 2>>log | jq -r '.resumes_at // 0')
	jq -r --argjson s "$seq" 'select(.seq == $s) | .cursor.jobs | to_entries[0].value.page // ""' ck/journal 2>>log | tail -1
}
requests() { grep -c '"method"' journal; }
nth() { jq -r --argjson k "$1" 'select(.method) | select(.n >= $k) | .query | map(select(.[0] == "after"))[0][1] // ""' journal 2>>log | head -1; }
# The next run, from the Kth request on, began at page P, and went on from there: tokens fall, but for tries again.
looks=0
went_on() { # K P
	looks=$((looks + 1))
	local first; first=$(nth "$1")
	[ "$first" = "$2" ] || { echo "went on at page '$first', the checkpoint says '$2' (request $1)" >>log; return 1; }
}
result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; return; fi
	echo "not ok $n - $2"; tail -25 log | sed 's/^/# /'; bad=1
	[ -n "${KEEP-}" ] && cp -r "$top/round" "$top/failed$n"
}

# --- how long is a run ---
round 400 ../desc.json
from=$(date +%s%N); until_done; rc=$?; span=$((($(date +%s%N) - from) / 1000000 + 10)); [ "$span" -gt 3000 ] && span=3000
[ $rc = 0 ] && every_post_once desc; result $? "a run without a crash: every post once"
commits=$(find table/_delta_log -name '0*.json' | wc -l)
[ "$commits" -ge 3 ]; result $? "it makes several commits ($commits), so there are moments between them; a run takes $span ms"

# --- newest first, kill -9 of everything; the next run goes on where the checkpoint says ---
hits=0 r=0 rc=0
while [ $rc = 0 ] && [ $((r += 1)) -le "$rounds" ]; do
	round 400 ../desc.json
	for _ in $(seq $((RANDOM % 4 + 1))); do
		start; pause; kill_group "${groups[-1]}" && hits=$((hits + 1))
		quiet || { rc=1; break; }
		[ -s ck/FORMAT ] || continue
		k=$(($(requests) + 1)); page=$(place desc); at=$(smcheckpoint show --json ck 2>>log | jq -r '.resumes_at // 0')
		start; for _ in $(seq 100); do [ "$(requests)" -ge "$k" ] && break; alive || break; sleep .02; done
		[ "$(requests)" -lt "$k" ] || [ "$at" = 0 ] || went_on "$k" "$page" || rc=1
		pause; kill_group "${groups[-1]}"; quiet
	done
	[ $((RANDOM % 3)) = 0 ] && ctl 'grow?n=25' >/dev/null
	[ $rc = 0 ] && until_done && until_done && every_post_once desc || { rc=1; echo "round $r" >>log; }
done
result $rc "newest first, kill -9 of everything, $rounds rounds, $hits hits: every post once, $looks times on at the page of the last committed mark"

# --- one process of the pipe ---
hits=0 r=0 rc=0
while [ $rc = 0 ] && [ $((r += 1)) -le "$rounds" ]; do
	round 400 ../desc.json
	for _ in $(seq $((RANDOM % 4 + 1))); do start; pause; kill_one "${groups[-1]}" && hits=$((hits + 1)); done
	until_done && quiet && until_done && every_post_once desc || { rc=1; echo "round $r" >>log; }
done
result $rc "newest first, kill -9 of one process, $rounds rounds, $hits hits: every post once"

# --- many jobs of each kind in one process, while the world grows ---
hits=0 r=0 rc=0
while [ $rc = 0 ] && [ $((r += 1)) -le "$rounds" ]; do
	round 150 --jobs ../jobs
	for _ in $(seq $((RANDOM % 4 + 1))); do
		start; pause
		if [ $((RANDOM % 2)) = 0 ]; then kill_group "${groups[-1]}"; else kill_one "${groups[-1]}"; fi && hits=$((hits + 1))
		ctl 'grow?n=7' >/dev/null
	done
	until_done && quiet && until_done && until_done && every_post_once desc asc each || { rc=1; echo "round $r" >>log; }
done
result $rc "three jobs in one process, the world grows, $rounds rounds, $hits hits: every post of each once"

# --- a backfill in parts ---
hits=0 r=0 rc=0
while [ $rc = 0 ] && [ $((r += 1)) -le $(((rounds + 1) / 2)) ]; do
	round 300 ../desc.json "--since 2020-01-01 --until 2100-01-01"
	since=$(date -u -d '-1 day' +%FT%TZ) until=$(date -u +%FT%TZ)
	line=${line/--since 2020-01-01 --until 2100-01-01/--since $since --until $until --split 2h}
	jq '.request.query += {since: "${since}", until: "${until}"} | .times = "epoch"' ../desc.json >desc.json; line=${line/..\/desc.json/.\/desc.json}
	for _ in $(seq $((RANDOM % 4 + 1))); do start; pause; kill_group "${groups[-1]}" && hits=$((hits + 1)); quiet; done
	until_done && every_post_once desc || { rc=1; echo "round $r" >>log; }
	before=$(requests); until_done; [ "$(requests)" = "$before" ] || { rc=1; echo "a backfill that was through asked again" >>log; }
done
result $rc "a backfill in parts, kill -9 of everything, $hits hits: every post once, and nothing more when it is through"

echo "1..$n"
exit $bad
