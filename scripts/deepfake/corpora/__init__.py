"""From archives and folders to a table of videos: what a corpus holds, before anything is unpacked."""
