"""How one destination fares."""

from tools.dashboards.panel import Dashboard, Panel, one, or_none, stat

THERE = 'destination="$destination"'

DESTINATION = Dashboard(
    "destination",
    "Senoscope: destination",
    "Does a destination take what it is owed?",
    [
        stat(
            "Is reached",
            "1, or 0 where it could not be reached three times in a row.",
            f"min(senoscope_destination_up{{{THERE}}})",
        ),
        stat(
            "Owed",
            "Results that it is to receive.",
            or_none(f'max(senoscope_deliveries{{{THERE}, state="owed"}})'),
        ),
        stat(
            "Refused",
            "Parked: not sent again by themselves.",
            or_none(f'max(senoscope_deliveries{{{THERE}, state="parked"}})'),
            red_from=1,
        ),
        stat(
            "Sent",
            "All that it has acknowledged.",
            or_none(f'max(senoscope_deliveries{{{THERE}, state="sent"}})'),
        ),
        stat(
            "Oldest",
            "How long the oldest result has been owed.",
            or_none(f"max(senoscope_oldest_delivery_seconds{{{THERE}}})"),
            unit="s",
            red_from=3600,
        ),
        Panel(
            "Sent per hour",
            "Results that it acknowledged.",
            "short",
            [
                (
                    "3600 * clamp_min(deriv("
                    + one(f'senoscope_deliveries{{{THERE}, state="sent"}}')
                    + "[15m:1m]), 0)",
                    "sent",
                )
            ],
            width=24,
        ),
        Panel(
            "What waits",
            "Owed and parked.",
            "short",
            [(one(f'senoscope_deliveries{{{THERE}, state=~"owed|parked"}}'), "{{state}}")],
        ),
        Panel(
            "How long the oldest has waited",
            "Nothing where nothing is owed.",
            "s",
            [(one(f"senoscope_oldest_delivery_seconds{{{THERE}}}"), "oldest")],
        ),
        Panel(
            "Reached",
            "1 where it was reached, 0 where it was not.",
            "short",
            [(f"min(senoscope_destination_up{{{THERE}}})", "reached")],
            width=24,
        ),
    ],
    [("destination", "Destination", "label_values(senoscope_deliveries, destination)")],
)
