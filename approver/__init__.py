"""APPROVE: what the policy says about a plan, by plain code that no model can talk to. Models in, models out."""
