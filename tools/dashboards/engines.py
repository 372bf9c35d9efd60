"""How networks and the devices they run on fare."""

from tools.dashboards.panel import Dashboard, Panel, mean, one, or_none, pace, quantile, stat, total

SECONDS, SCORE = "senoscope_engine_seconds", "senoscope_finding_score"

ENGINES = Dashboard(
    "engines",
    "Senoscope: engines",
    "Do networks compute as fast and as they should, and on what?",
    [
        stat("Workers", "With their engines open.", or_none(total("senoscope_workers"))),
        stat(
            "Jobs that run",
            "Now.",
            or_none(total('senoscope_jobs{state="running"}')),
        ),
        stat(
            "Oldest job that is due",
            "How long it has waited for a worker.",
            or_none('max(senoscope_oldest_job_seconds{state="queued"})'),
            unit="s",
            red_from=900,
        ),
        stat(
            "Oldest job that runs",
            "How long it has run.",
            or_none('max(senoscope_oldest_job_seconds{state="running"})'),
            unit="s",
            red_from=1800,
        ),
        Panel(
            "Seconds of an answer, half",
            "The median: a batch, or all the windows of an image.",
            "s",
            [(quantile(0.5, SECONDS, "engine", "backend"), "{{engine}} {{backend}}")],
        ),
        Panel(
            "Seconds of an answer, 95 %",
            "One in twenty takes longer.",
            "s",
            [(quantile(0.95, SECONDS, "engine", "backend"), "{{engine}} {{backend}}")],
        ),
        Panel(
            "Answers per hour",
            "Of each network, by back end.",
            "short",
            [(pace(f"{SECONDS}_count", "engine", "backend"), "{{engine}} {{backend}}")],
        ),
        Panel(
            "Time that networks take",
            "Seconds of computing in each second: 1 is one worker that does nothing else.",
            "short",
            [(pace(f"{SECONDS}_sum", "engine") + " / 3600", "{{engine}}")],
            stacked=True,
        ),
        Panel(
            "Memory of GPUs",
            "Taken and free, by host and device; nothing without NVIDIA's driver.",
            "bytes",
            [(one("senoscope_gpu_memory_bytes"), "{{host}} {{device}} {{state}}")],
        ),
        Panel(
            "Workers by device",
            "That were seen in the last 30 s.",
            "short",
            [(one("senoscope_workers"), "{{host}} {{device}}")],
            stacked=True,
        ),
        Panel(
            "Stages of jobs",
            "Mean seconds of each stage.",
            "s",
            [(mean("senoscope_job_seconds", "pipeline", "stage"), "{{pipeline}} {{stage}}")],
        ),
        Panel(
            "Jobs done per hour",
            "By pipeline: those whose stage `store` was timed.",
            "short",
            [(pace('senoscope_job_seconds_count{stage="store"}', "pipeline"), "{{pipeline}}")],
            stacked=True,
        ),
        Panel(
            "Scores",
            "Mean probability that a classifier gave to findings, and the tenth below and above.",
            "percentunit",
            [
                (mean(SCORE, "model"), "{{model}}, mean"),
                (quantile(0.1, SCORE, "model"), "{{model}}, 10 %"),
                (quantile(0.9, SCORE, "model"), "{{model}}, 90 %"),
            ],
        ),
        Panel(
            "Findings per hour",
            "That were given a probability.",
            "short",
            [(pace(f"{SCORE}_count", "model"), "{{model}}")],
        ),
    ],
)
