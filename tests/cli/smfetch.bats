#!/usr/bin/env bats
# smfetch files: every kind of file, definitions, marks. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
	F=("$SM_BIN/smfetch" files)
	"$SM_BIN/smgen" -n 300 --seed 5 >a.ndjson
	"$SM_BIN/smgen" -n 200 --seed 6 >b.ndjson
	DATA="$BATS_TEST_DIRNAME/../../../shared/data"
}

# --- kinds of files ---

@test "lines keep their bytes: white space, CRLF, blank lines, no newline at the end, a byte order mark" {
	printf '\xef\xbb\xbf{"a" : 1.50e+2}\r\n\n  {"b":"\\u00e9"}  \n\t\n{"c":[ ]}' >in
	"${F[@]}" in >out
	printf '{"a" : 1.50e+2}\n  {"b":"\\u00e9"}  \n{"c":[ ]}\n' | cmp - out
	"${F[@]}" <in | cmp - out
}

@test "packed by gzip, bzip2, xz, zstd: the same bytes, as a file and as standard input" {
	for p in gzip bzip2 xz zstd; do
		command -v $p >/dev/null || { echo "# no $p" >&3; continue; }
		$p -c a.ndjson >packed
		"${F[@]}" packed | cmp - a.ndjson
		"${F[@]}" <packed | cmp - a.ndjson
		cat packed | "${F[@]}" - | cmp - a.ndjson
	done
}

@test "archives: tar, packed tar, zip, 7z, with packed members, in order; hidden ones left out" {
	mkdir -p d/.hid d/__MACOSX; cp a.ndjson d/z.json; gzip -c b.ndjson >d/a.ndjson.gz; echo '{bad' >d/.hid/x; echo '{bad' >d/.y
	cat a.ndjson b.ndjson >want
	tar cf t.tar -C d z.json a.ndjson.gz .hid .y
	"${F[@]}" t.tar | cmp - want
	tar czf t.tgz -C d z.json a.ndjson.gz
	"${F[@]}" t.tgz | cmp - want
	"${F[@]}" <t.tgz | cmp - want
	cat >mk.py <<-'P'
	import zipfile, ctypes, ctypes.util, sys
	with zipfile.ZipFile("t.zip", "w", zipfile.ZIP_DEFLATED) as z:
	    z.write("d/z.json", "sub/é.json"); z.write("d/a.ndjson.gz", "a.gz"); z.write("d/.y", "sub/.y"); z.write("d/.y", "__MACOSX/y")
	la = ctypes.CDLL(ctypes.util.find_library("archive") or "libarchive.so.13")
	for f in ("archive_write_new", "archive_entry_new"): getattr(la, f).restype = ctypes.c_void_p
	la.archive_write_data.restype = ctypes.c_ssize_t
	P = ctypes.c_void_p
	a = P(la.archive_write_new()); la.archive_write_set_format_7zip(a)
	assert la.archive_write_open_filename(a, b"t.7z") == 0
	for name, path in ((b"z.json", "d/z.json"), (b"a.gz", "d/a.ndjson.gz")):
	    data = open(path, "rb").read(); e = P(la.archive_entry_new())
	    la.archive_entry_set_pathname(e, name); la.archive_entry_set_filetype(e, 0o100000); la.archive_entry_set_perm(e, 0o644)
	    la.archive_entry_set_size(e, ctypes.c_int64(len(data)))
	    assert la.archive_write_header(a, e) == 0
	    la.archive_write_data(a, data, ctypes.c_size_t(len(data)))
	la.archive_write_close(a)
	P
	python3 mk.py
	"${F[@]}" t.zip | cmp - want
	"${F[@]}" <t.zip | cmp - want
	"${F[@]}" t.7z | cmp - want
}

@test "a folder: all files in it and below, sorted, hidden ones and links to folders left out, --include" {
	mkdir -p d/m .hid; cp a.ndjson d/2; cp b.ndjson d/m/x.json; cp b.ndjson d/10; echo '{bad' >d/.z; ln -s . d/loop
	cat b.ndjson a.ndjson b.ndjson >want
	"${F[@]}" d | cmp - want
	"${F[@]}" --include '*.json' d | cmp - b.ndjson
	"${F[@]}" --include '*.json' d a.ndjson | cmp - <(cat b.ndjson a.ndjson)
}

@test "arrays and pretty-printed documents, any white space, one behind the other" {
	jq -s . a.ndjson >pretty; jq -cs . a.ndjson >flat; jq . a.ndjson >objects
	jq -c . a.ndjson >want
	for f in pretty flat objects; do "${F[@]}" $f | jq -c . | cmp - want; done
	[ "$("${F[@]}" pretty | wc -l)" = 300 ]
	cat pretty flat >two; [ "$("${F[@]}" two | wc -l)" = 600 ]
	printf '[\n]\n[ ]' | "${F[@]}" >out; [ ! -s out ]
	printf ' [ {"a" : 1 } ,{"b":\n 2}]' | "${F[@]}" >out
	printf '{"a" : 1 }\n{"b":2}\n' | cmp - out
}

