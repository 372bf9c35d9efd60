"""The routes of a clinic that has every image enlarged, for one PACS."""

ROUTES = """\
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = {pacs}

[[routes]]
name = "everything"
pipelines = ["super-resolution"]
send_to = ["pacs"]
"""
