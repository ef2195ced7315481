"""`parley run`: runs a program that makes streams, such as one written for FastRTC, and serves them (docs/adr/0120-run-a-program.md)."""
