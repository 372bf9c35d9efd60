"""Certificates for tests of TLS."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as files."""

    cert: Path
    key: Path


class Authority:
    """Somebody who issues certificates, into a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self._ca = trustme.CA(organization_name=name)
        self.file = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, name: str, **validity: datetime) -> Identity:
        issued = self._ca.issue_cert(
            name, "127.0.0.1", common_name=name, key_type=trustme.KeyType.RSA, **validity
        )
        found = Identity(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        found.cert.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        found.key.write_bytes(issued.private_key_pem.bytes())
        found.key.chmod(0o600)
        return found

    def expired(self, name: str) -> Identity:
        past = datetime(2020, 1, 1, tzinfo=UTC)
        return self.issue(name, not_before=past, not_after=past + DAY)
