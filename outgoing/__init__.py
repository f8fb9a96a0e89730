"""How fleetmend calls others over HTTP: bounded in time and size, without redirects, without the environment."""
