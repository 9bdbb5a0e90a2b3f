"""Time, clocks and policies as frozen values: standard library only, no I/O, no wall clock."""
