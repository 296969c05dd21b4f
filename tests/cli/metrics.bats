#!/usr/bin/env bats
# --metrics and --stats: the same in every tool (docs/metrics.md). SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"; export HOME=$PWD XDG_CONFIG_HOME=$PWD PATH=$SM_BIN:$PATH; unset SM_METRICS SM_METRICS_NAME
	ALL=(); for t in "$SM_BIN"/*; do ALL+=("$(basename "$t")"); done
	mkdir m
	smgen -n 20 >in
}
# value FILE NAME [LABELS]: the number of a series whose line has LABELS.
value() { grep -E "^$2[{ ]" "$1" | grep -F -- "${3-}" | sed 's/.* //'; }
# shim: a library that counts calls of clock_gettime and rename into $COUNT, and lets the monotonic clock run SPEED times as fast.
shim() {
	[ -z "${SM_SANITIZE-}" ] || skip "an interposed library under a sanitizer"
	cat >shim.c <<'C'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stdatomic.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <time.h>
	static atomic_long clocks, renames;
	int clock_gettime(clockid_t id, struct timespec *t)
	{
		static int (*real)(clockid_t, struct timespec *);
		if (!real)
			real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
		atomic_fetch_add(&clocks, 1);
		int r = real(id, t);
		long speed = getenv("SPEED") ? atol(getenv("SPEED")) : 1;
		if (id == CLOCK_MONOTONIC && speed > 1) {
			long long ns = (t->tv_sec * 1000000000LL + t->tv_nsec) * speed;
			t->tv_sec = ns / 1000000000LL;
			t->tv_nsec = ns % 1000000000LL;
		}
		return r;
	}
	int rename(const char *a, const char *b)
	{
		static int (*real)(const char *, const char *);
		if (!real)
			real = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
		atomic_fetch_add(&renames, 1);
		return real(a, b);
	}
	__attribute__((destructor)) static void done(void)
	{
		FILE *f = getenv("COUNT") ? fopen(getenv("COUNT"), "w") : NULL;
		if (f) {
			fprintf(f, "%ld %ld\n", atomic_load(&clocks), atomic_load(&renames));
			fclose(f);
		}
	}
C
	"${CC:-cc}" -shared -fPIC -o shim.so shim.c -ldl
}

@test "the text, to the byte" {
	echo '{bad' >>in
	smjq . in --metrics m/x.prom --on-error skip -q >out || [ $? = 1 ]
	sed -E 's/^(sm_(run_start_timestamp|run_duration|last_success_timestamp|cpu|blocked)_seconds.*|sm_peak_memory_bytes.*) [0-9.]+$/\1 N/' m/x.prom >got
	n=$(wc -c <in) o=$(wc -c <out)
	cat >want <<-E
	# HELP sm_runs_total Runs that have ended, by exit status; a signal is 128 and its number.
	# TYPE sm_runs_total counter
	sm_runs_total{tool="smjq",name="default",status="1"} 1
	# HELP sm_run_status Exit status of the run that ended last.
	# TYPE sm_run_status gauge
	sm_run_status{tool="smjq",name="default"} 1
	# HELP sm_run_start_timestamp_seconds When the newest run began.
	# TYPE sm_run_start_timestamp_seconds gauge
	sm_run_start_timestamp_seconds{tool="smjq",name="default"} N
	# HELP sm_run_duration_seconds Duration of the newest run, up to now or in all.
	# TYPE sm_run_duration_seconds gauge
	sm_run_duration_seconds{tool="smjq",name="default"} N
	# HELP sm_last_success_timestamp_seconds When a run last ended with status 0 or 1.
	# TYPE sm_last_success_timestamp_seconds gauge
	sm_last_success_timestamp_seconds{tool="smjq",name="default"} N
	# HELP sm_cpu_seconds_total Processor time, user and system.
	# TYPE sm_cpu_seconds_total counter
	sm_cpu_seconds_total{tool="smjq",name="default"} N
	# HELP sm_peak_memory_bytes Largest resident memory of the newest run.
	# TYPE sm_peak_memory_bytes gauge
	sm_peak_memory_bytes{tool="smjq",name="default"} N
	# HELP sm_records_in_total Records, rows or actions read, bad ones among them, marks not.
	# TYPE sm_records_in_total counter
	sm_records_in_total{tool="smjq",name="default"} 21
	# HELP sm_records_out_total Records or rows written to the output, marks not.
	# TYPE sm_records_out_total counter
	sm_records_out_total{tool="smjq",name="default"} 20
	# HELP sm_bytes_in_total Bytes of input read, after decompression.
	# TYPE sm_bytes_in_total counter
	sm_bytes_in_total{tool="smjq",name="default"} $n
	# HELP sm_input_size_bytes Size of the input files, as they lie on disk.
	# TYPE sm_input_size_bytes gauge
	sm_input_size_bytes{tool="smjq",name="default"} $n
	# HELP sm_input_read_bytes Bytes of the input files read, as they lie on disk.
	# TYPE sm_input_read_bytes gauge
	sm_input_read_bytes{tool="smjq",name="default"} $n
	# HELP sm_bytes_out_total Bytes written to the output.
	# TYPE sm_bytes_out_total counter
	sm_bytes_out_total{tool="smjq",name="default"} $o
	# HELP sm_rejected_records_total Bad records that were skipped or rejected.
	# TYPE sm_rejected_records_total counter
	sm_rejected_records_total{tool="smjq",name="default",reason="line"} 1
	# HELP sm_blocked_seconds_total Time spent waiting for input (upstream) and for the reader of the output (downstream), sampled ten times a second.
	# TYPE sm_blocked_seconds_total counter
	sm_blocked_seconds_total{tool="smjq",name="default",direction="upstream"} N
	sm_blocked_seconds_total{tool="smjq",name="default",direction="downstream"} N
	E
	diff want got
	[ "$(ls -A m)" = x.prom ]
}

@test "what the file is called: the option, the stream, default; \$SM_METRICS for a whole pipe" {
	export SM_METRICS=m
	smjq . in >out; smjq --metrics-name 'a/b "c"'$'\n''é' . in >out; SM_METRICS_NAME=env smjq . in >out; SM_METRICS_NAME=env smjq --metrics-name opt . in >out
	smfetch files in --resume ck | smjq . | smpartition t | smcommit | smcheckpoint save
	id=$(smcheckpoint show ck --metrics other.prom -o ndjson | jq -r .stream)
	ls m >got
	printf '%s\n' sm-default-smgen.prom sm-default-smjq.prom 'sm-a%2Fb%20%22c%22%0Aé-smjq.prom' sm-env-smjq.prom sm-opt-smjq.prom \
		"sm-$id-"{smfetch,smjq,smpartition,smcommit,smcheckpoint}.prom | grep -v smgen | LC_ALL=C sort >want
	LC_ALL=C sort got | diff want -
	grep -qF 'name="a/b \"c\"\né"' m/sm-a*; grep -qF "name=\"$id\",table=\"$PWD/t\"" "m/sm-$id-smcommit.prom"
	# The next generation of the stream has the same name.
	smcheckpoint rewind ck -q --metrics other.prom
	smfetch files in --resume ck >out; [ "$(value "m/sm-$id-smfetch.prom" sm_runs_total)" = 2 ]
	[ "$(ls m | wc -l)" = "$(wc -l <want)" ]
}

@test "counters go on from run to run; what is not ours is begun anew, with a warning" {
	for i in 1 2 3; do smjq . in --metrics m >out; done
	f=m/sm-default-smjq.prom
	[ "$(value $f sm_runs_total 'status="0"')" = 3 ]; [ "$(value $f sm_records_in_total)" = 60 ]
	success=$(value $f sm_last_success_timestamp_seconds)
	run --separate-stderr smjq . /nonexistent --metrics m; [ "$status" = 4 ]
	[ "$(value $f sm_runs_total 'status="4"')" = 1 ]; [ "$(value $f sm_runs_total 'status="0"')" = 3 ]; [ "$(value $f sm_run_status)" = 4 ]
	[ "$(value $f sm_last_success_timestamp_seconds)" = "$success" ]; [ "$(value $f sm_records_in_total)" = 60 ]
	for bad in garbage 'sm_runs_total{tool="smjq",name="default",status="0"} x' 'sm_runs_total{tool="smgen",name="default",status="0"} 7'; do
		echo "$bad" >$f
		run --separate-stderr smjq . in --metrics m; [ "$status" = 0 ]
		[[ "$stderr" == "smjq: warning: metrics: '$f' was not written by this tool under this name"* ]]
		[ "$(value $f sm_runs_total 'status="0"')" = 1 ]
		run --separate-stderr smjq . in --metrics m; [ -z "$stderr" ]; [ "$(value $f sm_runs_total 'status="0"')" = 2 ]
	done
}

@test "however a tool ends, its file says so" {
	f=m/sm-default-smjq.prom
	for sig in TERM INT HUP; do
		rm -f $f; mkfifo p; smjq . p --metrics m >out & pid=$!; sleep 30 >p & holder=$!
		cat in >p
		for i in $(seq 100); do [ -s out ] && break; sleep .1; done
		kill -$sig $pid; [ $sig != INT ] || kill $holder; rc=0; wait $pid || rc=$?; [ $sig = INT ] || kill $holder; rm p
		# A background job of a shell ignores SIGINT, and so does the tool.
		if [ $sig = INT ]; then [ $rc = 0 ]; continue; fi
		[ $rc -gt 128 ]; [ "$(value $f sm_run_status)" = $rc ]; [ "$(value $f sm_records_in_total)" = 20 ]; [ "$(value $f sm_runs_total "\"$rc\"")" = 1 ]
	done
	rm -f $f; yes '{"a":1}' | head -n 300000 | { smjq --metrics m . || echo $? >rc; } | head -1 >out; [ "$(cat rc)" = 141 ]; [ "$(value $f sm_run_status)" = 141 ]
	# Whichever thread it is that writes.
	smgen -n 20000 >many
	for c in smrate 'smrate --queue 100' 'smrate --key network --fair' 'smrate --full spill:sp --queue 1MiB' smsentiment 'smfetch files'; do
		read -ra c <<<"$c"; rm -f rc; { "${c[@]}" many --metrics m --metrics-name pipe 2>err || echo $? >rc; } | head -1 >out
		[ "$(cat rc)" = 141 ]; [ "$(value m/sm-pipe-${c[0]}.prom sm_run_status)" = 141 ]
	done
	rm -f $f; run --separate-stderr smjq 'syntax error' in --metrics m; [ "$status" = 2 ]; [ "$(value $f sm_run_status)" = 2 ]
	# A source that looks for the signal itself ends in its own way.
	mkfifo p; smfetch files p --resume ck --metrics m --metrics-name s >out 2>err & pid=$!; sleep 30 >p & holder=$!
	cat in >p
	for i in $(seq 100); do [ -s out ] && break; sleep .1; done
	kill -TERM $pid; rc=0; wait $pid || rc=$?; kill $holder
	[ $rc = 0 ]; tail -1 out | grep -q '"end":"signal"'; [ "$(value m/sm-s-smfetch.prom sm_run_status)" = 0 ]
	rm p; mkfifo p; smfetch files p --marks --metrics m --metrics-name h >out & pid=$!; sleep 30 >p & holder=$!
	for i in $(seq 100); do [ -s out ] && break; sleep .1; done
	kill -HUP $pid; rc=0; wait $pid || rc=$?; kill $holder
	[ $rc = 129 ]; [ "$(value m/sm-h-smfetch.prom sm_run_status)" = 129 ]
	# 75 is told apart.
	smfetch files in --resume ck2 >marks; smpartition t <marks | smcommit >out
	smpartition t <marks | smcommit --metrics m --metrics-name c >out 2>err || [ $? = 75 ]
	[ "$(value m/sm-c-smcommit.prom sm_runs_total 'status="75"')" = 1 ]; [ -z "$(value m/sm-c-smcommit.prom sm_last_success_timestamp_seconds)" ]
}

@test "a folder that cannot be written: a warning, once, and nothing else" {
	smjq . in >want
	mkdir gone
	{ cat in; sleep 1; } | smjq --metrics gone . >out 2>err & pid=$!
	sleep .3; rmdir gone; wait $pid
	cmp out want; [ "$(cat err)" = "smjq: warning: metrics: 'gone/sm-default-smjq.prom' cannot be written; continuing without it: No such file or directory" ]
	SM_METRICS=/nonexistent smjq . in >out 2>err; cmp out want; [ "$(cat err)" = "smjq: warning: metrics: '/nonexistent' is not a folder" ]
	SM_METRICS=in smjq . in >out 2>err; cmp out want; [ "$(cat err)" = "smjq: warning: metrics: 'in' is not a folder" ]
	SM_METRICS= smjq . in >out 2>err; cmp out want; [ ! -s err ]
	for bad in /nonexistent/x /dev/null m/none/; do
		run --separate-stderr smjq --metrics $bad . in; [ "$status" = 2 ]; [[ "$stderr" == "smjq: --metrics: '$bad' is "* ]]
	done
	run --separate-stderr smjq --metrics m --metrics-name '' . in; [ "$status" = 2 ]
	run --separate-stderr smjq --metrics m --metrics-name "$(printf 'x%.0s' {1..65})" . in; [ "$status" = 2 ]
	run --separate-stderr smjq --stats-every 1s . in; [ "$status" = 2 ]; [[ "$stderr" == "smjq: --stats-every needs --stats"* ]]
}

@test "the commands of docs/metrics.md; a folder that hands its group on" {
	docs=$BATS_TEST_DIRNAME/../../docs/metrics.md
	sed -n '/^    export SM_METRICS=/,/^$/s/^    //p' "$docs" | sed "s|/var/lib/prometheus/node-exporter|$PWD/m|" >line; [ "$(wc -l <line)" = 2 ]
	mkdir posts; cp in posts/a.ndjson; sh -e ./line; sh -e ./line
	id=$(jq -r .id ck/id 2>/dev/null || smcheckpoint show ck -o ndjson | jq -r .stream)
	for t in smfetch smpartition smcommit smcheckpoint; do [ "$(value "m/sm-$id-$t.prom" sm_runs_total 'status="0"')" = 2 ]; done
	[ "$(value "m/sm-$id-smcommit.prom" sm_rows_added_total)" = 20 ]
	for m in $(grep -o 'sm_[a-z_]*[a-z]' "$docs" | sort -u); do grep -q "^| \`$m\` " "$docs" || { echo "no such metric: $m"; return 1; }; done
	mkdir g; chmod 2750 g; (umask 027; smjq . in --metrics g >out); [ "$(stat -c %a g/*.prom)" = 640 ]
	[ "$(id -u)" != 0 ] || { chgrp 12345 g; rm g/*; (umask 027; smjq . in --metrics g >out); [ "$(stat -c %g g/*.prom)" = 12345 ]; }
}

@test "twenty streams side by side: twenty files, no temporary left, two at one file are told" {
	for i in $(seq 20); do
		smgen -n $((i * 10)) | SM_METRICS=m smjq --metrics-name "s$i" . >out$i &
	done
	wait
	[ "$(ls -A m | wc -l)" = 20 ]
	for i in $(seq 20); do [ "$(value m/sm-s$i-smjq.prom sm_records_in_total)" = $((i * 10)) ]; done
	[ "$(cat m/*.prom | grep '^# HELP' | sort -u | awk '{ print $3 }' | uniq -d)" = '' ]
	[ "$(cat m/*.prom | grep -v '^#' | sed 's/ [^ ]*$//' | sort | uniq -d)" = '' ]
}

@test "another process at the same file is told, once" {
	shim; mkfifo p
	LD_PRELOAD=$PWD/shim.so SPEED=50 smjq . p --metrics m >out 2>err & pid=$!; exec 7>p; cat in >&7
	for i in $(seq 100); do [ -e m/sm-default-smjq.prom ] && break; sleep .1; done
	smjq . in --metrics m >out2
	for i in $(seq 100); do [ -s err ] && break; sleep .1; done
	exec 7>&-; wait $pid
	[ "$(cat err)" = "smjq: warning: metrics: 'm/sm-default-smjq.prom' is written by another process too: give each a --metrics-name of its own" ]
}

@test "at most one rename in ten seconds" {
	shim
	# The clock runs ten times as fast: two seconds are twenty.
	{ cat in; sleep 2; } | COUNT=n LD_PRELOAD=$PWD/shim.so SPEED=10 smjq . --metrics m >out
	read -r _ renames <n
	seconds=$(value m/sm-default-smjq.prom sm_run_duration_seconds); seconds=${seconds%.*}
	echo "$renames renames in $seconds s"; [ "$renames" -ge 2 ]; [ "$renames" -le $((seconds / 10 + 1)) ]
}

@test "metrics add no call of the clock a record" {
	shim
	smgen -n 100000 --profile bench >big; head -n 10000 big >small
	for tool in 'smjq .' 'smjq --unbuffered .' smsentiment smrate 'smrate --queue 1000' 'smfetch files' 'smpartition t' 'smtrend -q --min-authors 1'; do
		read -ra c <<<"$tool"
		for f in small big; do
			[ "$f" = small ] || [ "${SM_LONG-}" ] || head -n 40000 big >"$f.part"
			file=$f; [ ! -e "$f.part" ] || file=$f.part
			rm -rf t; COUNT=n0 LD_PRELOAD=$PWD/shim.so "${c[@]}" $file >out; rm -rf t; COUNT=n1 LD_PRELOAD=$PWD/shim.so "${c[@]}" $file --metrics m >out
			read -r without _ <n0; read -r with _ <n1; eval "$f=$((with - without))"
		done
		# The thread looks at it ten times a second, so a slow machine adds some; a call a record would be 30,000.
		echo "$tool: $small more for 10,000 records, $big more for more"; [ "$((big - small))" -lt 3000 ]
	done
}

@test "nobody's data is overwritten, leftovers are no hindrance, looking something up is no run" {
	cp in data; run -2 --separate-stderr smgen -n 1 --metrics data
	[[ "$stderr" == *"'data' holds something else than metrics"* ]]; cmp in data
	: >empty; smgen -n 1 --metrics empty >out; [ "$(value empty sm_records_out_total)" = 1 ]
	SM_METRICS=m bash -c 'touch m/.sm-default-smgen.prom.$$.tmp; exec smgen -n 1' >out 2>err
	[ ! -s err ]; [ "$(value m/sm-default-smgen.prom sm_runs_total)" = 1 ]; [ -z "$(find m -name '.*.tmp')" ]
	for c in list 'describe hn' 'list hn'; do read -ra w <<<"$c"; SM_METRICS=m smfetch "${w[@]}" >out; done
	[ ! -e m/sm-default-smfetch.prom ]
	for bad in $(printf '%65s' | tr ' ' a) $'\xff'; do
		run -2 --separate-stderr smgen -n 1 --metrics m --metrics-name "$bad"
		SM_METRICS=m SM_METRICS_NAME=$bad smgen -n 1 >out 2>err; grep -q 'SM_METRICS_NAME must .*: it is ignored' err
	done
	[ "$(ls m)" = sm-default-smgen.prom ]
	run -2 smgen -n 1 --metrics ''
}

@test "--stats: the same numbers, in every tool" {
	smfetch files in --resume ck | smpartition t | smcommit | smcheckpoint save
	lines=('smgen -n 3' 'smfetch files in' 'smrate in' 'smjq . in' 'smsentiment in' 'smtrend -q in' 'smpartition u in' 'smcommit' 'smcheckpoint list' 'smreplay t' 'smtable files t')
	for t in "${ALL[@]}"; do
		line=; for l in "${lines[@]}"; do [[ "$l " != "$t "* ]] || line=$l; done
		[ -n "$line" ] || { echo "no line for $t"; return 1; }
		read -ra c <<<"$line"; rm -f m/*
		"${c[@]}" --stats s --metrics m </dev/null >out 2>err || true
		[ "$(wc -l <s)" = 1 ]; jq -e --arg t "$t" '.tool == $t and .last and .elapsed_s >= 0 and (.at | fromdate? // true)' s >/dev/null
		jq -r 'to_entries[] | select((.value | type) == "number" and (.key | startswith("sm_"))) | "\(.key) \(.value)"' s | while read -r k v; do
			[ "$(value m/*.prom "$k" | jq .)" = "$v" ] || { echo "$t: $k is $v, not $(value m/*.prom "$k")"; exit 1; }
		done
		rm s
	done
	mkfifo p; smjq . p --stats fd:8 8>s >out 2>err & pid=$!; exec 7>p; cat in >&7
	for i in $(seq 100); do [ -s out ] && break; sleep .1; done
	kill -USR1 $pid
	for i in $(seq 100); do [ -s err ] && break; sleep .1; done
	exec 7>&-; wait $pid; jq -e '.last | not' err >/dev/null; jq -e '.last and .sm_records_in_total == 20' s >/dev/null
}

@test "every tool gives what it lists, and lists what it gives; the document has them all" {
	docs="$BATS_TEST_DIRNAME/../../docs"
	"$docs/metrics.sh" "$SM_BIN" "$docs/metrics.md" | diff "$docs/metrics.md" - || { echo "make metrics-doc"; return 1; }
	export SM_METRICS=$PWD/m; cp in bad; echo '{bad' >>bad
	smgen -n 50 >gen
	smfetch files bad --on-error skip --resume ck 2>err | smpartition --by network --on-error skip t 2>err | smcommit | smcheckpoint save
	for f in 'smjq .' smsentiment 'smrate --adapt aimd --min 1/s --max 100000/s' 'smrate --time created_at --watermark 1h' 'smtrend -q --min-authors 1' 'smpartition u' 'smpartition t'; do read -ra c <<<"$f"; "${c[@]}" --on-error skip -q bad >out || [ $? = 1 ]; done
	smfetch files in --resume ck2 | smrate --time created_at --watermark 1h --metrics-name default | smtrend -q --metrics-name default >out
	SM_METRICS= smpartition w in >actions; smcommit <actions >out
	smtable check t -q; smreplay --jq 'if .lang == "de" then error("x") else . end' --on-error skip -q t >out || [ $? = 1 ]
	for t in "${ALL[@]}"; do
		[ "$t" != smfetch ] || continue      # api_metrics.bats
		"$t" --generate=metrics | cut -f1 | sort >listed
		sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' m/*-"$t".prom | sort -u >given
		diff listed given || { echo "$t: < is listed, > is given"; return 1; }
	done
}
