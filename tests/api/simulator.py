#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/api/simulator.py NETWORK [OPTION]… - an API of a network on the loopback, to test smfetch against.

It prints its port and serves until its parent ends, --lifetime is over, or /_control/stop is asked for. What it serves
is a world of posts (sim/world.py) that is the same for the same --seed and --end; what it keeps is a journal of all
requests (sim/core.py). Faults: sim/faults.py. Nothing but Python's standard library is needed.

/_control/grow?n=10   new posts                  /_control/fault?spec=…   one more fault
/_control/edit?i=3,4  /_control/delete?i=5       /_control/clear          no faults any more
/_control/world       what there is, NDJSON      /_control/expire         sessions end
/_control/stats       counts                     /_control/set?NAME=VALUE an option of the network; /_control/stop
"""

import argparse
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
if not sys.pycache_prefix:
    sys.dont_write_bytecode = True

from sim import core, world  # noqa: E402

NETWORKS = {
    'x': 'x',
    'mastodon': 'mastodon',
    'facebook': 'facebook',
    'reddit': 'reddit',
    'hn': 'hackernews',
    'youtube': 'youtube',
    'bluesky': 'bluesky',
    'jetstream': 'jetstream',
    'rss': 'rss',
    'generic': 'generic',
    'fast': 'fast',
}


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('network', choices=sorted(NETWORKS))
    p.add_argument('--port', type=int, default=0)
    p.add_argument('--posts', type=int, default=200)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--end', help='when the newest post was made, epoch seconds (a minute ago)', type=float)
    p.add_argument('--step', help='seconds between posts', type=float, default=60)
    p.add_argument('--journal', help='file of requests')
    p.add_argument('--token', action='append', default=[], help='what is taken as credential; none: sim-token')
    p.add_argument('--limit', action='append', default=[], help='[BUCKET=]N/PERIOD')
    p.add_argument('--fault', action='append', default=[])
    p.add_argument('--set', action='append', default=[], help='NAME=VALUE, an option of the network')
    p.add_argument('--foreign', default='http://127.0.0.2:9', help='where redirect:foreign leads')
    p.add_argument('--canonical', help='the address that next links name, instead of the one asked')
    p.add_argument('--gzip', action='store_true', help='pack what the client takes packed')
    p.add_argument('--tls', metavar='FILE', help='a certificate and its key, PEM: https and wss')
    p.add_argument('--lifetime', type=float, default=600)
    p.add_argument('--parent', type=int, default=os.getppid(), help='ends when this process does')
    o = p.parse_args()
    o.token = o.token or ['sim-token']
    return o


def watch(server, o):
    """End with the parent, or when it is time."""
    end = time.monotonic() + o.lifetime
    while time.monotonic() < end and not server.stopping:
        try:
            os.kill(o.parent, 0)
        except OSError:
            break
        time.sleep(0.25)
    time.sleep(0.2)
    os._exit(0)


def main():
    o = arguments()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    w = world.World(o.seed, o.posts, int((o.end or time.time() - 60) * 1000), int(o.step * 1000))
    server = core.Server(('127.0.0.1', o.port), o, w)
    if o.tls:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(o.tls)
        server.tls = context
    module = __import__('sim.' + NETWORKS[o.network], fromlist=['NETWORK'])
    server.net = module.NETWORK(server)
    threading.Thread(target=watch, args=(server, o), daemon=True).start()
    print(server.server_address[1], flush=True)
    server.serve_forever(poll_interval=0.1)


if __name__ == '__main__':
    main()
