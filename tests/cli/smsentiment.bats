# smsentiment: the scores in the record, what happens to odd records, marks and rejects.
# SPDX-License-Identifier: MIT

bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	T=${SM_BIN:?}/smsentiment
	DATA=$BATS_TEST_DIRNAME/../../../shared/data
	cd "$BATS_TEST_TMPDIR" || return 1
}

# eq WANT: the output is exactly WANT.
eq() { diff <(printf '%s\n' "$1") out; }

@test "the scores are spliced in before the closing brace, all other bytes stay" {
	printf '%s\n' '{ "id":12345678901234567890 , "text" : "Not \u0062ad at all!" , "x":1.50  }' | "$T" >out
	eq '{ "id":12345678901234567890 , "text" : "Not \u0062ad at all!" , "x":1.50  ,"sentiment":{"compound":0.484,"pos":0.512,"neu":0.488,"neg":0.0,"label":"positive"}}'
}

@test "escapes and emoji in the text are decoded first" {
	printf '%s\n' '{"text":"\ud83d\ude00\tgood\u0020\u2764"}' >a
	printf '{"text":"😀\\tgood ❤"}\n' >b
	[ "$("$T" a | jq -c .sentiment)" = "$("$T" b | jq -c .sentiment)" ]
	[ "$("$T" a | jq .sentiment.compound)" = 0.8625 ]
}

@test "-0.0 comes out as the reference prints it" {
	printf '{"text":"heron averts landmark"}\n' | "$T" >out
	grep -qF '"compound":-0.0,' out
}

@test "labels: positive, negative, neutral" {
	printf '{"text":"%s"}\n' good bad stone '' | "$T" | jq -r .sentiment.label >out
	eq "$(printf '%s\n' positive negative neutral neutral)"
}

@test "a record without a text, or with null, passes unchanged" {
	printf '%s\n' '{}' '{ "a":1}' '{"text":null}' '{"op":"delete","id":"x:1"}' >in
	"$T" in >out
	cmp in out
}

@test "--field leads into objects, --out names the field, dots and all" {
	printf '{"post":{"body":"good"},"text":"bad"}\n' | "$T" -f post.body -o mood.v1 >out
	eq '{"post":{"body":"good"},"text":"bad","mood.v1":{"compound":0.4404,"pos":1.0,"neu":0.0,"neg":0.0,"label":"positive"}}'
}

@test "an object or null of that name is replaced in place; running it twice changes nothing" {
	printf '%s\n' '{"sentiment":null,"text":"good"}' '{"text":"bad","sentiment":{"by":"hand"},"z":1}' | "$T" >one
	"$T" one >out
	cmp one out
	[ "$(command jq -c 'keys_unsorted' one | head -1)" = '["sentiment","text"]' ]
	[ "$(grep -o '"sentiment"' one | wc -l)" = 2 ]
	[ "$(tail -1 one | jq .sentiment.compound)" = -0.5423 ]
}

@test "a field of that name that is neither is a bad record" {
	run ! "$T" <<<'{"text":"good","sentiment":"bullish"}' 
	[ "$status" = 3 ]
	[[ $output == "smsentiment: <stdin>:1:28: "*--out* ]]
}

@test "a text that is not a string is a bad record, named by file, line and column" {
	printf '%s\n' '{"text":"good"}' '{"id":1,"text":17}' '{"text":"bad"}' >in
	run ! "$T" in
	[ "$status" = 3 ]
	[[ ${lines[0]} == "smsentiment: in:2:16: field text is not a string" ]]
	[ "${#lines[@]}" = 2 ]
}

@test "--on-error=skip and reject=FILE go on, count, and keep the record" {
	printf '%s\n' '{"text":"good"}' '{"id":1,"text":17}' '{bad' '{"text":"bad"}' >in
	run -1 --separate-stderr "$T" --on-error=reject=rej in
	[ "$(wc -l <<<"$output")" = 2 ]
	[ "$(jq -r .line rej | xargs)" = "2 3" ]
	[ "$(head -1 rej | jq -r .record)" = '{"id":1,"text":17}' ]
	run -1 --separate-stderr "$T" --on-error=skip in
	[ "$(wc -l <<<"$output")" = 2 ]
}

@test "marks pass in their place, untouched" {
	printf '%s\n' '{"$mark":{"v":1,"seq":1}}' '{"text":"good"}' '{"$mark":{"v":1,"seq":2,"end":"done"}}' | "$T" >out
	[ "$(sed -n '1p;3p' out)" = "$(printf '%s\n' '{"$mark":{"v":1,"seq":1}}' '{"$mark":{"v":1,"seq":2,"end":"done"}}')" ]
	[ "$(wc -l <out)" = 3 ]
}

@test "--explain tells every rule that touched a word" {
	printf '{"text":"It is not VERY good!"}\n' | "$T" --explain | jq -c '.sentiment.steps | map(.rule)' >out
	eq '["lexicon","booster","negation","sum","punctuation"]'
}

@test "--edition=head knows broken heart" {
	printf '{"text":"now I have a broken heart"}\n' >in
	[ "$("$T" --edition=head in | jq .sentiment.compound)" = -0.8316 ]
	[ "$("$T" in | jq .sentiment.compound)" != -0.8316 ]
}

@test "--lexicon: another one, and an error with file and line for a bad one" {
	printf 'w\tquux\t3\n' >lex
	printf '{"text":"quux good"}\n' >in
	[ "$("$T" --lexicon lex in | jq -c '[.sentiment.pos,.sentiment.neu]')" = '[0.8,0.2]' ]
	printf 'w\tquux\tthree\n' >>lex
	run ! "$T" --lexicon lex in
	[ "$status" = 3 ]
	[[ $output == "smsentiment: lex:2: "* ]]
	run ! "$T" --lexicon nope in
	[ "$status" = 4 ]
}

@test "a missing lexicon is an error that says what to do" {
	SM_SHARE=$PWD run ! "$T" <<<'{"text":"good"}'
	[ "$status" != 0 ]
	[[ $output == *lexicon/vader.tsv*SM_SHARE* ]]
}

@test "usage errors" {
	run -2 "$T" --out '' </dev/null
	run -2 "$T" --edition=4 </dev/null
	run -2 "$T" --on-error=ignore </dev/null
}

@test "the 9,390 rated texts have the reference's scores" {
	[ -r "$DATA/vader/tweets.ndjson.gz" ] || skip "the rated texts (../shared/data/vader) are not here"
	"$T" "$DATA/vader/tweets.ndjson.gz" "$DATA/vader/nyt.ndjson.gz" >all
	python3 - <<-'END'
	import json
	n = bad = 0
	for line in open("all", encoding="utf-8"):
	    r = json.loads(line)
	    n += 1
	    bad += any(repr(r["sentiment"][k]) != repr(v) for k, v in r["vader"].items())
	print(n, "texts,", bad, "differ")
	assert n == 9390 and bad == 0
	END
}

@test "time is linear: a flood of emoji and of equal words around but" {
	python3 - >in <<-'END'
	import json
	print(json.dumps({"text": "\U0001F600" * 200000}))
	print(json.dumps({"text": "good " * 300000 + "but " + "good " * 300000}))
	END
	timeout 20 "$T" in | jq -c .sentiment.compound >out
	eq "$(printf '%s\n' 1 1)"
}
