"""What an inventory may say of what is to be watched: a small model for each `fleetmend_*` variable, a file a concern.

Border: the inventory is the user's own, so this is about mistakes; what hosts print is another matter (`readings`).
Nothing is re-exported here: a model is imported from the file of its concern, and `monitor/probes.py` lists them all.
"""
