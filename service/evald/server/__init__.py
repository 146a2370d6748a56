"""The gRPC server: turns calls into work of the engine and errors into statuses. Must not know how rows are scored."""
