# SPDX-License-Identifier: MIT
"""What can go wrong, by order: `KIND[:ARG][,NAME=VALUE]…`, also written `KIND:NAME=VALUE,…`.

When: at=N the Nth request that it looks at (1 is the first), count=M that and the M-1 behind it, every=K each Kth,
after=N all behind the Nth, p=0.1 by chance (seeded); none of them: always. Which: path=REGEX (of the path), and only
requests for data unless all=1.

before the network is asked
  NNN[,retry-after=S][,date=1][,body=json|html|empty|text]   answer with that status
  reset                 break the connection without a byte
  silent:SECONDS        say nothing for so long, then break
  delay:SECONDS         say nothing for so long, then answer
  redirect:foreign|same|evil|loop|URL[,status=302]
  echo[,status=400][,where=body|header|location]  give the credentials back
  expire-token          the session's token ends here
afterwards
  cut, cutchunk         break in the middle of the body (Content-Length, chunks); rst=1: by a reset
  cutgzip               a gzip body that ends early, its Content-Length fits
  truncate              JSON that ends early, its Content-Length fits
  badjson, html, empty, 204, trailing, nul
  gzip, chunked, shout  packed; in chunks; header names in capitals
  slow:BYTES            bytes a second
  silentbody:SECONDS    half of the body, silence, then break
  noheaders             without the headers of the limits; nodate: without Date
of a page (the network's module does them)
  dup[:N]  short[:N]  emptypage (generic, which gives it a token of its own)
of a stream
  break:N               break after N events; silentstream:SECONDS  nothing more behind the first events, then break
  close:CODE            with break: say so in a close frame
of the whole server
  skew:SECONDS          its clock, in Date and in resets
"""

import random
import re
import threading

SERVER = ('skew',)


class Fault:
    def __init__(self, spec, seed):
        self.spec = spec
        self.kind, _, rest = spec.partition(':')
        self.kind, comma, more = self.kind.partition(',')
        self.args, self.arg = {}, None
        for part in [p for p in (more, rest) if p]:
            for word in part.split(','):
                name, eq, value = word.partition('=')
                if eq:
                    self.args[name] = value
                else:
                    self.arg = word.removesuffix('bytes/s').removesuffix('/s')
        self.seen = 0
        self.random = random.Random(seed)

    def get(self, name, default=None):
        return self.args.get(name, default)

    def hits(self, req):
        path = self.args.get('path')
        if path and not re.search(path, req.path):
            return False
        if not path and not req.data and 'all' not in self.args:
            return False
        self.seen += 1
        if 'at' in self.args:
            first = int(self.args['at'])
            return first <= self.seen < first + int(self.args.get('count', 1))
        if 'every' in self.args:
            return self.seen % int(self.args['every']) == 0
        if 'after' in self.args:
            return self.seen > int(self.args['after'])
        if 'p' in self.args:
            return self.random.random() < float(self.args['p'])
        return self.seen <= int(self.args['count']) if 'count' in self.args else True


class Faults:
    def __init__(self, specs, seed):
        self.lock = threading.Lock()
        self.seed = seed
        self.all = [Fault(s, seed + k) for k, s in enumerate(specs)]

    def add(self, spec):
        with self.lock:
            self.all.append(Fault(spec, self.seed + len(self.all)))

    def clear(self):
        with self.lock:
            self.all = []

    def match(self, req):
        """The faults that hit this request, by kind."""
        with self.lock:
            return {f.kind: f for f in self.all if f.kind not in SERVER and f.hits(req)}

    def skew(self):
        with self.lock:
            return sum(float(f.arg) for f in self.all if f.kind == 'skew')
