"""Models: loading, batching and running them. This room must not know gRPC, messages, metrics or Prometheus."""

import os

# The official builds of ONNX Runtime tell Microsoft of every session, from a database under the user's cache folder.
# The library reads this once, when it is imported; nothing of an evaluation may leave the machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
