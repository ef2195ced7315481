"""Pictures of every page, for the documentation and for a look at the design: make pictures, or python -m tests.browser.pictures.

`pages.py` lists the pictures, `team.py` fills an installation, `people.py` opens windows of its people, `__main__.py` takes the pictures.
"""
