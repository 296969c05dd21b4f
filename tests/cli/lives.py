# SPDX-License-Identifier: MIT
"""Plays random lives, each in a folder of its own: PROGRAM HOW-MANY SEED."""
import os, sys, tempfile


def play(make, steps, word):
    first = int(sys.argv[2])
    for seed in range(first, first + int(sys.argv[1])):
        with tempfile.TemporaryDirectory() as d:
            os.chdir(d)
            try:
                make(seed).play(steps)
            except SystemExit as e:
                raise SystemExit("%s of seed %d\n%s" % (word, seed, e))
            finally:
                os.chdir("/")
