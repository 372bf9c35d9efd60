"""What a deployment may choose, table by table of `senoscope.toml`."""
