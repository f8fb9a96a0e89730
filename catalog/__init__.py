"""The catalog: `playbooks/`, `roles/`, `probes/` and `symptoms.yml`, read into remedies, user probes and symptoms.

It knows what may run and whether it was vetted; it never runs anything, and knows of fleets only the hosts it is given.
"""
