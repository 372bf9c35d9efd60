"""For each alert: series under which it fires, and those under which it is over again."""

from dataclasses import dataclass, field

MINUTE, HOUR, DAY = 1, 60, 24 * 60


@dataclass(frozen=True)
class Case:
    """Series as `promtool test rules` writes them, and when the alert fires and is over."""

    alert: str
    severity: str
    series: dict[str, str]
    fires: int
    """Minutes after the start."""
    over: int
    labels: dict[str, str] = field(default_factory=dict)
    step: int = MINUTE


FINE = 'senoscope_ready{check="ledger"}'


def ready(check: str) -> dict[str, str]:
    """Return the series of a check that fails for 20 minutes."""
    return {f'senoscope_ready{{check="{check}"}}': "1x4 0x20 1x20"}


CASES = [
    Case(
        "SenoscopeDown",
        "critical",
        {'up{job="senoscope",instance="n"}': "1x4 0x20 1x20"},
        15,
        30,
        {"job": "senoscope", "instance": "n"},
    ),
    Case("SenoscopeLedgerDown", "critical", ready("ledger"), 15, 30, {"check": "ledger"}),
    Case("SenoscopeBrokerDown", "critical", ready("broker"), 15, 30, {"check": "broker"}),
    Case(
        "SenoscopeNoWorker",
        "critical",
        ready("worker") | {FINE: "1x50"},
        15,
        30,
        {"check": "worker"},
    ),
    Case(
        "SenoscopeRoleMissing",
        "critical",
        {
            FINE: "1x50",
            'senoscope_processes{role="listener"}': "1x50",
            'senoscope_processes{role="router"}': "1x4 _x20 1x20",
            'senoscope_processes{role="delivery"}': "1x50",
        },
        18,
        30,
        {"role": "router"},
    ),
    Case("SenoscopeDiskFull", "critical", ready("disk"), 15, 30, {"check": "disk"}),
    Case(
        "SenoscopeDiskFillsUp",
        "warning",
        {"senoscope_spool_free_bytes": "1000000-10000x80 900000x200"},
        7 * HOUR,
        24 * HOUR,
        step=10,
    ),
    Case("SenoscopeSpoolUnwritable", "critical", ready("spool"), 15, 30, {"check": "spool"}),
    Case(
        "SenoscopeRoutesRefused",
        "warning",
        {"senoscope_config_reload_ok": "1x4 0x20 1x20"},
        15,
        30,
    ),
    Case(
        "SenoscopeCanaryFailed",
        "critical",
        {"senoscope_canary_success": "1x4 0x20 1x20"},
        15,
        30,
    ),
    Case(
        "SenoscopePeopleNotTold",
        "warning",
        {'senoscope_notify_up{channel="mail"}': "1x4 0x30 1x20"},
        25,
        40,
        {"channel": "mail"},
    ),
    Case(
        "SenoscopeVersionsDiffer",
        "info",
        {
            'senoscope_build_info{version="1"}': "1x80 _x60",
            'senoscope_build_info{version="2"}': "1x200",
        },
        70,
        100,
    ),
    Case(
        "SenoscopeImagesRefused",
        "warning",
        {
            'senoscope_instances_received_total{calling_ae="M",sop_class="MG",outcome="refused"}': (
                "0x4 0+2x20 40x60"
            )
        },
        20,
        60,
        {"calling_ae": "M"},
    ),
    Case(
        "SenoscopeAssociationsRefused",
        "warning",
        {'senoscope_associations_refused_total{reason="calling"}': "0x4 0+3x20 60x60"},
        20,
        60,
        {"reason": "calling"},
    ),
    Case(
        "SenoscopeNothingReceived",
        "info",
        {
            'senoscope_instances_received_total{calling_ae="M",sop_class="MG",outcome="kept"}': (
                "0+1x144 144x160 144+1x40"
            ),
            'senoscope_instances_received_total{calling_ae="SENOSCOPE_CANARY",outcome="kept"}': (
                "0+1x350"
            ),
        },
        2 * DAY + 3 * HOUR,
        2 * DAY + 8 * HOUR,
        step=10,
    ),
    Case(
        "SenoscopeViewMixChanged",
        "info",
        {
            'senoscope_images_total{view="CC",laterality="L"}': "0+1x1000 1000+8x150 2200+1x1500",
            'senoscope_images_total{view="MLO",laterality="L"}': "0+1x2700",
            'senoscope_images_total{view="ML",laterality="L"}': "0+1x2700",
            'senoscope_images_total{view="LM",laterality="L"}': "0+1x2700",
            'senoscope_images_total{view="XCCL",laterality="L"}': "0+1x2700",
        },
        7 * DAY + 18 * HOUR,
        16 * DAY,
        {"view": "CC"},
        step=10,
    ),
    Case(
        "SenoscopeStudiesNotJudged",
        "warning",
        {"senoscope_oldest_study_seconds": "0x4 3700+60x20 0x20"},
        15,
        30,
    ),
    Case(
        "SenoscopeJobsWait",
        "warning",
        {'senoscope_oldest_job_seconds{state="queued"}': "0x4 1000+60x20 0x20"},
        15,
        30,
        {"state": "queued"},
    ),
    Case(
        "SenoscopeJobStuck",
        "warning",
        {'senoscope_oldest_job_seconds{state="running"}': "0x4 1900+60x20 0x20"},
        15,
        30,
        {"state": "running"},
    ),
    Case(
        "SenoscopeJobsParked",
        "warning",
        {'senoscope_jobs{pipeline="cad",state="parked",priority="10"}': "0x4 1x20 0x20"},
        15,
        30,
        {"pipeline": "cad"},
    ),
    Case(
        "SenoscopeJobsDie",
        "warning",
        {'senoscope_jobs{pipeline="cad",state="dead",priority="10"}': "1x4 9x120"},
        15,
        90,
        {"pipeline": "cad"},
    ),
    Case(
        "SenoscopeTurnaroundSlow",
        "warning",
        {
            'senoscope_turnaround_seconds_bucket{route="r",le="1800"}': "0x60 0+1x200",
            'senoscope_turnaround_seconds_bucket{route="r",le="3600"}': "0+1x60 61+1x200",
            'senoscope_turnaround_seconds_bucket{route="r",le="+Inf"}': "0+1x60 61+1x200",
        },
        50,
        200,
        {"route": "r"},
    ),
    Case(
        "SenoscopeEngineSlow",
        "warning",
        {
            'senoscope_engine_seconds_count{engine="unet",backend="b"}': "0+10x600",
            'senoscope_engine_seconds_sum{engine="unet",backend="b"}': (
                "0+1x200 200+5x12 260+1x300"
            ),
        },
        35 * HOUR + 20,
        40 * HOUR,
        {"engine": "unet", "backend": "b"},
        step=10,
    ),
    Case(
        "SenoscopeDeviceComputesWrongly",
        "warning",
        {
            'senoscope_engine_distrusted{host="h",device="cuda:0",engine="e",backend="b"}': (
                "_x4 1x10 _x20"
            ),
        },
        8,
        25,
        {"host": "h", "device": "cuda:0", "engine": "e", "backend": "b"},
    ),
    Case(
        "SenoscopeGpuMemoryFull",
        "warning",
        {
            'senoscope_gpu_memory_bytes{host="h",device="cuda:0",state="used"}': "50x4 99x30 50x20",
            'senoscope_gpu_memory_bytes{host="h",device="cuda:0",state="free"}': "50x4 1x30 50x20",
        },
        25,
        40,
        {"host": "h", "device": "cuda:0"},
    ),
    Case(
        "SenoscopeScoresChanged",
        "info",
        {
            'senoscope_finding_score_count{model="m"}': "0+1x2700",
            'senoscope_finding_score_sum{model="m"}': "0+0.5x1000 500+0.9x150 635+0.5x1500",
        },
        7 * DAY + 20 * HOUR,
        16 * DAY,
        {"model": "m"},
        step=10,
    ),
    Case(
        "SenoscopeDestinationDown",
        "critical",
        {'senoscope_destination_up{destination="pacs"}': "1x4 0x20 1x20"},
        20,
        30,
        {"destination": "pacs"},
    ),
    Case(
        "SenoscopeDeliveriesParked",
        "warning",
        {'senoscope_deliveries{destination="pacs",state="parked"}': "0x4 2x20 0x20"},
        15,
        30,
        {"destination": "pacs", "state": "parked"},
    ),
    Case(
        "SenoscopeDeliveriesLate",
        "warning",
        {'senoscope_oldest_delivery_seconds{destination="pacs"}': "60x4 3700+60x20 10x20"},
        15,
        30,
        {"destination": "pacs"},
    ),
]