@test "--records: the path is followed in a stream, other programs are jq's" {
	jq -s '{meta: {n: 1}, statuses: ., next: null}' a.ndjson >page
	jq -c . a.ndjson >want
	"${F[@]}" --records '.statuses[]' page | cmp - <(jq -c . page | jq -c '.statuses[]')
	jq -c . page | "${F[@]}" --records '.statuses[]' | cmp - want
	"${F[@]}" --records '.statuses[:2][]' page | cmp - <(head -2 want)
	jq -s '[{a: {"b c": .}}]' a.ndjson | "${F[@]}" --records '.a."b c"[]' | jq -c . | cmp - want
	run --separate-stderr "${F[@]}" --records '.nope[]' page
	[ "$status" = 3 ]; [[ "$stderr" == *"page:1:1: "*nope* ]]
	run "${F[@]}" --records '.nope[]?' page
	[ "$status" = 0 ]; [ "${#lines[@]}" = 1 ]
	run --separate-stderr "${F[@]}" --records '.[' page
	[ "$status" = 2 ]
}

@test "an array of 200 MB is not held in memory" {
	[ -z "${SM_SANITIZE-}" ] || skip "memory is counted otherwise under sanitizers"
	"$SM_BIN/smgen" -n 300000 --profile bench | sed '1s/^/[/; $!s/$/,/; $s/$/]/' >big
	(ulimit -v 200000; "${F[@]}" big | tail -1 | command jq -e .id)
	[ "$("${F[@]}" big | wc -l)" = 300000 ]
}

# --- faults ---

@test "faults name file, line and column, in lines and in documents, in archives the member" {
	printf '{"a":1}\n{"a":tru}\n' >l; run "${F[@]}" l; [ "$status" = 3 ]; [[ "$output" == *"smfetch: l:2:6: "* ]]
	printf '[\n {"a":1},\n {"a":1.e}\n]' >d; run "${F[@]}" d; [ "$status" = 3 ]; [[ "$output" == *"smfetch: d:3:"* ]]
	printf '[\n {"a":1},\n {"a"\n  1}\n]' >d; run "${F[@]}" d; [ "$status" = 3 ]; [[ "$output" == *"smfetch: d:4:3: "* ]]
	printf '[{"a":\n"\\x"}]' >d; run "${F[@]}" d; [ "$status" = 3 ]; [[ "$output" == *"smfetch: d:2:"* ]]
	printf '{\n"a":1\n' >d; run "${F[@]}" d; [ "$status" = 3 ]; [[ "$output" == *"smfetch: d:3:"*"line 1"* ]]
	printf '[1]' >d; run "${F[@]}" d; [ "$status" = 3 ]; [[ "$output" == *"d:1:2: "* ]]
	tar cf t.tar l; run "${F[@]}" t.tar; [ "$status" = 3 ]; [[ "$output" == *"t.tar:l:2:6: "* ]]
	printf '{"a":"\xff"}\n' >u; run "${F[@]}" u; [ "$status" = 3 ]; [[ "$output" == *"u:1:"* ]]
}

@test "--on-error=skip and reject: the rest is read, status 1" {
	printf '{"a":1}\n{"a":tru}\n{"b":2}\n' >l
	run --separate-stderr "${F[@]}" --on-error=skip l
	[ "$status" = 1 ]; [ "$output" = $'{"a":1}\n{"b":2}' ]
	printf '[{"a":1},{"a":\n\ttru},{"b":2}]' >d
	run --separate-stderr "${F[@]}" --on-error=reject=rej d l
	[ "$status" = 1 ]; [ "${#lines[@]}" = 4 ]
	jq -es 'length == 2 and .[0].file == "d" and .[0].line == 2 and .[0].record == "{\"a\":tru}" and .[1].line == 2' rej
}

@test "a damaged or cut packed file is an error; with skip the next file is read" {
	gzip -c a.ndjson | head -c 5000 >cut.gz
	run "${F[@]}" cut.gz; [ "$status" = 3 ]; [[ "$output" == *"cut.gz: "* ]]
	rc=0; "${F[@]}" --on-error=skip cut.gz b.ndjson >out 2>err || rc=$?
	[ "$rc" = 1 ]; tail -200 out | cmp - b.ndjson
	run "${F[@]}" nope a.ndjson; [ "$status" = 4 ]
	chmod 0 a.ndjson; [ "$(id -u)" = 0 ] || { run "${F[@]}" a.ndjson; [ "$status" = 4 ]; }
}

@test "a record longer than --max-record is an error that names it" {
	printf '{"a":1}\n{"a":"%s"}\n' "$(head -c 5000 /dev/zero | tr '\0' x)" >l
	run --separate-stderr "${F[@]}" --max-record 4096 l; [ "$status" = 3 ]; [[ "$stderr" == *"l:2:1: "* ]]
	jq -s . l >d; run --separate-stderr "${F[@]}" --max-record 4096 d; [ "$status" = 3 ]; [[ "$stderr" == *"d:5:3: "* ]]
	"${F[@]}" --max-record 64KiB l d >out; [ "$(wc -l <out)" = 4 ]
}

@test "usage error: status 2" {
	for bad in "" "nope" "files --as nope" "files --raw" "files --resume ck --marks" "files --mark-every 0" "--list x"; do
		run "$SM_BIN/smfetch" $bad </dev/null
		[ "$status" = 2 ] || { echo "$bad: $status"; false; }
	done
}

# --- definitions ---

