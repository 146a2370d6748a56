"""Is the new system better? Asks an evald server: python clients/python/quickstart.py localhost:50051"""

import sys

import evald

gold = ["cancel", "billing", "technical", "billing", "praise", "cancel"] * 20
base = ["cancel", "technical", "technical", "praise", "praise", "cancel"] * 20
tuned = ["cancel", "billing", "technical", "praise", "praise", "cancel"] * 20

with evald.Client(sys.argv[1] if len(sys.argv) > 1 else "localhost:50051") as client:
    client.wait_ready(timeout=30)
    result = client.compare(base, {"tuned": tuned}, gold, metrics=["accuracy", "f1(average=macro)"])
    print(result)
    print("verdict by accuracy:", result["accuracy"].decision)
