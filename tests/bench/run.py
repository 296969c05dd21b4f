#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/bench/run.py [--records N] [--runs R] [--threads 1,2] - smtools against DuckDB, whole processes.

Generated posts (smgen) become a Delta table, and the table becomes NDJSON again; DuckDB does the same with
read_json -> COPY … (FORMAT parquet, PARTITION_BY …) and back, with the same explicit schema. The two run in
turn, A B A B, and every figure is the median; a ratio is the median of the ratios pair by pair, which holds
when the machine's speed drifts. CPU time and peak memory come from wait4(2) and count all processes of a
pipeline (memory: the largest one).
"""
import argparse, json, os, shutil, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BIN = os.environ.get("SM_BIN", os.path.join(ROOT, "build", "bin"))
WORK = os.environ.get("SM_BENCH_DIR", os.path.join(ROOT, "build", "bench"))

# Name, smtools type, DuckDB type: the fields of a generated post.
FIELDS = [
    ("id", "string", "VARCHAR"), ("network", "string", "VARCHAR"), ("native_id", "string", "VARCHAR"),
    ("op", "string", "VARCHAR"), ("kind", "string", "VARCHAR"), ("created_at", "timestamp", "TIMESTAMP"),
    ("created_date", "date", "DATE"), ("edited_at", "timestamp", "TIMESTAMP"), ("observed_at", "timestamp", "TIMESTAMP"),
    ("author", "struct<id:string,handle:string,followers:long,verified:boolean>",
     "STRUCT(id VARCHAR, handle VARCHAR, followers BIGINT, verified BOOLEAN)"),
    ("text", "string", "VARCHAR"), ("lang", "string", "VARCHAR"),
    ("metrics", "struct<likes:long,replies:long,reposts:long>", "STRUCT(likes BIGINT, replies BIGINT, reposts BIGINT)"),
    ("tags", "array<string>", "VARCHAR[]"),
]


class Run:
    """One finished process tree: wall and CPU seconds, peak memory in MiB."""

    def __init__(self, argv, out="/dev/null"):
        start = time.monotonic()
        with open(out, "wb") as f:
            p = subprocess.Popen(argv, stdout=f, stdin=subprocess.DEVNULL)
            _, status, u = os.wait4(p.pid, 0)
        self.wall = time.monotonic() - start
        self.cpu = u.ru_utime + u.ru_stime
        self.mib = u.ru_maxrss / 1024
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"bench: {argv} ended with status {os.waitstatus_to_exitcode(status)}")


def shell(line):
    return ["bash", "-o", "pipefail", "-c", line]


def duck(sql, threads):
    code = ("import duckdb,sys; c=duckdb.connect(); c.execute('SET threads=%d; SET preserve_insertion_order=false'); "
            "c.execute(sys.argv[1])" % threads)
    return [sys.executable, "-c", code, sql]


def pairs(name, ours, theirs, runs, before=lambda: None, ours_out="/dev/null", theirs_out="/dev/null"):
    a, b = [], []
    for i in range(runs + 1):
        before()
        x = Run(ours, ours_out)
        y = Run(theirs, theirs_out)
        if i:  # the first pair warms the page cache
            a.append(x)
            b.append(y)
    med = statistics.median
    print(f"{name:34} {'wall s':>8} {'CPU s':>8} {'peak MiB':>9}")
    for who, r in (("smtools", a), ("DuckDB", b)):
        print(f"  {who:32} {med(x.wall for x in r):8.2f} {med(x.cpu for x in r):8.2f} {med(x.mib for x in r):9.0f}")
    ratio = [med(getattr(x, k) / getattr(y, k) for x, y in zip(a, b)) for k in ("wall", "cpu", "mib")]
    print(f"  {'ratio (smaller is better)':32} {ratio[0]:8.2f} {ratio[1]:8.2f} {ratio[2]:9.2f}\n", flush=True)
    return ratio, a


def alone(name, argv, runs, megabytes, what):
    r = [Run(argv) for _ in range(runs + 1)][1:]
    cpu = statistics.median(x.cpu for x in r)
    print(f"{name:34} {cpu:8.2f} CPU s  {megabytes / cpu:8.0f} MB/s of {what}", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--records", type=int, default=1_000_000)
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--threads", default="1,2")
    o = p.parse_args()
    os.makedirs(WORK, exist_ok=True)
    posts = os.path.join(WORK, f"posts-{o.records}.ndjson")
    if not os.path.exists(posts):
        with open(posts + ".tmp", "wb") as f:
            subprocess.run([f"{BIN}/smgen", "-n", str(o.records), "--profile", "bench"], stdout=f, check=True)
        os.rename(posts + ".tmp", posts)
    schema = os.path.join(WORK, "schema.json")
    with open(schema, "w") as f:
        json.dump({"fields": [[n, t] for n, t, _ in FIELDS]}, f)
    size = os.path.getsize(posts) / 1e6
    print(f"{o.records:,} posts, {size:,.0f} MB, {len(FIELDS)} fields; medians of {o.runs} paired runs\n")

    try:
        import duckdb
        print(f"DuckDB {duckdb.__version__}\n")
    except ImportError:
        sys.exit("bench: no duckdb module here; `make bench` installs it into build/venv")
    table, lake, back = (os.path.join(WORK, x) for x in ("table", "lake", "back.ndjson"))
    columns = ", ".join(f"{n}: '{d}'" for n, _, d in FIELDS)

    def clean():
        shutil.rmtree(table, ignore_errors=True)
        shutil.rmtree(lake, ignore_errors=True)

    for t in (int(x) for x in o.threads.split(",")):
        write = f"{BIN}/smpartition --schema {schema} --by network,created_date --threads {t} {table} {posts} | {BIN}/smcommit"
        sql = (f"COPY (SELECT * FROM read_json('{posts}', format='newline_delimited', columns={{{columns}}})) TO '{lake}' "
               "(FORMAT parquet, PARTITION_BY (network, created_date), COMPRESSION snappy)")
        pairs(f"NDJSON -> table, {t} thread(s)", shell(write), duck(sql, t), o.runs, clean)
        read = [f"{BIN}/smreplay", "--threads", str(t), table]
        sql = (f"COPY (SELECT * FROM read_parquet('{lake}/**/*.parquet', hive_partitioning=true)) TO '{back}' (FORMAT json)")
        pairs(f"table -> NDJSON, {t} thread(s)", read, duck(sql, t), o.runs, ours_out=os.path.join(WORK, "ours.ndjson"))
    count = int(subprocess.run(shell(f"wc -l <{WORK}/ours.ndjson"), capture_output=True, check=True).stdout)
    if count != o.records:
        sys.exit(f"bench: {count} records came back, not {o.records}")

    text = 0
    with open(posts, "rb") as f:
        for line in f:
            text += len((json.loads(line).get("text") or "").encode())
    print("one thread, alone:")
    alone("smsentiment", [f"{BIN}/smsentiment", posts], o.runs, text / 1e6, "text")
    alone("smsentiment (whole records)", [f"{BIN}/smsentiment", posts], o.runs, size, "NDJSON")
    alone("smtrend --window 1h", [f"{BIN}/smtrend", "--window", "1h", posts], o.runs, size, "NDJSON")
    alone("smrate, unshaped", [f"{BIN}/smrate", posts], o.runs, size, "NDJSON")
    shaped = Run(shell(f"head -n 3000 {posts} | {BIN}/smrate -r 1000/s"))
    print(f"{'smrate -r 1000/s':34} {100 * shaped.cpu / shaped.wall:8.2f} % of a core", flush=True)


if __name__ == "__main__":
    main()
