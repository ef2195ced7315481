"""What `python -m tests.bench` measures: real servers, real speech at its pace, and the recogniser alone beside them.

Figures are ratios within one run, since absolute times belong to one machine. Knows the wire as any client does, and of
the server's inside only the recogniser that it compares with.
"""
