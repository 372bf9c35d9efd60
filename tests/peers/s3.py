"""An S3 server of moto's, in this process: it keeps what it has while it is away."""

from moto.moto_api._internal import moto_api_backend
from moto.server import ThreadedMotoServer

from service.demo.orthanc import free_port


class S3Server:
    """Amazon's S3 on loopback; `stop` and `start` take it away and bring it back."""

    def __init__(self) -> None:
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._server: ThreadedMotoServer | None = None
        moto_api_backend.reset()

    def start(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None
