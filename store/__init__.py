"""Persistence: the database is the truth (law 4). SQLAlchemy stays in this room.

One noun a file. Whoever changes state opens `store.write()` and passes the transaction on, so that a step's whole
effect, its journal entries included, is committed together or not at all.
"""
