"""Benchmarks (`python -m tests.bench`): real servers, recorded speech in real time, and the recogniser alone as a baseline.

Figures are ratios within one run, since absolute times depend on the machine. The clients use the public protocols only; of the
server's code the benchmark imports only the recogniser that it compares with.
"""
