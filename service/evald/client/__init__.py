"""The way to a server: requests, answers, errors, the channel.

`evald.client.request` and `evald.client.convert` know v1 messages but not gRPC, so that the embedded API can use
them without importing it.
"""
