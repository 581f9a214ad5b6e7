"""
From a corpus to the index of its videos, without unpacking anything.

config    corpora.<corpus>, limits, frames.count, frames.boost
creates   resources/{corpus}/demo.zip or download.zip
          results/index/{corpus}/videos.csv, one row per video; {shard}.csv, what the pixels of a shard depend on;
          sources.json, where the corpus is stored; results/index/{corpus}.txt, the shards' names
"""


rule demo:
    """Make a synthetic corpus."""
    output:
        archive="resources/{corpus}/demo.zip",
    log:
        "logs/demo/{corpus}.log",
    benchmark:
        "benchmarks/demo/{corpus}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 8
    resources:
        mem_mb=per_attempt(4000),  # 749 MB with 2 workers, and they may be 8
        runtime=per_attempt(30),
    params:
        program=program("demo.py"),
        code=script_digest("demo.py"),
        layout=lambda w: config["corpora"][w.corpus]["layout"],
        cfg=lambda w: as_param(config["corpora"][w.corpus]["demo"]),
        seed=config["seed"],
    shell:
        "python {params.program:q}"
        " --layout {params.layout:q}"
        " --config {params.cfg:q}"
        " --seed {params.seed}"
        " --workers {threads}"
        " --output {output.archive:q}"
        " --record {params.record:q}"
        " > {log:q} 2>&1"


rule download:
    """Download a corpus from Kaggle."""
    output:
        archive="resources/{corpus}/download.zip",
    log:
        "logs/download/{corpus}.log",
    benchmark:
        "benchmarks/download/{corpus}.tsv"
    localrule: True
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=per_attempt(500),
        runtime=per_attempt(1440),
    params:
        program=program("download.py"),
        code=script_digest("download.py"),
        cfg=lambda w: as_param(config["corpora"][w.corpus]["kaggle"]),
    shell:
        "python {params.program:q}"
        " --config {params.cfg:q}"
        " --output {output.archive:q}"
        " --record {params.record:q}"
        " > {log:q} 2>&1"


checkpoint index:
    """List a corpus's videos with label, method, people, original and group, and assign them to shards."""
    input:
        sources=corpus_sources,
        label_files=label_files,
    output:
        tables=directory("results/index/{corpus}"),
        shards="results/index/{corpus}.txt",
    log:
        "logs/index/{corpus}.log",
    benchmark:
        "benchmarks/index/{corpus}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=per_attempt(1000),  # 312 MB for 124,000 videos
        runtime=per_attempt(240),  # a folder's videos are read in full, for their CRC-32
    params:
        program=program("index.py"),
        code=script_digest("index.py"),
        cfg=lambda w: as_param(index_section(config, w.corpus)),
        contents=sources_fingerprint,
    shell:
        "python {params.program:q}"
        " --corpus {wildcards.corpus:q}"
        " --config {params.cfg:q}"
        " --sources {input.sources:q}"
        " --label-files {input.label_files:q}"
        " --output {output.tables:q}"
        " --output-shards {output.shards:q}"
        " --record {params.record:q}"
        " 2> {log:q}"
