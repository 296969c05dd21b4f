#!/bin/bash
# tests/crash/spill.sh - kill smrate with a spill at random moments; nothing that was in the spill may be missing. Prints TAP.
#
#	SM_CRASH_ROUNDS=10    rounds of each kind
#	SM_CRASH_SEED=N       the random numbers of an earlier run (it prints its seed)
#
# What is killed are processes that this script started.
# SPDX-License-Identifier: MIT
set -u
BIN=${SM_BIN:?the folder of the tools}
here=$(cd "$(dirname "$0")" && pwd)
rounds=${SM_CRASH_ROUNDS:-10}
seed=${SM_CRASH_SEED:-$(($(date +%s) % 32768))}
RANDOM=$seed
top=$(mktemp -d) || exit 1
trap '[ -n "${KEEP-}" ] || rm -rf "$top"' EXIT
cd "$top" || exit 1
export PATH=$BIN:$PATH LC_ALL=C
n=0 bad=0
echo "# seed $seed, $rounds rounds"
result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; tail -15 log | sed 's/^/# /'; bad=1; fi
}

seq -f '{"i":%.0f,"k":"a","text":"a record of some length, so that segments fill up in reasonable time"}' 20000 >input
# The reader is slower than the input by far; it reads to the end whatever happens to smrate.
reader() { smrate --queue 1 -r "$1/s" >"$2" 2>>log; }
# run RATE OUT FILE...: in the background; its id in $pid
run() {
	local rate=$1 out=$2; shift 2
	rm -f pipe; mkfifo pipe
	reader "$rate" "$out" <pipe & rd=$!
	smrate --full spill:sp --queue 20 $how "$@" >pipe 2>>log & pid=$!
}
pause() { sleep "$(printf '0.%03d' $((RANDOM % $1 + 20)))"; }

# round: a first run that spills, runs that are killed while they go on with it, a calm one.
round() {
	rm -rf sp out.* list log; : >log
	local i=0
	run 3000 out.0 input; pause 90; kill -9 $pid 2>/dev/null; wait $pid $rd 2>/dev/null
	python3 "$here/spill_list.py" sp >list 2>>log || return 1
	[ -s list ] || { echo 'nothing was spilled' >>log; return 0; }
	spilled=$((spilled + $(wc -l <list)))
	for i in $(seq $((RANDOM % 4))); do
		run 40000 "out.$i" /dev/null; pause 300; kill -9 $pid 2>/dev/null && hits=$((hits + 1)); wait $pid $rd 2>/dev/null
	done
	echo '{"i":99999,"k":"a"}' >more
	run 10000000 out.last more; wait $pid || { echo "a calm run ended with $?" >>log; return 1; }
	wait $rd
	# In each run the numbers rise; of what was listed none is missing; nothing is there that never was.
	local f
	for f in out.*; do sed -E 's/^\{"i":([0-9]+).*/\1/' "$f" | sort -nuc || { echo "$f: order" >>log; return 1; }; done 2>>log
	tail -1 out.last | grep -q 99999 || { echo 'the new record is not the last' >>log; return 1; }
	cat $(ls out.* | grep -v '^out.0$') | sort -u >after
	sort list | comm -23 - after >lost; [ ! -s lost ] || { echo "$(wc -l <lost) of $(wc -l <list) lost" >>log; head -3 lost >>log; return 1; }
	sort input more | comm -13 - after >new; [ ! -s new ] || { echo 'records from nowhere' >>log; head -3 new >>log; return 1; }
	[ "$(ls sp)" = lock ] || { ls sp >>log; return 1; }
}

for how in "" "--key k --fair"; do
	hits=0 spilled=0 r=0 rc=0
	while [ $rc = 0 ] && [ $((r += 1)) -le "$rounds" ]; do
		round || { rc=1; echo "round $r" >>log; [ -z "${KEEP-}" ] || cp -r "$top" "$top.failed"; }
	done
	[ $spilled -gt 0 ] || rc=1
	result $rc "kill -9 with a spill${how:+ and $how}, $rounds rounds, $((rounds + hits)) hits, $spilled records spilled: none is missing"
done
echo "1..$n"
exit $bad
