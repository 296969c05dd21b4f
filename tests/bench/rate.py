#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/bench/rate.py [--seconds S] [--runs R] [--records N] - what smrate costs and how well it keeps its limits.

1. Bytes a second against `pv -q -L`, the two in turn over the same input: how far the mean is off, the most bytes in any 10 ms and
   100 ms as a multiple of the limit's, CPU seconds. The clock starts at the first byte and stops at the last; a line passed late at
   either end cannot hide, since both are counted.
2. CPU seconds for a million records, unshaped and by way of the queues; pv without a limit beside it.
3. A loud key (50,000/s) and a quiet one (100/s) through 10,000/s: what arrives of the quiet one, and how late, with --fair and without.
"""
import argparse, json, os, signal, statistics, subprocess, sys, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BIN = os.environ.get("SM_BIN", os.path.join(ROOT, "build", "bin"))
WORK = os.environ.get("SM_BENCH_DIR", os.path.join(ROOT, "build", "bench"))
SMRATE = os.path.join(BIN, "smrate")
med = statistics.median


def finish(p):
    """CPU seconds of a process that is done reading and writing."""
    _, status, u = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    return u.ru_utime + u.ru_stime


def arrivals(argv, source, seconds):
    """Run ARGV on SOURCE for SECONDS; [(time, bytes)] as they arrive, and its CPU seconds."""
    with open(source, "rb") as f:
        p = subprocess.Popen(argv, stdin=f, stdout=subprocess.PIPE, bufsize=0)
        got, fd = [], p.stdout.fileno()
        while not got or got[-1][0] - got[0][0] < seconds:
            b = os.read(fd, 1 << 20)
            if not b:
                break
            got.append((time.monotonic(), len(b)))
        # Popen.kill would reap it, and its CPU time with it.
        os.kill(p.pid, signal.SIGKILL)
        return got, finish(p)


def most(got, window):
    best = n = i = 0
    for t, b in got:
        n += b
        while t - got[i][0] > window:
            n -= got[i][1]
            i += 1
        best = max(best, n)
    return best


def limits(posts, o):
    print(f"{'bytes a second':>16} {'':8} {'mean off by':>12} {'most in 10 ms':>14} {'most in 100 ms':>15} {'CPU %':>8}   (most: times the limit's)")
    for limit in (100_000, 1_000_000, 10_000_000, 100_000_000):
        rows = {"smrate": [], "pv": []}
        for _ in range(o.runs):
            for name, argv in (("smrate", [SMRATE, "-b", f"{limit}/s"]), ("pv", ["pv", "-q", "-L", str(limit)])):
                got, cpu = arrivals(argv, posts, o.seconds)
                span = max(got[-1][0] - got[0][0], 1e-6)
                # The first arrival opens the span and is not part of what it took.
                mean = sum(b for _, b in got[1:]) / span
                rows[name].append((mean / limit - 1, most(got, .01) / (limit * .01), most(got, .1) / (limit * .1), cpu / span))
        for name, r in rows.items():
            off, ten, hundred, cpu = (med(x[i] for x in r) for i in range(4))
            print(f"{limit:16,} {name:8} {100 * off:11.2f}% {ten:14.2f} {hundred:15.2f} {100 * cpu:7.1f}%")
    print(flush=True)


def records(o):
    print(f"{'records a second':>16} {'mean off by':>12} {'most in 100 ms':>15} {'CPU %':>8}")
    small = os.path.join(WORK, "small.ndjson")
    with open(small, "w") as f:
        f.writelines('{"i":%d}\n' % i for i in range(1_000_000, 3_000_000))
    for limit in (100, 1000, 10_000, 100_000):
        rows = []
        for _ in range(o.runs):
            got, cpu = arrivals([SMRATE, "-r", f"{limit}/s"], small, o.seconds)
            span = max(got[-1][0] - got[0][0], 1e-6)
            rows.append((sum(b for _, b in got[1:]) / 14 / span / limit - 1, most(got, .1) / 14 / (limit * .1), cpu / span))
        off, hundred, cpu = (med(x[i] for x in rows) for i in range(3))
        print(f"{limit:16,} {100 * off:11.2f}% {hundred:15.2f} {100 * cpu:7.1f}%")
    print(flush=True)


def costs(posts, o):
    size = os.path.getsize(posts) / 1e6
    print(f"a million records of {size * 1e6 / o.records:.0f} bytes, into /dev/null")
    for name, argv in (("smrate", [SMRATE]), ("smrate -r 1000000000/s", [SMRATE, "-r", "1000000000/s"]),
                       ("smrate --full block", [SMRATE, "--full", "block"]),
                       ("smrate --key network --fair", [SMRATE, "--key", "network", "--fair"]),
                       ("smrate --key author.id --fair", [SMRATE, "--key", "author.id", "--fair"]),
                       ("smrate --watermark (with keys)", [SMRATE, "--time", "created_at", "--watermark", "1h", "--key", "network"]),
                       ("pv -q", ["pv", "-q"])):
        cpu, wall = [], []
        for _ in range(o.runs + 1):
            with open(posts, "rb") as f:
                start = time.monotonic()
                cpu.append(finish(subprocess.Popen(argv, stdin=f, stdout=subprocess.DEVNULL)))
                wall.append(time.monotonic() - start)
        scale = 1e6 / o.records
        print(f"  {name:34} {scale * med(cpu[1:]):6.2f} CPU s {scale * med(wall[1:]):6.2f} wall s")
    print(flush=True)


def offer(fd, seconds):
    """50,000 loud and 100 quiet records a second, each with the time at which it was handed over."""
    start, loud, quiet = time.monotonic(), 0, 0
    with os.fdopen(fd, "wb", buffering=0) as f:
        while True:
            now = time.monotonic()
            gone = now - start
            if gone >= seconds:
                return
            out = []
            for key, rate in (("loud", 50_000), ("quiet", 100)):
                have, want = (loud, int(gone * rate)) if key == "loud" else (quiet, int(gone * rate))
                out += ['{"k":"%s","t":%.6f}\n' % (key, now)] * (want - have)
                if key == "loud":
                    loud = want
                else:
                    quiet = want
            if out:
                f.write("".join(out).encode())
            time.sleep(.001)


def fairness(o):
    print("a loud key at 50,000/s and a quiet one at 100/s through 10,000/s; records of the first second are not counted")
    print(f"  {'':52} {'loud/s':>8} {'quiet/s':>8} {'of what came':>13} {'delay ms: p50':>14} {'p99':>8} {'max':>8}")
    for args in (["--full", "drop-new"], ["--full", "drop-old"], ["--key", "k", "--fair", "--full", "drop-old"]):
        argv = [SMRATE, "-r", "10000/s", "--queue", "20000"] + args
        r, w = os.pipe()
        p = subprocess.Popen(argv, stdin=r, stdout=subprocess.PIPE)
        os.close(r)
        seconds = o.seconds + 3
        t = threading.Thread(target=offer, args=(w, seconds))
        t.start()
        begin, delay, count = time.monotonic() + 1, [], {"loud": 0, "quiet": 0}
        for line in p.stdout:
            now = time.monotonic()
            if now > begin + seconds - 1.2:
                os.kill(p.pid, signal.SIGKILL)
                break
            rec = json.loads(line)
            if now < begin:
                continue
            count[rec["k"]] += 1
            if rec["k"] == "quiet":
                delay.append((now - rec["t"]) * 1000)
        span = seconds - 1.2
        t.join()
        finish(p)
        delay.sort()
        q = [delay[int(len(delay) * x)] for x in (.5, .99)] + [delay[-1]] if delay else [float("nan")] * 3
        print(f"  {'smrate ' + ' '.join(argv[1:]):52} {count['loud'] / span:8.0f} {count['quiet'] / span:8.1f} {count['quiet'] / span:12.0f}% "
              f"{q[0]:14.1f} {q[1]:8.1f} {q[2]:8.1f}", flush=True)
    print()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seconds", type=float, default=3)
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--records", type=int, default=1_000_000)
    o = p.parse_args()
    # The generator's thread meets a closed pipe when the run is over.
    threading.excepthook = lambda a: None if a.exc_type is BrokenPipeError else sys.__excepthook__(a.exc_type, a.exc_value, a.exc_traceback)
    os.makedirs(WORK, exist_ok=True)
    posts = os.path.join(WORK, f"posts-{o.records}.ndjson")
    if not os.path.exists(posts):
        with open(posts + ".tmp", "wb") as f:
            subprocess.run([f"{BIN}/smgen", "-n", str(o.records), "--profile", "bench"], stdout=f, check=True)
        os.rename(posts + ".tmp", posts)
    try:
        print(subprocess.run(["pv", "--version"], capture_output=True, text=True).stdout.splitlines()[0] + "\n")
    except FileNotFoundError:
        sys.exit("bench: no pv here; `make bench-rate` installs it")
    limits(posts, o)
    records(o)
    costs(posts, o)
    fairness(o)


if __name__ == "__main__":
    main()
