# The command-line contract, the same for every tool: help, errors, statuses, pipes.
# SPDX-License-Identifier: MIT
#
# ALL      every tool that is built
# FILTERS  command lines that copy records from FILE operands or standard input
# A check loops over the command lines and names each one that fails.

. "$BATS_TEST_DIRNAME/common.bash"

setup() {
	BIN=${SM_BIN:?}
	ALL=(); for t in "$BIN"/*; do ALL+=("$(basename "$t")"); done
	FILTERS=("smrate" "smjq ." "smsentiment" "smfetch files")
	cd "$BATS_TEST_TMPDIR" || return 1
	export HOME=$PWD XDG_CONFIG_HOME=$PWD
	printf '{"id":675127116845989888,"a":1}\n{"id":675127116845989889,"a":2}\n' >good
	printf '{"id":1}\n{bad\n{"id":2}\n' >bad
	bad_tools=()
}

# expect LABEL COMMAND...: note the label when the command fails.
expect() { local label=$1; shift; "$@" || bad_tools+=("$label"); }
verdict() { [ ${#bad_tools[@]} = 0 ] || { printf 'failed for: %s\n' "${bad_tools[@]}"; cat out err 2>/dev/null | head -20; return 1; }; }
# run_tool "smjq ." ARG...: the filter's command line, then ARGs; sets rc, out, err.
run_tool() { local -a c; read -ra c <<<"$1"; shift; rc=0; "$BIN/${c[0]}" "${c[@]:1}" "$@" >out 2>err || rc=$?; }
quiet() { "$@" >/dev/null 2>&1; }
is() { [ "$rc" = "$1" ]; }

@test "--help and -h: status 0, the same text, all of it on standard output" {
	for t in "${ALL[@]}"; do
		run_tool "$t" --help </dev/null; cp out help
		expect "$t" eval '[ $rc = 0 ] && [ -s out ] && [ ! -s err ]'
		run_tool "$t" -h </dev/null
		expect "$t -h" cmp -s out help
	done
	verdict
}

@test "--version: one line with the tool's name and a version" {
	for t in "${ALL[@]}"; do
		run_tool "$t" --version </dev/null
		expect "$t" eval '[ $rc = 0 ] && [ "$(wc -l <out)" = 1 ] && grep -Eq "^$t [0-9]+\.[0-9]+\.[0-9]+$" out'
	done
	verdict
}

@test "every option stands once in the help of a tool and of its commands" {
	for t in "${ALL[@]}"; do
		commands=$("$BIN/$t" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
		for c in '' $commands; do
			"$BIN/$t" $c --help >out
			sed -nE 's/^  (-[a-zA-Z0-9],|   ) (--[a-z0-9-]+).*/\1 \2/p' out | tr -d , | tr ' ' '\n' | grep . | sort | uniq -d >twice
			expect "$t $c: $(tr '\n' ' ' <twice)" [ ! -s twice ]
		done
	done
	verdict
}

