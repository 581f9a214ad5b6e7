"""From videos and stills to frames and face crops.

`frames` samples frames (`sampling` says which) from a video (`video`) or takes stills (`stills`,
`sequences`). `faces` crops (`crops`) the largest face of each, found by a detector (`detectors`,
`dlib_pyramid`) in the whole frame or near the last face (`tracking`). Images are encoded by `images` and
stored in tars (`tars`).

Files of unknown origin are read in a worker process (`worker`, `tasks`), as its parent process sees it in
`isolated`, and within `limits`: their headers are checked first (`image_header`, `edit_lists`).
"""
