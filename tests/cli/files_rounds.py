#!/usr/bin/env python3
# Random things that happen to files, with runs of the pipeline in between, some of them killed: at the end the table holds each record
# once. files_rounds.py ROUNDS SEED prints what it did when that fails. SPDX-License-Identifier: MIT
#
# What is left out, because docs/files.md says that it can't be right: files below a KiB that are copied and then appended to, copies that
# are appended to before a run has seen them whole, and what nobody could have read (deleted or replaced between two runs).
import collections, os, random, shutil, signal, subprocess, time

import lives

PACK = {"gz": (["gzip"], ["gzip", "-dc"]), "bz2": (["bzip2"], ["bzip2", "-dc"]), "xz": (["xz", "-0"], ["xz", "-dc"]),
        "zst": (["zstd", "-q", "--rm"], ["zstd", "-qdc"])}
LINE = ("set -o pipefail; smfetch files in --resume ck --mark-every %d | smpartition t -j 1 %s | smcommit -q | smcheckpoint save")


class Round:
    def __init__(self, seed):
        self.r, self.log, self.n = random.Random(seed), [], 0
        self.want = collections.Counter()
        self.torn = {}                   # name: what its last line still lacks
        self.names = 0
        os.mkdir("in")

    def say(self, *what):
        self.log.append(" ".join(map(str, what)))

    def line(self):
        self.n += 1
        self.want["r%06d" % self.n] += 1
        return '{"id":"r%06d","text":"%s"}\n' % (self.n, "x" * self.r.randint(0, 90))

    def name(self):
        self.names += 1
        # Anywhere in the order of names.
        return "%s%d" % (self.r.choice("acmz"), self.names)

    def plain(self):
        return [f for f in sorted(os.listdir("in")) if not f.endswith(tuple(PACK))]

    def pick(self, files):
        return self.r.choice(files) if files else None

    def append(self, name, lines):
        with open("in/" + name, "a") as f:
            f.write(self.torn.pop(name, ""))
            for _ in range(lines):
                f.write(self.line())

    def whole(self, name):
        if name in self.torn:
            self.append(name, 0)

    # --- what happens ---
    def create(self):
        name = self.name()
        self.append(name, self.r.choice([1, 2, 25, 40, 300]))
        self.say("create", name)

    def grow(self):
        name = self.pick(self.plain())
        if name:
            self.append(name, self.r.choice([1, 3, 30, 200]))
            self.say("grow", name)

    def tear(self):
        name = self.pick(self.plain())
        if not name:
            return
        self.append(name, self.r.randint(0, 3))
        line = self.line()
        cut = self.r.randint(1, len(line) - 1)
        with open("in/" + name, "a") as f:
            f.write(line[:cut])
        self.torn[name] = line[cut:]
        self.say("tear", name, cut)

    def rotate(self):
        name = self.pick(self.plain())
        if not name:
            return
        self.whole(name)
        to = self.name()
        if self.r.random() < .5:
            os.rename("in/" + name, "in/" + to)
            self.say("rotate", name, to)
        else:
            self.clean()                 # what is below a KiB, or is being written to, is another matter
            shutil.copyfile("in/" + name, "in/" + to)
            os.truncate("in/" + name, 0)
            self.say("copy and cut", name, to)
        if self.r.random() < .7:
            self.append(name, self.r.choice([1, 40, 300]))

    def move(self):
        name = self.pick(sorted(os.listdir("in")))
        if name:
            self.whole(name)
            to = self.name() + ("." + name.rsplit(".", 1)[1] if "." in name else "")
            os.rename("in/" + name, "in/" + to)
            self.say("move", name, to)

    def pack(self):
        name = self.pick(self.plain())
        if name and os.path.getsize("in/" + name):
            self.whole(name)
            tool = self.r.choice(sorted(PACK))
            subprocess.run(PACK[tool][0] + ["in/" + name], check=True)
            self.say("pack", name, tool)

    def unpack(self):
        name = self.pick([f for f in sorted(os.listdir("in")) if f.endswith(tuple(PACK))])
        if name:
            to = self.name()
            with open("in/." + to, "wb") as f:
                subprocess.run(PACK[name.rsplit(".", 1)[1]][1] + ["in/" + name], check=True, stdout=f)
            os.rename("in/." + to, "in/" + to)
            os.remove("in/" + name)
            self.say("unpack", name, to)

    def copy(self):
        name = self.pick([f for f in sorted(os.listdir("in")) if os.path.getsize("in/" + f) > 1500])
        if name and name not in self.torn:
            to = self.name() + ("." + name.rsplit(".", 1)[1] if "." in name else "")
            shutil.copyfile("in/" + name, "in/" + to)
            self.say("copy", name, to)
            self.clean()

    def remove(self):
        name = self.pick(sorted(os.listdir("in")))
        if not name:
            return
        self.whole(name)
        self.clean()
        if self.r.random() < .5 or "." in name:
            os.remove("in/" + name)
            self.say("remove", name)
        else:
            self.append("." + name, self.r.choice([1, 40, 300]))
            os.rename("in/." + name, "in/" + name)
            self.say("replace", name)

    # --- runs ---
    def command(self):
        return ["bash", "-c", LINE % (self.r.choice([1, 7, 50, 1000]), self.r.choice(["", "--every 1ms"]))]

    def killed(self):
        p = subprocess.Popen(self.command(), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.r.random() * .12)
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.wait()
        self.say("killed run")

    def clean(self):
        for _ in range(60):
            p = subprocess.run(self.command(), capture_output=True, text=True)
            if p.returncode == 0:
                self.say("run:", p.stderr.strip())
                return
            # The killed run's lock is not gone yet, or the table was ahead of its checkpoint.
            if p.returncode != 75 and "is in use" not in p.stderr and "lock" not in p.stderr:
                break
            time.sleep(.05)
        raise SystemExit("\n".join(self.log) + "\nrun: status %d: %s" % (p.returncode, p.stderr))

    def check(self):
        out = subprocess.run(["smreplay", "t", "-q", "--jq", ".id"], capture_output=True, text=True)
        if out.returncode:
            out = subprocess.run("smreplay t -q --select id | jq .id", shell=True, capture_output=True, text=True)
        got = collections.Counter(x.strip('"') for x in out.stdout.split())
        if got != self.want:
            raise SystemExit("\n".join(self.log) + "\nlost %s\ndoubled %s" % (sorted((self.want - got))[:9], sorted((got - self.want))[:9]))

    def play(self, steps):
        ops = [self.create, self.grow, self.grow, self.tear, self.rotate, self.move, self.pack, self.unpack, self.copy, self.remove]
        self.create()
        for _ in range(steps):
            self.r.choice(ops)()
            x = self.r.random()
            if x < .25:
                self.killed()
            elif x < .6:
                self.clean()
        for name in list(self.torn):
            self.append(name, 1)
        self.clean()
        self.check()


lives.play(Round, 14, "round")
