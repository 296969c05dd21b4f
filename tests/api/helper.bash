# SPDX-License-Identifier: MIT
# tests/api/helper.bash - what the tests of smfetch against simulated APIs share (tests/api/simulator.py). bats loads it.

. "$(dirname "${BASH_SOURCE[0]}")/../common.bash"

API_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$API_DIR/../.." && pwd)
# The interpreter itself, once a run: what is called python3 may be a script that looks for it.
if [ ! -s "$BATS_RUN_TMPDIR/python" ]; then
	python3 -c 'import sys; print(sys.executable)' >"$BATS_RUN_TMPDIR/python.$$" && mv "$BATS_RUN_TMPDIR/python.$$" "$BATS_RUN_TMPDIR/python"
fi
PY=("$(<"$BATS_RUN_TMPDIR/python")" -S -E -X pycache_prefix="$BATS_RUN_TMPDIR/pyc")
TOKEN='sim-token+/="q\u00fc'"'"'%'       # bytes that every encoding writes in another way

# A test that waits for the clock may fail where the machine is busy: it is tried again with three times the patience, and again.
# Sleeps, --for and what until_is waits are stretched here; other times by the tests, with PATIENCE or secs.
BATS_TEST_RETRIES=3
PATIENCE=$((3 ** (BATS_TEST_TRY_NUMBER - 1)))
secs() { echo "$((${1} * PATIENCE))s"; }
stretched() { awk -v t="$1" -v p="$PATIENCE" 'BEGIN { u = t; sub(/^[0-9.]*/, "", u); print t * p u }'; }
if [ "$PATIENCE" -gt 1 ]; then sleep() { command sleep "$(stretched "$1")"; }; fi
# ARGS: the arguments, with --for stretched.
patient() {
	local a last=
	ARGS=()
	for a in "$@"; do if [ "$last" = --for ]; then ARGS+=("$(stretched "$a")"); else ARGS+=("$a"); fi; last=$a; done
}

# Each test works in a folder of its own, with secrets where smfetch looks for them, and no network but the loopback.
api_setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PATH=${SM_BIN:?the folder of the tools}:$PATH
	export XDG_CONFIG_HOME=$PWD/config LC_ALL=C.UTF-8
	unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY CREDENTIALS_DIRECTORY
	mkdir -p config/smtools/secrets
	local s
	for s in x-bearer mastodon-token fb-page-token ig-token yt-api-key http-token api-token; do printf '%s' "$TOKEN" >config/smtools/secrets/$s; done
	printf me.bsky.social >config/smtools/secrets/bsky-handle
	printf sim-pass-word >config/smtools/secrets/bsky-app-password
	printf sim-id >config/smtools/secrets/reddit-id
	printf sim-secret >config/smtools/secrets/reddit-secret
	chmod -R go= config
	SIM_PIDS=()
}

api_teardown() {
	local p
	for p in "${SIM_PIDS[@]-}"; do [ -n "$p" ] && kill "$p" 2>/dev/null; done
	[ -n "${FETCH_PID-}" ] && kill -9 "$FETCH_PID" 2>/dev/null
	return 0
}

long() { [ -n "${SM_LONG-}" ] || skip "takes longer: SM_LONG=1"; }

# sim NETWORK [OPTION]…: start one. U is its address, J its journal; SIM=name before it keeps several apart (U_name, J_name).
sim() {
	local name=${SIM-}
	J=$PWD/journal${name:+.$name}
	: >"$J"; rm -f port
	"${PY[@]}" "$API_DIR/simulator.py" "$@" --token "$TOKEN" --token sim-token --journal "$J" --parent $$ --lifetime 1800 >port 3>&- &
	SIM_PIDS+=($!)
	local i
	for i in $(seq 3000); do [ -s port ] && break; command sleep .02; done
	P=$(<port); U=http://127.0.0.1:$P
	[[ " $* " != *' --tls '* ]] || U=https://localhost:$P
	[ -n "$P" ] || { echo "the simulator does not start"; return 1; }
	[ -z "$name" ] || { printf -v "U_$name" %s "$U"; printf -v "J_$name" %s "$J"; }
}
ctl() { curl -sfk "$U/_control/$1"; }                      # ctl 'grow?n=3'
stat_of() { ctl stats | jq -r ".$1"; }
stat_is() { [ "$(stat_of "$1")" "$2" "$3" ]; }             # stat_is streamed -ge 180
world() { ctl world; }
fetch() { local ARGS; patient "$@"; smfetch "${ARGS[@]}" --endpoint "$U"; }
not() { ! "$@"; }                                        # bats does not see a bare !
check() { "${PY[@]}" "$API_DIR/check.py" "$@"; }

