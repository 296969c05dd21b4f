#!/usr/bin/env bats
# smfetch setup: what is needed, a secret without echo, tried against the API, stored for its owner alone. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; rm -rf config; export HOME=$PWD; S=$XDG_CONFIG_HOME/smtools/secrets; }
teardown() { api_teardown; }

# typed WHAT COMMAND…: on a terminal of its own; every \n of WHAT is typed when something is asked. What the terminal shows is in screen.
typed() {
	"${PY[@]}" - "$@" <<-'P'
	import os, pty, re, select, sys, time
	answers, argv = sys.argv[1].encode().decode('unicode_escape').encode('latin-1').splitlines(True), sys.argv[2:]
	pid, fd = pty.fork()
	if not pid:
	    os.execvp(argv[0], argv)
	screen, until = b'', time.time() + 120
	asked = 0
	while time.time() < until:
	    try:
	        if select.select([fd], [], [], 1)[0]:
	            screen += os.read(fd, 4096)
	    except OSError:
	        break
	    # A question has no line end; with echo off it is safe to type.
	    if asked < len(answers) and re.search(rb'(\): |\[y/N\] )$', screen):
	        time.sleep(.2)
	        os.write(fd, answers[asked]); asked += 1; screen += b'<'
	open('screen', 'wb').write(screen)
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	P
}
mode() { stat -c %a "$1"; }

@test "on a terminal: said what is needed, typed without echo, tried, stored with mode 0600" {
	sim x --posts 120 --token right-token
	typed 'right-token\n' smfetch setup x-recent --endpoint "$U"
	grep -q 'developer.x.com' screen; grep -q 'Bearer Token' screen; grep -q 'x-bearer' screen
	if grep -q right-token screen; then false; fi
	[ "$(<"$S/x-bearer")" = right-token ]; [ "$(mode "$S/x-bearer")" = 600 ]; [ "$(mode "$S")" = 700 ]
	[ "$(ls -A "$S")" = x-bearer ]
	[ "$(requests /2/usage/tweets)" = 1 ]; [ "$(requests)" = 1 ]
	# and it is what the next run takes
	smfetch x-recent query=cats --endpoint "$U" --max-records 3 >out; [ "$(wc -l <out)" = 3 ]
}

@test "a token that is refused: the server's status and words, and nothing is stored" {
	sim x --posts 20 --token right-token
	rc=0; typed 'wrong-token\n' smfetch setup x-recent --endpoint "$U" || rc=$?
	[ "$rc" = 4 ]; grep -q 'nothing was stored' screen; grep -q 401 screen; grep -q Unauthorized screen
	if grep -q wrong-token screen; then false; fi
	[ ! -e "$S/x-bearer" ]; [ -z "$(ls -A "$S" 2>/dev/null)" ]
	run -4 --separate-stderr smfetch setup x-recent --endpoint "$U" <<<wrong-token
	[[ "$stderr" == *401* ]]; [[ "$output$stderr" != *wrong-token* ]]; [ ! -e "$S" ]
	# no answer at all is no refusal, and stores nothing either
	run -4 --separate-stderr smfetch setup x-recent --endpoint http://127.0.0.1:9 <<<right-token
	[[ "$stderr" == *'nothing was stored'* ]]; [ ! -e "$S" ]
}

@test "what is stored is overwritten after a question, or with --force" {
	sim x --posts 20 --token new-token
	mkdir -p "$S"; chmod 755 "$S"; echo old >"$S/x-bearer"; chmod 600 "$S/x-bearer"
	run -5 --separate-stderr smfetch setup x-recent --endpoint "$U" <<<new-token
	[[ "$stderr" == *"stored already"*--force* ]]; [ "$(<"$S/x-bearer")" = old ]
	rc=0; typed 'n\n' smfetch setup x-recent --endpoint "$U" || rc=$?
	[ "$rc" = 1 ]; [ "$(<"$S/x-bearer")" = old ]
	typed 'y\nnew-token\n' smfetch setup x-recent --endpoint "$U"
	[ "$(<"$S/x-bearer")" = new-token ]; [ "$(mode "$S")" = 700 ]
	echo old >"$S/x-bearer"
	smfetch setup x-recent --endpoint "$U" --force <<<new-token >out 2>err
	[ "$(<"$S/x-bearer")" = new-token ]; [ "$(mode "$S/x-bearer")" = 600 ]
	run -4 smfetch setup x-recent --endpoint "$U" --force <<<bad; [ "$(<"$S/x-bearer")" = new-token ]
}

@test "several secrets, one a line of standard input; a login is tried" {
	sim reddit --posts 20
	smfetch setup reddit-new sub=x user_agent=me --endpoint "$U" < <(printf 'sim-id\r\nsim-secret\n') >out 2>err || { cat err; false; }
	[ "$(<"$S/reddit-id")" = sim-id ]; [ "$(<"$S/reddit-secret")" = sim-secret ]
	if grep -q sim-secret out err; then false; fi
	rm -r "$S"
	run -4 --separate-stderr smfetch setup reddit-new --endpoint "$U" < <(printf 'sim-id\nwrong\n')
	[ ! -e "$S" ]
}

@test "mistakes, and sources without secrets" {
	run -0 --separate-stderr smfetch setup hn-items; [[ "$stderr" == *"needs no secret"* ]]
	run -2 smfetch setup; run -2 smfetch setup x-recnt; [[ "$output" == *"did you mean 'x-recent'"* ]]
	run -2 smfetch setup x-recent --endpoint nonsense
	run -3 --separate-stderr smfetch setup x-recent --endpoint http://127.0.0.1:9 </dev/null; [[ "$stderr" == *"no secret 'x-bearer' was given"* ]]
	run -3 smfetch setup x-recent --endpoint http://127.0.0.1:9 < <(printf 'a\0b\n')
	run -3 smfetch setup x-recent --endpoint http://127.0.0.1:9 < <(head -c 100000 /dev/zero | tr '\0' a)
	run -2 --separate-stderr env -u HOME -u XDG_CONFIG_HOME smfetch setup x-recent <<<token; [[ "$stderr" == *HOME* ]]
	[ ! -e "$S" ]
}

@test "every source that ships and needs a secret says where it is to be had, and how it is tried" {
	local d n=0 bad=0
	for d in $(smfetch list | jq -r 'select(.files | not) | .name'); do
		smfetch describe "$d" | grep -q '^secrets' || continue
		[ "$d" = http-json ] || [ "$d" = http-ndjson ] && continue
		n=$((n + 1))
		smfetch setup "$d" --endpoint http://127.0.0.1:9 </dev/null >out 2>/dev/null || true
		grep -q '^https://' out || { echo "$d"; bad=1; }
	done
	[ "$n" -ge 10 ]; [ "$bad" = 0 ]
}

@test "the terminal shows what is typed again after an interrupt" {
	"${PY[@]}" - <<-'P'
	import os, pty, signal, sys, termios, time
	pid, fd = pty.fork()
	if not pid:
	    signal.signal(signal.SIGINT, signal.SIG_DFL)   # whoever runs the tests in the background has it ignored
	    os.execvp('smfetch', ['smfetch', 'setup', 'x-recent'])
	screen, until = b'', time.time() + 60
	while b'): ' not in screen and time.time() < until:
	    screen += os.read(fd, 4096)
	while termios.tcgetattr(fd)[3] & termios.ECHO and time.time() < until:
	    time.sleep(.05)
	assert not termios.tcgetattr(fd)[3] & termios.ECHO, 'echo is on'
	os.kill(pid, signal.SIGINT)
	status = os.waitpid(pid, 0)[1]
	assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT, status
	P
}
