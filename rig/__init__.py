"""Real stand-ins for the outside world: the demo, the tests and the benchmarks stand on the same rig."""
