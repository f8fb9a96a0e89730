"""Benchmarks: what a user would feel, measured from outside. `make bench` runs them; `docs/reference/benchmarks.md` has the figures."""
