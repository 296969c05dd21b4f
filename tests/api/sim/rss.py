# SPDX-License-Identifier: MIT
"""A feed: RSS 2.0, Atom and JSON Feed of the newest posts; ETag, Last-Modified and 304; what is older than the list
has left it."""

import email.utils
from xml.sax.saxutils import escape

from .core import Answer, Network, html
from .world import iso


class Feed(Network):
    server_name = 'nginx'
    options = {'length': 20, 'etag': 1, 'guid': 1, 'twice': 0, 'garbage': 0}

    def handle(self, req):
        make = {'/index.xml': self.rss, '/feed.rss': self.rss, '/atom.xml': self.atom}.get(req.path)
        if not make:
            return html(404)
        if self.o['garbage']:
            return Answer(b'<!DOCTYPE html><html><body>no feed</body></html>', ctype='application/rss+xml')
        with self.world.lock:
            posts = list(reversed(self.world.live()))[: self.o['length']]
            newest = max([p.ms for p in posts] + [p.edits[-1] for p in posts if p.edits], default=0)
            tag = f'W/"{newest:x}-{len(posts)}"'
            when = email.utils.formatdate(newest // 1000, usegmt=True)
            headers = [('Last-Modified', when)] + ([('ETag', tag)] if self.o['etag'] else [])
            if req.headers.get('if-none-match') == tag or (
                'if-none-match' not in req.headers and req.headers.get('if-modified-since') == when
            ):
                return Answer(b'', 304, headers, items=0)
            return Answer(make(req, posts).encode(), 200, headers, 'application/xml; charset=utf-8', items=len(posts))

    def guid(self, p):
        return f'https://feed.example/posts/{p.i}'

    def body(self, p):
        text = escape('<p>' + escape(p.text) + '</p>')
        return escape(text) if self.o['twice'] else text

    def rss(self, req, posts):
        items = ''.join(f'''
    <item>
      <title>Post {p.i} about #{p.tag} &amp; &lt;more&gt;</title>
      <link>{self.guid(p)}</link>
      <pubDate>{email.utils.formatdate(p.ms // 1000)}</pubDate>
      {f'<guid isPermaLink="true">{self.guid(p)}</guid>' if self.o['guid'] else ''}
      <dc:creator><![CDATA[User {p.author} & co]]></dc:creator>
      <category>{p.tag}</category>
      <description>{self.body(p)}</description>
    </item>''' for p in posts)
        return f'''<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/">
  <channel>
    <title>Simulated feed</title>
    <link>https://feed.example/</link>
    <description>Posts</description>
    <language>en</language>
    <lastBuildDate>{email.utils.formatdate(0)}</lastBuildDate>
    <atom:link href="https://feed.example/index.xml" rel="self" type="application/rss+xml" />{items}
  </channel>
</rss>
'''

    def atom(self, req, posts):
        items = ''.join(f'''
  <entry>
    <title type="text">Post {p.i} about #{p.tag}</title>
    <id>{self.guid(p)}</id>
    <link rel="alternate" href="{self.guid(p)}"/>
    <published>{iso(p.ms, 0)}</published>
    <updated>{iso(p.edits[-1] if p.edits else p.ms, 0)}</updated>
    <author><name>User {p.author}</name></author>
    <category term="{p.tag}"/>
    <content type="html">{self.body(p)}</content>
  </entry>''' for p in posts)
        return f'''<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <title>Simulated feed</title>
  <id>https://feed.example/</id>
  <updated>2026-01-01T00:00:00Z</updated>{items}
</feed>
'''

    def truth(self):
        return [
            {
                'i': p.i,
                'native_id': self.guid(p),
                'created_at': iso(p.ms // 1000 * 1000),
                'gone': p.gone is not None,
                'edits': len(p.edits),
            }
            for p in self.world.posts
        ]


NETWORK = Feed
