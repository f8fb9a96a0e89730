"""VERIFY: whether a symptom is gone, judged by what the probe that raised it measures now."""
