import subprocess
from pathlib import Path

from service.router.routes_file import load_routes
from service.settings import load_settings

PROJECT = Path(__file__).parents[2]


def test_the_configuration_we_deploy_is_valid():
    settings = load_settings(PROJECT / "deploy/senoscope.toml")
    routes = load_routes(PROJECT / "deploy/routes.toml", ["super-resolution"])

    assert settings.routes_file == PROJECT / "deploy/routes.toml"
    assert settings.http.host == "127.0.0.1"
    assert [route.name for route in routes.routes] == ["screening"]


def test_bootstrap_is_sound_bash_and_says_how_it_is_used():
    script = PROJECT / "tools/bootstrap.sh"

    told = subprocess.run([script], capture_output=True, text=True, check=False)

    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert told.returncode == 1
    assert told.stderr.startswith("usage: tools/bootstrap.sh run|dev|peers")
