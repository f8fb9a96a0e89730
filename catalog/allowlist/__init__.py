"""The closed list of ways in which a remedy may reach files (law 2). Everything that is not in it is refused.

A digest vouches for the files that it covers. So the list holds only what is known to read nothing else on this
machine: files of the remedy's own roles by their literal names, one form for files that the fleet keeps
(`fleet_files.py`), and what Ansible's own installation does with data. `check.py` is the way in, and decision 0022
says why.
"""

RULES = 1
"""The number of these rules, kept in the lock with each digest that passed them. Any change that refuses something
which was admitted before makes it one higher: what was vetted under other rules does not run until it is vetted
again."""
