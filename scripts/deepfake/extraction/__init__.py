"""From videos and stills to frames and face crops.

`frames` samples frames (`sampling` says which) from a video (`video`) or takes stills (`stills`,
`sequences`). `frame_faces` finds the faces of each by a detector (`detectors`, `dlib_pyramid`) in the whole
frame or near the last face (`tracking`), with their points (`landmarks`), smoothed along the video
(`smoothing`). `faces` crops the largest (`crops`, `alignment`), or the one of a fake's original (`pairs`).
Images are encoded by `images` and stored in tars (`tars`).

Files of unknown origin are read in a worker process (`worker`, `tasks`), as its parent process sees it in
`isolated`, and within `limits`: their headers are checked first (`image_header`, `edit_lists`).
"""
