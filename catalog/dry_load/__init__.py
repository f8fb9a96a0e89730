"""One load of a remedy by Ansible itself, when it is vetted: what is vetted also runs, and is read as we read it."""
