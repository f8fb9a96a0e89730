"""The tables of where detections come from outside: what was taken in, and how far each source was read.

A change here needs a migration, as in `tables.py`.
"""
