"""Joins models and the native accumulator into answers. This room must not know gRPC, sockets or settings files."""
