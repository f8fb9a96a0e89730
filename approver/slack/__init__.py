"""Slack, and all that is known of it. Nobody outside this room imports `slack_sdk`, or writes a block."""
