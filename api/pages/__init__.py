"""Pages for people in a browser: made on the server, without scripts. All but the one to sign in stand behind it."""
