"""The coders' review desk: suggestions worked through in a browser, every decision kept.

``schema`` holds the tables, ``store`` the database, ``audit`` the chained trail, ``identity`` who
may do what; ``load``, ``worklist``, ``correct``, ``decide``, ``quality``, ``figures`` and
``export`` are plain functions over them; ``app`` and the ``pages_*`` modules are the web on top.
"""
