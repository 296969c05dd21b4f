#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/crash/spill_list.py DIR - the records in a spill that are not behind its offset, a line each, as docs/rate.md describes the files.

Written from the description, not from the reader in lib/rate, so that the two check each other.
"""
import json, os, struct, sys, zlib

top = sys.argv[1]
at = (0, 0)
if os.path.exists(top + "/offset"):
    o = json.load(open(top + "/offset"))
    at = (o["segment"], o["offset"])
for name in sorted(n for n in os.listdir(top) if n.endswith(".seg")):
    number, data = int(name[:-4]), open(os.path.join(top, name), "rb").read()
    if number < at[0] or data[:16] != b"SMSPILL1" + struct.pack("<Q", number):
        continue
    i = max(16, at[1]) if number == at[0] else 16
    while i + 8 <= len(data):
        n, crc = struct.unpack_from("<II", data, i)
        body = data[i + 8:i + 8 + n]
        if len(body) < n or n < 21 or zlib.crc32(data[i:i + 4] + body) != crc:
            break
        kind, _, _, nkey = struct.unpack_from("<BqQI", body)
        if kind == 0:
            sys.stdout.write(body[21 + nkey:].decode() + "\n")
        i += 8 + n
