#!/usr/bin/env bats
# A file that cannot be looked at is not one that is not there: every look of a stream's source and its saver fails once.
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

# A library that lets the Nth look at anything below $UNDER fail: stat, lstat, fstatat, access, opendir and open.
make_shim() {
	cat >shim.c <<-'C'
	#define _GNU_SOURCE
	#include <dirent.h>
	#include <dlfcn.h>
	#include <errno.h>
	#include <fcntl.h>
	#include <stdarg.h>
	#include <stdlib.h>
	#include <string.h>
	#include <sys/stat.h>
	#include <unistd.h>
	static int fails(const char *path)
	{
		static int count;
		const char *nth = getenv("NTH"), *log = getenv("LOG"), *under = getenv("UNDER");
		if (!nth || !strstr(path, under))
			return 0;
		int hit = ++count == atoi(nth);
		if (hit && log) {
			int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
			int fd = real(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
			if (write(fd, path, strlen(path)) < 0 || write(fd, "\n", 1) < 0)
				abort();
			close(fd);
		}
		errno = hit ? atoi(getenv("ERRNO")) : errno;
		return hit;
	}
	#define LOOK(name, type) int name(const char *p, type *st) \
		{ int (*real)(const char *, type *) = dlsym(RTLD_NEXT, #name); return fails(p) ? -1 : real(p, st); }
	LOOK(stat, struct stat) LOOK(lstat, struct stat) LOOK(stat64, struct stat64) LOOK(lstat64, struct stat64)
	int access(const char *p, int m)
		{ int (*real)(const char *, int) = dlsym(RTLD_NEXT, "access"); return fails(p) ? -1 : real(p, m); }
	DIR *opendir(const char *p)
		{ DIR *(*real)(const char *) = dlsym(RTLD_NEXT, "opendir"); return fails(p) ? NULL : real(p); }
	#define OPEN(name) int name(const char *p, int flags, ...) \
		{ int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name); va_list ap; va_start(ap, flags); \
		  int mode = va_arg(ap, int); va_end(ap); return fails(p) ? -1 : real(p, flags, mode); }
	OPEN(open) OPEN(open64)
	C
	${CC:-cc} -shared -fPIC -w -O1 -o shim.so shim.c -ldl
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	if ldd "$SM_BIN/smfetch" | grep -q libasan || [ -n "${SM_VALGRIND-}" ]; then skip "the library must come first"; fi
	make_shim
	export UNDER=$PWD/in LOG=$PWD/hits
}

line() { # ENVIRONMENT of the source
	env "$@" "$SM_BIN/smfetch" files "$PWD/in" --resume "$PWD/in.ck" 2>>log | "$SM_BIN/smpartition" t 2>>log |
		"$SM_BIN/smcommit" 2>>log | "$SM_BIN/smcheckpoint" save >/dev/null 2>>log
}

@test "each look of smfetch files fails once, with EIO and ESTALE: an error that names it, and the next run is right" {
	local errno n
	mkdir -p in/d; echo '{"id":1}' >in/a; echo '{"id":2}' >in/d/b
	line NTH=
	for errno in 5 116; do
		for n in $(seq 60); do
			: >hits
			echo "{\"id\":$errno$n}" >>in/d/b
			env NTH=$n ERRNO=$errno LD_PRELOAD="$PWD/shim.so" "$SM_BIN/smfetch" files "$PWD/in" --resume "$PWD/in.ck" >out 2>err && rc=0 || rc=$?
			"$SM_BIN/smpartition" t <out 2>>log | "$SM_BIN/smcommit" 2>>log | "$SM_BIN/smcheckpoint" save >/dev/null 2>>log || true
			if grep -q . hits; then
				[ $rc = 4 ] || { echo "look $n at $(cat hits): status $rc"; return 1; }
				grep -qF "$(cat hits)" err || { echo "look $n at $(cat hits): $(cat err)"; return 1; }
			else
				[ $rc = 0 ]
				break
			fi
		done
		[ "$n" -gt 8 ]
	done
	line NTH=
	"$SM_BIN/smreplay" t --select id | sort >got
	sort in/a in/d/b | cmp - got
}

@test "settings that cannot be read, and a folder in their place, are an error that names them" {
	mkdir -p c/smtools/smgen.conf
	XDG_CONFIG_HOME=$PWD/c run -4 "$SM_BIN/smgen" -n 1
	[[ $output == *"c/smtools/smgen.conf: cannot read the settings"* ]]
	HOME=/dev/null XDG_CONFIG_HOME= run -0 "$SM_BIN/smgen" -n 1
	mv c/smtools/smgen.conf c/x; ln -s smgen.conf c/smtools/smgen.conf
	XDG_CONFIG_HOME=$PWD/c run -4 "$SM_BIN/smgen" -n 1
	rm c/smtools/smgen.conf
	XDG_CONFIG_HOME=$PWD/c run -0 "$SM_BIN/smgen" -n 1
}
