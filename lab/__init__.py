"""The lab: disposable real hosts, faults that break them for real, and scenarios that prove remedies on them."""
