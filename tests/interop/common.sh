# SPDX-License-Identifier: MIT
# What the check-* scripts beside this share: where the build is, and how to say that an engine is not there.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${SM_BUILD:-$here/../../build}
export SM_BIN=${SM_BIN:-$build/bin}
python=$build/venv/bin/python
skip_all() { echo "ok 1 - $1 # skip $2"; echo 1..1; exit 0; }
# need "what is checked" MODULE...: skip all of it where Python lacks a module.
need() {
	local what=$1 m; shift
	[ -x "$python" ] || skip_all "$what" "no Python environment in $build/venv (make check-interop makes it)"
	for m in "$@"; do
		"$python" -c "import $m" 2>/dev/null || skip_all "$what" "Python has no $m here"
	done
}
