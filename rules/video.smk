"""
From a shard's videos to its frames.

Stills, and tars of stills, are never unpacked: `frames`, which only datasets of whole frames ask for then,
reads them where they lie.

Later steps go first, and `frames` deletes the videos it has read, so that few shards lie unpacked at a time.
(Snakemake deletes temp() outputs only when no checkpoint is left to run, and `plan` is one: after everything.)

config    frames, keep_frames
requires  results/index/{corpus}/{shard}.csv; sources.json, which says where the videos lie
creates   results/frames/{corpus}/{shard}.tar, <video>/<frame>.jpg; and .csv, one row a frame
"""


rule unpack:
    """Take one shard's videos out of the archives, or link them where they lie in a folder."""
    input:
        table=shard_table,
        sources=where,
        archive=our_archive,
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
        mem_mb=growing(1000),  # 28 MB: copied in pieces
        runtime=growing(60),
    params:
        code=code("unpack.py"),
    shell:
        "python scripts/unpack.py"
        " --table {input.table:q}"
        " --sources {input.sources:q}"
        " --output {output.videos:q}"
        " > {log:q} 2>&1"


rule frames:
    """Take frames from each video of a shard."""
    input:
        table=shard_table,
        sources=where,
        archive=lambda w: our_archive(w) if is_of_stills(w) else [],
        videos=lambda w: ancient(of_videos(w, "results/videos/{corpus}/{shard}")),  # the table tells of them
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
    threads: 1
    resources:
        mem_mb=growing(1000),  # 154 MB for 256 frames of a clip of 1080p: one is held at a time
        runtime=growing(60),
    params:
        code=code("frames.py"),
        cfg=lambda w: as_param(frames_section(config, w.corpus)),
    shell:
        "python scripts/frames.py"
        " --table {input.table:q}"
        " --videos {input.videos:q}"
        " --sources {input.sources:q}"
        " --config {params.cfg:q}"
        " --output {output.tar:q}"
        " --output-table {output.table:q}"
        " > {log:q} 2>&1"
        " && rm -rf {input.videos:q}"
