#!/usr/bin/env python3
"""tests/lint/words.py FILE... - phrases in the string literals of C that read as translated. Prints FILE:LINE: PHRASE: LITERAL.

Adjacent literals are one text, as the compiler sees them; comments are not looked at.
SPDX-License-Identifier: MIT
"""
import re
import sys

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|\'(?:\\.|[^\'\\\n])*\'|"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*', re.S)
LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')
WORSE = re.compile(r'''
    (?<!there\ )\b(?:is|are)\ no\ (?!longer\b|more\b)   # is not a
  | \b(?:is|are)\ none\b                                # is not one of
  | \bneither\ true\ nor\ false\b                       # must be true or false
  | \bwants?\b | \bwanted\b                             # needs, must be, requires an argument
  | \bmore\ than\ nothing\b                             # must be greater than 0
  | \bwas\ named\b | \bwhich\ TABLE\b                   # missing operand: TABLE
  | \banew\b                                            # again, from the start
  | \bgo(?:es)?\ on\b | \bwent\ on\b                    # resumes, continues
  | \bis\ not\ there\b | \bis\ there\ already\b         # does not exist, already exists
  | \bcannot\ (?:look\ at|make)\b                       # cannot access, create, sync
  | \b(?:was|were)\ not\ taken\b                        # was rejected
  | \btaken\ back\b | \btold\ apart\b | \bwins\ over\b | \bnobody\b
  | \bone\ a\ (?:line|record|result)\b                  # one per line
''', re.X)


def literals(text):
    for m in TOKEN.finditer(text):
        if m[0][0] == '"':
            yield text.count('\n', 0, m.start()) + 1, ''.join(LITERAL.findall(m[0]))


for name in sys.argv[1:]:
    with open(name, encoding='utf-8') as f:
        for line, literal in literals(f.read()):
            for m in WORSE.finditer(literal):
                print(f'{name}:{line}: {m[0].strip()}: {literal[:120]}')
