"""DETECT: probes are taken, samples are judged by thresholds, and what is beyond them becomes detections.

    entries -> programs -> (Prober) -> readings ┐
    entries -> controller_probes ───────────────┴> sweep -> samples -> thresholds -> detect -> detections
                                                                          └────────> recheck (for verification)

`on_host/` is what runs on the hosts: standard library only, and read-only. What a host prints is hostile; it is parsed
in `readings` and nowhere else. The border of this room: it measures and judges. It keeps nothing (the caller stores the
conditions that `detect` returns), starts no Ansible (that comes in as the Prober), and heals nothing.
"""
