"""A bare grpcio server: takes bytes and answers with as many bytes as told. The least that a call can cost.

`python -m bench.service.echo BYTES [tuned]`; prints its address like `evald serve`. The tuned one has threads that are
scheduled as evald's are; what evald asks of gRPC is in its environment.
"""

from __future__ import annotations

import sys

import grpc

from bench.service.peer import serve
from evald.server.fuse import wait_for_waker


def main(size: int, *, tuned: bool) -> None:
    """Serves until it is ended."""
    answer = b"x" * size
    serve(grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer), wait_for_waker if tuned else None)


if __name__ == "__main__":
    main(int(sys.argv[1]), tuned="tuned" in sys.argv)
