#!/usr/bin/env bats
# The progress line of every tool on a pseudo-terminal: which tool of a pipe draws, what it says, that it is gone in the end.
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export HOME=$PWD XDG_CONFIG_HOME=$PWD TERM=xterm PATH=$SM_BIN:$PATH LC_ALL=C.UTF-8
	unset NO_COLOR SM_METRICS
	smgen -n 60 >posts
	smpartition --schema smpost t posts | smcommit >/dev/null
	smpartition --schema smpost v posts >actions
}

# on_terminal NAME COMMAND: run it with standard error on a terminal of its own, which NAME.screen gets; its status to NAME.status.
on_terminal() {
	printf '%s\n' "$2" >"$1.cmd"
	script -qefc "bash ./$1.cmd" /dev/null </dev/null >"$1.screen" && echo 0 >"$1.status" || echo $? >"$1.status"
}
# seen NAME TEXT: a command that waits until TEXT is on the screen of NAME.
seen() { echo "for i in {1..600}; do ! grep -q '$2' $1.screen || break; sleep .1; done"; }
# The lines that were drawn, one a line, without what draws them.
drawn() { tr '\r' '\n' <"$1.screen" | sed -n 's/^\x1b\[K//p' | grep . || true; }
# The last thing on the terminal is that the line was taken away, or what was printed after it.
gone() { tr '\r' '\n' <"$1.screen" | tail -n 1 | sed 's/^\x1b\[K//' | grep -qv '^sm[a-z]*: .*/s' || [ -z "$(tr '\r' '\n' <"$1.screen" | tail -n 1 | sed 's/^\x1b\[K//')" ]; }

@test "every tool draws: what it counts, how fast, that it waits" {
	# NAME|COMMAND|PATTERN of a line.
	cat >all <<-'E'
	smgen|smgen -n 60 -r 15/s >o|^smgen: [0-9]+ of 60 records, [0-9.]+/s \([0-9]+%\), [0-9]+s left$
	smfetch|{ head -n 30 posts; sleep 5; tail -n 30 posts; } | smfetch files >o|^smfetch: [0-9]+ records, .*waiting for input, [0-9]+s$
	smrate|smrate -r 15/s posts >o|^smrate: [0-9]+ records, [0-9.]+/s, 
	smjq|{ head -n 30 posts; sleep 5; tail -n 30 posts; } | smjq . >o|^smjq: 30 records, [0-9.]+/s, [0-9.]+kB read, waiting for input, [0-9]+s$
	smsentiment|{ head -n 30 posts; sleep 5; tail -n 30 posts; } | smsentiment >o|^smsentiment: 30 records, [0-9.]+/s, [0-9.]+kB read, waiting for input, [0-9]+s$
	smtrend|{ head -n 30 posts; sleep 5; tail -n 30 posts; } | smtrend >o|^smtrend: 30 records, [0-9.]+/s, .*waiting for input, [0-9]+s$
	smpartition|{ head -n 30 posts; sleep 5; tail -n 30 posts; } | smpartition --schema smpost u >o|^smpartition: 30 records, [0-9.]+/s, .*waiting for input, [0-9]+s$
	smcommit|{ head -n 1 actions; sleep 5; tail -n +2 actions; } | smcommit >o|^smcommit: .*waiting for input, [0-9]+s$
	smcheckpoint|smfetch files posts --resume ck | smpartition --schema smpost w | smcommit | { cat; sleep 5; } | smcheckpoint save >o|^smcheckpoint: 1 commit, [0-9.]+/s, .*, waiting for input, [0-9]+s, mark [0-9]+: 
	smreplay|smreplay t --speed 259200 >o|^smreplay: [0-9]+ rows, [0-9.]+/s
	E
	# smtable is done too soon to be seen.
	for t in "$SM_BIN"/*; do basename "$t"; done | grep -vx smtable | sort >tools
	cut -d'|' -f1 all | sort | diff tools -
	while IFS='|' read -r name rest; do
		on_terminal "$name" "${rest%|*}" &
	done <all
	wait
	while IFS='|' read -r name rest; do
		drawn "$name" >"$name.lines"
		grep -qE "${rest##*|}" "$name.lines" || { echo "$name, status $(cat "$name.status"): no '${rest##*|}' in"; sort -u "$name.lines"; return 1; }
		gone "$name" || { echo "$name: not gone"; cat -v "$name.screen"; return 1; }
	done <all
}

@test "a file: how much of it, and how long it will take" {
	# A pipe that is full holds the tool up in the middle of its file.
	for i in $(seq 40); do cat posts; done >many
	on_terminal a 'smjq . many > >(sleep 5; cat >/dev/null)'
	on_terminal b 'smfetch files many | (sleep 5; cat) | smjq . >o'
	[ -z "$(drawn a)" ]                     # standard output is a pipe
	[ -n "$(drawn b)" ]
	on_terminal c "smrate -r 300/s many >o & $(seen c 'kB of '); kill \$!"
	drawn c | grep -qE '^smrate: .*, [0-9.]+k?B of [0-9.]+MB \([0-9]+%\)' || { drawn c; false; }
}

@test "in a pipe the last one draws, and only that" {
	on_terminal p '{ cat posts; sleep 4; } | smjq . | smsentiment | smpartition x | smcommit >o'
	drawn p | cut -d: -f1 | sort -u >who
	[ "$(cat who)" = smcommit ] || { cat who; false; }
	on_terminal q '{ cat posts; sleep 4; } | smjq . | cat >o'
	[ -z "$(drawn q)" ]
}

@test "records on the same terminal stay whole; without a terminal, quiet, for machines, dumb: no line" {
	on_terminal a '{ head -n 3 posts; sleep 4; tail -n 3 posts; } | smjq -r .id'
	drawn a | grep -q '^smjq: 3 records'
	for id in $(head -n 3 posts | smjq -r .id) $(tail -n 3 posts | smjq -r .id); do
		tr '\r' '\n' <a.screen | sed 's/^\x1b\[K//' | grep -qxF "$id" || { echo "$id"; cat -v a.screen; return 1; }
	done
	for how in 'smjq -q . >o' 'smjq --errors=json . >o' 'TERM=dumb smjq . >o' 'smjq . >o 2>/dev/null' 'smjq . | cat'; do
		on_terminal "n$((++n))" "{ echo '{}'; sleep 3; } | $how" &
	done
	wait
	for f in n*.screen; do
		if grep -q 'records' "$f"; then cat "${f%.screen}.cmd"; cat -v "$f"; return 1; fi
	done
}

@test "smfetch says what it waits for: nobody answers at the address" {
	on_terminal f "smfetch http-json url=http://127.0.0.1:9/x >o & $(seen f 'failed to connect'); kill \$!"
	drawn f | grep -qE '^smfetch: (next try in [0-9]+s: )?failed to connect to 127\.0\.0\.1 port 9' || { drawn f; false; }
}
