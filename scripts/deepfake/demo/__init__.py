"""The demo corpus: videos of synthetic people, and fakes of them, in the layouts of real corpora.

A video goes through these files: `layouts` (which videos a corpus has), `corpus` (the zip), `video` (the
frames of one video and its encoding), `manipulations` (the fake part), `rendering` (one frame), and what it
is painted from: `person`, `portrait`, `hair`, `features`, `background`, on a `canvas`. `landmarks` says where
in a frame the eyes, nose and mouth were drawn.
"""
