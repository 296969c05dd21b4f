# SPDX-License-Identifier: MIT
# tests/cli/peer.bash - what the tests of smfetch against a server that does as they say share (peer.py). bats loads it.

. "$(dirname "${BASH_SOURCE[0]}")/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PATH=${SM_BIN:?the folder of the tools}:$PATH
	export XDG_CONFIG_HOME=$PWD/config LC_ALL=C.UTF-8
	unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY CREDENTIALS_DIRECTORY
	mkdir -p config/smtools/secrets
	printf 'peer-token-1234' >config/smtools/secrets/http-token
	printf 'peer-password-1' >config/smtools/secrets/peer-password
	chmod -R go= config
	PIDS=()
}
teardown() {
	local p
	for p in "${PIDS[@]-}"; do [ -n "$p" ] && kill "$p" 2>/dev/null; done
	return 0
}

# peer [NAME] < SCRIPT: start one; U is its address, J its journal.
peer() {
	local name=${1-peer} i
	cat >"$name.py"
	J=$PWD/$name.journal; : >"$J"; rm -f port
	python3 "$BATS_TEST_DIRNAME/peer.py" "$name.py" "$J" >port 3>&- &
	PIDS+=($!)
	for i in $(seq 200); do [ -s port ] && break; sleep .02; done
	U=http://127.0.0.1:$(<port)
}
# define NAME JSON: a definition; what is left out of it is as for most. Prints its path.
define() {
	jq -n --arg name "$1" --argjson d "$2" '{smsource: 1, name: $name, network: "sim", summary: "simulated", hosts: ["api.sim.example"],
		map: "{id: (\"sim:\" + (.id | tostring)), native_id: (.id | tostring), created_at: (.created_at // \"2026-01-01T00:00:00Z\"), text}", records: ".items[]",
		retry: {net: "lin:20ms:100ms", silence: "lin:20ms:100ms", http5xx: "exp:20ms:100ms", body: "exp:20ms:100ms", rate_limited: "exp:50ms:400ms", tries: 5}} + $d | del(.[] | nulls)' >"./$1.json"
	echo "./$1.json"
}
PAGES='{"request":{"url":"https://api.sim.example/items","query":{"after":"","since_id":"${cursor}"}},"next":{"token":".next","param":"after"},
	"cursor":{"field":"native_id","cmp":"lenlex","order":"desc"}}'
fetch() { timeout 300 smfetch "$@" --endpoint "$U"; }
asked() { jq -r '.[1]' "$J"; }
cursor() { tail -1 ck/journal | jq -c .cursor; }
# What a table would have: what a mark vouches for is appended to FILE.
keeper() {
	awk -v f="$1" 'BEGIN { printf "" >>f } /^\{"\$mark":/ { printf "%s", buf >>f; fflush(f); buf = ""; print; fflush(); next } { buf = buf $0 "\n" }'
}
# run_ck FILE ARGUMENTS…: with --resume ck into FILE; RC is smfetch's status.
run_ck() {
	local file=$1; shift
	fetch "$@" --resume ck 2>err | keeper "$file" | smcheckpoint save ck 2>err.save && RC=0 || RC=${PIPESTATUS[0]}
}
not() { ! "$@"; }                                        # bats does not see a bare !
ids() { jq -r .native_id "$1" | sort -n | tr '\n' ' '; }
