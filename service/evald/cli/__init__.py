"""The commands. Each module adds its parser and runs it; what they do is the embedded API or the client."""
