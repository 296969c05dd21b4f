# SPDX-License-Identifier: MIT
# tests/api/jq.bash - jq for tests that ask many small questions.

# Where it is, gojq: jq takes fifteen times as long to start. (It sorts the members of objects.)
if command -v gojq >/dev/null; then jq() { gojq "$@"; }; fi
