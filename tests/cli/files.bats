#!/usr/bin/env bats
# smfetch files: what a file is, and whether it is sound: checksums, identity, rotation, lines that are not finished.
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0

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
		run -3 "${F[@]}" "${f%%:*}.gz"; [[ $output == *"${f%%:*}.gz: cannot unpack: "*"${f#*:}"* ]]
		run -3 smpartition "t-${f%%:*}" "${f%%:*}.gz"; [[ $output == *"${f%%:*}.gz: cannot unpack: "*"${f#*:}"* ]]
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
	grep -q 'a.gz: cannot unpack: .*checksum is wrong' err
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
