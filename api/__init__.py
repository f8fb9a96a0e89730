"""The REST API: nouns as routes over the loop. FastAPI stays in this room.

Nothing is decided here. A route checks the shape of what it gets, calls the desk, the intake or the store, and answers
with the core's own models; `problems.py` turns whatever goes wrong into one line of problem+json.
"""
