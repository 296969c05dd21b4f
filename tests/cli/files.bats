#!/usr/bin/env bats
# smfetch files: what a file is, and whether it is sound: checksums, identity, rotation, lines that are not finished.
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
	PATH=$SM_BIN:$PATH
	F=("$SM_BIN/smfetch" files)
}

# --- checksums ---

@test "gzip, zip, 7z with a bit turned over: never other records with status 0, in smfetch and in smpartition" {
	cat >flip.py <<-'P'
	import gzip, zipfile, subprocess, sys
	data = b"".join(b'{"id":"%d","text":"%s"}\n' % (i, b"lorem ipsum %d dolor sit amet " % (i * 7919)) for i in range(60))
	gz = gzip.compress(data, 6)
	with zipfile.ZipFile("d.zip", "w", zipfile.ZIP_DEFLATED) as z: z.writestr("a.ndjson", data)
	with zipfile.ZipFile("s.zip", "w", zipfile.ZIP_STORED) as z: z.writestr("a.ndjson", data)
	files = [("gz", gz, 10, len(gz)), ("gz0", gzip.compress(data, 0), 10, 2500)]
	for name in ("d.zip", "s.zip"):
	    b = open(name, "rb").read()
	    files.append((name, b, 30 + len("a.ndjson"), b.rindex(b"PK\1\2")))
	n = 0
	for name, good, start, end in files:
	    for tool in (["smfetch", "files"], ["smjq", "-c", "."])[:2 if name.startswith("gz") else 1]:
	        p = subprocess.run(tool + ["-"], input=good, capture_output=True)
	        assert p.returncode == 0 and p.stdout == data, (name, tool, p.stderr)
	        for pos in range(start, end, max(1, (end - start) // 23)):
	            m = bytearray(good); m[pos] ^= 1 << pos % 8; n += 1
	            open("m", "wb").write(m)
	            p = subprocess.run(tool + ["m"], capture_output=True)
	            assert p.returncode in (0, 3), (name, tool, pos, p.returncode, p.stderr)
	            assert p.returncode == 3 or p.stdout == data, (name, tool, pos, p.stdout)
	assert n > 100
	P
	python3 flip.py
}

@test "gzip: several members are one file; one that ends early, garbage behind it, a wrong sum are errors, in every tool" {
	smgen -n 50 --seed 1 >a; smgen -n 50 --seed 2 >b
	cat a b >ab; { gzip -c a; gzip -c b; } >ab.gz
	"${F[@]}" ab.gz | cmp - ab
	smjq -c . ab.gz | cmp - <(smjq -c . ab)
	{ cat ab.gz; head -c 1000 /dev/zero; } >z.gz; "${F[@]}" z.gz | cmp - ab
	{ cat ab.gz; echo garbage; } >garbage.gz
	head -c -3 ab.gz >early.gz
	{ cat ab.gz; head -c 5 ab.gz; } >again.gz
	for f in garbage:garbage early:"ends early" again:"ends early"; do
		run -3 "${F[@]}" "${f%%:*}.gz"; [[ $output == *"${f%%:*}.gz: cannot decompress: "*"${f#*:}"* ]]
		run -3 smpartition "t-${f%%:*}" "${f%%:*}.gz"; [[ $output == *"${f%%:*}.gz: cannot decompress: "*"${f#*:}"* ]]
		[ ! -e "t-${f%%:*}/_delta_log" ]
	done
}

@test "a block of NUL bytes in front of records, packed or not, is a bad record with its place, no tar" {
	{ head -c 1024 /dev/zero; echo; echo '{"id":1}'; } >n; gzip -kc n >n.gz; zstd -qc n >n.zst
	for f in n n.gz n.zst; do
		run -3 "${F[@]}" $f; [[ $output == *"$f:1:1: "* ]]
		rc=0; "${F[@]}" --on-error=skip $f >out 2>err || rc=$?
		[ $rc = 1 ]; [ "$(cat out)" = '{"id":1}' ]
	done
	run -3 smrate n.gz; [[ $output == *"n.gz:1:1: "* ]]
	# A tar of the oldest kind has no magic: its header's sum tells.
	mkdir d; echo '{"id":2}' >d/x; tar --format=v7 -cf v7.tar -C d x; tar --format=v7 -czf v7.tgz -C d x
	[ "$("${F[@]}" v7.tar v7.tgz)" = "$(printf '{"id":2}\n{"id":2}')" ]
}

@test "packed twice is unpacked twice; a tar packed by any of them" {
	smgen -n 20 --seed 3 >a
	gzip -kc a | zstd -qc | xz -c >a.three; "${F[@]}" a.three | cmp - a
	for p in gzip bzip2 xz zstd; do tar cf - a | $p -c >t; "${F[@]}" t | cmp - a; done
}

# --- marks and checksums ---

pipe() { # OPTION…: the pipeline over `in`; rc: its statuses
	"${F[@]}" in --resume ck "$@" 2>err | smpartition t 2>>err | smcommit -q 2>>err | smcheckpoint save >/dev/null 2>>err &&
		rc=("${PIPESTATUS[@]}") || rc=("${PIPESTATUS[@]}")
}
rows() { smreplay t -q --count; }

# Records in front of each mark but the first, which must not stand inside of 2000, but for the last block of those.
marks_outside() { awk '/^{"\$mark"/ { if (marks++ && n % 2000 && n % 2000 < 1000) { print "a mark behind " n; bad = 1 } next } { n++ }
	END { print marks; exit bad || marks < '"$2"' }' "$1"; }

@test "no mark inside of a packed file before its checksum; between its members, and those of an archive, there are" {
	smgen -n 8000 --seed 1 >a; mkdir in; head -n 2000 a | gzip -1c >in/a.gz
	"${F[@]}" in --resume ck --mark-every 50 >out; marks_outside out 2
	split -l 2000 a part.; for p in part.*; do gzip -1c $p; done >in/a.gz
	"${F[@]}" in --resume ck2 --mark-every 50 >out; marks_outside out 5
	for p in part.*; do zstd -q1c $p; done >in/a.gz
	"${F[@]}" in --resume ck3 --mark-every 50 >out; marks_outside out 5
	rm in/*; python3 -c 'import zipfile,glob; z=zipfile.ZipFile("in/m.zip","w",zipfile.ZIP_DEFLATED); [z.write(p) for p in sorted(glob.glob("part.*"))]'
	"${F[@]}" in --resume ck4 --mark-every 50 >out; marks_outside out 5
	rm in/*; tar czf in/m.tgz part.*
	"${F[@]}" in --resume ck5 --mark-every 50 >out
	awk '/^{"\$mark"/ { bad += n && n < 7000; next } { n++ } END { exit bad }' out
	rm in/*; tar cf in/m.tar part.*
	"${F[@]}" in --resume ck6 --mark-every 50 >out; [ "$(grep -c '^{"$mark"' out)" -gt 100 ]
}

@test "a packed file whose checksum is wrong: nothing of it is committed, and all of it once it is whole" {
	mkdir in; smgen -n 3000 --seed 1 >a; gzip -c a >good.gz
	python3 -c 'b=bytearray(open("good.gz","rb").read()); b[-6]^=1; open("in/a.gz","wb").write(b)'
	pipe --mark-every 100; [ "${rc[0]}" = 3 ]; [ "${rc[3]}" = 4 ]
	grep -q 'a.gz: cannot decompress: .*checksum is wrong' err
	[ ! -d t/_delta_log ] || [ "$(rows)" = 0 ]
	cp good.gz in/a.gz
	pipe; [ "${rc[*]}" = "0 0 0 0" ]
	[ "$(rows)" = 3000 ]
}

@test "SIGTERM inside of a packed file: the rest is read for its checksum, then there is a mark to go on from" {
	smgen -n 60000 --seed 1 >a; mkdir in; gzip -1c a >in/a.gz
	mkfifo p; "${F[@]}" in --resume ck >p 2>err & k=$!
	exec 9<p; IFS= read -r line <&9; printf '%s\n' "$line" >out; kill -TERM $k; cat <&9 >>out; exec 9<&-
	wait $k
	tail -1 out | jq -e '."$mark".end == "signal"'
	grep '^{"$mark"' out | smcheckpoint save >/dev/null
	"${F[@]}" in --resume ck >out2
	grep -hv '^{"$mark"' out out2 | cmp - a
	[ "$(grep -vc '^{"$mark"' out)" -lt 60000 ]
}

# --- which file it is ---

lines() { seq -f "{\"id\":\"$1%05.0f\",\"text\":\"some words to make it longer\"}" "$2" "$3"; }
want() { # RECORDS…: each file's lines are in the table once
	smreplay t -q --select id | jq -r .id | sort >got.ids
	cat "$@" | jq -r .id | sort | cmp - got.ids || { diff <(cat "$@" | jq -r .id | sort) got.ids | head -5; sort got.ids | uniq -d | head -3; cat err; return 1; }
}
ok() { pipe "$@"; [ "${rc[*]}" = "0 0 0 0" ] || { echo "${rc[*]}"; cat err; return 1; }; }

@test "renamed, packed by any of them, renamed again, unpacked: not one record again" {
	mkdir in; lines a 1 500 >in/a; cp in/a all; lines s 1 3 >in/s; cat in/s >>all
	ok; want all
	mv in/a in/b; mv in/s in/s2; ok; want all
	for p in gzip bzip2 xz "zstd -q --rm"; do
		$p in/b; ok; want all; [ ! -s err ]
		mv in/b.* in/c; mv in/c in/again; ok; want all
		case $p in zstd*) zstd -qdc in/again >in/b ;; *) ${p}  -dc <in/again >in/b ;; esac
		rm in/again; ok; want all
	done
}

@test "read half, then packed and renamed: it goes on where it was, on the line" {
	mkdir in; lines a 1 3000 >in/a; cp in/a all
	"${F[@]}" in --resume ck --mark-every 100 | awk '{ print } /^{"\$mark"/ && ++m == 9 { exit }' >part || true
	smpartition t <part 2>/dev/null | smcommit -q 2>/dev/null | smcheckpoint save >/dev/null 2>&1 || true
	n=$(rows); [ "$n" -gt 100 ]; [ "$n" -lt 3000 ]
	gzip in/a; mv in/a.gz in/z.gz
	ok; want all; [ ! -s err ]
}

@test "rotation by renaming, by copying and cutting, with packing behind it: each line once" {
	mkdir in; : >all
	for i in 1 2 3 4 5; do
		lines "r$i" 1 200 >>in/log; lines "r$i" 1 200 >>all
		ok; want all
		lines "s$i" 1 100 >>in/log; lines "s$i" 1 100 >>all       # written after the run, before the rotation
		[ ! -e in/log.1 ] || { [ ! -e in/log.2.gz ] || mv in/log.2.gz in/log.3.gz; gzip -c in/log.1 >in/log.2.gz; rm in/log.1; }
		if [ $((i % 2)) = 1 ]; then mv in/log in/log.1; else cp in/log in/log.1; : >in/log; fi
		[ $((i % 3)) = 0 ] || { lines "t$i" 1 50 >>in/log; lines "t$i" 1 50 >>all; }
	done
	ok; want all
	ok; want all
}

@test "copies count once, with a note; copies that are still being written are left, with a note" {
	mkdir in; lines a 1 300 >in/a; cp in/a all; cp in/a in/b; gzip -c in/a >in/c.gz
	ok; want all
	grep -q 'in/b: .*the same content as in/a' err; grep -q 'in/c.gz: .*the same content as in/' err
	ok; want all; [ ! -s err ]
	head -c 5000 in/a >in/d; gzip -c in/a | head -c 700 >in/e.gz
	ok; want all
	grep -q 'in/d: .*is the beginning of in/' err; grep -q 'in/e.gz: .*is shorter than in/' err
	cp in/a in/d; gzip -c in/a >in/e.gz; ok; want all
	# A copy that goes its own way.
	lines b 1 10 >>in/b; lines b 1 10 >>all; lines a 301 305 >>in/a; lines a 301 305 >>all
	ok; want all
	lines b 11 12 >>in/b; lines b 11 12 >>all; lines a 306 307 >>in/a; lines a 306 307 >>all
	ok; want all
	# The same below a KiB.
	lines k 1 2 >in/k; lines k 1 2 >>all; cp in/k in/l; ok; want all
	lines k 3 4 >>in/k; lines k 3 4 >>all; ok; want all
	lines l 1 4 >>in/l; lines l 1 4 >>all; ok; want all
}

@test "two files that begin with the same KiB are two; what was changed in place, or cut, is status 5" {
	mkdir in; { lines h 1 30; lines a 1 50; } >in/a; { lines h 1 30; lines b 1 50; } >in/b
	ok; cat in/a in/b >all; want all
	{ lines h 1 30; lines c 1 50; } >in/c; cat in/c >>all; ok; want all
	cp in/a keep; sed -i 's/a00050/x00050/' in/a
	pipe; [ "${rc[0]}" = 5 ]; grep -q 'in/a: has changed' err
	head -n 40 keep >in/a; pipe; [ "${rc[0]}" = 5 ]; grep -q 'in/a: has shrunk' err
	# Cut, while its content is there under another name: a rotation.
	cp keep in/a.1; { lines h 1 30; lines n 1 2; } >in/a; cat in/a >>all; ok; want all
}

@test "replaced while it is being read: the old one and the new one, each once" {
	mkdir in; lines old 1 20000 >in/a; cp in/a all; lines new 1 30000 >new; cat new >>all
	mkfifo p; "${F[@]}" in --resume ck >p 2>err & k=$!
	# The first record: it is open.
	exec 9<p; IFS= read -r line <&9; IFS= read -r record <&9; mv new in/a
	{ printf '%s\n' "$line" "$record"; cat <&9; } | smpartition t | smcommit -q | smcheckpoint save >/dev/null
	exec 9<&-; wait $k
	ok; want all; ok; want all
}

@test "cut and written anew while it is being read: status 4, and nothing of a mixture is committed" {
	mkdir in; lines old 1 60000 >in/a; lines new 1 90000 >new
	mkfifo p; "${F[@]}" in --resume ck >p 2>err & k=$!
	exec 9<p; IFS= read -r line <&9; IFS= read -r record <&9; cp in/a in/a.1; cp new in/a
	{ printf '%s\n' "$line" "$record"; cat <&9; } | smpartition t 2>/dev/null | smcommit -q 2>/dev/null | smcheckpoint save >/dev/null 2>&1 || true
	exec 9<&-; r=0; wait $k || r=$?
	[ $r = 4 ]; grep -q 'in/a: was truncated and rewritten' err
	ok; want in/a in/a.1
}

@test "a last line without its end: left with a note and status 0, read when it is whole; a whole record needs none" {
	mkdir in; printf '{"n":1}\n{"n":2,"t":"hel' >in/a
	smpartition t --merge-schema >/dev/null <<<'{"n":0,"t":""}'
	for cut in 1 9 18; do
		rm -rf ck o; printf '{"n":1,"t":"x"}\n{"n":2,"t":"hello"}' | head -c $((16 + cut)) >in/a
		"${F[@]}" in --resume ck >o 2>err; grep -v '^{"$mark"' o >recs
		[ "$(cat recs)" = '{"n":1,"t":"x"}' ]; grep -q 'in/a:2: .*last line is incomplete' err
		smpartition t <o 2>/dev/null | smcommit -q | smcheckpoint save >/dev/null
		"${F[@]}" in --resume ck 2>err | smpartition t | smcommit -q | smcheckpoint save >/dev/null
		[ ! -s err ]
		printf '{"n":1,"t":"x"}\n{"n":2,"t":"hello"}\n{"n":3,"t":"y"}\n' >in/a
		"${F[@]}" in --resume ck 2>err | grep -v '^{"$mark"' >recs
		[ "$(cat recs)" = "$(printf '{"n":2,"t":"hello"}\n{"n":3,"t":"y"}')" ]
	done
	rm -rf ck; printf '{"n":1}\n{"n":2}' >in/a; "${F[@]}" in --resume ck | tee o | grep -v '^{"$mark"' >recs
	[ "$(cat recs)" = "$(printf '{"n":1}\n{"n":2}')" ]
	grep '^{"$mark"' o | smcheckpoint save >/dev/null; printf '\n{"n":3' >>in/a
	"${F[@]}" in --resume ck 2>err | tee o | grep -v '^{"$mark"' >recs || true
	[ ! -s recs ]; grep -q 'in/a:3: ' err
	grep '^{"$mark"' o | smcheckpoint save >/dev/null; printf '}\n' >>in/a
	[ "$("${F[@]}" in --resume ck | grep -v '^{"$mark"')" = '{"n":3}' ]
	# Without a checkpoint it is a bad record.
	printf '{"n":1}\n{"n":2,"t":"hel' >in/a
	run -3 "${F[@]}" in; [[ $output == *"in/a:2:"* ]]
}

@test "the file in which the stream stood is gone: a note, and the stream goes on; elsewhere it is found" {
	mkdir in; lines a 1 3000 >in/a; lines b 1 10 >in/b
	"${F[@]}" in --resume ck --mark-every 100 | awk '{ print } /^{"\$mark"/ && ++m == 9 { exit }' >part || true
	smpartition t <part 2>/dev/null | smcommit -q 2>/dev/null | smcheckpoint save >/dev/null 2>&1 || true
	n=$(rows); cp -r ck ck0; cp -r t t0; mv in/a kept
	ok; grep -q 'in/a: .*disappeared' err; [ "$(rows)" = $((n + 10)) ]
	# It comes back under another name: what was left of it is read.
	mv kept in/c; ok; [ ! -s err ]; [ "$(rows)" = 3010 ]
	want in/b in/c
}

@test "documents and archives, renamed, packed, grown by further documents: each record once" {
	mkdir in; lines a 1 100 | jq . >in/a.json; lines b 1 100 | jq -s . >in/b.json; lines a 1 100 >all; lines b 1 100 >>all
	mkdir m; lines m 1 50 >m/x; lines m 51 100 >m/y; cat m/x m/y >>all; tar cf in/m.tar -C m x y
	ok; want all
	gzip in/a.json; mv in/b.json in/d.json; zstd -q --rm in/m.tar; ok; want all
	gunzip in/a.json.gz; lines a 101 110 | jq . >>in/a.json; lines a 101 110 >>all; ok; want all
	lines b 1 200 | jq -s . >in/d.json; pipe; [ "${rc[0]}" = 5 ]; grep -q 'in/d.json: has changed' err
}

@test "a checkpoint of an earlier version: nothing is read again, and its files get their fingerprints" {
	mkdir in; lines a 1 300 >in/a; lines b 1 200 >in/b; gzip in/b; lines c 1 100 | jq -s . >in/c; lines d 1 200 >in/d
	cat >old.py <<-'P'
	import json, os, zlib
	def entry(name, at=None, lines=None):
	    raw = open("in/" + name, "rb").read(); st = os.stat("in/" + name); at = len(raw) if at is None else at
	    e = {"file": "in/" + name, "size": at, "mtime": st.st_mtime_ns // 1000, "crc": zlib.crc32(raw[max(0, at - 1024):at])}
	    return e | ({"lines": lines} if lines is not None else {})
	d = open("in/d", "rb").read(); half = d.index(b"d00101") - 7
	ls = [entry("a", None, 300), entry("b.gz"), entry("c")]
	open("ck/files", "w").write("".join(json.dumps(e) + "\n" for e in ls))
	c = {"v": 1, "done": 3, "at": entry("d", half, 100) | {"records": 100}}
	j = [json.loads(l) for l in open("ck/journal")]
	j[-1]["cursor"] = c
	open("ck/journal", "w").write("".join(json.dumps(l) + "\n" for l in j))
	P
	# The stream as that version would have left it: all of a, b, c and half of d are in the table.
	{ lines a 1 300; lines b 1 200; lines c 1 100; lines d 1 100; } >want0; mkdir x; cp want0 x/all
	"${F[@]}" x --resume ck | smpartition t | smcommit -q | smcheckpoint save >/dev/null
	cp -r ck ck.keep; cp -r t t.keep
	for how in same renamed; do
		rm -rf ck t; cp -r ck.keep ck; cp -r t.keep t; python3 old.py
		if [ $how = renamed ]; then mv in/a in/a.1; gzip in/a.1; mv in/b.gz in/b2; mv in/d in/d.1; fi
		ok; { cat want0; lines d 101 200; } >all; want all; [ ! -s err ] || { cat err; false; }
		run ! grep -qv head <(tail -n +5 ck/files)
		mv in/c in/c.$how; ok; want all
		mv in/c.$how in/c
	done
}

# SM_FILES_ROUNDS=4: how many; SM_FILES_SEED=1: the first one's random numbers.
@test "random things happen to the files, and runs are killed: each record once" {
	python3 -B "$BATS_TEST_DIRNAME/files_rounds.py" "${SM_FILES_ROUNDS:-4}" "${SM_FILES_SEED:-1}"
}
