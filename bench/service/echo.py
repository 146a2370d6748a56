"""A bare grpcio server: takes bytes and answers with as many bytes as told. The least that a call can cost.

`python -m bench.service.echo BYTES`; prints its address like `evald serve`.
"""

from __future__ import annotations

import sys

import grpc

from bench.service.peer import serve


def main(size: int) -> None:
    """Serves until it is ended."""
    answer = b"x" * size
    serve(grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer))


if __name__ == "__main__":
    main(int(sys.argv[1]))