@test "list, describe, check are commands; the old options still work" {
	cd "$BATS_TEST_TMPDIR"
	for c in list 'describe x-v1' "check $BATS_TEST_DIRNAME/../../share/sources/x-v1.json"; do
		"$SM_BIN/smfetch" $c >new; "$SM_BIN/smfetch" --$c >old; [ -s new ]; cmp new old
	done
	run -2 "$SM_BIN/smfetch" list nosuch; run -2 "$SM_BIN/smfetch" list x-recent rss; run -2 "$SM_BIN/smfetch" describe; run -2 "$SM_BIN/smfetch" check a b; run -2 "$SM_BIN/smfetch" describe nope
	run ! grep -qE -- '--(list|describe|check)( |=)' <("$SM_BIN/smfetch" --help)
}

@test "--list, --describe, --check" {
	run "$SM_BIN/smfetch" --list; [ "$status" = 0 ]; [[ "$output" == *x-v1*youtube* ]]
	for d in "$BATS_TEST_DIRNAME"/../../share/sources/*.json; do "$SM_BIN/smfetch" --check "$d"; done
	run "$SM_BIN/smfetch" --describe x-v1; [ "$status" = 0 ]; [[ "$output" == *"network: x"*retweeted_status* ]]
}

@test "a definition's mistakes are told with their position" {
	def() { printf '%s' "$1" >def.json; run "$SM_BIN/smfetch" --check def.json; [ "$status" = 3 ] && [[ "$output" == *"$2"* ]] || { echo "$output"; false; }; }
	def '{"smsource":1,"name":"n","network":"x",
 "mapp":"."}' "def.json:2:9: unknown key 'mapp'"
	def '{"smsource":2,"name":"n","network":"x","map":"."}' "def.json:1:13: "
	def '{"smsource":1,"name":"n","map":"."}' "'network' is missing"
	def '{"smsource":1,"name":"n","network":"x"}' "'map' is missing"
	def '{"smsource":1,"name":"n","network":"x","map":7}' "def.json:1:46: 'map' has the wrong type"
	def '{"smsource":1,"name":"n","network":"x","map":".["}' "'map'"
	def '{"smsource":1,"name":"n","extends":"./def.json","map":"."}' "extends"
	def '{"smsource":1,"name":"n",' "def.json:1:"
}

@test "--check tells every mistake, in the order of the file" {
	cat >def.json <<-'E'
	{
	  "smsource": 1, "name": "own", "network": "mine",
	  "vars": { "q": null, "size": 100 },
	  "secrets": { "token": "own-token" },
	  "hosts": ["api.example.org"],
	  "auth": { "bearer": "tokn" },
	  "request": { "url": "https://api.example.org/search", "query": { "q": "${query}", "n": "${size" } },
	  "next": { "token": ".next" },
	  "cursor": { "field": "nativ_id", "cmp": "lenlex", "order": "desc" },
	  "pace": "2.5/s",
	  "retry": { "net": "exp:5s" },
	  "records": ".items[]",
	  "map": [
	    "{ id: .id,",
	    "  native_id: $id }"
	  ]
	}
	E
	run --separate-stderr "$SM_BIN/smfetch" --check def.json; [ "$status" = 3 ]; [ -z "$output" ]
	cat >want <<-'E'
	smfetch: def.json:6:23: no secret 'tokn' in 'secrets'
	smfetch: def.json:7:73: no variable 'query' in 'vars'
	smfetch: def.json:7:90: 'request.query.n': '${' must be followed by a variable's name and '}'
	smfetch: def.json:8:11: 'next.param' is missing: the parameter that takes the token
	smfetch: def.json:9:24: smpost/1 has no field 'nativ_id' that holds one value
	smfetch: def.json:10:11: 'pace': '2.5' is not a whole number of requests
	smfetch: def.json:11:21: 'retry.net': 'exp:5s' is not a back-off: exp:5s:320s doubles from 5 s to 320 s, lin:250ms:16s adds
	smfetch: def.json:15:5: 'map': jq: $id is not defined
	E
	diff want <(echo "$stderr")
	run "$SM_BIN/smfetch" --check def.json --errors=json; [ "$status" = 3 ]; [ "${#lines[@]}" = 8 ]
	[ "$(jq -c '[.line,.column]' <<<"${lines[7]}")" = "[15,5]" ]
	run "$SM_BIN/smfetch" files --as ./def.json </dev/null; [ "$status" = 3 ]; [[ "$output" == *"def.json:6:23: no secret 'tokn'"* ]]; [ "${#lines[@]}" = 1 ]
	sed -i -e 's/tokn/token/; s/{query}/{q}/; s/{size"/{size}"/; s/".next"/".next", "param": "p"/; s/nativ_id/native_id/; s/2.5/5/; s/exp:5s/exp:5s:1m/; s/\$id/.id/' def.json
	run "$SM_BIN/smfetch" --check def.json; [ "$status" = 0 ]; [ "$output" = "def.json: ok" ]
	run "$SM_BIN/smfetch" --check not-there.json; [ "$status" != 0 ]; [[ "$output" == *not-there.json* ]]
}

@test "--describe: what one must have, where it goes, how it behaves" {
	cat >base.json <<-'E'
	{ "smsource": 1, "name": "base", "network": "mine", "map": "{id: .i}", "secrets": { "token": { "name": "own-token", "help": "of the app" } },
	  "retry": { "tries": 5 }, "pace": ["1/s", "10000/day@America/Los_Angeles"] }
	E
	cat >def.json <<-'E'
	{ "smsource": 1, "name": "own", "extends": "./base.json", "summary": "things", "about": ["Needs a token.", "Nothing else."],
	  "vars": { "q": { "help": "what to search for" }, "size": 100 }, "hosts": ["api.example.org", "${q}"], "auth": { "bearer": "token" },
	  "request": { "url": "https://api.example.org/" }, "transport": "sse", "heartbeat": 30, "cursor": { "field": "created_at", "cmp": "time", "order": "asc", "overlap": 60 } }
	E
	run "$SM_BIN/smfetch" --describe ./def.json; [ "$status" = 0 ]
	for want in "own: things" "Needs a token." "network: mine" "file: ./def.json" "usage: smfetch ./def.json q=…" "  q                  required           what to search for" "  size               100" \
		"  token              own-token          required: of the app" 'SM_SECRET_OWN_TOKEN' 'CREDENTIALS_DIRECTORY/own-token' 'hosts: api.example.org, ${q}' \
		"transport: a stream of events, dead after 30s of silence" "resumes: by created_at, oldest first, 60 s read again" \
		"limits: 1 in 1s, 10000 in a day of America/Los_Angeles; slowing down at 80 % used, waiting at 100 %" "retry: at most 5 consecutive tries, up to 10 % added to each wait" \
		"  server error       5s, doubled each time, up to 320s" "map:" "{id: .i}"; do
		[[ "$output" == *"$want"* ]] || { echo "missing: $want"; echo "$output"; false; }
	done
}

@test "--describe: what to type; --list tells what is for files alone" {
	local want
	for want in "x-recent|smfetch x-recent query=…" "bluesky|smfetch files --as bluesky [PATH]…" "hn-items|smfetch hn-items" "x-stream|smfetch x-stream --rule [TAG=]TEXT" \
		"yt-comments|smfetch yt-comments video_id=…, or smfetch yt-comments - for values from a pipe"; do
		"$SM_BIN/smfetch" --describe "${want%%|*}" | grep -qxF "usage: ${want#*|}" || { echo "$want"; false; }
	done
	"$SM_BIN/smfetch" --list >list
	[ "$(jq -r 'select(.name == "x-v2" or .name == "x-recent") | .files' list | tr '\n' ' ')" = 'false true ' ]
	[ "$(jq -r 'select(.name == null or .network == null or (.summary | length) < 5)' list)" = '' ]
	"$SM_BIN/smfetch" list -o csv | head -1 | grep -qx 'name,network,summary,files'
	[ "$("$SM_BIN/smfetch" list x-recent -o ndjson | jq -c 'select(.name == "query" or .name == "page_size") | [.required, .default]' | tr '\n' ' ')" = '[true,null] [false,"100"] ' ]
}

# says STATUS TEXT ARGUMENTS…: that status, and that text in the first of two lines at most.
says() {
	local st=$1 text=$2; shift 2
	run --separate-stderr "$SM_BIN/smfetch" "$@" </dev/null
	[ "$status" = "$st" ] && [[ "${stderr_lines[0]}" == *"$text"* ]] && [ "${#stderr_lines[@]}" -le 2 ] && [ -z "$output" ] && return
	echo "$*: $status, $output, $stderr"; return 1
}

@test "mistakes are told before secrets are looked for, each in its own words" {
	export XDG_CONFIG_HOME=$PWD/none
	says 2 "no source definition 'x-recnt', did you mean 'x-recent'?" x-recnt query=cats
	says 2 "no source definition 'nosuch' (available: " nosuch
	says 2 "'x-v2' is for files: use smfetch files --as x-v2" x-v2 query=cats
	says 2 "'x-recent' has no rules to set" x-recent query=cats --rule a=b
	says 2 "'url' is not a URL: use url=https://…" rss url=example.org
	says 2 "'url' is not a URL: use url=https://…" http-json url=file:///etc/passwd --dry-run
	says 2 "--endpoint: 'nonsense' is not a URL such as http://127.0.0.1:8080" x-recent query=cats --endpoint nonsense --resume ck
	[ ! -e ck ]
	says 2 "no secret 'x-bearer': not given (--secret x-bearer=@FILE), and not in $PWD/none/smtools/secrets/x-bearer, SM_SECRET_X_BEARER" x-recent query=cats
}

@test "mistakes in a jobs file are told with their line" {
	export XDG_CONFIG_HOME=$PWD/none
	echo '{"source":"hn-items"}' >first
	job() { { cat first; echo "$1"; } >jobs; }
	job '{"source":"x-recnt"}'; says 3 "jobs:2:1: no source definition 'x-recnt'" --jobs jobs
	job '{"source":"bluesky"}'; says 3 "jobs:2:1: 'bluesky' is for files" --jobs jobs
	job '{"source":"rss","vars":{"url":"https://a.example/"},"rules":["a"]}'; says 3 "jobs:2:1: 'rss' has no rules to set" --jobs jobs
	job '{"source":"rss","vars":{"url":"a.example"}}'; says 3 "jobs:2:1: 'url' is not a URL" --jobs jobs
	job '{"source":"rss","vars":{"url":"https://a.example/"},"since":"2026-02-01","until":"2026-01-01"}'; says 3 "jobs:2:1: since must be before until" --jobs jobs
	# Rules of the command line are for those jobs that have rules.
	job '{"source":"x-stream"}'; "$SM_BIN/smfetch" --jobs jobs --rule a=b --dry-run >out; [ "$(grep -c '^GET' out)" = 2 ]
}

@test "--max-wait: a pause behind a failure is a failure, not a limit that is used up" {
	says 4 "the next try would be in 1s, later than --max-wait allows" hn-items --endpoint http://127.0.0.1:1 --max-wait 0s
	run --separate-stderr "$SM_BIN/smfetch" hn-items --endpoint http://127.0.0.1:1 --max-wait 0s --resume ck
	[ "$status" = 4 ]; [ "$(tail -1 ck/journal | jq -r .end)" = error ]
	# A name that nobody knows.
	says 4 "resolve" http-json url=http://no-such-host.invalid/ --max-wait 0s
}

@test "a definition of one's own; the map is checked against smpost" {
	cat >own.json <<-'E'
	{"smsource": 1, "name": "own", "network": "mine", "records": ".items[]", "map": ["{id: (\"m:\" + .k), native_id: .k,", "created_at: .at, text: .t, metrics: {likes: .l}}"]}
	E
	echo '{"items":[{"k":"1","at":1794182400.25,"t":"a &amp; b","l":3},{"k":"2","at":"2026-11-09T02:00:00+0100"}]}' >in
	"${F[@]}" --as ./own.json --observed-at 2026-11-10 in >out
	[ "$(head -1 out)" = '{"id":"m:1","network":"mine","native_id":"1","op":"upsert","kind":"post","created_at":"2026-11-09T00:00:00.250Z","created_date":"2026-11-09","observed_at":"2026-11-10T00:00:00Z","text":"a &amp; b","metrics":{"likes":3}}' ]
	[ "$(tail -1 out)" = '{"id":"m:2","network":"mine","native_id":"2","op":"upsert","kind":"post","created_at":"2026-11-09T01:00:00Z","created_date":"2026-11-09","observed_at":"2026-11-10T00:00:00Z"}' ]
	echo '{"k":"1","at":"yesterday"}' >bad; run "${F[@]}" --as ./own.json bad; [ "$status" = 3 ]; [[ "$output" == *"bad:1:1: own: field 'created_at' must be a time"* ]]
	echo '{"k":"1","at":1,"l":"x"}' >bad; run "${F[@]}" --as ./own.json bad; [ "$status" = 3 ]; [[ "$output" == *"metrics.likes"* ]]
	echo '{"k":7,"at":1}' >bad; run "${F[@]}" --as ./own.json bad; [ "$status" = 3 ]
	sed -i 's/text: .t/txt: .t/' own.json; run "${F[@]}" --as ./own.json in; [ "$status" = 3 ]; [[ "$output" == *"no field 'txt'"* ]]
}

@test "a definition does not see the environment" {
	echo '{"smsource":1,"name":"n","network":"x","map":"{id:\"1\",native_id:\"1\",created_at:0,text:(env.SECRET // \"none\")}"}' >d.json
	echo '{}' | SECRET=hush "${F[@]}" --as ./d.json | grep -q '"text":"none"'
}

@test "x-v1: ids to the last digit, retweets whole, entities, times, deletions, --raw" {
	cat >in <<-'E'
	{"id":505874924095815681,"id_str":"505874924095815681","created_at":"Sun Aug 31 00:29:15 +0000 2014","text":"a &amp; b &lt;3 #x","lang":"en",
	 "user":{"id":1,"id_str":"1186275104","screen_name":"s","name":"N","followers_count":2,"verified":false},
	 "entities":{"hashtags":[{"text":"x"}],"user_mentions":[{"id_str":"5","screen_name":"m"}],"urls":[{"expanded_url":"http://e/"}]},
	 "in_reply_to_status_id_str":"9223372036854775807","retweet_count":7,"favorite_count":8}
	{"id":905874924095815683,"created_at":"Sun Aug 31 23:59:60 -0130 2014","text":"RT @s: cut…","user":{"id":18446744073709551615},
	 "retweeted_status":{"id_str":"505874924095815681","full_text":"the whole text"}}
	{"delete":{"status":{"id":505874924095815681,"id_str":"505874924095815681","user_id_str":"3"}}}
	{"limit":{"track":1}}
	E
	jq -c . <<<'{}' >/dev/null
	"${F[@]}" --as x-v1 --observed-at 2026-01-01 in >out 2>err || true
	sed -i 's/23:59:60/23:59:59/' in
	"${F[@]}" --as x-v1 --observed-at 2026-01-01 in >out
	[ "$(wc -l <out)" = 3 ]
	jq -es '.[0].id == "x:505874924095815681" and .[0].text == "a & b <3 #x" and .[0].created_at == "2014-08-31T00:29:15Z"
		and .[0].kind == "reply" and .[0].refs == [{type:"reply_to",id:"x:9223372036854775807"}] and .[0].tags == ["x"]
		and .[0].mentions == [{id:"x:u:5",handle:"m"}] and .[0].links == ["http://e/"] and .[0].metrics == {likes:8,reposts:7}
		and .[1].id == "x:905874924095815683" and .[1].kind == "repost" and .[1].text == "the whole text"
		and .[1].author.id == "x:u:18446744073709551615" and .[1].created_at == "2014-09-01T01:29:59Z" and .[1].created_date == "2014-09-01"
		and .[2].op == "delete" and .[2].id == .[0].id and .[2].created_date == "2014-08-31"' out
	"${F[@]}" --as x-v1 --raw in | jq -es '.[0].raw | fromjson | .id_str == "505874924095815681"'
	"${F[@]}" --as x-v1 --raw in | grep -q '\\"id\\":905874924095815683'
}

@test "x-v1 over the hundred statuses of a real answer: ids, dates, texts" {
	[ -f "$DATA/posts/twitter-v1-statuses.json" ] || skip "no ../shared/data here"
	"${F[@]}" --as x-v1 "$DATA/posts/twitter-v1-statuses.json" >out
	python3 - "$DATA/posts/twitter-v1-statuses.json" <<-'P'
	import json, sys, html, datetime
	want = json.load(open(sys.argv[1]))["statuses"]; got = [json.loads(l) for l in open("out")]
	assert len(want) == len(got) == 100
	for w, g in zip(want, got):
	    s = w.get("retweeted_status", w)
	    assert g["id"] == "x:" + w["id_str"] == "x:" + str(w["id"]), g["id"]
	    assert g["text"] == s["text"].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
	    t = datetime.datetime.strptime(w["created_at"], "%a %b %d %H:%M:%S %z %Y")
	    assert g["created_at"] == t.strftime("%Y-%m-%dT%H:%M:%SZ") and g["created_date"] == g["created_at"][:10]
	    assert g["author"]["id"] == "x:u:" + w["user"]["id_str"] and g["author"]["followers"] == w["user"]["followers_count"]
	    assert g.get("tags", []) == [h["text"] for h in s["entities"]["hashtags"]]
	    assert (g["kind"] == "repost") == ("retweeted_status" in w)
	P
}

@test "the other networks' definitions on small answers of their shapes" {
	A=(--observed-at 2026-01-01)
	echo '{"data":[{"id":"2","text":"RT @a: cu","created_at":"2026-01-01T00:00:00.000Z","author_id":"9","referenced_tweets":[{"type":"retweeted","id":"1"}]}],"includes":{"tweets":[{"id":"1","text":"cut no more &amp; more"}],"users":[{"id":"9","username":"u"}]}}
	{"meta":{"result_count":0}}' | "${F[@]}" --as x-v2 "${A[@]}" | jq -es 'length == 1 and .[0].text == "cut no more & more" and .[0].author.handle == "u" and .[0].kind == "repost"'
	run "${F[@]}" --as x-v2 <<<'{"errors":[{"title":"gone"}]}'; [ "$status" = 3 ]; [[ "$output" == *"gone"* ]]
	echo '[{"id":"7","uri":"https://m/7","url":"https://m/@a/7","created_at":"2026-01-01T00:00:00.123Z","content":"<p>a &amp; b<br>c</p><p>d</p>","language":"de","quote":null,"account":{"acct":"a","url":"https://m/@a"},"tags":[{"name":"t"}]},
	{"id":"8","uri":"https://m/8/activity","created_at":"2026-01-02T00:00:00.000Z","content":"","reblog":{"uri":"https://n/1","content":"<p>x</p>"},"account":{"acct":"b","url":"https://m/@b"}}]' |
		"${F[@]}" --as mastodon "${A[@]}" | jq -es '.[0].text == "a & b\nc\n\nd" and .[0].created_at == "2026-01-01T00:00:00.123Z" and .[1].kind == "repost" and .[1].text == "x" and .[1].refs[0].id == "ap:https://n/1"'
	echo '{"did":"did:plc:a","time_us":1795416495628430,"kind":"commit","commit":{"operation":"delete","collection":"app.bsky.feed.post","rkey":"3mbxh2q3a2222"}}
	{"did":"did:plc:a","time_us":1795416495628430,"kind":"identity"}' | "${F[@]}" --as bluesky | jq -es 'length == 1 and .[0].op == "delete" and .[0].created_date == "2026-01-09"'
	echo '{"kind":"Listing","data":{"children":[{"kind":"t3","data":{"name":"t3_a","id":"a","created_utc":1786000000.0,"title":"t","selftext":"","edited":false,"permalink":"/r/u/a/"}},{"kind":"more","data":{}}]}}' |
		"${F[@]}" --as reddit | jq -es 'length == 1 and .[0].url == "https://www.reddit.com/r/u/a/" and (.[0] | has("text") | not)'
	echo '{"items":[{"id":"U","snippet":{"videoId":"v","topLevelComment":{"id":"U","snippet":{"textDisplay":"n","publishedAt":"2026-08-01T00:00:00Z","updatedAt":"2026-08-01T00:00:00.5Z"}}},"replies":{"comments":[{"id":"U.9","snippet":{"parentId":"U","publishedAt":"2026-08-01T01:00:00Z"}}]}}]}' |
		"${F[@]}" --as youtube | jq -es 'length == 2 and (.[0] | has("edited_at") | not) and .[1].thread_id == "yt:v:v" and .[1].refs[0].id == "yt:U"'
	echo '{"id":1,"deleted":true,"time":1786000000,"type":"comment","parent":0}' | "${F[@]}" --as hn | jq -e '.op == "delete" and .refs[0].id == "hn:0"'
	echo '{"data":[{"created_time":"2026-08-20T10:20:00+0000","message":"m","permalink_url":"https://f/p?comment_id=77&x=1"}]}' | "${F[@]}" --as facebook | jq -e '.id == "fb:77" and .kind == "comment"'
}

# --- marks and going on ---

save() { grep '$mark' "$1" | "$SM_BIN/smcheckpoint" save >/dev/null 2>&1 || true; }
mark() { grep '^{"$mark"' "$1" | sed -n "$2p" | jq -c '."$mark"'; }

@test "--marks: an opening and a closing mark; no stream, no checkpoint" {
	"${F[@]}" --marks a.ndjson >out
	head -1 out | grep -q '^{"$mark":'; tail -1 out | jq -e '."$mark".end == "done" and (."$mark" | has("stream") | not)'
	[ "$(wc -l <out)" = 302 ]
	"${F[@]}" out | cmp - a.ndjson
}

@test "--resume: while nobody has saved the checkpoint, a run begins at the start" {
	mkdir d; head -100 a.ndjson >d/b; gzip -c b.ndjson >d/c.gz
	"${F[@]}" d --resume ck >o1; [ "$(grep -vc '$mark' o1)" = 300 ]
	"${F[@]}" d --resume ck >o2; [ "$(grep -vc '$mark' o2)" = 300 ]
	[ "$(tail -1 o2 | jq -r '."$mark".from')" = 0 ]
}

@test "--resume after smcheckpoint save: only what is new" {
	[ -x "$SM_BIN/smcheckpoint" ] || skip "no smcheckpoint in this build"
	mkdir d; head -100 a.ndjson >d/b; gzip -c b.ndjson >d/c.gz
	"${F[@]}" d --resume ck >o1; save o1
	"${F[@]}" d --resume ck >o2; [ "$(grep -vc '$mark' o2)" = 0 ]
	save o2
	"$SM_BIN/smgen" -n 150 --seed 7 >c.ndjson
	tail -n +101 a.ndjson >>d/b; cp c.ndjson d/a
	"${F[@]}" d --resume ck >o3; save o3
	grep -v '$mark' o3 | cmp - <(cat c.ndjson; tail -n +101 a.ndjson)
	head -50 a.ndjson >d/b
	run "${F[@]}" d --resume ck; [ "$status" = 5 ]; [[ "$output" == *"d/b: has shrunk"* ]]
	{ head -50 a.ndjson; tac a.ndjson; } >d/b
	run "${F[@]}" d --resume ck; [ "$status" = 5 ]; [[ "$output" == *"d/b: has changed"* ]]
	# Another beginning is another file, under whatever name.
	tac a.ndjson >d/b; tac b.ndjson | gzip -c >d/c.gz
	"${F[@]}" d --resume ck >o4; save o4
	grep -v '$mark' o4 | cmp - <(tac a.ndjson; tac b.ndjson)
}

# every_cut KIND ARGS...: stop after each mark, go on from it, and have each record once.
every_cut() {
	local want=$1; shift
	rm -rf ck; "${F[@]}" --resume ck --mark-every 40 "$@" >all || return 1
	grep -v '$mark' all | cmp - "$want" || return 1
	local total; total=$(grep -c '$mark' all)
	[ "$total" -ge 6 ] || { echo "only $total marks"; return 1; }
	for n in $(seq 1 "$total"); do
		rm -rf ck; "${F[@]}" --resume ck --mark-every 40 "$@" >all
		awk -v n="$n" '{print} /^\{"\$mark"/ && ++m == n {exit}' all >part
		save part
		grep -v '$mark' part >got || true
		"${F[@]}" --resume ck "$@" >rest || return 1
		grep -v '$mark' rest >>got || true
		cmp got "$want" || { echo "cut at mark $n of $total"; return 1; }
	done
}

@test "cut after any mark and gone on from it, every record comes once: lines, documents, packed, archives, pages, stdin" {
	[ -x "$SM_BIN/smcheckpoint" ] || skip "no smcheckpoint in this build"
	printf '{bad\n' >bad
	cat a.ndjson b.ndjson >ab
	every_cut ab a.ndjson b.ndjson
	jq -c . ab >cab; jq -s . a.ndjson >a.json; jq . b.ndjson >b.json
	every_cut cab a.json b.json
	gzip -kf a.ndjson b.ndjson; every_cut ab a.ndjson.gz b.ndjson.gz
	tar cf t.tar a.ndjson.gz b.ndjson; every_cut ab t.tar
	jq -cs '{s: .}' a.ndjson >p; jq -cs '{s: .}' b.ndjson >>p; every_cut cab --records '.s | .[]' p
}

@test "an error closes the stream with end error before the bad record; mended, it goes on there" {
	[ -x "$SM_BIN/smcheckpoint" ] || skip "no smcheckpoint in this build"
	(head -50 a.ndjson; echo '{bad}'; tail -n +51 a.ndjson) >m
	rc=0; "${F[@]}" --resume ck m >o1 2>err || rc=$?; [ "$rc" = 3 ]
	tail -1 o1 | jq -e '."$mark".end == "error"'
	[ "$(grep -vc '$mark' o1)" = 50 ]
	save o1 || true
	rc=0; "${F[@]}" --resume ck --on-error=skip m >o2 2>err || rc=$?; [ "$rc" = 1 ]
	grep -v '$mark' o2 | cmp - <(tail -n +51 a.ndjson)
}

@test "SIGTERM while the input is silent: a mark with end signal, status 0" {
	mkfifo p; sleep 5 >p & w=$!
	(head -20 a.ndjson; cat p) | "${F[@]}" --resume ck >out 2>err & k=$!
	for i in $(seq 50); do [ "$(wc -l <out)" -ge 21 ] && break; sleep .1; done
	kill -TERM $k
	wait $k; rc=$?
	kill $w 2>/dev/null || true
	[ "$rc" = 0 ]
	[ "$(grep -vc '$mark' out)" = 20 ]
	tail -1 out | jq -e '."$mark".end == "signal"'
}

@test "a file whose name is no UTF-8 is read, but not with marks" {
	n=$(printf 'x\xff'); cp a.ndjson "$n" 2>/dev/null || skip "this file system takes no such name"
	"${F[@]}" "$n" | cmp - a.ndjson
	run "${F[@]}" --marks "$n"; [ "$status" = 3 ]; [[ "$output" == *"not UTF-8"* ]]
}

@test "killed at any moment and started again by the same line, every row is in the table once" {
	[ -x "$SM_BIN/smreplay" ] || skip "no smreplay in this build"
	mkdir in; "$SM_BIN/smgen" -n 6000 --seed 9 >in/a; "$SM_BIN/smgen" -n 4000 --seed 10 | gzip >in/b.gz; "$SM_BIN/smgen" -n 2000 --seed 11 | jq -cs '{s: .}' >in/c.json
	PATH=$SM_BIN:$PATH
	printf '%s\n' 'set -o pipefail' 'smfetch files --records ".s[]?" in --resume ck --mark-every 300 | smrate -r 30000/s | smpartition --schema smpost --by network t --max-rows 400 | smcommit | smcheckpoint save' >line
	for i in $(seq 40); do
		setsid bash line >log 2>&1 & p=$!
		sleep 0.$((RANDOM % 4))$((RANDOM % 10))
		if kill -0 $p 2>/dev/null; then kill -KILL -- -$p 2>/dev/null || true; fi
		wait $p 2>/dev/null && break || true
	done
	for i in 1 2 3; do bash line >log 2>&1 && break || true; done
	bash line >log 2>&1 || { cat log; false; }
	[ "$(smreplay t --count)" = 12000 ] || { smreplay t --count; cat log; false; }
	[ "$(smreplay t --select id,observed_at,op | sort | uniq -d | wc -l)" = "$({ cat in/a; zcat in/b.gz; jq -c '.s[]' in/c.json; } | jq -c '{id,observed_at,op}' | sort | uniq -d | wc -l)" ]
}

@test "two runs on one checkpoint: the second is refused with status 5" {
	mkfifo p; sleep 5 >p & w=$!
	"${F[@]}" --resume ck <p >out & k=$!
	for i in $(seq 50); do [ -s out ] && break; sleep .1; done
	run "${F[@]}" --resume ck a.ndjson; [ "$status" = 5 ]
	kill -TERM $k; kill $w; wait $k || true
}

@test "files: a record that would take too much as values is a bad one, before libjq sees it" {
	[ -z "${SM_SANITIZE-}" ] || skip "memory is counted otherwise under sanitizers"
	cat >heavy.json <<-'E'
	{"smsource": 1, "name": "heavy", "network": "x", "map": "{id: (.id | tostring | ltrimstr(\"a\")), native_id: (.id | tostring), created_at: \"2026-01-01T00:00:00Z\", n: (.a | length)} | del(.n)"}
	E
	python3 -c 'print("{\"id\":1,\"a\":[" + "0," * 7000000 + "0]}\n{\"id\":2,\"a\":[0]}")' >in
	run --separate-stderr bash -c 'ulimit -v 400000; "$SM_BIN/smfetch" files --as ./heavy.json --on-error=skip in'
	[ "$status" = 1 ]; [ "${#lines[@]}" = 1 ]
	run "$SM_BIN/smfetch" files --as ./heavy.json in; [ "$status" = 3 ]; [[ "$output" == *"as values: more than 256 MiB"* ]]
}

@test "--records: a program that finds nothing in all of the input is told, an empty page is not" {
	printf '{"items":[{"id":1,"tags":[]}],"next":"]["}\n' >page; jq . page >pretty
	printf '{"items":[],"s":"[1]"}\n{"items":[ ],"meta":{"a":"\\"[1]"}}\n' >empty; printf '{"meta":{"result_count":0}}\n' >bare
	while read -r want told all files; do
		for m in "" --errors=json; do
			run --separate-stderr "${F[@]}" --marks $m --records '.itmes | .[]?' ${files//,/ }
			[ "$status" = "$want" ] || { echo "$files: $status $stderr"; return 1; }
			case $told in
			-) [ -z "$stderr" ] ;;
			*) [[ "$stderr" == *"warning"*".itmes | .[]?"* ]]; [ -n "$m" ] || [[ "$stderr" == *"$told:1:1: "* ]] ;;
			esac
			[ "$(tail -1 <<<"$output" | jq '.["$mark"].all')" = "$all" ]
		done
	done <<-'T'
	1 page null page
	1 pretty null pretty
	1 page null empty,page,bare
	1 page null bare,page
	0 bare null empty,bare
	0 - true empty
	T
	# One page that has something is enough, good or bad.
	for p in '.items | .[]?' 'if .items then .items[] else empty end' '.items | .[]? | select(.id == 1)' .; do
		run --separate-stderr "${F[@]}" --records "$p" empty page empty
		[ "$status" = 0 ]; [ -z "$stderr" ]
	done
	run --separate-stderr "${F[@]}" --on-error=skip --records '.items[]? | .id' page
	[ "$status" = 1 ]; [[ "$stderr" != *"finds no record"* ]]
	# A definition knows its network's empty pages.
	run --separate-stderr "${F[@]}" --as x-v2 bare
	[ "$status" = 0 ]; [ -z "$stderr" ]
}
