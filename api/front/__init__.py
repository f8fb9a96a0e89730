"""What strangers meet first: connections, heads of requests and bodies, bounded before anybody is known."""
