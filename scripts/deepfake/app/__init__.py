"""A local page for detection: upload a video or a picture, see its verdict."""
