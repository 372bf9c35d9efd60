"""Write them: ``python -m tools.dashboards``; a test holds that they are as they would be."""

from tools.dashboards.all import ALL, FOLDER


def main() -> None:
    """Write each to its file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for dashboard in ALL:
        (FOLDER / f"{dashboard.name}.json").write_text(dashboard.text(), encoding="utf-8")


if __name__ == "__main__":
    main()
