#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vader_check.py SMSENTIMENT [N [SEED]] - compare smsentiment with the reference on N made-up texts.

Needs Python 3.11 or older (newer ones add floats up in another way) and `pip install vaderSentiment==3.3.2`.
The texts are the same for the same N and SEED: words of the lexicon, boosters, negations, idioms, emoji,
punctuation, capitals, white space of all kinds, other scripts, floods. All four numbers must be equal as
Python prints them, the sign of zero included. Prints the first differences; status 1 when there are any.
"""
import json
import random
import subprocess
import sys

from vaderSentiment import vaderSentiment as ref

GLUE = ("no or nor but kind of so this never without doubt least at very the shit bomb bad ass badass bus stop "
        "yeah right kiss death to die for beating broken heart just enough sort not isn't DON'T ain't cannot").split()
PLAIN = "I you they we it is was were and a an movie day today people food never-ending x ok yo ab :) :D :( d:".split()
SPACES = [" "] * 40 + ["  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u2028", "\u3000", "\x1c", "\x85", "\u200b", "\ufeff"]
PUNCT = ["!", "!!", "!!!!!!", "?", "??", "???", "?????", ".", "...", ",", ";", ":", "'", '"', "-", "(", ")", "*", "#", "@", "_", "\\"]
ODD = ["\u212a", "\u0130", "\u00de", "\u00fe", "\u01c5", "\u2019", "\u00e9", "\u00c9", "\u0391", "\u03c3", "\u00df", "\u1e9e", "\u2764\ufe0f",
       "\U0001d400", "\U00010400", "\u4e2d\u6587", "\u0645", "\u2160", "\u24b6", "\u00aa", "\u0000", "\u00b2", "\ufb01"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        a = ref.SentimentIntensityAnalyzer()
        self.words = sorted(a.lexicon)
        self.emoji = sorted(e for e in a.emojis)
        self.boost = sorted(ref.BOOSTER_DICT)
        self.negate = sorted(ref.NEGATE)

    def shape(self, w):
        x = self.r.random()
        if x < 0.15:
            return w.upper()
        if x < 0.25:
            return w.capitalize()
        if x < 0.27:
            return "".join(self.r.choice((c.upper(), c.lower())) for c in w)
        if x < 0.29:
            return w.replace("k", "\u212a").replace("'", "\u2019")
        return w

    def any_char(self):
        hi = self.r.choice((0x7f, 0x250, 0x600, 0x3100, 0xd7ff, 0x1fbff, 0x10ffff))
        while True:
            c = self.r.randint(1, hi)
            if not 0xd800 <= c <= 0xdfff:
                return chr(c)

    def word(self):
        r, x = self.r, self.r.random()
        if x < 0.30:
            w = r.choice(self.words)
        elif x < 0.50:
            w = r.choice(GLUE)
        elif x < 0.58:
            w = r.choice(self.boost)
        elif x < 0.66:
            w = r.choice(self.negate)
        elif x < 0.86:
            w = r.choice(PLAIN)
        elif x < 0.91:
            w = r.choice(self.emoji)
        elif x < 0.94:
            w = r.choice(ODD) + r.choice(["", "a", "OK", "good"])
        elif x < 0.96:
            w = "".join(self.any_char() for _ in range(r.randint(1, 4)))
        else:
            w = "".join(chr(r.randint(33, 126)) for _ in range(r.randint(1, 6)))
        w = self.shape(w)
        if r.random() < 0.12:
            w += r.choice(PUNCT)
        if r.random() < 0.04:
            w = r.choice(PUNCT) + w
        return w

    def text(self):
        r, x = self.r, self.r.random()
        if x < 0.01:
            return r.choice(["", " ", "\n\t", "!", "no", "but", "KIND of"])
        if x < 0.03:
            return "".join(self.any_char() for _ in range(r.randint(1, 60)))
        if x < 0.05:
            return r.choice(["", " "]).join(r.choice(self.emoji) for _ in range(r.randint(1, 80)))
        if x < 0.07:
            few = [self.word() for _ in range(r.randint(1, 5))] + ["but"]
            return " ".join(r.choice(few) for _ in range(r.randint(40, 400)))
        words = [self.word() for _ in range(r.randint(1, 8) if r.random() < 0.6 else r.randint(8, 40))]
        text = words[0]
        for w in words[1:]:
            text += ("" if r.random() < 0.02 else r.choice(SPACES)) + w
        return text


def scores(tool, texts):
    lines = "".join(json.dumps({"i": i, "text": t}, ensure_ascii=i % 2 == 0) + "\n" for i, t in enumerate(texts))
    run = subprocess.run([tool], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    got = [json.loads(line) for line in run.stdout.decode().split("\n") if line]
    if [g["i"] for g in got] != list(range(len(texts))) or [g["text"] for g in got] != texts:
        sys.exit("vader_check: records are missing, out of order or changed")
    return [g["sentiment"] for g in got]


def main():
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__.split("\n")[0])
    if sys.version_info >= (3, 12):
        sys.exit("vader_check: wants Python 3.11 or older: sum() of floats changed in 3.12")
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    make, oracle = Maker(seed), ref.SentimentIntensityAnalyzer()
    texts = [make.text() for _ in range(n)]
    bad = nonzero = 0
    for text, got in zip(texts, scores(sys.argv[1], texts)):
        want = oracle.polarity_scores(text)
        nonzero += want["compound"] != 0
        if any(repr(got[k]) != repr(v) for k, v in want.items()):
            bad += 1
            if bad <= 10:
                print("differs: %s\n  want %s\n  got  %s" % (json.dumps(text), want, got))
    print("vader_check: %d texts (%d with a compound that is not 0), seed %d: %d differ" % (n, nonzero, seed, bad))
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
