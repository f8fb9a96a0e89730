"""PLAN: from an incident to one checked choice out of the vetted catalog, with alternatives, or to an abstention.

Models in, models out: nothing here reads a store, a fleet's folder or a host. A language model may choose; it is shown
only candidates, and its answer passes the same check as that of the rules. Other steps are never imported.
"""
