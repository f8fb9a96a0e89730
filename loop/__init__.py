"""The only place where the steps meet. Celery stays in this room.

`engine.py` moves an incident on by the step that its state calls for; `steps/` holds one step a file; the rest wakes
the engine (tasks, beat, reconciler), feeds it (sweeps, schedules, intake), or lets people in (desk).
"""
