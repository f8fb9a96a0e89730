"""The lab: disposable real hosts on this machine, what runs on them, and the faults to break them with.

A lab is driven exactly as a user's fleet is: it writes a content folder, and fleetmend comes in over SSH. Nothing here
is used by the loop; only `cli/` imports this room.
"""
