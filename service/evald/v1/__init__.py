"""Generated from proto/evald/v1 by `make proto`; do not edit."""
