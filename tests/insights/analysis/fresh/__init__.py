"""Sentences written by hand before the rules were looked at again, with what people would expect of them.

They were first run against rules that had never seen them; docs/develop/research/insights.md
says how many were right then. Those that were wrong were
mended afterwards, so from now on they only hold what works.
"""
