#!/usr/bin/env python3
# The life of a folder, with runs of `smfetch files --resume` in between, some of them cut off: after each whole run every record that is in some
# file has been given, and at no time one twice. files_life.py ROUNDS SEED prints what it did when that fails. SPDX-License-Identifier: MIT
#
# What is left out, because docs/files.md says what happens then: a copy and its original that are both appended to before a run has seen them
# equal (of archives: one of them), files that are truncated in place to a KiB and more, or to some lines with others behind them while a copy
# exists, or after a run that was cut off, or before a run has seen them; copies of lines that are not finished; an archive that is changed but for what is appended.
import bz2, gzip, io, json, os, random, shutil, subprocess, tarfile, zipfile

import lives


def unpacked(name):
    data = open(name, "rb").read()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else bz2.decompress(data) if data[:3] == b"BZh" else data


def records(name):
    data = unpacked(name)
    if data[:2] == b"PK":
        z = zipfile.ZipFile(io.BytesIO(data))
        data = b"".join(z.read(m) for m in z.namelist())
    elif data[257:262] == b"ustar":
        t = tarfile.open(fileobj=io.BytesIO(data))
        data = b"".join(t.extractfile(m).read() for m in t.getmembers())
    if data[:1] == b"[":
        return [r["id"] for r in json.loads(data)]
    return [json.loads(l)["id"] for l in data.split(b"\n")[:-1]]


