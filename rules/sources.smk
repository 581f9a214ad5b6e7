"""
From a corpus to the index of its videos, without unpacking anything.

config    corpora.<corpus>, limits, frames.count, frames.boost
creates   resources/{corpus}/demo.zip or download.zip
          results/index/{corpus}/videos.csv, one row a video; {shard}.csv, what the pixels of a shard depend on;
          sources.json, where the corpus lies; results/index/{corpus}.txt, the shards' names
"""


rule demo:
    """Draw a synthetic corpus."""
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
        mem_mb=growing(4000),  # 749 MB with 2 workers, and they may be 8
        runtime=growing(30),
    params:
        code=code("demo.py"),
        layout=lambda w: config["corpora"][w.corpus]["layout"],
        cfg=lambda w: as_param(config["corpora"][w.corpus]["demo"]),
        seed=config["seed"],
    shell:
        "python scripts/demo.py"
        " --layout {params.layout:q}"
        " --config {params.cfg:q}"
        " --seed {params.seed}"
        " --workers {threads}"
        " --output {output.archive:q}"
        " > {log:q} 2>&1"


rule download:
    """Fetch a corpus from Kaggle."""
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
        mem_mb=growing(500),
        runtime=growing(1440),
    params:
        code=code("download.py"),
        cfg=lambda w: as_param(config["corpora"][w.corpus]["kaggle"]),
    shell:
        "python scripts/download.py"
        " --config {params.cfg:q}"
        " --output {output.archive:q}"
        " > {log:q} 2>&1"


checkpoint index:
    """List a corpus's videos with label, method, people, original and group, and deal them into shards."""
    input:
        sources=sources,
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
        mem_mb=growing(1000),  # 312 MB for 124,000 videos
        runtime=growing(240),  # a folder's clips are read whole, for their CRC
    params:
        code=code("index.py"),
        cfg=lambda w: as_param(index_section(config, w.corpus)),
        contents=contents,
    shell:
        "python scripts/index.py"
        " --corpus {wildcards.corpus:q}"
        " --config {params.cfg:q}"
        " --sources {input.sources:q}"
        " --label-files {input.label_files:q}"
        " --output {output.tables:q}"
        " --output-shards {output.shards:q}"
        " 2> {log:q}"
