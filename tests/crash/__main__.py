"""A siege, as a process of its own: it forks, so it has no threads and shares no connection.

    python -m tests.crash sqlite --home DIRECTORY --kills 20 --random

prints what came of it as JSON.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import django

from tests.crash.servers import SERVERS


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=SERVERS)
    parser.add_argument("--home", type=Path, required=True, help="where the server has its data")
    parser.add_argument("--name", default="siege", help="of the database, a new one")
    parser.add_argument("--kills", type=int, default=20, help="go on until so many were killed")
    parser.add_argument("--points", nargs="*", default=[], help="where in their work they are")
    parser.add_argument("--random", action="store_true", help="anywhere and the server as well")
    parser.add_argument("--sweepers", type=int, default=4)
    parser.add_argument("--deliverers", type=int, default=4)
    parser.add_argument("--agents", type=int, default=1)
    parser.add_argument("--defect", help="to be seeded in the workers")
    options = parser.parse_args(arguments)

    def stop(signum: int, frame: Any) -> None:
        sys.exit(128 + signum)

    server = SERVERS[options.kind](options.home)
    os.environ |= server.environment(options.name)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.crash.settings"
    signal.signal(signal.SIGTERM, stop)
    try:
        server.start()
        django.setup()
        from tests.crash.siege import Siege

        print(json.dumps(Siege(server, options).run()))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        server.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
