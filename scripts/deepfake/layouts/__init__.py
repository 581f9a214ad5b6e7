"""Layouts: how each corpus is laid out, and what its paths and label files say of every video.

`registry` lists them. It is a file of its own so that an edit of a layout reruns only what reads layouts.
"""
