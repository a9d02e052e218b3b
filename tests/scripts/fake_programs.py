"""Programs that get ready as the real backends do, in milliseconds, and do nothing else."""

from __future__ import annotations

from pathlib import Path
import sys
import textwrap

from backends import PROGRAMS

_PROGRAM = """\
#!{python}
import http.server, os, sys
name = os.path.basename(__file__)
listen = next((a.partition("=")[2] for a in sys.argv if a.startswith("--web.listen-address=")), "")
address = dict(
    otelcol=os.environ.get("HEALTH_ADDRESS"),
    jaeger=os.environ.get("JAEGER_HEALTH_ADDRESS"),
    tempo="127.0.0.1:" + os.environ.get("TEMPO_HTTP_PORT", ""),
    prometheus=listen,
)[name]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
try:
    server = http.server.HTTPServer(("127.0.0.1", int(address.rpartition(":")[2])), Handler)
except OSError:
    sys.exit(name + ": bind: address already in use")
print(name, "serves", flush=True)
server.serve_forever()
"""


def write_fake_programs(cache: Path) -> Path:
    """Put them where a build of some Go would have put the real ones."""
    for program in PROGRAMS:
        path = cache / f"{program.key}-go0" / program.name
        path.parent.mkdir(parents=True)
        path.write_text(textwrap.dedent(_PROGRAM).format(python=sys.executable))
        path.chmod(0o755)
    return cache
