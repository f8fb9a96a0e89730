"""The vocabulary of fleetmend: frozen models, states, errors, ports and settings.

Everything else may import this package; it imports nothing of ours, and touches no database, network or Ansible.
"""
