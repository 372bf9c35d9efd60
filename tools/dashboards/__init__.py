"""The dashboards for Grafana, made from what is said of each panel in a line or two."""
