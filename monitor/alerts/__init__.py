"""What sources outside say, read and understood: a payload becomes alerts, an alert a detection on a host of ours.

Border: pure. Everything in a payload is hostile: it is bounded and cleaned here, compared with what the inventory says,
and never executed. Whatever can't be understood is an alert all the same, with words that say why.
"""