@test "no line of a help is longer than 80 columns" {
	local n=0
	for t in "${ALL[@]}"; do
		commands=$("$BIN/$t" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
		for c in '' $commands; do
			"$BIN/$t" $c --help >out; n=$((n + 1))
			expect "$t $c: $(LC_ALL=C.UTF-8 grep -P '^.{81,}' out | head -1)" [ "$(LC_ALL=C.UTF-8 wc -L <out)" -le 80 ]
		done
	done
	[ "$n" -ge 20 ]
	verdict
}

# docs/options.md names those that mean something of their own in a tool.
@test "an option of one name has one type and one placeholder in all tools" {
	for t in "${ALL[@]}"; do "$BIN/$t" --generate=options | cut -f2,4,5 | sort -u; done | sort -u >options
	[ "$(wc -l <options)" -ge 100 ]
	cut -f1 options | uniq -d >several
	printf '%s\n' by count out queue share time >own
	expect "$(comm -23 several own | tr '\n' ' ')" cmp -s several own
	verdict
}

@test "no command of a tool has more than 45 options" {
	for t in "${ALL[@]}"; do
		commands=$("$BIN/$t" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
		for c in '' $commands; do
			n=$("$BIN/$t" $c --help | grep -cE '^  (-[a-zA-Z0-9],|   ) --')
			expect "$t $c: $n" [ "$n" -ge 4 ]
			expect "$t $c: $n" [ "$n" -le 45 ]
		done
	done
	verdict
}

@test "an unknown option: status 2, named, at most three lines, nothing on standard output" {
	for t in "${ALL[@]}"; do
		run_tool "$t" --no-such-flag </dev/null
		expect "$t" eval '[ $rc = 2 ] && [ ! -s out ] && grep -q -- --no-such-flag err && grep -q -- --help err && [ "$(wc -l <err)" -le 3 ]'
	done
	verdict
}

@test "--errors=json counts in front of a mistake, behind it, and from the environment" {
	for t in "${ALL[@]}"; do
		for line in '--errors=json --no-such-flag' '--no-such-flag --errors=json' '--no-such-flag --errors json' '--no-such-flag'; do
			name=SM_${t#sm}_ERRORS; name=${name^^}
			rc=0; if [ "$line" = --no-such-flag ]; then env "$name=json" "$BIN/$t" $line >out 2>err </dev/null || rc=$?
			else "$BIN/$t" $line >out 2>err </dev/null || rc=$?; fi
			expect "$t $line" eval '[ $rc = 2 ] && [ "$(wc -l <err)" = 1 ] && jq -e ".level == \"error\" and (.error | contains(\"no-such-flag\"))" err >/dev/null'
		done
		rc=0; "$BIN/$t" --no-such-flag -- --errors=json >out 2>err </dev/null || rc=$?
		expect "$t: an operand is no option" eval '! grep -q "^{" err'
	done
	verdict
}

@test "--help on a full device fails and says so" {
	for t in "${ALL[@]}"; do
		rc=0; "$BIN/$t" --help >/dev/full 2>err </dev/null || rc=$?
		expect "$t" eval '[ $rc = 4 ] && grep -q "^$t: " err'
	done
	verdict
}

@test "man page: groff has nothing to say, every option of --help is in it" {
	for t in "${ALL[@]}"; do
		"$BIN/$t" --generate=man >m.1
		expect "$t: groff" eval '[ -z "$(groff -man -ww -z m.1 2>&1)" ]'
		"$BIN/$t" --help >help
		man -l m.1 >page 2>/dev/null
		for o in $(grep -Eo '^ .{4,6}--[a-z0-9-]+' help | grep -Eo -- '--[a-z0-9-]+'); do
			expect "$t: $o is not in the man page" grep -q -- "$o" page
		done
	done
	verdict
}

@test "man pages have a date, and smtools(7) tells of every tool, status and variable" {
	for t in "${ALL[@]}"; do
		"$BIN/$t" --generate=man >m.1
		expect "$t: date" grep -qE '^\.TH sm[a-z]+ 1 "20[0-9]{2}-[0-9]{2}-[0-9]{2}" "smtools [0-9.]+" "smtools"$' m.1
		expect "$t: smtools(7)" grep -qx 'smtools(7)' m.1
	done
	sed 's/@DATE@/2026-01-31/; s/@VERSION@/0.0.0/' "$BATS_TEST_DIRNAME/../docs/smtools.7.in" >smtools.7
	expect "smtools(7): groff" eval '[ -z "$(groff -man -ww -z smtools.7 2>&1)" ]'
	if command -v man >/dev/null; then expect "smtools(7): man" eval '[ -z "$(man --warnings -E UTF-8 -l -Tutf8 -Z smtools.7 2>&1 >/dev/null)" ]'; fi
	for t in "${ALL[@]}"; do expect "smtools(7): $t" grep -qxF ".BR $t (1)" smtools.7; done
	for s in 0 1 2 3 4 5 75; do expect "smtools(7): status $s" grep -qxF ".B $s" smtools.7; done
	for v in SM_METRICS SM_SHARE NO_COLOR TMPDIR CREDENTIALS_DIRECTORY; do expect "smtools(7): $v" grep -qxF ".I $v" smtools.7; done
	verdict
}

# SOURCE_DATE_EPOCH decides, so that a build is the same tomorrow.
@test "the date of the manual is the build's" {
	top=$BATS_TEST_DIRNAME/..
	dated() { env -u MAKEFLAGS -u MFLAGS "$@" make -s -B -C "$top" BUILD="$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/man/smtools.7"; sed -n 's/^\.TH smtools 7 "\([0-9-]*\)".*/\1/p' "$BATS_TEST_TMPDIR/man/smtools.7"; }
	[ "$(dated SOURCE_DATE_EPOCH=86400)" = 1970-01-02 ]
	[[ "$(dated -u SOURCE_DATE_EPOCH)" =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}$ ]]
}

@test "completions parse and name every option" {
	for t in "${ALL[@]}"; do
		"$BIN/$t" --generate=bash >c.bash
		expect "$t" bash -n c.bash
		"$BIN/$t" --help >help
		for o in $(grep -Eo '^ .{4,6}--[a-z0-9-]+' help | grep -Eo -- '--[a-z0-9-]+'); do
			expect "$t: $o" grep -q -- "$o" c.bash
		done
		expect "$t: zsh" eval '"$BIN/$t" --generate=zsh | grep -q "^#compdef $t"'
		expect "$t: fish" eval '"$BIN/$t" --generate=fish | grep -q "complete -c $t"'
	done
	verdict
}

@test "completions in the tree are what the tools print" {
	for t in "${ALL[@]}"; do
		expect "$t" eval '"$BIN/$t" --generate=bash | cmp -s - "$BATS_TEST_DIRNAME/../completions/bash/$t"'
		expect "$t (zsh)" eval '"$BIN/$t" --generate=zsh | cmp -s - "$BATS_TEST_DIRNAME/../completions/zsh/_$t"'
		expect "$t (fish)" eval '"$BIN/$t" --generate=fish | cmp -s - "$BATS_TEST_DIRNAME/../completions/fish/$t.fish"'
	done
	verdict
}

@test "an option from the environment counts, a wrong one is a usage error" {
	for t in "${ALL[@]}"; do
		rc=0; n=$(tr a-z A-Z <<<"${t#sm}")
		env "SM_${n}_ERRORS=xml" "$BIN/$t" x >out 2>err </dev/null || rc=$?
		expect "$t" eval '[ $rc = 2 ] && grep -q "SM_${n}_ERRORS" err'
	done
	verdict
}

@test "filters: standard input, -, FILE and -- FILE give the same bytes, ids whole" {
	for f in "${FILTERS[@]}"; do
		run_tool "$f" <good; cp out first
		expect "$f" eval '[ $rc = 0 ] && [ "$(wc -l <first)" = 2 ] && [ ! -s err ]'
		expect "$f: id" grep -q 675127116845989889 first
		run_tool "$f" - <good; expect "$f -" cmp -s out first
		run_tool "$f" good </dev/null; expect "$f FILE" cmp -s out first
		cp good ./-odd; run_tool "$f" -- -odd </dev/null; expect "$f -- -odd" cmp -s out first
		LC_ALL=C run_tool "$f" good </dev/null; expect "$f, LC_ALL=C" cmp -s out first
	done
	verdict
}

@test "filters: a missing file and a folder are errors that name them" {
	for f in "${FILTERS[@]}"; do
		t=${f%% *}
		run_tool "$f" nope good </dev/null; expect "$f nope" eval '[ $rc != 0 ] && grep -q "^$t: .*nope" err'
		[ "$f" = "smfetch files" ] && continue # it reads folders
		run_tool "$f" . </dev/null; expect "$f ." eval '[ $rc = 4 ] && [ -s err ]'
	done
	verdict
}

@test "filters: a bad line stops with status 3 and FILE:LINE:COL, after the lines before it" {
	for f in "${FILTERS[@]}"; do
		run_tool "$f" bad </dev/null
		expect "$f" eval '[ $rc = 3 ] && grep -Eq "^${f%% *}: bad:2:[0-9]+: " err && grep -q "\"id\":1" out && ! grep -q "\"id\":2" out'
	done
	verdict
}

@test "filters: --on-error=skip goes on, status 1; reject=FILE keeps the line" {
	for f in "${FILTERS[@]}"; do
		run_tool "$f" --on-error=skip bad </dev/null
		expect "$f skip" eval '[ $rc = 1 ] && grep -q "\"id\":1" out && grep -q "\"id\":2" out'
		rm -f rej; run_tool "$f" --on-error=reject=rej bad </dev/null
		expect "$f reject" eval '[ $rc = 1 ] && grep -q "{bad" rej && grep -q "\"id\":2" out'
	done
	verdict
}

@test "filters: --errors=json prints one object an error" {
	for f in "${FILTERS[@]}"; do
		run_tool "$f" --errors=json bad </dev/null
		expect "$f" eval '[ $rc = 3 ] && jq -e ".line == 2 and .file == \"bad\" and (.error | length > 0)" err >/dev/null'
	done
	verdict
}

@test "filters: empty input is fine; a last line without an end gets one; CRLF becomes LF" {
	for f in "${FILTERS[@]}"; do
		run_tool "$f" </dev/null; expect "$f empty" eval '[ $rc = 0 ] && [ ! -s out ]'
		printf '{"id":1}' >one; run_tool "$f" <one
		expect "$f" eval '[ $rc = 0 ] && [ "$(tail -c1 out | od -An -tx1 | tr -d " ")" = 0a ]'
		printf '{"id":1}\r\n' >crlf; run_tool "$f" <crlf
		expect "$f CRLF" eval '[ $rc = 0 ] && ! grep -q "$(printf "\r")" out'
	done
	verdict
}

@test "filters: a full device and a closed standard output are errors" {
	for f in "${FILTERS[@]}"; do
		read -ra c <<<"$f"
		rc=0; "$BIN/${c[0]}" "${c[@]:1}" good >/dev/full 2>err </dev/null || rc=$?
		expect "$f full" eval '[ $rc = 4 ] && [ -s err ]'
		rc=0; "$BIN/${c[0]}" "${c[@]:1}" good >&- 2>err </dev/null || rc=$?
		expect "$f closed" eval '[ $rc = 4 ]'
	done
	verdict
}

@test "filters: a device that is full in the middle is said once" {
	yes '{"id":1}' | head -20000 >big
	for f in "${FILTERS[@]}"; do
		read -ra c <<<"$f"
		rc=0; "$BIN/${c[0]}" "${c[@]:1}" big >/dev/full 2>err </dev/null || rc=$?
		expect "$f" eval '[ $rc = 4 ] && [ "$(grep -c "No space left" err)" = 1 ]'
	done
	verdict
}

@test "filters: when the reader goes away they die of SIGPIPE, silently" {
	yes '{"id":1}' | head -200000 >big
	for f in "${FILTERS[@]}"; do
		read -ra c <<<"$f"
		(set +o pipefail; "$BIN/${c[0]}" "${c[@]:1}" big 2>err | head -1 >/dev/null; echo "${PIPESTATUS[0]}" >st)
		expect "$f" eval '[ "$(cat st)" = 141 ] && [ ! -s err ]'
		(trap '' PIPE; set +o pipefail; "$BIN/${c[0]}" "${c[@]:1}" big 2>err | head -1 >/dev/null; echo "${PIPESTATUS[0]}" >st)
		expect "$f, SIGPIPE ignored by its parent" eval '[ "$(cat st)" = 141 ] && [ ! -s err ]'
	done
	verdict
}

# passes FILTER...: a record comes out of it while its input is still open.
passes() {
	local p rc=0
	rm -f in out; mkfifo in out
	"$@" <in >out 2>err & p=$!
	exec 7>in 8<out
	printf '{"id":1}\n' >&7
	read -t 120 -r -u 8 _ || rc=1
	exec 7>&-; cat <&8 >/dev/null; exec 8<&-
	wait $p || rc=1
	return $rc
}

@test "filters: a record passes as soon as it is there, also through a plain pipe" {
	for f in "${FILTERS[@]}"; do
		read -ra c <<<"$f"
		expect "$f" passes "$BIN/${c[0]}" "${c[@]:1}" --unbuffered
		expect "$f without --unbuffered" passes "$BIN/${c[0]}" "${c[@]:1}"
	done
	verdict
}

@test "filters: compressed input is told by its first bytes" {
	gzip -k good; xz -k good; zstd -q -k good; bzip2 -k good
	for f in "${FILTERS[@]}"; do
		run_tool "$f" good </dev/null; cp out first
		for z in good.gz good.xz good.zst good.bz2; do
			run_tool "$f" <"$z"; expect "$f <$z" cmp -s out first
		done
	done
	verdict
}

@test "filters: marks pass in order, byte for byte" {
	printf '{"$mark":{"v":1,"stream":"s","from":0,"seq":1,"cursor":{"a":9007199254740993}}}\n{"id":1}\n{"$mark":{"v":1,"stream":"s","from":0,"seq":2,"cursor":{"a":9007199254740995},"end":"done"}}\n' >marks
	for f in "smrate" "smjq ." "smsentiment"; do
		run_tool "$f" marks </dev/null
		expect "$f" eval '[ $rc = 0 ] && [ "$(sed -n 1p out)" = "$(sed -n 1p marks)" ] && [ "$(sed -n 3p out)" = "$(sed -n 3p marks)" ]'
	done
	verdict
}

@test "filters: SIGTERM ends them while their input is open" {
	mkfifo p
	for f in "${FILTERS[@]}"; do
		read -ra c <<<"$f"
		sleep 120 >p & w=$!
		"$BIN/${c[0]}" "${c[@]:1}" <p >/dev/null 2>err & k=$!
		sleep .3; kill -TERM $k
		for _ in $(seq 1200); do kill -0 $k 2>/dev/null || break; sleep .05; done
		expect "$f" eval '! kill -0 $k 2>/dev/null'
		kill -9 $k $w 2>/dev/null; wait $k $w 2>/dev/null || true
	done
	verdict
}

@test "filters: no escapes, neither piped nor under NO_COLOR on a terminal" {
	for f in "${FILTERS[@]}"; do
		run_tool "$f" good </dev/null; expect "$f" eval '! grep -q "$(printf "\033")" out err'
		read -ra c <<<"$f"
		NO_COLOR=1 script -qec "$BIN/$f good" /dev/null >out 2>err </dev/null || true
		expect "$f on a terminal" eval '! grep -q "$(printf "\033")" out'
	done
	verdict
}
