"""Fleets: the folders under `inventory/`, read and resolved by Ansible itself. Nothing here connects to a host."""
