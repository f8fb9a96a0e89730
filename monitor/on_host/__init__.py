"""What runs on the hosts: one file per probe, the program that runs them, and nothing that is not in Python's library.

These files are sent as text and executed by the host's own Python, 3.6 or later: no newer syntax, no import of ours.
Each probe is a function `probe(arguments)` that returns a list of items: samples
`{"name", "subject", "value", "evidence"}`, and `{"problem": <one line>}` for what it could not measure.
They read; they change nothing.
"""
