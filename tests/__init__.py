"""A package in its own right: a wheel that installs a top-level `tests` by mistake must not be imported instead."""
