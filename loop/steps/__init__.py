"""One file a step: takes an incident in its state, asks the room that knows, and moves the incident on."""
