#!/usr/bin/env bats
# What docs/operations.md tells to copy: units, the line for cron, the Makefile, as they ship, against simulated APIs. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"
load ../api/helper.bash

setup() {
	api_setup
	SHARE=$ROOT/share DOC=$ROOT/docs/operations.md
	mkdir -p etc/secrets home/posts
	PROC=
}
teardown() {
	[ -z "$PROC" ] || kill -9 -- "-$PROC" 2>/dev/null
	api_teardown
}

# --- what systemd, cron and make do with these files ---

# here TEXT: TEXT with the folders of this test in place of the system's; sent to the simulator.
here() { sed -e "s|/usr/local/share/smtools|$SHARE|g; s|/etc/smtools|$PWD/etc|g; s|%S|$PWD/var|g; s|%i|$NAME|g; s|--jobs|--endpoint $U --jobs|g" <<<"$1"; }
value() { sed -n "s/^$2=//p" "$SHARE/systemd/$1"; }                # value UNIT KEY
# unit NAME UNIT: run.NAME, a script that does what systemd would: folders, environment, credentials, then ExecStart.
unit() {
	NAME=$1
	local d v cred=$PWD/cred.$1
	for d in $(here "$(value "$2" StateDirectory)"); do mkdir -p "var/$d"; done
	mkdir -p "$cred"
	for v in $(here "$(value secrets.conf LoadCredential)"); do cp "${v#*:}" "$cred/${v%%:*}"; done
	for v in "${@:3}"; do printf %s "$TOKEN" >"$cred/$v"; done
	{
		echo '#!/bin/sh'
		echo "cd '$(here "$(value "$2" WorkingDirectory)")' && exec env -i PATH='$PATH' SM_SHARE='$SHARE' CREDENTIALS_DIRECTORY='$cred' \\"
		here "$(value "$2" Environment)" | sed 's/$/ \\/'
		here "$(value "$2" ExecStart)"
	} >"run.$1"
	chmod +x "run.$1"
}
# background COMMAND…: in a process group of its own, which is PROC.
background() { setsid "$@" >out.bg 2>err.bg 3>&- & PROC=$!; }
# systemd stops a service by a SIGTERM to each of its processes.
stop() { kill -TERM -- "-$PROC"; RC=0; wait "$PROC" || RC=$?; PROC=; }
rows() { smreplay "${1:-var/smtools/landing}" --select native_id | jq -r .native_id | sort; }
# in_table [JQ]: the table has these posts of the world, each once.
in_table() { world >world; diff <(rows "${2:-var/smtools/landing}") <(jq -r "select(${1-true}) | .native_id" world | sort) >diff.txt || { head -5 diff.txt; false; }; }
posts_of() { printf '{"source":"x-recent","vars":{"query":"cats"}%s}\n' "${2-}" >"$1"; }
x_secret() { mkdir -p etc/secrets; printf %s "$TOKEN" >etc/secrets/x-bearer; rm -f config/smtools/secrets/x-bearer; }

# --- systemd ---

@test "the units are what systemd takes, and let the service do little else" {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
	mkdir units; NAME=cats U=http://127.0.0.1
	local u
	for u in smfetch@.service smfetch@.timer smfetch-stream@.service; do
		# Documentation= would want the man page to be installed.
		sed "s|/usr/local/share/smtools|$SHARE|; /^Documentation=man:/d" "$SHARE/systemd/$u" >"units/${u/@/@cats}"
	done
	for u in smfetch smfetch-stream; do mkdir "units/$u@cats.service.d"; cp "$SHARE/systemd/secrets.conf" "units/$u@cats.service.d"; done
	run systemd-analyze verify units/*@cats.service units/*.timer
	echo "$output"
	[ "$status" = 0 ]; not grep -qE 'smfetch|secrets.conf' <<<"$output"
	for u in units/*@cats.service; do systemd-analyze security --offline=true --threshold=20 "$u" >/dev/null; done
	# A timer's command is there to be run in the time that it is given.
	[ "$(value smfetch@.service TimeoutStartSec)" = 1h ]; grep -q -- '--for 50m' "$SHARE/systemd/smfetch@.service"
}

@test "smfetch@.service: into the table, with systemd's credential; again: what is new" {
	sim x --posts 250
	x_secret; posts_of etc/cats.ndjson
	unit cats smfetch@.service
	./run.cats 2>err; [ ! -s err ]
	in_table
	[ "$(jq -r 'select(.method) | .headers.authorization' "$J" | sort -u)" = "Bearer $TOKEN" ]
	[ -d var/smtools/cats/ck ]; [ -n "$(find var/smtools/limits -type f)" ]
	ctl 'grow?n=30'
	./run.cats
	in_table
	# A second stream into the same table, at the same time, with the same limits.
	printf '{"source":"x-recent","vars":{"query":"dogs"}}\n' >etc/dogs.ndjson
	unit dogs smfetch@.service
	ctl 'grow?n=10'
	./run.dogs & ./run.cats; wait $!
	[ "$(rows | sort -u | wc -l)" = 290 ]; [ "$(rows | wc -l)" = 580 ]
	[ "$(smcheckpoint list --json var/smtools/* | jq -r .last.end | sort | uniq -c | xargs)" = "2 done" ]
}

@test "smfetch@.service: a quota that is used up is 75, which the unit takes for success; the next run goes on" {
	sim x --posts 450 --fault 429,retry-after=7200,after=2
	x_secret; posts_of etc/cats.ndjson
	unit cats smfetch@.service
	run -75 ./run.cats
	[[ " $(value smfetch@.service SuccessExitStatus) " == *" 75 "* ]]
	[ "$(tail -1 var/smtools/cats/ck/journal | jq -r .end)" = quota ]
	n=$(rows | wc -l); [ "$n" -gt 0 ]; [ "$n" -lt 450 ]
	# Before its time no request is sent: --share remembers.
	asked=$(requests); run -75 ./run.cats; [ "$(requests)" = "$asked" ]
	ctl clear; rm -r var/smtools/limits
	./run.cats
	in_table
}

@test "smfetch@.service: SIGTERM to all of it closes the stream with a mark, what was read is committed, the next run goes on" {
	sim x --posts 900 --fault delay:0.2
	x_secret; posts_of etc/cats.ndjson
	unit cats smfetch@.service
	background ./run.cats
	until_is 20 at_least 3; stop
	cat err.bg
	[ "$RC" = 0 ]; [ "$(tail -1 var/smtools/cats/ck/journal | jq -r .end)" = signal ]
	n=$(rows | wc -l); [ "$n" -ge 100 ]; [ "$n" -lt 900 ]
	ctl clear
	./run.cats
	in_table
}

@test "a second run on a checkpoint in use is status 5 and harms nothing; killed, the next run goes on" {
	sim x --posts 500 --fault delay:0.2
	x_secret; posts_of etc/cats.ndjson
	unit cats smfetch@.service
	background ./run.cats
	until_is 20 at_least 2
	run -5 ./run.cats; [[ "$output" == *"in use"* ]]
	run -5 smcheckpoint rewind var/smtools/cats/ck
	RC=0; wait "$PROC" || RC=$?; PROC=; [ "$RC" = 0 ]
	in_table
	ctl 'grow?n=400'
	background ./run.cats
	until_is 20 at_least 7; kill -9 -- "-$PROC"; wait "$PROC" 2>/dev/null || true; PROC=
	ctl clear
	./run.cats || { [ $? = 75 ] && ./run.cats; }
	in_table
}

@test "ingest.sh: the status is that of what went wrong" {
	sim x --posts 150
	x_secret; posts_of etc/cats.ndjson
	unit cats smfetch@.service
	printf wrong >cred.cats/x-bearer; run -4 ./run.cats; [[ "$output" == *smfetch:* ]]; [[ "$output" != *wrong* ]]
	printf %s "$TOKEN" >cred.cats/x-bearer
	echo '{"source":"x-recent","vars":{"nope":1}}' >etc/cats.ndjson; run ./run.cats; [ "$status" = 2 ] || [ "$status" = 3 ]
	posts_of etc/cats.ndjson
	./run.cats; in_table
	echo '{"id":1}' >odd; run -3 env CK=odd.ck TABLE=odd.table "$SHARE/ingest/ingest.sh" files odd                       # smpartition: no smpost
	run -5 env CK=other.ck TABLE=var/smtools/landing BY=lang "$SHARE/ingest/ingest.sh" files odd                         # the table has other partitions
	printf '{"a":1}\n{bad\n{"a":2}\n' >some
	run -1 env CK=some.ck TABLE=some.table SCHEMA= BY= "$SHARE/ingest/ingest.sh" files some --on-error skip
	[ "$(smreplay some.table | wc -l)" = 2 ]
	# A source that ends before its first mark: asked to, killed, or by a failure.
	mkdir fake; printf '#!/bin/sh\neval "$HOW"\n' >fake/smfetch; chmod +x fake/smfetch
	# Whatever started the tests may ignore SIGINT.
	early() { CK=e.ck TABLE=e.table HOW=$1 PATH=$PWD/fake:$PATH env --default-signal=INT "$SHARE/ingest/ingest.sh" none 2>/dev/null; }
	early 'kill -TERM $$'; early 'kill -INT $$'
	run -4 early 'exit 4'; run -2 early 'exit 2'; run early 'kill -9 $$'; [ "$status" != 0 ]
}

@test "ingest.sh: PING_URL hears of the beginning and the end, and is no reason to fail" {
	cat >server.py <<-'P'
	import http.server, sys, time
	class H(http.server.BaseHTTPRequestHandler):
	    def do_GET(self):
	        open('pings', 'a').write(self.path + '\n')
	        if '/slow' in self.path: time.sleep(30)
	        self.send_response(500 if '/broken' in self.path else 200); self.send_header('Content-Length', '0'); self.end_headers()
	    def log_message(self, *a): pass
	s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H); s.daemon_threads = True
	open('port.tmp', 'w').write(str(s.server_port))
	import os; os.rename('port.tmp', 'port')
	s.serve_forever()
	P
	"${PY[@]}" server.py 3>&- & SIM_PIDS+=($!)
	for i in $(seq 300); do [ -s port ] && break; command sleep .1; done
	at=http://127.0.0.1:$(cat port)
	pinged() { cat pings; [ "$(tr '\n' ' ' <pings)" = "$1" ]; rm -f pings; }
	go() { env CK="ck.$1" TABLE="table.$1" SCHEMA= BY= PING_URL="$2" "$SHARE/ingest/ingest.sh" files "${@:3}"; }
	printf '{"a":1}\n{"a":2}\n' >some; echo '{bad' >bad; cat some bad >both
	go a "$at/id" some 2>err; [ ! -s err ]; pinged '/id/start /id '
	go a "$at/id/" some; pinged '/id/start /id '
	run -3 go b "$at/id" bad; pinged '/id/start /id/3 '
	run -1 go c "$at/id" both --on-error skip; pinged '/id/start /id '
	PING_OK=0 run -1 go d "$at/id" both --on-error skip; pinged '/id/start /id/1 '
	mkdir fake; printf '#!/bin/sh\ncat >/dev/null\nexit 75\n' >fake/smcheckpoint; chmod +x fake/smcheckpoint
	PATH=$PWD/fake:$PATH run -75 go e "$at/id" some; pinged '/id/start /id '
	PATH=$PWD/fake:$PATH PING_OK='0 1' run -75 go e "$at/id" some; pinged '/id/start /id/75 '
	# A service that is out of order, not there, slow: said, and no more.
	go f "$at/broken" some 2>err; [ "$(grep -c '^ingest.sh: ping: curl' err)" = 2 ]; rm -f pings
	go g http://127.0.0.1:1/id some 2>err; [ "$(grep -c '^ingest.sh: ping: curl' err)" = 2 ]
	PING_TIMEOUT=1 go h "$at/slow" some 2>err; [ "$(grep -c '^ingest.sh: ping: curl' err)" = 2 ]; [ "$(smreplay table.h | wc -l)" = 2 ]; rm -f pings
	# Nobody who lists processes, and no program of the pipe, sees the address.
	printf '#!/bin/sh\nenv >env\ntr "\\0" " " </proc/$PPID/cmdline >>env\nexec %s/smfetch "$@"\n' "$SM_BIN" >fake/smfetch; chmod +x fake/smfetch; rm fake/smcheckpoint
	PATH=$PWD/fake:$PATH go i "$at/secret" some; [ -s env ]; if grep -q secret env; then false; fi
}

@test "smfetch-stream@.service: as it comes; SIGTERM ends it with a mark and status 0; what came meanwhile is read by the next" {
	sim mastodon --posts 30 --set thump=0.2
	x_secret; echo '{"source":"mastodon-stream"}' >etc/live.ndjson
	unit live smfetch-stream@.service mastodon-token
	opened() { [ "$(stat_of streams_opened)" -ge "$1" ]; }
	background ./run.live
	until_is 10 opened 1; sleep .3; ctl 'grow?n=20'; sleep 1
	stop; cat err.bg; [ "$RC" = 0 ]
	[ "$(tail -1 var/smtools/live/ck/journal | jq -r .end)" = signal ]
	in_table '.i >= 30'
	ctl 'grow?n=40'
	background ./run.live
	until_is 10 opened 2; sleep .3; ctl 'grow?n=5'; sleep 1
	stop; [ "$RC" = 0 ]
	in_table '.i >= 30'
	# systemd: a stop is no failure, a quota is a new start, what does not mend itself is not tried again.
	[ "$(value smfetch-stream@.service Restart)" = on-failure ]
	[ "$(value smfetch-stream@.service RestartForceExitStatus)" = 75 ]
	[ "$(value smfetch-stream@.service RestartPreventExitStatus)" = "2 3 5" ]
}

# --- cron ---

cron() { (cd home && HOME=$PWD && unset XDG_CONFIG_HOME && export HOME SM_SHARE="$SHARE" && sh -c "$(cat ../line)" </dev/null); }
cron_line() {
	NAME=none
	local line
	line=$(grep -vE '^(#|[A-Z]+=|$)' "$SHARE/cron/smfetch.cron")
	[ "$(wc -l <<<"$line")" = 1 ]; [[ "$line" != *%* ]]                # cron makes a new line of a %
	here "$(sed -E 's/^([^ ]+ ){5}//' <<<"$line")" >line
	mkdir -p home/.config/smtools; cp -r config/smtools/secrets home/.config/smtools/
	posts_of home/posts/jobs.ndjson
}

@test "the line for cron: silent when all is well, again and again, also when the quota is used up; what is wrong is said" {
	sim x --posts 250
	cron_line
	[ -z "$(cron 2>&1)" ]; in_table true home/posts/landing
	ctl 'grow?n=20'
	[ -z "$(cron 2>&1)" ]; in_table true home/posts/landing
	ctl 'grow?n=300'; ctl 'fault?spec=429,retry-after=7200'
	[ -z "$(cron 2>&1)" ]; [ "$(rows home/posts/landing | wc -l)" = 270 ]
	[ "$(tail -1 home/posts/ck/journal | jq -r .end)" = quota ]
	ctl clear
	[ -z "$(cron 2>&1)" ]; in_table true home/posts/landing
	printf wrong >home/.config/smtools/secrets/x-bearer
	[[ "$(cron 2>&1)" == *smfetch:* ]]
	chmod 644 home/.config/smtools/secrets/x-bearer
	[[ "$(cron 2>&1)" == *"chmod 600"* ]]
}

@test "the line for cron: two at once: the second says so, and touches nothing" {
	sim x --posts 500 --fault delay:0.2
	cron_line
	cron >first 2>&1 & p=$!
	until_is 20 at_least 2
	[[ "$(cron 2>&1)" == *"in use"* ]]
	wait $p; [ ! -s first ]
	in_table true home/posts/landing
}

# --- make ---

# The make that runs these tests has nothing to say here.
mk() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -f "$SHARE/make/ingest.mk" INGEST="$SHARE/ingest/ingest.sh --endpoint $U" PAUSE=0 "$@"; }

@test "ingest.mk: streams side by side into one table; what is made of it is made anew only with a new version" {
	sim x --posts 250
	mkdir jobs; posts_of jobs/cats.ndjson; printf '{"source":"x-recent","vars":{"query":"dogs"},"max_records":100}\n' >jobs/dogs.ndjson
	mk -j2
	[ "$(rows landing | sort -u | wc -l)" = 250 ]; [ "$(rows landing | wc -l)" = 350 ]
	[ -s trends.txt ]; cp -p trends.txt before; v=$(cat table.version)
	rm jobs/dogs.ndjson
	sleep .1; mk -j2
	if [ "$(cat table.version)" = "$v" ]; then [ ! trends.txt -nt before ]; fi
	ctl 'grow?n=20'; sleep .1; mk -j2
	[ "$(cat table.version)" != "$v" ]; [ trends.txt -nt before ]
}

@test "ingest.mk: 75 is tried again, then left for the next make; a stream that fails leaves the others alone" {
	sim x --posts 250 --fault 429,retry-after=7200,count=1
	mkdir jobs; posts_of jobs/cats.ndjson
	mk ingest LIMITS=fresh >out; if grep -q later out; then rm -rf fresh; fi           # what was waited for is in LIMITS
	mk ingest; in_table true landing
	ctl 'grow?n=30'; ctl 'fault?spec=429,retry-after=7200'
	mk ingest TRIES=2 >out 2>err; [ "$(cat out)" = "cats: later" ]; [ "$(grep -c 'try again later' err)" = 2 ]
	ctl clear; rm -rf limits
	echo '{"source":"x-recent","vars":{"nope":1}}' >jobs/bad.ndjson
	run mk -k -j2 ingest; echo "$output"; [ "$status" = 2 ]; [[ "$output" == *nope* ]]
	in_table true landing
}

# --- the rest of the page ---

@test "secret-gpg: a secret out of a file that gpg keeps" {
	command -v gpg >/dev/null || skip "gpg is not installed"
	sim x --posts 30
	rm config/smtools/secrets/x-bearer
	export GNUPGHOME=/tmp/sm-gpg.$$ SECRETS=$PWD/gpg              # a short name: of its socket
	mkdir -m 700 "$GNUPGHOME" gpg
	gpg --batch --quiet --passphrase '' --quick-generate-key me@example.org future-default default never 2>/dev/null
	printf '%s\n' "$TOKEN" | gpg --batch --quiet --trust-model always --encrypt --recipient me@example.org --output gpg/x-bearer.gpg
	rc=0; fetch x-recent query=cats --secret-command "$SHARE/ingest/secret-gpg" >out || rc=$?
	gpgconf --kill all; rm -rf "$GNUPGHOME"
	[ "$rc" = 0 ]; same out
	[ "$(jq -r 'select(.method) | .headers.authorization' "$J" | sort -u)" = "Bearer $TOKEN" ]
}

@test "backups: of one moment they go on; a table or a checkpoint that is older than the other is 5, nothing is touched, a rewind goes on" {
	smgen -n 300 >all; mkdir in
	export TABLE=t
	go() { "$SHARE/ingest/ingest.sh" files in; }
	back() { rm -rf "$1"; cp -a "$1.$2" "$1"; }
	head -100 all >in/1; go; cp -a ck ck.old; cp -a t t.old
	tail -n +101 all | head -100 >in/2; go; cp -a ck ck.new; cp -a t t.new
	back ck old; back t old; go; [ "$(smreplay t --count)" = 200 ]
	back ck old; back t new; run -5 go; [[ "$output" == *"$PWD/t"* ]]; [ "$(smreplay t --count)" = 200 ]
	back ck new; back t old; run -5 go; [[ "$output" == *"$PWD/t"* ]]; [ "$(smreplay t --count)" = 100 ]
	smcheckpoint rewind ck; go; [ "$(smreplay t --count)" = 300 ]           # the first hundred twice
}

@test "a backfill: in parts, killed and stopped on the way, each post once; through, it asks for nothing" {
	sim x --posts 900 --step 600 --fault delay:0.1
	world >w; since=$(sed -n 51p w | jq -r .created_at) until=$(sed -n 801p w | jq -r .created_at)
	export CK=ck.back TABLE=var/smtools/landing
	line=("$SHARE/ingest/ingest.sh" x-all --endpoint "$U" query=cats --since "$since" --until "$until" --split 1d)
	background "${line[@]}"; until_is 20 at_least 2; kill -9 -- "-$PROC"; wait "$PROC" 2>/dev/null || true; PROC=
	background "${line[@]}"; until_is 20 at_least 4; stop; [ "$RC" = 0 ] || [ "$RC" = 75 ]
	ctl clear
	"${line[@]}" || { [ $? = 75 ] && "${line[@]}"; }
	in_table '.i >= 50 and .i < 800'
	asked=$(requests); "${line[@]}"; [ "$(requests)" = "$asked" ]
}

@test "the checks of the page tell of what stands still and of what is there" {
	mkdir -p jobs; smgen -n 50 >in
	CK=jobs/fresh TABLE=landing "$SHARE/ingest/ingest.sh" files in
	line=$(sed -n 's/^    \(smcheckpoint list .*\)/\1/p' "$DOC" | head -1); [ -n "$line" ]
	line=${line//\/var\/lib\/smtools\/\*/jobs}
	[ -z "$(sh -c "$line")" ]
	cp -a jobs/fresh jobs/old; sed -i -E 's/"at":"20[0-9]{2}/"at":"2001/' jobs/old/journal
	[ "$(sh -c "$line")" = "$PWD/jobs/old" ]
	line=$(sed -n 's/^    \(smtable history .*\)/\1/p' "$DOC" | head -1); [ -n "$line" ]
	[ "$(sh -c "${line//\/var\/lib\/smtools\//}" | wc -l)" = 1 ]
}

@test "make install brings the files along, with PREFIX in them" {
	local f
	for f in systemd/smfetch@.service systemd/smfetch-stream@.service cron/smfetch.cron make/ingest.mk; do
		grep -q '/usr/local/share/smtools/ingest/ingest.sh' "$SHARE/$f" || { echo "$f"; false; }
	done
	env -u MAKEFLAGS -u MFLAGS make -n -C "$ROOT" install PREFIX=/opt/sm DESTDIR="$PWD/root" BUILD="$(dirname "$SM_BIN")" 2>/dev/null | grep -q 'sed .*/opt/sm'
	[ -x "$SHARE/ingest/ingest.sh" ]; [ -x "$SHARE/ingest/secret-gpg" ]
}
