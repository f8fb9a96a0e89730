"""RUN: the only room that starts Ansible. It runs one step, previews one, and reads hosts for the probes.

It takes models in and gives models out; what should run, and whether it may, was decided before it is called.
"""
