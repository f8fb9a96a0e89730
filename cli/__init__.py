"""The command line: one file per noun. Every command stands in front of the API, over the network or in process.

Importing this room must stay quick: FastAPI, Ansible, Celery, LangChain and Rich are imported inside commands alone.
"""
