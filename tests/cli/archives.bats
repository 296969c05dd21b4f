#!/usr/bin/env bats
# smfetch files: archives that are appended to, put one behind the other, cut, or followed by something else.
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
	PATH=$SM_BIN:$PATH
	F=("$SM_BIN/smfetch" files)
	mkdir in
	cat >mk.py <<-'P'
	# mk.py FORM TO MEMBER…: an archive. FORM: tar, or that packed by gz, zst, xz; zip, zip64, zip-piped (sizes behind the data), zip.gz; 7z
	import ctypes, ctypes.util, io, os, subprocess, sys, tarfile, zipfile
	def seven(to, members):
	    la = ctypes.CDLL(ctypes.util.find_library("archive") or "libarchive.so.13"); P = ctypes.c_void_p
	    for f in ("archive_write_new", "archive_entry_new"): getattr(la, f).restype = P
	    la.archive_write_data.restype = ctypes.c_ssize_t
	    a = P(la.archive_write_new()); la.archive_write_set_format_7zip(a)
	    assert la.archive_write_set_options(a, b"compression=store") == 0 and la.archive_write_open_filename(a, to.encode()) == 0
	    for m in members:
	        data = open(m, "rb").read(); e = P(la.archive_entry_new())
	        la.archive_entry_set_pathname(e, m.encode()); la.archive_entry_set_filetype(e, 0o100000); la.archive_entry_set_perm(e, 0o644)
	        la.archive_entry_set_size(e, ctypes.c_int64(len(data)))
	        assert la.archive_write_header(a, e) == 0
	        la.archive_write_data(a, data, ctypes.c_size_t(len(data)))
	    assert la.archive_write_close(a) == 0
	class Pipe(io.RawIOBase):
	    def __init__(self, f): self.f = f
	    def writable(self): return True
	    def write(self, b): return self.f.write(b)
	def zipped(f, members, big):
	    with zipfile.ZipFile(f, "w", zipfile.ZIP_DEFLATED) as z:
	        for m in members:
	            with z.open(zipfile.ZipInfo(m), "w", force_zip64=big) as o: o.write(open(m, "rb").read())
	form, to, members = sys.argv[1], sys.argv[2], sys.argv[3:]
	if form.startswith("tar"):
	    with tarfile.open("x.tar", "w", format=tarfile.PAX_FORMAT) as t:
	        for m in members: t.add(m)
	    pack = {"tar": ["cat"], "tar.gz": ["gzip", "-c"], "tar.zst": ["zstd", "-qc"], "tar.xz": ["xz", "-0c"]}[form]
	    open(to, "wb").write(subprocess.run(pack, stdin=open("x.tar", "rb"), capture_output=True, check=True).stdout)
	elif form == "7z": seven(to, members)
	elif form == "zip-piped": zipped(Pipe(open(to, "wb", buffering=0)), members, False)
	elif form == "zip.gz":
	    zipped("x.zip", members, False)
	    open(to, "wb").write(subprocess.run(["gzip", "-c", "x.zip"], capture_output=True, check=True).stdout)
	else: zipped(to, members, form == "zip64")
	P
}

lines() { seq -f "{\"id\":\"$1%05.0f\",\"text\":\"some words to make it longer\"}" "$2" "$3"; }
# What a run gives, and a commit that counts it; rc: its status.
run_on() {
	rc=0; "${F[@]}" in --resume ck "$@" >out 2>err || rc=$?
	grep '^{"$mark"' out | smcheckpoint save >/dev/null 2>&1 || true
	grep -v '^{"$mark"' out >got || true
}
gives() { run_on; [ $rc = 0 ] || { cat err; return 1; }; cmp got <(cat "$@") || { head -3 got; return 1; }; }

