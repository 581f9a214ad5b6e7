"""The command that makes a run's results again: whatever decides them is in it, quoted for a shell."""

import shlex

import pytest
from snakemake.cli import get_argument_parser

from deepfake.config.command import OPTIONS, snakemake_command


def command(*argv: str, default_profile: str = "") -> str:
    options, _ = get_argument_parser().parse_known_args(argv)
    return snakemake_command(vars(options), default_profile)


@pytest.mark.parametrize(
    "argv, expected",
    [
        (["--cores", "2"], "snakemake --cores all"),
        (["-c2", "-n", "--quiet"], "snakemake --cores all"),
        (["--configfile", "mine.yaml"], "snakemake --cores all --configfile mine.yaml"),
        (["--configfiles", "a b.yaml", "$x.yaml"], "snakemake --cores all --configfile 'a b.yaml' '$x.yaml'"),
        (
            ["--config", "seed=7", "x={'a': 1}"],
            """snakemake --cores all --config seed=7 'x={'"'"'a'"'"': 1}'""",
        ),
        (
            ["-d", "../there", "-s", "w/Snakefile"],
            "snakemake --cores all --snakefile w/Snakefile --directory ../there",
        ),
        (["--profile", "slurm", "--jobs", "9"], "snakemake --profile slurm"),
        (["--workflow-profile", "none", "-c", "1"], "snakemake --cores all --workflow-profile none"),
        (
            ["--configfile", "a.yaml", "--replace-workflow-config"],
            "snakemake --cores all --configfile a.yaml --replace-workflow-config",
        ),
    ],
)
def test_it_has_what_decides_the_results_and_nothing_else(argv, expected):
    assert command(*argv) == expected


def test_a_profile_of_the_environment_counts_unless_another_is_named():
    assert command(default_profile="a,b") == "snakemake --profile a --profile b"
    assert command("--profile", "slurm", default_profile="a") == "snakemake --profile slurm"


def test_snakemake_reads_it_as_the_same_options():
    argv = [
        "--configfile",
        "a b.yaml",
        "c'd.yaml",
        "--config",
        'x="1;2"',
        "y=[1, 2]",
        "-d",
        "e f",
        "-s",
        "g h",
    ]
    options, _ = get_argument_parser().parse_known_args(argv)
    again, rest = get_argument_parser().parse_known_args(shlex.split(snakemake_command(vars(options)))[1:])
    assert not rest and {key: getattr(again, key) for key in OPTIONS} == {
        key: getattr(options, key) for key in OPTIONS
    }
