"""
From a shard's videos to its frames and face crops.

config    frames, faces, keep_frames, limits
requires  results/index/{corpus}/{shard}.csv; sources.json, which says where the videos are
creates   results/frames/{corpus}/{shard}.tar, <video>/<frame>.jpg; and .csv, one row per frame
          results/faces/{corpus}/{shard}.tar, <video>/<frame>.jpg; and .csv, one row per frame
          results/sheets/{corpus}.jpg, a look at some of them

Images, and tars and folders of them, are never unpacked: `faces` reads them where they are, and so does `frames`, which
only datasets of whole frames need for them.

Later steps have a higher priority, and `frames` deletes the videos it has read, so that few shards are
unpacked at a time. (Snakemake deletes temp() outputs only when no checkpoint is left to run, and `plan` is
one: after everything else.)
"""


rule unpack:
    """Extract one shard's videos from the archives, or link to them in a folder."""
    input:
        table=shard_table,
        sources=corpus_location,
        archive=produced_archive,
    output:
        videos=temp(directory("results/videos/{corpus}/{shard}")),
    log:
        "logs/unpack/{corpus}/{shard}.log",
    benchmark:
        "benchmarks/unpack/{corpus}/{shard}.tsv"
    priority: 1
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=per_attempt(1000),  # 28 MB: copied in chunks
        runtime=per_attempt(60),
    params:
        program=program("unpack.py"),
        code=script_digest("unpack.py"),
    shell:
        "python {params.program:q}"
        " --table {input.table:q}"
        " --sources {input.sources:q}"
        " --output {output.videos:q}"
        " --record {params.record:q}"
        " > {log:q} 2>&1"


rule frames:
    """Sample frames from each video of a shard."""
    input:
        table=shard_table,
        sources=corpus_location,
        archive=lambda w: produced_archive(w) if has_stills(w) else [],
        videos=lambda w: ancient(only_for_videos(w, "results/videos/{corpus}/{shard}")),  # the shard's table decides
    output:
        tar=(
            "results/frames/{corpus}/{shard}.tar"
            if config["keep_frames"]
            else temp("results/frames/{corpus}/{shard}.tar")
        ),
        table="results/frames/{corpus}/{shard}.csv",
    log:
        "logs/frames/{corpus}/{shard}.log",
    benchmark:
        "benchmarks/frames/{corpus}/{shard}.tsv"
    priority: 2
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: media_cores
    resources:
        mem_mb=media_memory,  # a worker takes 160 MB for 256 frames of a 1080p video: one is held at a time
        runtime=per_attempt(60),
    params:
        program=program("frames.py"),
        code=script_digest("frames.py"),
        cfg=lambda w: as_param(frames_section(config, w.corpus)),
        limits=as_param(media_limits(config)),
    shell:
        "python {params.program:q}"
        " --table {input.table:q}"
        " --videos {input.videos:q}"
        " --sources {input.sources:q}"
        " --config {params.cfg:q}"
        " --limits {params.limits:q}"
        " --workers {threads}"
        " --output {output.tar:q}"
        " --output-table {output.table:q}"
        " --record {params.record:q}"
        " > {log:q} 2>&1"
        " && rm -rf {input.videos:q}"


rule faces:
    """Detect the faces in each frame of a shard and crop the largest."""
    input:
        table=shard_table,
        sources=corpus_location,
        archive=lambda w: produced_archive(w) if has_stills(w) else [],
        frames=lambda w: ancient(only_for_videos(w, "results/frames/{corpus}/{shard}.tar")),
        frame_table=lambda w: only_for_videos(w, "results/frames/{corpus}/{shard}.csv"),
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
    threads: media_cores
    resources:
        mem_mb=faces_memory,  # a worker takes 102 MB for 256 frames of a 1080p video, 278 MB with dlib
        runtime=per_attempt(120),
        keep_frames=lambda w: int(keeps_frames(w.corpus)),
    params:
        program=program("faces.py"),
        code=script_digest("faces.py"),
        cfg=lambda w: as_param(faces_section(config, w.corpus)),
        sampling=stills_sampling,
        limits=stills_limits,
    shell:
        "python {params.program:q}"
        " --table {input.table:q}"
        " --sources {input.sources:q}"
        " --frames {input.frames:q}"
        " --frame-table {input.frame_table:q}"
        " --config {params.cfg:q}"
        " --sampling {params.sampling:q}"
        " --limits {params.limits:q}"
        " --workers {threads}"
        " --output {output.tar:q}"
        " --output-table {output.table:q}"
        " --record {params.record:q}"
        " > {log:q} 2>&1;"
        " if [ {resources.keep_frames} = 0 ]; then rm -f {input.frames:q}; fi"


rule sheet:
    """Draw frames of some videos with the box and landmarks of their faces, and both kinds of crop."""
    input:
        videos=lambda w: f"{index_folder(w.corpus)}/videos.csv",
        sources=corpus_location,
        archive=produced_archive,
        faces=tables_of_faces,  # they decide, with the checksum of every crop
        frames=lambda w: ancient(frames_of_sheet(w, "tar")),
        frame_tables=lambda w: ancient(frames_of_sheet(w, "csv")),
    output:
        picture=report(
            "results/sheets/{corpus}.jpg",
            category="9 Corpora",
            caption="../report/sheet.rst",
            labels={"corpus": "{corpus}", "what": "faces"},
        ),
    log:
        "logs/sheet/{corpus}.log",
    benchmark:
        "benchmarks/sheet/{corpus}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(30),
    params:
        program=program("sheet.py"),
        code=script_digest("sheet.py"),
        cfg=lambda w: as_param(faces_section(config, w.corpus)),
        sampling=lambda w: as_param(frames_section(config, w.corpus)),
        limits=as_param(media_limits(config)),
    shell:
        "python {params.program:q}"
        " --title {wildcards.corpus:q}"
        " --videos {input.videos:q}"
        " --faces {input.faces:q}"
        " --frames {input.frames:q}"
        " --frame-tables {input.frame_tables:q}"
        " --sources {input.sources:q}"
        " --sampling {params.sampling:q}"
        " --config {params.cfg:q}"
        " --limits {params.limits:q}"
        " --output {output.picture:q}"
        " --record {params.record:q}"
        " > {log:q} 2>&1"