SHORT='{net: "lin:20ms:100ms", silence: "lin:20ms:100ms", http5xx: "exp:20ms:100ms", body: "exp:20ms:100ms", rate_limited: "exp:50ms:400ms", tries: 5}'
# quick NAME [JQ]: NAME.json here, which is the shipped NAME with short pauses, changed by a jq program. Prints its path.
quick() {
	jq -n --arg base "$1" "{smsource: 1, name: \$base, extends: \$base, retry: $SHORT} | ${2:-.}" >"./$1.json"
	echo "./$1.json"
}

# define NAME JSON: a definition for the simulator `generic`; what is left out of it is as for most.
define() {
	jq -n --arg name "$1" --argjson d "$2" '{smsource: 1, name: $name, network: "sim", summary: "simulated", hosts: ["api.sim.example"],
		secrets: {token: {name: "http-token"}}, auth: {bearer: "token"},
		map: "{id: (\"sim:\" + .id), native_id: .id, created_at, edited_at, text, author}",
		retry: '"$SHORT"'} + $d' >"./$1.json"
	echo "./$1.json"
}
ITEMS='{"request":{"url":"https://api.sim.example/items","query":{"limit":"${page_size}","after":""}},"vars":{"page_size":20},"records":".items[]",
	"next":{"token":".next","param":"after"},"cursor":{"field":"native_id","cmp":"lenlex","order":"desc"},
	"rate":["def num: tonumber? // null;",
		"{limit: ($h[\"x-ratelimit-limit\"] | num), remaining: ($h[\"x-ratelimit-remaining\"] | num), reset: ($h[\"x-ratelimit-reset\"] | num)}"]}'

# A table in small: what a mark vouches for is appended to FILE, then the mark is passed on.
keeper() {
	perl -e '$| = 1; open F, ">>", $ARGV[0]; my $b = "";
		while (<STDIN>) { if (/^\{"\$mark":/) { syswrite F, $b; $b = ""; print } else { $b .= $_ } }' "$1"
}
# run_ck FILE ARGUMENTS…: smfetch with --resume ck into FILE; RC is smfetch's status, SAVED smcheckpoint's.
run_ck() {
	local file=$1; shift
	local -a st ARGS
	patient "$@"
	{ smfetch "${ARGS[@]}" --endpoint "$U" --resume ck 2>err | keeper "$file" | smcheckpoint save ck 2>err.save; st=("${PIPESTATUS[@]}"); } || :
	RC=${st[0]} SAVED=${st[2]}
}
# start_ck FILE ARGUMENTS…: the same in the background; FETCH_PID is smfetch. wait_ck waits for all of it.
start_ck() {
	local file=$1; shift
	local -a ARGS
	patient "$@"
	rm -f pipe; mkfifo pipe
	(keeper "$file" <pipe | smcheckpoint save ck 2>>err.save) 3>&- &
	KEEP_PID=$!
	smfetch "${ARGS[@]}" --endpoint "$U" --resume ck >pipe 2>>err 3>&- &
	FETCH_PID=$!
}
wait_ck() { RC=0; wait "$FETCH_PID" || RC=$?; FETCH_PID=; SAVED=0; wait "$KEEP_PID" || SAVED=$?; }
kill_ck() { kill -9 "$FETCH_PID"; wait_ck 2>/dev/null; }
# until_is SECONDS COMMAND…: until it succeeds
until_is() {
	local until=$((SECONDS + $1 * 3 * PATIENCE)); shift
	while [ $SECONDS -le $until ]; do "$@" >/dev/null 2>&1 && return 0; command sleep .02; done
	echo "not within time: $*"; return 1
}
requests() { if [ -n "${1-}" ]; then check count "$J" "$1"; else grep -c '"method":' "$J" || :; fi; }     # requests, of paths that match
at_least() { [ "$(grep -cE "\"method\":.*\"path\":\"[^\"]*${2-}" "$J")" -ge "$1" ]; }     # so many by now, of paths that match
lines_in() { [ "$(wc -l <"$1")" -ge "$2" ]; }
# same FILE [JQ]: every post of the world that the filter takes is in FILE once, nothing else is 
same() {
	world >world
	jq -r "select(${2-.gone | not}) | ${4-.native_id}" world | sort >world.want
	jq -r "select(has(\"\$mark\") | not) | ${3-.native_id}" "$1" | sort >world.got
	cmp -s world.want world.got || check ids world.want world.got
}
