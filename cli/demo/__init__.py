"""`fleetmend demo`: three hosts with real processes, four real faults, and the whole loop at work on them.

`command.py` is the command; `show.py` the order of events; `hosts.py` and `faults.py` put up what is healed and break
it. `rows.py` follows the loop through the store, for `live.py` to show; `gather.py` fills the `report.py` that
`panels.py` prints at the end.
"""
