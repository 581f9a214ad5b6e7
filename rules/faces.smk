"""
From frames, or stills, to face crops.

config    faces; of a shard of tars of stills also frames
requires  results/frames/{corpus}/{shard}.tar and .csv; of stills results/index/{corpus}/{shard}.csv, and
          sources.json, which says where they lie
creates   results/faces/{corpus}/{shard}.tar, <video>/<frame>.jpg; and .csv, one row a frame
"""


rule faces:
    """Find the faces in each frame of a shard and cut out the largest."""
    input:
        table=shard_table,
        sources=where,
        archive=lambda w: our_archive(w) if is_of_stills(w) else [],
        frames=lambda w: ancient(of_videos(w, "results/frames/{corpus}/{shard}.tar")),
        frame_table=lambda w: of_videos(w, "results/frames/{corpus}/{shard}.csv"),
    output:
        tar="results/faces/{corpus}/{shard}.tar",
        table="results/faces/{corpus}/{shard}.csv",
    log:
        "logs/faces/{corpus}/{shard}.log",
    benchmark:
        "benchmarks/faces/{corpus}/{shard}.tsv"
    priority: 3
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=growing(1000),  # 102 MB for 256 frames of a clip of 1080p, 278 MB for 7 clips of 32 with dlib
        runtime=growing(120),
        keep_frames=lambda w: int(frames_are_kept(w.corpus)),
    params:
        code=code("faces.py"),
        cfg=lambda w: as_param(faces_section(config, w.corpus)),
        sampling=sampling,
    shell:
        "python scripts/faces.py"
        " --table {input.table:q}"
        " --sources {input.sources:q}"
        " --frames {input.frames:q}"
        " --frame-table {input.frame_table:q}"
        " --config {params.cfg:q}"
        " --sampling {params.sampling:q}"
        " --output {output.tar:q}"
        " --output-table {output.table:q}"
        " > {log:q} 2>&1;"
        " if [ {resources.keep_frames} = 0 ]; then rm -f {input.frames:q}; fi"
