#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make-unicode.py >unicode_case.c - the case class of every code point, as Python's str.isupper sees it.

Run it with Python 3.11 (Unicode 14.0.0), the version that the sentiment scores are pinned to.
A character is "lower" when it is lowercase or titlecase (it stops a word from being upper case),
"upper" when it is uppercase; all others have no case. Two bits each, in pages of 256 code points.
"""
import sys
import unicodedata

LOWER, UPPER = 1, 2


def case(cp):
    c = chr(cp)
    if c.islower() or (c.istitle() and not c.isupper()):
        return LOWER
    return UPPER if c.isupper() else 0


def rows(values, per, fmt):
    for i in range(0, len(values), per):
        yield "\t" + " ".join(fmt % v + "," for v in values[i:i + per])


def main():
    if unicodedata.unidata_version != "14.0.0":
        sys.exit("make-unicode.py: wants Unicode 14.0.0 (Python 3.11), not " + unicodedata.unidata_version)
    pages, index = [], []
    for page in range(0x110000 >> 8):
        cells = bytearray(64)
        for i in range(256):
            cells[i >> 2] |= case(page << 8 | i) << (i & 3) * 2
        if bytes(cells) not in pages:
            pages.append(bytes(cells))
        index.append(pages.index(bytes(cells)))
    while index[-1] == index[-2]:
        index.pop()
    print("// SPDX-License-Identifier: MIT")
    print("// Made by make-unicode.py from Unicode 14.0.0; do not edit.")
    print('#include "text/unicode.h"\n')
    print("const unsigned unicode_case_npages = %d;\n" % len(index))
    print("const unsigned char unicode_case_index[%d] = {" % len(index))
    print("\n".join(rows(index, 32, "%d")))
    print("};\n\nconst unsigned char unicode_case_page[%d][64] = {" % len(pages))
    for p in pages:
        print("\t{\n" + "\n".join(rows(p, 16, "0x%02x")) + "\n\t},")
    print("};")


main()