@test "an archive that is appended to, of every form: what was appended, once; and nothing again when it is moved" {
	lines a 1 3 >a; lines b 1 2 >b; lines c 1 9000 >c; lines d 1 1 >d; : >none
	for form in tar tar.gz tar.zst tar.xz zip zip64 zip-piped zip.gz 7z; do
		rm -rf ck in/*; echo "$form"
		python3 mk.py $form in/x a; gives a; gives none
		python3 mk.py $form in/x a b; gives b; gives none           # the tar: inside of its padding
		python3 mk.py $form in/x a b c; gives c
		python3 mk.py $form in/x a b c d; mv in/x in/y; gives d; gives none
		mv in/y in/z; gives none
	done
	# By the tool itself, in place, and in a folder with others.
	rm -rf ck in/*; tar cf in/t.tar a; cp d in/d; gives d a; tar rf in/t.tar b; gives b; tar rf in/t.tar c; gives c; gives none
}

@test "many members of all sizes, appended to after each: places and their fingerprints hold across every block that is read" {
	cat >grow.py <<-'P'
	import io, random, subprocess, tarfile, gzip
	r = random.Random(7); n = 0; members = []
	def body(size):
	    global n; out = []
	    while sum(map(len, out)) < size:
	        n += 1; out.append(b'{"id":%d,"t":"%s"}\n' % (n, b"x" * r.choice([1, 30, 400])))
	    return b"".join(out)
	want = 0
	for step in range(6):
	    for _ in range(r.choice([1, 40])):
	        name = "m%d" % len(members) + "y" * r.choice([1, 1, 120, 300])
	        members.append((name, body(r.choice([0, 1, 500, 3000, 262144 - 1024, 300000]))))
	    for form in ("tar", "tgz"):
	        with tarfile.open("in/x." + form, "w" if form == "tar" else "w:gz", format=tarfile.PAX_FORMAT) as t:
	            for name, data in members:
	                data = data.replace(b'"id"', b'"%s"' % form.encode())
	                i = tarfile.TarInfo(form + name); i.size = len(data); t.addfile(i, io.BytesIO(data))
	    p = subprocess.run(["smfetch", "files", "in", "--resume", "ck", "--mark-every", str(r.choice([3, 1000]))], capture_output=True)
	    assert p.returncode == 0, p.stderr
	    recs = [l for l in p.stdout.splitlines(True) if not l.startswith(b'{"$mark"')]
	    marks = b"".join(l for l in p.stdout.splitlines(True) if l.startswith(b'{"$mark"'))
	    subprocess.run(["smcheckpoint", "save"], input=marks, check=True, capture_output=True)
	    got = sorted(recs); every = b"".join(d for _, d in members).splitlines(True)[want:]
	    assert got == sorted([l.replace(b'"id"', b'"tar"') for l in every] + [l.replace(b'"id"', b'"tgz"') for l in every]), step
	    want = n
	P
	python3 grow.py
}

@test "stopped inside of an archive, which is then appended to: it goes on behind what was given" {
	lines a 1 300 >a; lines b 1 200 >b; lines c 1 50 >c
	for form in tar tar.gz zip 7z; do
		for stop in 2 5; do
			rm -rf ck in/*; echo "$form $stop"; python3 mk.py $form in/x a b
			"${F[@]}" in --resume ck --mark-every 90 | awk '{ print } /^{"\$mark"/ && ++m == '$stop' { exit }' >out || true
			grep '^{"$mark"' out | smcheckpoint save >/dev/null 2>&1 || true
			grep -v '^{"$mark"' out >first || true
			python3 mk.py $form in/x a b c; run_on; [ $rc = 0 ]
			cat a b c | cmp - <(cat first got)
		done
	done
}

@test "one behind the other: tars are read as one, zips and 7z are an error; so is anything else behind an archive, packed or not, named or piped" {
	lines a 1 3 >a; lines b 1 2 >b; echo junk >junk
	for form in tar tar.gz tar.zst tar.xz; do
		python3 mk.py $form x a; python3 mk.py $form y b; cat x y >in/c
		"${F[@]}" in | cmp - <(cat a b); "${F[@]}" - <in/c | cmp - <(cat a b)
		"${F[@]}" in --marks 2>err | tail -1 | jq -e '."$mark".all'; [ ! -s err ]
	done
	# The second after a run has read the first.
	python3 mk.py tar x a; python3 mk.py tar y b; cp x in/c; gives a; cat y >>in/c; gives b
	for form in tar zip zip64 zip-piped 7z; do
		rm -f x y in/*; python3 mk.py $form x a; python3 mk.py $form y b
		for behind in junk y; do
			[ $form-$behind != tar-y ] || continue
			cat x $behind >in/c; echo "$form $behind"
			run -3 "${F[@]}" in; [[ $output == *"in/c: cannot decompress: "* ]]
			[ $form = 7z ] || { run -3 "${F[@]}" - <in/c; [[ $output == *"<stdin>: cannot decompress: "* ]]; }
			"${F[@]}" in --marks 2>/dev/null | tail -1 | jq -e '."$mark" | .end == "error" and (has("all") | not)'
			rc=0; "${F[@]}" in --on-error=skip >out 2>err || rc=$?; [ $rc = 1 ]; grep -q '"id":"[ab]' out
			gzip -c in/c >in/c.gz; rm in/c
			[ $form = 7z ] || run -3 "${F[@]}" in
			rm -f in/c.gz
		done
	done
	# The first is known already, under its own name: the second is not lost with a copy of it.
	for form in zip zip.gz 7z tar; do
		rm -rf ck x y in/*; python3 mk.py $form in/x a; python3 mk.py $form y b; gives a
		cp in/x in/x2; run_on; [ $rc = 0 ]; [ ! -s got ]; grep -q 'in/x2: .*same content as in/x' err
		case $form in zip.gz) { gzip -dc in/x; gzip -dc y; } | gzip >in/z ;; *) cat in/x y >in/z ;; esac
		run_on; if [ $form = tar ]; then [ $rc = 0 ]; cmp got b; else [ $rc = 3 ]; grep -q 'in/z: cannot decompress: ' err; fi
	done
	rm -rf ck in/*
	# What belongs to it: a comment, which may look like anything.
	python3 - <<-'P'
	import zipfile
	z = zipfile.ZipFile("in/z", "w"); z.write("a"); z.comment = b"PK\5\6" + bytes(16) + b"\0\0 and so on" * 30; z.close()
	P
	cat in/z | "${F[@]}" - | cmp - a
	run "${F[@]}" in; [[ $status = 3 && $output == *"in/z: cannot decompress: the zip has 1 members, of which 0 "* ]] || [ "$output" = "$(cat a)" ]
}

@test "a tar that just ends, between members: read, with a note, never vouched for; inside of a member: an error, also when it is left out" {
	lines a 1 3 >a; lines b 1 2 >b; tar cf x a b
	head -c 1024 x >in/c; "${F[@]}" in --marks >out 2>err; grep -v '^{"$mark"' out | cmp - a
	tail -1 out | jq -e '."$mark" | .end == "done" and (has("all") | not)'; grep -q 'in/c: warning: has no end-of-archive blocks' err
	"${F[@]}" - <in/c 2>err | cmp - a; grep -q '<stdin>: warning: has no end-of-archive' err
	gives a; grep -q 'no end-of-archive' err; cp x in/c; gives b; [ ! -s err ]
	rm -rf ck; head -c 1500 x >in/c; run -3 "${F[@]}" in; [[ $output == *"in/c: cannot decompress: "* ]]
	lines a 1 9000 >a; python3 mk.py tar x b a; head -c 200000 x >in/c
	for form in "" --include=b; do run -3 "${F[@]}" in/c $form; [[ $output == *"in/c"*": cannot decompress: "* ]]; done
	head -c 200000 x | gzip >in/c; run -3 "${F[@]}" in/c --include=b
	"${F[@]}" x --marks | tail -1 | jq -e '."$mark".all'
	for form in zip zip64 7z; do
		python3 mk.py $form x a b; head -c -9 x >in/c; run -3 "${F[@]}" in
	done
}

@test "a checkpoint of an earlier version, which counted a tar's padding: what is appended comes, nothing again" {
	lines a 1 3 >a; lines b 1 2 >b; tar cf in/t.tar a; gives a
	python3 - <<-'P'
	import json, zlib, os, glob
	raw = open("in/t.tar", "rb").read()
	l = [json.loads(x) for x in open("ck/files")]; l[-1] |= {"at": len(raw), "crc": zlib.crc32(raw[-1024:]), "n": 1024}
	open("ck/files", "w").write("".join(json.dumps(x) + "\n" for x in l))
	P
	: >none; tar rf in/t.tar b; gives b; gives none; mv in/t.tar in/u.tar; gives none
}
