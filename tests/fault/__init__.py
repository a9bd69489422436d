"""A fault campaign: seeded faults under a known workload, judged at the end; see README.md."""
