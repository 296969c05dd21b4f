#!/bin/bash
# tests/soak/soak.sh - 20,000 posts a second for a long time, ten times as many for ten seconds, into a table. Prints TAP and figures.
#
#	SM_SOAK_SECONDS=600   how long (half by pages, half by a stream)
#	SM_SOAK_RATE=20000    posts a second
#	SM_SOAK_SPIKE=10      times as many, for SM_SOAK_SPIKE_LEN=10 seconds, after a third of the time; 1: none
#	SM_SOAK_KIND=both     pages, stream, both
#	SM_SOAK_KEEP=DIR      keep what was written
#
# The line is `smfetch SRC --resume ck | smrate | smpartition --by network,created_date landing | smcommit | smcheckpoint save`. Of every process
# memory is sampled each second. In the end the table must hold each post from the first to the last once, no window of a second has more
# requests than the definition's pace, and no process may have grown without end.
# SPDX-License-Identifier: MIT
set -u
BIN=${SM_BIN:?the folder of the tools}
here=$(cd "$(dirname "$0")" && pwd)
seconds=${SM_SOAK_SECONDS:-600} rate=${SM_SOAK_RATE:-20000} spike=${SM_SOAK_SPIKE:-10} len=${SM_SOAK_SPIKE_LEN:-10} kind=${SM_SOAK_KIND:-both}
top=${SM_SOAK_KEEP:-$(mktemp -d)}; mkdir -p "$top"
simpid= group=
cleanup() {
	[ -n "$group" ] && kill -9 -- "-$group" 2>/dev/null
	[ -n "$simpid" ] && kill "$simpid" 2>/dev/null
	[ -n "${SM_SOAK_KEEP-}" ] || rm -rf "$top"
}
trap cleanup EXIT
cd "$top" || exit 1
export PATH=$BIN:$PATH LC_ALL=C XDG_CONFIG_HOME=$top/config
n=0 bad=0
result() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; bad=1; fi; }

def() { # NAME JQ
	jq -n "{name: \"$1\"} + "'{smsource: 1, network: "sim", summary: "s", hosts: ["api.sim.example"], map: ".",
		cursor: {field: "native_id", cmp: "lenlex", order: "asc"},
		retry: {net: "lin:20ms:1s", silence: "lin:20ms:1s", http5xx: "lin:20ms:1s", body: "lin:20ms:1s", rate_limited: "lin:20ms:1s", tries: 20}} + '"$2" >"$1.json"
}
def stream '{transport: "lines", heartbeat: 20, request: {url: "https://api.sim.example/live", query: {from: "${cursor}"}}}'
def pages '{request: {url: "https://api.sim.example/page", query: {after: "${cursor}"}}, records: ".items[]", pace: "20/s"}'

# The memory of each process of the group, each second: TIME NAME RSS(KiB) CPU(s).
sample() {
	local t0=$EPOCHSECONDS
	while pgrep -g "$group" smfetch >/dev/null; do
		ps -o comm=,rss=,cputimes= -p "$(pgrep -d, -g "$group")" 2>/dev/null | awk -v t=$((EPOCHSECONDS - t0)) '$1 ~ /^sm/ { print t, $1, $2, $3 }' >>samples
		sleep 1
	done
}

soak() { # KIND SECONDS
	local k=$1 secs=$2 more=
	rm -rf "$top/$k"; mkdir "$top/$k"; cd "$top/$k" || exit 1
	python3 "$here/../api/simulator.py" fast --set rate="$rate" --set spike="$spike" --set spike_at=$((secs / 3)) --set spike_len="$len" \
		--journal journal --parent $$ --lifetime $((secs * 3 + 300)) >port & simpid=$!
	local i; for i in $(seq 200); do [ -s port ] && break; sleep .02; done
	local U=http://127.0.0.1:$(<port)
	[ "$k" = pages ] && more="--every 50ms"
	# Behind the spike smrate lets through twice the rate, so that what waits drains.
	setsid bash -c "smfetch ../$k.json $more --for ${secs}s --endpoint $U --dedup 100000 --resume ck | smrate --rate $((rate * 2))/s |
		smpartition --by network,created_date --every 5s landing | smcommit | smcheckpoint save; echo \${PIPESTATUS[@]} >status" >commits 2>err &
	group=$!
	: >samples
	local from=$EPOCHREALTIME; sleep .5; sample
	while pgrep -g "$group" >/dev/null; do sleep .2; done
	local took; took=$(awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
	local stats; stats=$(curl -s "$U/_control/stats")
	kill "$simpid"; wait "$simpid" 2>/dev/null; simpid= group=
	[ "$(cat status)" = "0 0 0 0 0" ]; result $? "$k: all of the line ended well ($(cat status)) after $took s"
	[ -s err ] && sed 's/^/# /' err | head -5
	# Every post from the first to the last, once.
	smreplay landing --select native_id | sed -E 's/[^0-9]//g' | sort -n --parallel=2 -S 512M >ids
	local have first last; have=$(wc -l <ids) first=$(head -1 ids) last=$(tail -1 ids)
	[ "$have" -gt 0 ] && [ $((last - first + 1)) = "$have" ] && [ -z "$(uniq -d ids | head -1)" ]
	result $? "$k: $have posts, each from the first to the last once"
	local a_second; a_second=$(awk -v h="$have" -v t="$took" 'BEGIN { printf "%.0f", h / t }')
	[ "$have" -ge $((secs * rate * 9 / 10)) ]; result $? "$k: no less than was asked for: $have posts in $took s, $a_second a second"
	if [ "$k" = pages ]; then
		python3 "$here/../api/check.py" windows journal 20/1s; result $? "$k: $(grep -c '"method"' journal) requests, no second has more than 20"
	fi
	echo "# server: $stats"
	awk '{ if (!($2 in max) || $3 > max[$2]) max[$2] = $3; if ($4 > cpu[$2]) cpu[$2] = $4; last[$2] = $3; at[$2, $1] = $3; if ($1 > end) end = $1 }
		END { for (p in max) printf "# %-12s peak %7.1f MiB, in the middle %7.1f, at the end %7.1f, CPU %d s\n", p, max[p] / 1024,
			at[p, int(end / 2)] / 1024, last[p] / 1024, cpu[p] }' samples | sort
	awk '{ if ($3 > max[$2]) max[$2] = $3 }
		END { for (p in max) if (max[p] > 1048576) { print "# " p " took " max[p] / 1024 " MiB"; bad = 1 } exit bad }' samples
	result $? "$k: no process takes more than 1 GiB"
	# The spike lies in the second quarter: what the last one takes may not be much more.
	awk -v secs="$secs" '$1 < secs / 2 { if ($3 > a[$2]) a[$2] = $3 } $1 >= secs * 3 / 4 { if ($3 > b[$2]) b[$2] = $3 }
		END { for (p in b) if (b[p] > a[p] * 1.3 + 32768) { print "# " p " grew from " a[p] / 1024 " to " b[p] / 1024 " MiB"; bad = 1 } exit bad }' samples
	result $? "$k: no process grows without end"
	cd "$top" || exit 1
}
[ "$kind" = both ] && seconds=$((seconds / 2))
[ "$kind" = stream ] || soak pages "$seconds"
[ "$kind" = pages ] || soak stream "$seconds"
echo "1..$n"
exit $bad
