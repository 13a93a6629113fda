"""How commands print what came of them, a module per command; each is loaded when its command has ended."""
