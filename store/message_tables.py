"""The tables of what people are told outside: messages by incident, and what came back from them.

A change here needs a migration, as in `tables.py`.
"""
