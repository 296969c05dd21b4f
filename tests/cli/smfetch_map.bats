#!/usr/bin/env bats
# smfetch files --as … --map: the same records with libjq and without it. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
	F=("$SM_BIN/smfetch" files)
	# Definitions whose clock stands still: what is made a second later must not differ.
	cp -R "$BATS_TEST_DIRNAME/../../share" share
	sed -i 's/\$now/1790000000/g' share/sources/*.json
	export SM_SHARE=$PWD/share
	SOURCES=$SM_SHARE/sources
	ITEMS=$BATS_TEST_DIRNAME/smfetch_items.py
	# libjq 1.6 forgets some memory when a program fails: not what we look for.
	echo leak:libjq.so >suppressions
	export LSAN_OPTIONS=suppressions=$PWD/suppressions:print_suppressions=0
}

# both WHAT ARG...: records, rejected records and status are those of libjq.
both() {
	local what=$1 m rc; shift
	for m in jq auto; do
		rm -f rejected; rc=0
		"${F[@]}" --map=$m --observed-at 2026-01-01 --on-error=reject=rejected "$@" >out.$m 2>err.$m || rc=$?
		[ "$rc" -le 1 ] || { cat err.$m; return 1; }
		echo "$rc" >>err.$m
		touch rejected; mv rejected rejected.$m
	done
	for f in out err rejected; do cmp $f.jq $f.auto || { echo "$what: $f differ"; return 1; }; done
}

@test "every definition that ships: the same records and the same rejected ones, with --raw, in lines, documents and pages" {
	total=0 items=150; [ -z "${SM_LONG-}" ] || items=400
	for d in "$SOURCES"/*.json; do
		n=$(basename "$d" .json)
		python3 "$ITEMS" "$d" "$items" >items
		head -50 items | jq -cs '{"page": .}' >page
		sed 's/^/ \t/; s/$/ \r/' items >spaces
		jq -e 'has("map")' "$d" >/dev/null || [ "${SM_LONG-}${SM_SANITIZE-}" ] || continue       # it has that of another
		both "$n" --as "$d" --raw items spaces
		total=$((total + $(wc -l <out.auto)))
		both "$n, page" --as "$d" --records '.page[]?' page
		[ "${SM_LONG-}${SM_SANITIZE-}" ] || continue         # a start with a definition costs a twentieth of a second
		both "$n, plain" --as "$d" items
		sed '$!s/$/,/; 1s/^/[/; $s/$/]/' items >document
		both "$n, document" --as "$d" document
	done
	[ "$total" -gt 1000 ]
}

@test "pages of the networks: the same items, with --raw to the byte, in lines and documents" {
	for n in mastodon x-v1 x-v2 facebook youtube bluesky reddit; do
		python3 "$ITEMS" "$SOURCES/$n.json" 300 >items
		case $n in
		mastodon|x-v1) a='{"statuses": [' z='], "hashtags": []}' ;;
		x-v2) a='{"data": [' z='], "includes": {"users": [{"id": "9", "username": "u"}], "media": []}}' ;;
		facebook) a='{ "data": [' z=']}' ;;
		youtube) a='{"kind": "x","items":[' z=']}' ;;
		bluesky) a='{"cursor":"c", "posts":[' z=']}' ;;
		reddit) a='{"kind":"Listing","data":{"children":[{"kind":"more","data":{}}, {"kind":"t3","data":' z='}]}}' ;;
		esac
		per=3; [ $n != reddit ] || per=1
		awk -v a="$a" -v z="$z" -v per=$per 'NR % per == 1 % per {printf "%s", a} NR % per != 1 % per {printf ", "} {printf "%s", $0}
			NR % per == 0 {print z}' items >pages
		both "$n" --as $n pages
		both "$n, raw" --as $n --raw pages
		[ -s out.auto ]
		sed 's/,"/,\n"/g' pages >document
		both "$n, document" --as $n --raw document
	done
}

@test "the maps that are wholly in the subset stay there" {
	for n in facebook hn reddit youtube; do
		"${F[@]}" --as "$n" --map=fast </dev/null
	done
}

@test "ids of any length and texts as they are, numbers as libjq prints them" {
	cat >own.json <<-'E'
	{"smsource": 1, "name": "own", "network": "mine", "map": ["# moves", "{ id: (\"m:\" + .k), native_id: .k, created_at: .at,",
	 "text: (.t // \"none\"), metrics: { likes: .l, views: .v }, place: { lat: .lat }, tags: [ .tags[]?.name ] }"]}
	E
	cat >in <<-'E'
	{"k":"1","at":1794182400.25,"t":"a \/ \u00e9 \ud83d\ude00 \"","l":9223372036854775807,"v":-0,"lat":1.50,"tags":[{"name":"a"},{"name":null},{}]}
	{ "k" : "2" , "at" : "2026-11-09T02:00:00+0100" , "l" : 5.0 , "lat" : 2.25 }
	{"k":"3","at":"2026-11-09T02:00:00Z","t":null,"tags":null,"k":"4"}
	{"\u006b":"5","at":1794182400.0,"l":1e2}
	E
	both own --as ./own.json in
	[ "$(cat err.auto)" = 0 ]
	"${F[@]}" --as ./own.json --map=fast --observed-at 2026-01-01 in | cmp - out.jq
	grep -q '"likes":9223372036854775807' out.jq
	echo '{"k":7,"at":1}' >bad; both bad --as ./own.json bad
	run "${F[@]}" --as ./own.json --map=fast bad; [ "$status" = 3 ]; [[ "$output" == *"bad:1:1: own: 'map': jq: "* ]]
}

@test "--map=fast names what is outside of the subset, and where; --map needs --as" {
	printf '{"smsource":1,"name":"o","network":"n","map":["# one","{ id: .id, native_id: .id,","created_at: (.t / 1000) }"]}' >o.json
	run "${F[@]}" --as ./o.json --map=fast </dev/null
	[ "$status" = 2 ]; [[ "$output" == *"o: 'map' needs libjq: arithmetic (line 3, column 17 of the program)"* ]]
	echo '{"id":"1","t":1794182400000}' | "${F[@]}" --as ./o.json | grep -q '"created_at":"2026-11-09T00:00:00Z"'
	run "${F[@]}" --map=jq </dev/null; [ "$status" = 2 ]
	run "${F[@]}" --as ./o.json --map=no </dev/null; [ "$status" = 2 ]
}

@test "white space around a record on its line" {
	printf ' {"id":1,"time":5} \n\t{"id":2,"time":6}\r\n' >in
	for m in jq auto; do [ "$("${F[@]}" --as hn --map=$m in | jq -r .id | xargs)" = "hn:1 hn:2" ]; done
	"${F[@]}" --as hn --raw in | jq -es '.[0].raw == "{\"id\":1,\"time\":5}"'
}

@test "a stream goes on from any mark, whichever way its records were made" {
	[ -x "$SM_BIN/smcheckpoint" ] || skip "no smcheckpoint in this build"
	for n in mastodon x-v1 hn; do
		python3 "$ITEMS" "$SOURCES/$n.json" 300 >all
		"${F[@]}" --as $n --on-error=skip --observed-at 2026-01-01 all >want 2>err || true
		for way in "jq auto" "auto jq"; do
			rm -rf ck
			"${F[@]}" --as $n --on-error=skip --observed-at 2026-01-01 --map=${way% *} --resume ck --mark-every 20 all >out 2>err || true
			awk '{print} /^\{"\$mark"/ && ++m == 4 {exit}' out >part
			grep '$mark' part | "$SM_BIN/smcheckpoint" save >log 2>&1 || true
			"${F[@]}" --as $n --on-error=skip --observed-at 2026-01-01 --map=${way#* } --resume ck all >rest 2>err || true
			{ grep -v '$mark' part; grep -v '$mark' rest; } | cmp - want || { echo "$n, $way"; false; }
		done
	done
}

@test "a map keeps the digits of numbers in texts, and calculates as jq does" {
	cat >idm.json <<'D'
{"smsource":1,"name":"idm","network":"idm","summary":"x","map":"{id: (.s|tonumber|tostring), native_id: .s, created_at: \"2026-01-01T00:00:00Z\", text: (.n+2|tostring)}"}
D
	echo '{"s":"282324313233842177","n":9007199254740992,"m":9007199254740993}' >in
	[ "$("$SM_BIN/smfetch" files --as ./idm.json in | jq -c '[.id,.text]')" = '["282324313233842177","9007199254740994"]' ]
}

# What the Graph API's documentation and its addresses say of a comment, not what the map made of it.
@test "facebook: a reply without id has its own, and names the comment it answers" {
	u=https://www.facebook.com/1/posts/2/
	printf '%s\n' '{"data":[' \
		'{"created_time":"2021-08-10T18:45:03+0000","message":"parent","permalink_url":"'$u'?comment_id=111"},' \
		'{"created_time":"2021-08-10T19:45:03+0000","message":"reply","permalink_url":"'$u'?comment_id=111&reply_comment_id=222"},' \
		'{"created_time":"2021-08-10T19:45:03+0000","message":"turned","permalink_url":"'$u'?reply_comment_id=333&x=1&comment_id=111#c"},' \
		'{"id":"2_444","parent":{"id":"2_111"},"created_time":"2021-08-10T19:45:03+0000","message":"told","permalink_url":"'$u'?comment_id=111&reply_comment_id=444"}' \
		']}' >c.json
	both facebook --as facebook c.json
	[ "$(command jq -c '[.id,.native_id,.kind,.text,.refs]' out.jq)" = "$(printf '%s\n' '["fb:111","111","comment","parent",null]' \
		'["fb:222","222","comment","reply",[{"type":"reply_to","id":"fb:111"}]]' '["fb:333","333","comment","turned",[{"type":"reply_to","id":"fb:111"}]]' \
		'["fb:2_444","2_444","comment","told",[{"type":"reply_to","id":"fb:2_111"}]]')" ]
	printf '{"created_time":"2021-08-10T18:45:03+0000","message":"m","permalink_url":"%s?reply_comment_id=&comment_id="}\n' "$u" >none
	run "${F[@]}" --as facebook none
	[ "$status" = 3 ]; [[ "$output" == *"neither id nor comment_id"* ]]
}

@test "youtube: the name with an @ is the handle, another is a name" {
	s='"videoId":"v","textOriginal":"t","publishedAt":"2026-08-01T00:00:00Z","updatedAt":"2026-08-01T00:00:00Z"'
	printf '{"id":"a","snippet":{%s,"authorDisplayName":"@ana-1","authorChannelId":{"value":"UC1"}}}\n{"id":"b","snippet":{%s,"authorDisplayName":"Ana B","authorChannelId":{"value":"UC2"}}}\n{"id":"c","snippet":{%s,"authorDisplayName":""}}\n' "$s" "$s" "$s" >y
	both youtube --as youtube y
	[ "$(command jq -c .author out.jq)" = $'{"id":"yt:UC1","handle":"ana-1"}\n{"id":"yt:UC2","name":"Ana B"}\nnull' ]
}
