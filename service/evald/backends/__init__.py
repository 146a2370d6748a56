"""Models: loading, batching and running them. This room must not know gRPC, messages, metrics or Prometheus."""
