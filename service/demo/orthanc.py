"""An Orthanc of one's own on this machine: started with nothing but a folder, stopped for good."""

import http.client
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from service.errors import UnavailableError

HOST = "127.0.0.1"
_DICOM_WEB_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_READY_WITHIN_S = 60.0
_STOPS_WITHIN_S = 20.0
_REST_TIMEOUT_S = 120.0


def find_orthanc() -> Path | None:
    """Return Orthanc's program, None where it is not installed; Debian keeps it in /usr/sbin."""
    found = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Orthanc:
    """A PACS that takes every object it is sent, on free ports; it keeps them in `folder`.

    Used as a context manager, or by `start` and `stop`; what it keeps outlives a stop, and it comes
    back on the same ports.
    """

    def __init__(self, program: Path, folder: Path, ae_title: str = "ORTHANC") -> None:
        self.ae_title = ae_title
        self.dicom_port = free_port()
        self.http_port = free_port()
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        """What Orthanc prints."""
        return self._folder / "orthanc.log"

    def start(self) -> None:
        """Start and wait until it answers.

        Raises:
            UnavailableError: it ended at once or did not answer in time; its log is named.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        configuration = self._folder / "orthanc.json"
        configuration.write_text(json.dumps(self._configuration(), indent=2))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the program that the caller chose
                [self._program, configuration], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """Stop it, by force if it does not listen; it takes some 3 s to."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Kill it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def instances(self) -> list[str]:
        """Return the SOP Instance UIDs of all it keeps, sorted."""
        held = self._json("GET", "/instances?expand")
        return sorted(instance["MainDicomTags"]["SOPInstanceUID"] for instance in held)

    def file(self, sop_instance_uid: str) -> bytes:
        """Return that instance as a DICOM file, as Orthanc keeps it.

        Raises:
            LookupError: it keeps no such instance.
        """
        return self._request("GET", f"/instances/{self._identifier(sop_instance_uid)}/file")

    def tags(self, sop_instance_uid: str) -> dict[str, Any]:
        """Return the attributes of that instance by keyword, as Orthanc reads them.

        Raises:
            LookupError: it keeps no such instance.
        """
        path = f"/instances/{self._identifier(sop_instance_uid)}/simplified-tags"
        return cast("dict[str, Any]", self._json("GET", path))

    def _identifier(self, sop_instance_uid: str) -> str:
        found = self._json("POST", "/tools/lookup", sop_instance_uid.encode())
        identifiers = [str(entry["ID"]) for entry in found if entry["Type"] == "Instance"]
        if not identifiers:
            raise LookupError(f"Orthanc keeps no instance {sop_instance_uid}")
        return identifiers[0]

    def _json(self, method: str, path: str, body: bytes | None = None) -> Any:  # noqa: ANN401
        return json.loads(self._request(method, path, body))

    def _request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        connection = http.client.HTTPConnection(HOST, self.http_port, timeout=_REST_TIMEOUT_S)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise UnavailableError(f"Orthanc answered {response.status} to {method} {path}")
        return content

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < until:
            if process.poll() is not None:
                raise UnavailableError(f"Orthanc ended at once: see {self.log}")
            try:
                self._request("GET", "/system")
            except (OSError, UnavailableError):
                time.sleep(0.05)
            else:
                return
        self.stop()
        raise UnavailableError(f"Orthanc did not answer in {_READY_WITHIN_S:.0f} s: see {self.log}")

    def _configuration(self) -> dict[str, object]:
        plugins = [str(_DICOM_WEB_PLUGIN)] if _DICOM_WEB_PLUGIN.exists() else []
        return {
            "Name": "Senoscope's own PACS",
            "StorageDirectory": str(self._folder / "storage"),
            "IndexDirectory": str(self._folder / "storage"),
            "Plugins": plugins,
            "HttpPort": self.http_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "SslEnabled": False,
            "DicomServerEnabled": True,
            "DicomAet": self.ae_title,
            "DicomPort": self.dicom_port,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowEcho": True,
            "DicomAlwaysAllowStore": True,
            "UnknownSopClassAccepted": True,
            "StableAge": 1,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
