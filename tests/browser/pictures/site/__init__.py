"""A Django app with the stream of which a picture is taken."""
