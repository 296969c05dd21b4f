#!/bin/bash
# tests/crash/crash.sh - kill the real programs at random moments; in the end the table must hold every row once. Prints TAP.
#
#	SM_CRASH_ROUNDS=10    rounds of each kind
#	SM_CRASH_SEED=N       the random numbers of an earlier run (it prints its seed)
#
# A round makes a new stream, runs `smfetch files | smpartition | smcommit | smcheckpoint save`, kills it a few times, and runs the same line
# until it is done. What is killed are process groups that this script made, and processes in them.
# SPDX-License-Identifier: MIT
set -u
BIN=${SM_BIN:?the folder of the tools}
rounds=${SM_CRASH_ROUNDS:-10}
seed=${SM_CRASH_SEED:-$(($(date +%s) % 32768))}
RANDOM=$seed
top=$(mktemp -d) || exit 1
groups=()
cleanup() {
	local g
	for g in "${groups[@]-}"; do [ -n "$g" ] && kill -9 -- "-$g" 2>/dev/null; done
	[ -n "${KEEP-}" ] || rm -rf "$top"
}
trap cleanup EXIT
cd "$top" || exit 1
export PATH=$BIN:$PATH LC_ALL=C
n=0 bad=0
echo "# seed $seed, $rounds rounds of each kind"

# --- input: FILES files of ROWS records, three days, ids that no double holds ---
FILES=5 ROWS=8000
for f in $(seq $FILES); do
	awk -v f="$f" -v n=$ROWS 'BEGIN { for (i = 0; i < n; i++)
		printf "{\"id\":9007199254%d%05d,\"day\":\"2026-01-0%d\",\"text\":\"post %d of file %d, and some words to make it longer\"}\n", f + 740, i, i % 3 + 1, i, f }' >"$f.ndjson"
done
cat ./*.ndjson | sed -E 's/^\{"id":([0-9]+).*/\1/' | sort >ids
# Plain, packed and as one array: the cursor stands in each in another way.
gzip 2.ndjson; { echo '['; sed '$!s/$/,/' 4.ndjson; echo ']'; } >4.json; rm 4.ndjson
mkdir all; mv ./*.ndjson* 4.json all

line='smfetch files in --resume ck --mark-every 500 | smpartition --by day --every 1ms -j 1 table | smcommit | smcheckpoint save'

# --- helpers; each round works in a folder of its own ---
round() { rm -rf "$top/round"; mkdir "$top/round" && cd "$top/round" && ln -s ../all in && : >log; groups=(); }
start() { setsid bash -c "$line" >/dev/null 2>>log & groups+=($!); disown; }
alive() { local g; for g in "${groups[@]-}"; do [ -n "$g" ] && pgrep -g "$g" >/dev/null && return 0; done; return 1; }
quiet() { local i; for i in $(seq 200); do alive || return 0; sleep .05; done; echo "a process is left over" >>log; return 1; }
pause() { sleep "$(printf '0.%03d' $((RANDOM % span)))"; }
kill_group() { kill -9 -- "-$1" 2>/dev/null; }
kill_one() { # one tool of the group, so that the others live on for a while
	local -a p
	mapfile -t p < <(pgrep -g "$1" | grep -vx "$1")
	[ ${#p[@]} -gt 0 ] && kill -9 "${p[RANDOM % ${#p[@]}]}" 2>/dev/null
}
# The same line until it is done. While a killed run's source still holds the lock, a run may be refused; otherwise it may ask for
# one more run (75), because the table was ahead.
until_done() {
	local i rc again=0
	for i in $(seq 60); do
		local busy=0; alive && busy=1
		rc=0; bash -c "set -o pipefail; $line" >/dev/null 2>>log || rc=$?
		[ $rc = 0 ] && return 0
		[ $busy = 1 ] && { sleep .05; continue; }
		[ $rc = 75 ] && [ $((again += 1)) -le 2 ] && continue
		echo "a calm run ended with $rc" >>log; return 1
	done
	return 1
}
every_row_once() {
	smreplay table 2>>log | sed -E 's/^\{"id":([0-9]+).*/\1/' | sort >rows
	cmp -s rows ../ids || { echo "rows: $(wc -l <rows) of $(wc -l <../ids), $(uniq -d rows | wc -l) doubled, $(sort -u rows | comm -13 - ../ids | wc -l) lost" >>log; return 1; }
	smcheckpoint show --json ck 2>>log | jq -e '.problem == null and .resumes_at == .table_seq' >/dev/null || { echo 'smcheckpoint show sees a problem' >>log; return 1; }
}
result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; return; fi
	echo "not ok $n - $2"; tail -25 log | sed 's/^/# /'; bad=1
	[ -n "${KEEP-}" ] && cp -r "$top/round" "$top/failed$n"
}
log_of() { find "$1" -type f | sort | xargs sha256sum; }

