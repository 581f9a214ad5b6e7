"""
From a dataset that was made elsewhere to its audit.

config    audits, people, limits
requires  a folder with {train,val,test}/{real,fake}/<image>
creates   results/audits/{audit}/audit.html and .json: damaged images, near-duplicates and people in two splits,
          by the images alone; what they don't tell is unknown
"""


rule audit_folder:
    """Find who and what stands in two splits of a folder of images. Leaks are reported, and are no failure."""
    input:
        folder=lambda w: local(ancient(audited_folder(w))),
    output:
        facts="results/audits/{audit}/audit.json",
        page=report(
            "results/audits/{audit}/audit.html",
            category="9 Audits",
            caption="../report/audit_folder.rst",
            labels={"folder": "{audit}", "what": "audit"},
        ),
    log:
        "logs/audit_folder/{audit}.log",
    benchmark:
        "benchmarks/audit_folder/{audit}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 8
    resources:
        mem_mb=lambda w, threads, attempt: attempt * (2000 + 400 * threads),
        runtime=per_attempt(240),
    params:
        program=program("audit_folder.py"),
        code=script_digest("audit_folder.py"),
        contents=lambda w: fingerprint((config["audits"][w.audit]["folder"],)),
        options=audit_options,
        people=lambda w: as_param(network_section(config)),
        limits=lambda w: as_param(media_limits(config)),
    shell:
        "python {params.program:q}"
        " --folder {input.folder:q}"
        " --name {wildcards.audit:q}"
        " --people {params.people:q}"
        " --limits {params.limits:q}"
        " {params.options:q}"
        " --threads {threads}"
        " --output {output.facts:q}"
        " --output-page {output.page:q}"
        " --record {params.record:q}"
        " > {log:q} 2>&1"
