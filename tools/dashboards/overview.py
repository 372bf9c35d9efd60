"""How the node fares, all of it."""

from tools.dashboards.panel import (
    Dashboard,
    Panel,
    mean,
    one,
    or_none,
    pace,
    quantile,
    stat,
    total,
)

TURNAROUND = "senoscope_turnaround_seconds"

OVERVIEW = Dashboard(
    "overview",
    "Senoscope: overview",
    "Does the node take, work on and send what it should, and what waits?",
    [
        stat(
            "Checks that fail",
            "Of /readyz: which ones stands below.",
            or_none("count(max by (check) (senoscope_ready) == 0)"),
            red_from=1,
        ),
        stat(
            "Alerts",
            "That fire now; each has a page in docs/runbooks.",
            or_none('count(ALERTS{alertname=~"Senoscope.+", alertstate="firing"})'),
            red_from=1,
        ),
        stat("Workers", "With their engines open.", or_none(total("senoscope_workers"))),
        stat(
            "Jobs that wait",
            "Queued, whether due or not.",
            or_none(total('senoscope_jobs{state="queued"}')),
        ),
        stat(
            "Jobs given up",
            "Dead or parked: a person must look.",
            or_none(total('senoscope_jobs{state=~"dead|parked"}')),
            red_from=1,
        ),
        stat(
            "Results refused",
            "Deliveries that are parked: a person must look.",
            or_none(total('senoscope_deliveries{state="parked"}')),
            red_from=1,
        ),
        Panel(
            "Studies through",
            "Per hour, by route: the last result acknowledged.",
            "short",
            [(pace(f"{TURNAROUND}_count", "route"), "{{route}}")],
            stacked=True,
        ),
        Panel(
            "Turnaround",
            "Last image received to last result acknowledged: the median, and one in twenty.",
            "s",
            [
                (quantile(0.5, TURNAROUND, "route"), "{{route}}, half"),
                (quantile(0.95, TURNAROUND, "route"), "{{route}}, 95 %"),
            ],
        ),
        Panel(
            "The oldest that waits",
            "An image to be judged, a job that is due or runs, a delivery by destination.",
            "s",
            [
                (one("senoscope_oldest_study_seconds"), "image"),
                (one("senoscope_oldest_job_seconds"), "job {{state}}"),
                (one("senoscope_oldest_delivery_seconds"), "delivery to {{destination}}"),
            ],
        ),
        Panel(
            "Jobs that are open",
            "Queued and running, by pipeline.",
            "short",
            [
                (
                    total('senoscope_jobs{state=~"queued|running"}', "pipeline", "state"),
                    "{{pipeline}} {{state}}",
                )
            ],
            stacked=True,
        ),
        Panel(
            "Stages of jobs",
            "Mean seconds of each stage.",
            "s",
            [(mean("senoscope_job_seconds", "pipeline", "stage"), "{{pipeline}} {{stage}}")],
        ),
        Panel(
            "Images that were not processed",
            "Per hour, by why; no route: none takes it.",
            "short",
            [(pace("senoscope_images_skipped_total", "route", "reason"), "{{route}} {{reason}}")],
        ),
        Panel(
            "Room on the disk",
            "Free on the disk of the spool.",
            "bytes",
            [(one("senoscope_spool_free_bytes"), "free")],
        ),
        Panel(
            "The spool",
            "What lies in it.",
            "bytes",
            [(one("senoscope_spool_bytes"), "{{kind}}")],
            stacked=True,
        ),
        Panel(
            "Files removed",
            "Per hour, of what was done with: for their age, or before it for want of room.",
            "short",
            [(pace("senoscope_spool_removed_total", "reason"), "{{reason}}")],
            stacked=True,
        ),
        Panel(
            "Checks",
            "1 where what the node needs is there.",
            "short",
            [("max by (check) (senoscope_ready)", "{{check}}")],
        ),
        Panel(
            "The canary",
            "Seconds of the last phantom study, by phase, and since the last that came through.",
            "s",
            [
                (one("senoscope_canary_seconds"), "{{phase}}"),
                (
                    "time() - " + one("senoscope_canary_last_success_timestamp_seconds"),
                    "since the last that came through",
                ),
            ],
        ),
        Panel(
            "Canaries that failed",
            "Per hour, by phase.",
            "short",
            [
                (pace("senoscope_canary_failures_total", "phase"), "{{phase}}"),
                (pace("senoscope_canary_runs_total"), "sent"),
            ],
        ),
        Panel(
            "Processes",
            "That told of themselves in the last 30 s, by role, and the versions that run.",
            "short",
            [
                (one("senoscope_processes"), "{{role}}"),
                ("count by (version) (senoscope_build_info)", "version {{version}}"),
            ],
        ),
        Panel(
            "Memory",
            "That the processes of each kind hold, by host.",
            "bytes",
            [(one("senoscope_process_resident_bytes"), "{{host}} {{roles}}")],
        ),
        Panel(
            "Messages to people",
            "Per hour, by channel and what became of them.",
            "short",
            [
                (
                    pace("senoscope_notifications_total", "channel", "outcome"),
                    "{{channel}} {{outcome}}",
                )
            ],
        ),
    ],
)
