"""How reception fares."""

from tools.dashboards.panel import Dashboard, Panel, one, or_none, pace, stat, total

RECEIVED = "senoscope_instances_received_total"

LISTENER = Dashboard(
    "listener",
    "Senoscope: listener",
    "Who sends what, and who is turned away?",
    [
        stat("Associations", "Open now.", or_none(total("senoscope_associations"))),
        stat(
            "Studies coming in",
            "Something of them is not judged yet.",
            or_none(total('senoscope_studies{state="receiving"}')),
        ),
        stat(
            "Studies", "All that were judged.", or_none(total('senoscope_studies{state="judged"}'))
        ),
        stat(
            "Quarantine",
            "Files of objects that were refused, and their reasons.",
            or_none(total('senoscope_spool_files{kind="quarantine"}')),
        ),
        stat(
            "Routes",
            "1 where routes.toml as it is on the disk is in force.",
            "min(senoscope_config_reload_ok)",
        ),
        Panel(
            "Objects",
            "Per hour, by what became of them.",
            "short",
            [(pace(RECEIVED, "outcome"), "{{outcome}}")],
            stacked=True,
        ),
        Panel(
            "Bytes",
            "Of data sets that were answered Success.",
            "Bps",
            [(pace("senoscope_received_bytes_total") + " / 3600", "received")],
        ),
        Panel(
            "Senders",
            "Objects per hour, by AE title.",
            "short",
            [(pace(RECEIVED, "calling_ae"), "{{calling_ae}}")],
        ),
        Panel(
            "Refused objects",
            "Per hour, by AE title.",
            "short",
            [(pace(f'{RECEIVED}{{outcome="refused"}}', "calling_ae"), "{{calling_ae}}")],
        ),
        Panel(
            "Kinds of objects",
            "Per hour, by SOP class.",
            "short",
            [(pace(RECEIVED, "sop_class"), "{{sop_class}}")],
        ),
        Panel(
            "Views",
            "Mammograms per hour, by view and side: a mix that changes tells of another modality.",
            "short",
            [(pace("senoscope_images_total", "laterality", "view"), "{{laterality}}{{view}}")],
            stacked=True,
        ),
        Panel(
            "Associations",
            "That are open.",
            "short",
            [(one("senoscope_associations"), "{{state}}")],
        ),
        Panel(
            "Turned away",
            "Connections and associations per hour, by why.",
            "short",
            [(pace("senoscope_associations_refused_total", "reason"), "{{reason}}")],
        ),
    ],
)
