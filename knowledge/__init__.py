"""LEARN: outcomes, and what they add up to. It ranks candidates; it never widens what is allowed (law 9)."""
