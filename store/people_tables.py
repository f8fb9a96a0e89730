"""The tables of who may come in, and how: people, their roles, their sessions and what was refused at the door.

A change here needs a migration, as in `tables.py`.
"""
