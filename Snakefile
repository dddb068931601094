"""A rule for each stage of dvc.yaml, which defines the graph. DVC decides which stages are stale, runs and records them."""
import sys
from functools import cache

SOURCES = f"{workflow.basedir}/src"
sys.path.insert(0, SOURCES)
from bakeoff.harness import faster_dvc, forced, lockfile, scheduler
from bakeoff.base.gpu import refuse
from bakeoff.harness.dvc_graph import MARK, gpus, load, order
from bakeoff.harness.params import check
from bakeoff.base.settings import BadInput
from bakeoff.harness.stage import fail

scheduler.announce()
if workflow.is_main_process:
    if not workflow.dryrun:
        scheduler.claim()
    for line in lockfile.heal():
        print(line, file=sys.stderr)
if (note := faster_dvc.install()) and workflow.is_main_process:
    print(note, file=sys.stderr)

try:
    device = check().run.device
    STAGES = load(judge=workflow.is_main_process)
except BadInput as error:
    fail(error)


@cache
def awaited():
    """Return the outputs whose age counts. Snakemake knows the forced stages only after it has read this file."""
    stale = {path for stage in STAGES if stage.stale for path in stage.outputs}
    return stale | forced.above_stale(STAGES, workflow.dag_settings)


def counted(stage):
    """Return the inputs of a stage, with the age of the others ignored: a stale stage depends on MARK instead."""
    return [path if path in awaited() else ancient(path) for path in stage.inputs]


# A cluster's scheduler counts its GPUs. On one machine (`--cores`), limit the jobs on a GPU to the number of GPUs.
if workflow.resource_settings.cores and "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", gpus())


rule all:
    message: "every stage is done"
    input:
        [output for stage in STAGES for output in stage.outputs],


for stage in STAGES:
    rule:
        name: stage.name
        message: stage.title.replace("{", "{{").replace("}", "}}")
        input:
            lambda _, stage=stage: counted(stage),
            [MARK] if stage.stale else [],
        output:
            # Without update(), Snakemake deletes the outputs before the job. DVC would keep them if no input has changed.
            [update(path if Path(path).suffix else directory(path)) for path in stage.outputs],
        log:
            f"logs/{stage.name}.log",
        threads: stage.threads
        resources:
            **({"gpu": 1} if stage.device and device != "cpu" else {}) | stage.resources,
        params:
            force=lambda _, stage=stage: forced.option(stage, workflow.dag_settings, workflow.is_main_process),
        shell:
            "BAKEOFF_WORKERS={threads} PYTHONPATH={SOURCES:q} "
            "python -m bakeoff.harness.engine --wait-for-lock repro {params.force} --single-item {rule:q} > {log:q} 2>&1"


onstart:
    forced.note(STAGES, workflow.dag_settings)
    if workflow.local_exec:
        scheduler.no_rate_limit(workflow)
    if workflow.local_exec and any(stage.stale and stage.device for stage in STAGES):  # a cluster's GPUs are elsewhere
        try:
            refuse(device)
        except BadInput as error:
            fail(error)


onsuccess:
    order()


onerror:
    order()