class Life:
    def __init__(self, seed):
        self.r, self.log, self.given, self.n, self.names = random.Random(seed), [], set(), 0, 0
        self.seen = set()                # records that were there when a run ended well
        self.bound = []                  # sets of names with the same records that no run has seen yet
        self.cut = False                 # the last run was cut off
        self.inodes = set()              # of files that a run has seen
        os.mkdir("in")

    def say(self, *what):
        self.log.append(" ".join(map(str, what)))

    def lines(self, n):
        out = []
        for _ in range(n):
            self.n += 1
            out.append(json.dumps({"id": self.n, "t": "x" * self.r.choice([0, 0, 5, 60, 400])}).encode() + b"\n")
        return b"".join(out)

    def some(self):
        return self.lines(self.r.choice([1, 1, 2, 3, 8, 40]))

    def name(self, end=""):
        self.names += 1
        return "in/%s%d%s" % (self.r.choice("acmz"), self.names, end)

    def files(self, kind=None):
        all = ["in/" + f for f in sorted(os.listdir("in"))]
        return [f for f in all if kind is None or self.kind(f) == kind]

    def kind(self, f):
        for end in ("gz", "bz2", "tar", "zip", "json"):
            if f.endswith("." + end):
                return end
        return "plain"

    def pick(self, kind=None):
        files = self.files(kind)
        return self.r.choice(files) if files else None

    # Names of one file.
    def names_of(self, f):
        return [g for g in self.files() if os.path.samefile(f, g)]

    def may_grow(self, f):
        names = self.names_of(f)
        for group in self.bound:
            if any(n in group["names"] for n in names):
                if group["grown"] not in (None, names):
                    return False
                group["grown"] = names
        return True

    def follow(self, f, to):             # F is called TO now, or TO as well
        for group in self.bound:
            if f in group["names"]:
                group["names"].add(to)
                if group["grown"] and f in group["grown"]:
                    group["grown"].append(to)

    def unseen(self, f):
        return not set(records(f)) <= self.seen

    # --- what happens ---
    def create(self):
        f = self.name()
        open(f, "wb").write(self.some())
        self.say("create", f, os.path.getsize(f))

    def document(self):
        f = self.name(".json")
        text = b"[" + b",\n ".join(self.some().splitlines()) + b"]\n"
        open(f, "wb").write(text)
        self.say("document", f)

    def append(self):
        f = self.pick("plain")
        if f and self.may_grow(f):
            open(f, "ab").write(self.some())
            self.say("append", f, os.path.getsize(f))

    def copy(self):
        f = self.pick()
        if not f:
            return
        to = self.name("" if self.kind(f) == "plain" else "." + self.kind(f))
        shutil.copyfile(f, to)
        self.say("copy", f, to)
        self.follow(f, to)
        if self.unseen(f):
            self.bound.append({"names": {f, to}, "grown": None if self.kind(f) == "plain" else ["nobody"]})

    def link(self):
        f = self.pick()
        if f:
            to = self.name("" if self.kind(f) == "plain" else "." + self.kind(f))
            os.link(f, to)
            self.follow(f, to)
            self.say("link", f, to)

    def rename(self):
        f = self.pick()
        if f:
            to = self.name("" if self.kind(f) == "plain" else "." + self.kind(f))
            os.rename(f, to)
            self.follow(f, to)
            self.say("rename", f, to)

    def pack(self):
        f = self.pick(self.r.choice(["plain", "tar"]))
        if not f:
            return
        how = self.r.choice(["gz", "bz2"])
        to = self.name("." + how)
        data = open(f, "rb").read()
        open(to, "wb").write(gzip.compress(data) if how == "gz" else bz2.compress(data))
        self.follow(f, to)
        if self.r.random() < .7:
            os.remove(f)
        elif self.unseen(f):
            self.bound.append({"names": {f, to}, "grown": None if self.kind(f) == "plain" else ["nobody"]})
        self.say("pack", f, to, "" if os.path.exists(f) else "and remove it")

    def unpack(self):
        f = self.pick(self.r.choice(["gz", "bz2"]))
        if f:
            data = unpacked(f)
            to = self.name(".tar" if data[257:262] == b"ustar" else "")
            open(to, "wb").write(data)
            self.follow(f, to)
            os.remove(f)
            self.say("unpack", f, to)

    def rotate(self):
        f = self.pick("plain")
        if not f:
            return
        to = self.name()
        if self.r.random() < .5:
            os.rename(f, to)
            self.follow(f, to)
            self.say("rotate by renaming", f, to)
        else:
            shutil.copyfile(f, to)
            self.follow(f, to)
            os.truncate(f, 0)
            self.say("rotate by copy and truncate", f, to)
        for group in self.bound:
            group["names"].discard(f)
        if self.r.random() < .7:
            open(f, "ab").write(self.some())

    def rewrite(self):
        f = self.pick("plain")
        if f:
            open(f, "wb").write(self.some())           # in place
            for group in self.bound:
                group["names"] -= set(self.names_of(f))
            self.say("rewrite", f)

    def truncate(self):
        f = self.pick("plain")
        if not f or self.cut or os.stat(f).st_ino not in self.inodes:
            return
        data = open(f, "rb").read()
        ends = [i + 1 for i, c in enumerate(data[:1000]) if c == 10][:-1]
        if not ends:
            return
        end = self.r.choice(ends)
        os.truncate(f, end - self.r.choice([0, 0, 1]))
        for group in self.bound:
            group["names"] -= set(self.names_of(f))
        self.say("truncate", f, len(data), end)
        self.whole()                                   # a copy may exist: nothing behind it before that is seen
        if os.path.getsize(f) < end:
            open(f, "ab").write(b"\n")

    def archive(self):
        kind = self.r.choice(["tar", "zip"])
        f = self.pick(kind) if self.r.random() < .7 else None
        if f and (os.stat(f).st_nlink > 1 or not self.may_grow(f)):
            return
        new = f is None
        f = f or self.name("." + kind)
        for _ in range(self.r.choice([1, 1, 3])):
            self.names += 1
            data, name = self.some(), "m%d" % self.names
            if kind == "tar":
                with tarfile.open(f, "a", format=self.r.choice([tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT])) as t:
                    i = tarfile.TarInfo(name)
                    i.size, i.mtime = len(data), self.r.choice([1, 1.5])
                    t.addfile(i, io.BytesIO(data))
            else:
                with zipfile.ZipFile(f, "a", zipfile.ZIP_DEFLATED) as z:
                    z.writestr(name, data)
        self.say("new archive" if new else "add to archive", f, os.path.getsize(f))

    def remove(self):
        f = self.pick()
        if f:
            os.remove(f)
            for group in self.bound:
                group["names"].discard(f)
            self.say("remove", f)

    # --- runs ---
    def run(self, marks=None):
        p = subprocess.Popen(["smfetch", "files", "in", "--resume", "ck", "--mark-every", str(self.r.choice([1, 3, 1000]))],
                             stdout=subprocess.PIPE, stderr=open("err", "w"))
        got, kept, saved = [], [], []
        for line in p.stdout:
            if line.startswith(b'{"$mark"'):
                kept, got = kept + got, []
                saved.append(line)
                if marks is not None and len(saved) == marks:
                    p.kill()
                    break
            else:
                got.append(json.loads(line)["id"])
        p.stdout.close()
        rc = p.wait()
        subprocess.run(["smcheckpoint", "save"], input=b"".join(saved), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        err = open("err").read().strip()
        self.say("cut-off run" if marks else "run", "gave", kept, err)
        twice = [i for i in kept if i in self.given] + [i for i in set(kept) if kept.count(i) > 1]
        self.given |= set(kept)
        if twice:
            self.fail("given twice: %s" % twice)
        return rc

    def cut_off(self):
        self.cut = True
        self.run(self.r.choice([1, 2, 3, 6]))

    def whole(self):
        rc = self.run()
        if rc != 0:
            self.fail("status %d" % rc)
        here = set(i for f in self.files() for i in records(f))
        if here - self.given:
            self.fail("not given: %s" % sorted(here - self.given))
        self.seen |= here
        self.bound, self.cut, self.inodes = [], False, set(os.stat(f).st_ino for f in self.files())

    def fail(self, why):
        raise SystemExit("\n".join(self.log + [why, subprocess.run("ls -li in; cat ck/files", shell=True, capture_output=True, text=True).stdout]))

    def play(self, steps):
        ops = [self.create, self.append, self.append, self.append, self.copy, self.copy, self.link, self.rename, self.pack, self.unpack,
               self.rotate, self.rewrite, self.truncate, self.archive, self.archive, self.document, self.remove]
        self.create()
        for _ in range(steps):
            self.r.choice(ops)()
            x = self.r.random()
            if x < .35:
                self.whole()
            elif x < .45:
                self.cut_off()
        self.whole()
        if self.run() != 0 or '"gave"' in self.log[-1]:
            self.fail("the run behind it")


lives.play(Life, 30, "life")
