"""Proving remedies on the lab: break, detect, plan, run, verify, run again, undo, mend, and nothing else has changed.

`scenario.py` and `load.py` read what is to be shown; `observers.py` asks the hosts from outside; `snapshot.py` and
`collateral.py` find what else has changed; `trial.py` plays one scenario through the real loop.
"""
