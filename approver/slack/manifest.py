"""The app manifest: what Slack is told of the app, so that nobody clicks it together."""

from __future__ import annotations

from typing import Any

SCOPES = ("chat:write", "commands", "channels:read", "groups:read")
"""To post; the slash command; and to see whether the app is in a channel, public or private."""
NEEDED = frozenset({"chat:write", "commands"})
"""Without these nothing works; the others are for `fleetmend slack check`."""
ACTIONS, COMMANDS = "/api/v1/slack/actions", "/api/v1/slack/commands"
COMMAND = "/fleetmend"


def manifest(public_url: str) -> dict[str, Any]:
    """The manifest of an app whose callbacks come to the fleetmend at *public_url*."""
    base = public_url.rstrip("/")
    return {
        "display_information": {
            "name": "fleetmend",
            "description": "Asks before it mends, and tells what came of it.",
            "background_color": "#1f4d3a",
        },
        "features": {
            "bot_user": {"display_name": "fleetmend", "always_online": True},
            "slash_commands": [
                {
                    "command": COMMAND,
                    "url": base + COMMANDS,
                    "description": "See, ask, approve and pause",
                    "usage_hint": "status | incidents | ask | approve | pause | resume | help",
                    "should_escape": False,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "interactivity": {"is_enabled": True, "request_url": base + ACTIONS},
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }
