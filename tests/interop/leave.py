# SPDX-License-Identifier: MIT
"""The end of a program that has loaded other engines."""
import os
import sys


def leave(status):
    """Exit at once. Threads of pyarrow and deltalake sometimes abort a Python that takes itself apart ("terminate called without an
    active exception"), after everything was done."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(status or 0))
