#!/usr/bin/env python3
"""tests/lint/bats.py FILE... - statements of bats tests that cannot fail. Prints FILE:LINE: STATEMENT for each.

bats ends a test at a command that fails (set -e), but the shell exempts `! cmd` and all of `a && b` but its last command.
Allowed: conditions (if, while, until), `a && b || c`, the last statement of a function or test, and lists that act (skip,
return, an assignment ...) in place of checking.
SPDX-License-Identifier: MIT
"""
import re
import sys

ACTS = re.compile(r'(skip|return|break|continue|exit|eval|echo|printf|cat|kill|rm|mv|sleep|shift|set|unset|export|local|true|exec)\b|\w[\w\[\]$]*\+?=|\(\(|\{|:$')
CHECKS = re.compile(r'(\[|test\b|grep\b|cmp\b|diff\b|not\b)')


class Shell:
    """Shell text as statements (line, text, bare): quotes, substitutions, comments and here documents are taken whole; in
    bare they are a Q."""

    def __init__(self, text):
        self.s, self.i, self.line, self.docs = text, 0, 1, []

    def take(self, n=1):
        part = self.s[self.i:self.i + n]
        self.line += part.count('\n')
        self.i += n
        return part

    def at(self, pattern):
        return re.compile(pattern).match(self.s, self.i)

    def single(self, escapes):
        self.take()
        while self.i < len(self.s) and self.s[self.i] != "'":
            self.take(2 if escapes and self.s[self.i] == '\\' else 1)
        self.take()

    def double(self):
        self.take()
        while self.i < len(self.s) and self.s[self.i] != '"':
            if self.at(r'\\'):
                self.take(2)
            elif self.at(r'\$\('):
                self.parens(2)
            elif self.at(r'\$\{'):
                self.braces()
            else:
                self.take()
        self.take()

    def parens(self, n):
        self.take(n)
        depth = 1
        while self.i < len(self.s) and depth:
            if not self.word():
                depth += {'(': 1, ')': -1}.get(self.take(), 0)

    def braces(self):
        self.take(2)
        while self.i < len(self.s) and self.s[self.i] != '}':
            if not self.word():
                self.take()
        self.take()

    def word(self):
        """Take something that is quoted or substituted, whole."""
        if self.at(r'\\'):
            self.take(2)
        elif self.at(r"\$'"):
            self.take()
            self.single(True)
        elif self.at("'"):
            self.single(False)
        elif self.at('"'):
            self.double()
        elif self.at(r'\$\(|[<>]\('):
            self.parens(2)
        elif self.at(r'\$\{'):
            self.braces()
        else:
            return False
        return True

    def heredocs(self):
        for tabs, name in self.docs:
            end = re.compile(('^\t*' if tabs else '^') + re.escape(name) + '$', re.M).search(self.s, self.i)
            self.take((end.end() if end else len(self.s)) - self.i)
        self.docs = []

    def statements(self):
        out, text, bare, first = [], '', '', 1

        def end():
            nonlocal text, bare
            if text.strip():
                out.append((first, text.strip(), bare.strip()))
            text = bare = ''

        def add(part, masked=None):
            nonlocal text, bare
            text += part
            bare += part if masked is None else masked
        while self.i < len(self.s):
            if not text.strip():
                first = self.line
            start = self.i
            if self.at(r'\\\n'):
                self.take(2)
            elif self.word():
                add(self.s[start:self.i], 'Q')
            elif self.at(r'<<<'):
                add(self.take(3))
            elif (m := self.at(r'<<(-?)\s*([\'"]?)(\w+)\2')):
                self.docs.append((m[1], m[3]))
                add(self.take(m.end() - self.i))
            elif self.at('#') and (not text or text[-1].isspace()):
                self.take(self.at(r'#[^\n]*').end() - self.i)
            elif self.at('\n'):
                if re.search(r'(&&|\|)\s*$', text):
                    add(' ')
                else:
                    end()
                self.take()
                self.heredocs()
            elif (m := self.at(r'\[\[.*?\]\]')) and not text.strip().endswith('=~'):
                add(self.take(m.end() - self.i), '[[ ]]')
            elif (m := self.at(r'\(\([^)]*\)\)')):
                add(self.take(m.end() - self.i), '(( ))')
            elif self.at(';') or (self.at(r'&(?![&>])') and text[-1:] not in '&>'):
                end()
                self.take()
            elif (m := self.at(r'\(\)\s*\{')):
                self.take(m.end() - self.i)
                add('() {')
                end()
            elif text.startswith('@test ') and self.at(r'\{'):
                self.take()
                add('{')
                end()
            elif not text.strip() and (m := self.at(r'(then|do|else|\{|\()(?=\s)')):
                add(self.take(m.end() - self.i))
                end()
            elif not text.strip() and self.at(r'[})]'):
                add(self.take())
            elif self.at(r'\('):
                self.parens(1)
                add(self.s[start:self.i], 'Q')
            else:
                add(self.take())
        end()
        return out


def faults(path):
    with open(path) as f:
        all_of = Shell(f.read()).statements()
    for i, (line, text, bare) in enumerate(all_of):
        last = i + 1 < len(all_of) and all_of[i + 1][1] == '}'
        parts = re.split(r'\s(&&|\|\|)\s', bare)
        bad = False
        if re.match(r'(if|elif|while|until)\b', bare):
            continue
        if re.match(r'!\s', bare):
            bad = not (last and all_of[i - 1][2].endswith('() {'))
        elif '||' in parts and text.startswith(('grep -c', 'grep -v')):
            continue
        elif '||' in parts:
            bad = bool(CHECKS.match(bare)) and bool(re.match(r'(true|:)$', parts[-1])) and not re.search(r'>\s*\S|>>', parts[0])
        elif '&&' in parts:
            bad = not last and not ACTS.match(parts[-1]) and not bare.startswith('}')
        if bad:
            yield f'{path}:{line}: {text[:150]}'


for name in sys.argv[1:]:
    for fault in faults(name):
        print(fault)