# --- how long is a run: the moments are spread over it ---
round; until_done
round
from=$(date +%s%N); until_done; span=$((($(date +%s%N) - from) / 1000000 + 10)); [ "$span" -gt 999 ] && span=999
every_row_once; result $? "a run without a crash: every row once"
commits=$(find table/_delta_log -name '0*.json' | wc -l)
[ "$commits" -ge 3 ]; result $? "it makes several commits ($commits), so there are moments between them; a run takes $span ms"

# --- kill -9 of the whole group, of one process, of copies ---
hits=0 r=0 rc=0
while [ $rc = 0 ] && [ $((r += 1)) -le "$rounds" ]; do
	round
	for _ in $(seq $((RANDOM % 4 + 1))); do start; pause; kill_group "${groups[-1]}" && hits=$((hits + 1)); done
	quiet && until_done && every_row_once || { rc=1; echo "round $r" >>log; }
done
result $rc "kill -9 of everything at random moments, $rounds rounds, $hits hits: every row once"

# --- the same with a spill in the pipe: smpartition is not fed as fast as smfetch reads ---
plain_line=$line
line=${line/| smpartition/| smrate --full spill:sp --queue 50 -r 200000/s --stats st | smpartition}
hits=0 r=0 rc=0 spilled=0
while [ $rc = 0 ] && [ $((r += 1)) -le "$rounds" ]; do
	round
	for _ in $(seq $((RANDOM % 4 + 1))); do start; pause; kill_group "${groups[-1]}" && hits=$((hits + 1)); [ -e sp/SPILL ] && spilled=$((spilled + 1)); done
	quiet && until_done && every_row_once && [ "$(ls sp)" = lock ] || { rc=1; echo "round $r" >>log; }
done
[ $spilled -gt 0 ] || { rc=1; echo 'no run was killed while it had spilled' >>log; }
result $rc "kill -9 of everything with smrate's spill in the pipe, $rounds rounds, $hits hits, $spilled with spilled records: every row once"
line=$plain_line

hits=0 r=0 rc=0
while [ $rc = 0 ] && [ $((r += 1)) -le "$rounds" ]; do
	round
	for _ in $(seq $((RANDOM % 4 + 1))); do start; pause; kill_one "${groups[-1]}" && hits=$((hits + 1)); done
	until_done && quiet && until_done && every_row_once || { rc=1; echo "round $r" >>log; }
done
result $rc "kill -9 of one process, the rest lives on, $rounds rounds, $hits hits: every row once"

hits=0 r=0 rc=0
while [ $rc = 0 ] && [ $((r += 1)) -le "$rounds" ]; do
	round
	start; start
	for _ in $(seq $((RANDOM % 3 + 1))); do
		pause
		case $((RANDOM % 3)) in
		0) kill_group "${groups[RANDOM % ${#groups[@]}]}" && hits=$((hits + 1)) ;;
		1) kill_one "${groups[RANDOM % ${#groups[@]}]}" && hits=$((hits + 1)) ;;
		esac
		start; start
	done
	until_done && quiet && until_done && every_row_once || { rc=1; echo "round $r" >>log; }
done
result $rc "two copies at once, killed at random, $rounds rounds, $hits hits: every row once"

# --- a table that is behind its checkpoint ---
behind() { # make one: two files, then all, then the table as it was
	round; rm in; mkdir in; cp ../all/[12].* in
	until_done || return 1
	cp -r table saved; cp ../all/[345].* in
	until_done || return 1
	rm -rf table; cp -r saved table
	log_of table >before; cp ck/table ck-before
}
behind; rc=$?
bash -c "$line"'; echo ${PIPESTATUS[@]}' >status 2>>log; read -r -a st <status
[ $rc = 0 ] && [ "${st[0]}" = 5 ] && grep -q "smfetch: .*/round/table .*checkpoint .*/round/ck" log && log_of table | cmp -s - before && cmp -s ck/table ck-before
result $? "a table that was restored: the source ends with 5, names both, nothing is written"

round; rm in; mkdir in; cp ../all/[12].* in; until_done; rc=$?
cp -r table saved; cp ../all/3.* in; until_done || rc=1
cp ../all/[45].* in
bash -c "${line/| smpartition/| { sleep .6; cat; \} | smpartition}"'; echo ${PIPESTATUS[@]}' >status 2>>log & pid=$!
sleep .3; rm -rf table; cp -r saved table; log_of table/_delta_log >before; cp ck/table ck-before
wait $pid; read -r -a st <status
[ $rc = 0 ] && [ "${st[3]}" = 5 ] && grep -q "smcommit: .*behind its checkpoint" log && log_of table/_delta_log | cmp -s - before && cmp -s ck/table ck-before
result $? "a table that is restored while the source runs: smcommit ends with 5, nothing is committed"

round; until_done; rc=$?
rm -rf table; cp ck/table ck-before
bash -c "$line"'; echo ${PIPESTATUS[@]}' >status 2>>log; read -r -a st <status
[ $rc = 0 ] && [ "${st[0]}" = 5 ] && [ ! -e table ] && cmp -s ck/table ck-before
result $? "a table that is gone: 5, none is made"

echo "1..$n"
exit $bad
