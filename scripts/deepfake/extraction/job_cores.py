"""How many cores a job has that makes the frames or faces of one shard, so that no core is idle."""

import math

JOBS_PER_CORE = 8  # with so many shards for each core, jobs of one core leave few cores idle at the end
VIDEOS_PER_WORKER = 4  # with fewer, workers of a job would wait for the last one for long
ON_CLUSTER, CLUSTER_CORES = (4, 2, 1), 32
"""A cluster's size is unknown, and a job of one core starts soonest. So a few jobs ask for a few cores each,
for CLUSTER_CORES together, and many jobs for one each. Some engines offer powers of two alone."""


def job_cores(shards: int, cores: int | None, shard_size: int) -> int:
    """Return the cores of one job, of a corpus of so many shards of about `shard_size` videos.

    `cores` are those that the workflow may use on this machine, None on a cluster. Jobs of several cores take
    turns where there are few shards. Those of one core are best for many: nothing has to wait for the last
    video of a shard. The result divides `cores`, so that jobs beside each other use all of them.
    """
    most = max(1, shard_size // VIDEOS_PER_WORKER)
    if cores is None:
        return next(each for each in ON_CLUSTER if each == 1 or each <= min(most, CLUSTER_CORES // shards))
    wanted = min(math.ceil(JOBS_PER_CORE * cores / shards), most, cores)
    return next(each for each in range(wanted, cores + 1) if cores % each == 0)
