#!/usr/bin/env bats
# smfetch over TLS: certificates are verified, nothing goes from https to http. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() {
	api_setup
	command -v openssl >/dev/null || skip "there is no openssl to make a certificate"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost 2>/dev/null
	cat cert.pem key.pem >server.pem
}
teardown() { api_teardown; }
items() { define items "$ITEMS"; }

@test "--cacert: pages and a websocket by TLS" {
	sim generic --posts 60 --tls server.pem
	fetch "$(items)" --cacert cert.pem >out; same out
	sim jetstream --posts 20 --tls server.pem
	start_ck all jetstream --cacert cert.pem
	opened() { [ "$(stat_of streams_opened)" -ge 1 ]; }
	until_is 10 opened; sleep .3; ctl 'grow?n=30'; sleep .5
	kill -TERM "$FETCH_PID"; wait_ck; [ "$RC" = 0 ]
	same all '.i >= 20'
}

@test "a certificate of nobody, one of another name: status 4 at once, no request" {
	sim generic --posts 20 --tls server.pem
	run timeout 120 "$SM_BIN/smfetch" "$(items)" --endpoint "$U"
	[ "$status" = 4 ]; [[ "$output" == *certificate* || "$output" == *SSL* || "$output" == *TLS* ]]
	run timeout 120 "$SM_BIN/smfetch" "$(items)" --endpoint "https://127.0.0.1:$P" --cacert cert.pem
	[ "$status" = 4 ]
	run timeout 120 "$SM_BIN/smfetch" jetstream --endpoint "$U" --for 5s
	[ "$status" = 4 ]
	[ "$(requests)" = 0 ]
	# Trying again does not help.
	[ "$(stat_of refused)" -le 6 ]
}

@test "a redirect or a next address from https to http is refused: no credential in the clear" {
	SIM=plain sim generic --posts 5
	for f in "redirect:http://localhost:${U_plain##*:}/items,at=2" "redirect:http://api.sim.example/items,at=2"; do
		sim generic --posts 60 --tls server.pem --fault "$f"
		run fetch "$(items)" --cacert cert.pem
		[ "$status" = 4 ]
	done
	sim generic --posts 60 --tls server.pem --canonical "http://localhost:${U_plain##*:}"
	run fetch "$(define urls "$(jq -n --argjson i "$ITEMS" '$i + {request: {url: "https://api.sim.example/urls", query: {limit: "20"}}, next: {url: ".paging.next"}}')")" --cacert cert.pem
	[ "$status" = 4 ]
	[ ! -s "$J_plain" ]
}
