"""
From a shard's face crops to numbers that say who they show, for datasets whose plan goes by faces.

config    people, datasets.<dataset>.people
requires  results/faces/{corpus}/{shard}.csv and .tar
creates   results/people/{corpus}/{shard}.csv, one row per crop that was looked at; and .npy, their vectors

The vectors are biometric data: they go into no dataset, model, export or report.
"""


rule embeddings:
    """Turn some face crops of each video of a shard into vectors, which are near each other for one person."""
    input:
        faces=ancient("results/faces/{corpus}/{shard}.tar"),  # its table decides
        face_table="results/faces/{corpus}/{shard}.csv",
    output:
        vectors=kept_embeddings("results/people/{corpus}/{shard}.npy"),
        table=kept_embeddings("results/people/{corpus}/{shard}.csv"),
    log:
        "logs/embeddings/{corpus}/{shard}.log",
    benchmark:
        "benchmarks/embeddings/{corpus}/{shard}.tsv"
    priority: 4
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: media_cores
    resources:
        mem_mb=media_memory,  # a worker takes 265 MB
        runtime=per_attempt(60),
    params:
        program=program("embeddings.py"),
        code=script_digest("embeddings.py"),
        cfg=lambda w: as_param(people_section(config)),
        limits=limits_of_crops,
    shell:
        "python {params.program:q}"
        " --faces {input.faces:q}"
        " --face-table {input.face_table:q}"
        " --config {params.cfg:q}"
        " --limits {params.limits:q}"
        " --workers {threads}"
        " --output {output.vectors:q}"
        " --output-table {output.table:q}"
        " --record {params.record:q}"
        " > {log:q} 2>&1"
